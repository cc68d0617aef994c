"""How much of the workers' time is spent in Keras, and what the same trials cost without an orchestrator.

    python -m benchmarks.efficiency            # 20 trials, twice: about a quarter of an hour on two cores
    python -m benchmarks.efficiency --quick    # 6 small ones: a minute

The study runs, and then the bare loop (:mod:`benchmarks.bare_loop`) the same trials. In one go each, since
towards every end a worker has nothing to do while the others' last trials are under way; that time is told
apart, and so is start-up, until a worker is ready.
"""

from __future__ import annotations

import argparse
import json
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.front.settings import FULL, Comparison, spec_of
from benchmarks.paths import RESULTS, WORK, environment, write_json
from tuner.execution.events import TrialEnded, TrialPlaced, WorkerReady
from tuner.execution.launch import open_declared, open_existing, request_of, run_session
from tuner.spec.values import BudgetSpec, ComponentSpec, StudySpec
from tuner.storage import TrialRecord

__all__ = ["Shares", "Timeline", "shares_of"]

NAME = "efficiency"
GOAL = 0.95


@dataclass
class Timeline:
    """When workers were ready and which trials they ran, on one clock.

    Attributes:
        began_s: When the session was started.
        ready_s: By worker.
        trials: Of each worker: number, beginning, end.
    """

    began_s: float
    ready_s: dict[int, float] = field(default_factory=dict)
    trials: dict[int, list[tuple[int, float, float]]] = field(default_factory=dict)
    _placed: dict[int, float] = field(default_factory=dict)

    @property
    def end_s(self) -> float:
        """When the last trial ended."""
        return max(end for trials in self.trials.values() for *_, end in trials)

    def place(self, worker: int, now_s: float) -> None:
        """Note that a worker was given a trial."""
        self._placed[worker] = now_s

    def end(self, worker: int, number: int, now_s: float) -> None:
        """Note that its trial ended."""
        self.trials.setdefault(worker, []).append((number, self._placed.pop(worker), now_s))

    def watch(self, event: object) -> None:
        """Take down what a session says (a ``Watcher``)."""
        now_s = time.monotonic()
        match event:
            case WorkerReady(worker=worker):
                self.ready_s[worker] = now_s
            case TrialPlaced(worker=worker):
                self.place(worker, now_s)
            case TrialEnded(worker=worker, number=number):
                self.end(worker, number, now_s)
            case _:
                pass


@dataclass(frozen=True)
class Shares:
    """Where worker-seconds went, in seconds of all workers together.

    Attributes:
        start_up_s: From the start of the session until the workers were ready; not part of ``all_s``.
        all_s: From ready to the end of the last trial.
        idle_s: Nothing left to run, while others finish.
        between_s: Between a trial and the next one: told, asked, sent.
        in_trials_s: From a trial's placing to its end.
        train_s, validate_s, compile_s: Inside Keras, by the trials' own clocks; 0 where there are none.
    """

    start_up_s: float
    all_s: float
    idle_s: float
    between_s: float
    in_trials_s: float
    train_s: float = 0.0
    validate_s: float = 0.0
    compile_s: float = 0.0

    @property
    def busy_s(self) -> float:
        """Worker-seconds without those in which there was nothing left to run."""
        return self.all_s - self.idle_s

    @property
    def around_s(self) -> float:
        """Within trials, beside what is inside Keras: batches, messages, checkpoints, kept models."""
        return self.in_trials_s - self.train_s - self.validate_s - self.compile_s


def shares_of(timeline: Timeline, costs: Mapping[int, Mapping[str, float]] | None = None) -> Shares:
    """Divide the time of a session.

    Args:
        timeline: What happened when.
        costs: By trial ``train_s``, ``validate_s`` and ``compile_s``, where they are known.
    """
    end_s = timeline.end_s
    idle_s = between_s = in_trials_s = 0.0
    for worker, ready_s in timeline.ready_s.items():
        before_s = ready_s
        for _, placed_s, ended_s in timeline.trials.get(worker, []):
            between_s += placed_s - before_s
            in_trials_s += ended_s - placed_s
            before_s = ended_s
        idle_s += end_s - before_s
    spent = [] if costs is None else list(costs.values())
    return Shares(
        start_up_s=sum(ready - timeline.began_s for ready in timeline.ready_s.values()),
        all_s=sum(end_s - ready for ready in timeline.ready_s.values()),
        idle_s=idle_s,
        between_s=between_s,
        in_trials_s=in_trials_s,
        train_s=sum(each["train_s"] for each in spent),
        validate_s=sum(each["validate_s"] for each in spent),
        compile_s=sum(each["compile_s"] for each in spent),
    )


def main() -> int:
    """Run both in turns and write where the time went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="six small trials")
    options = parser.parse_args()
    trials, comparison = (6, Comparison("quick", 0, 1, 1000, 500, 2)) if options.quick else (20, FULL)
    cores = machine.use_cores()
    before = machine.facts()
    folder = WORK / f"efficiency_{comparison.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    storage = str(folder / "tuner.db")
    ours = run_ours(study_spec(comparison, trials), storage, folder)
    bare = run_bare(orders_of(storage, range(trials)), cores)
    document = result(ours, bare, {"trials": trials, **comparison.settings()}, before)
    write_json(RESULTS / comparison.name / "efficiency.json", document)
    show(document)
    return 0


def study_spec(comparison: Comparison, trials: int) -> StudySpec:
    """Return the study: the space of the comparison, points at random, every trial trained to its end."""
    spec = spec_of(comparison)
    return replace(
        spec,
        fixed={**spec.fixed, "chance_epochs": 0},
        sampler=ComponentSpec("random"),
        pruner=ComponentSpec("none"),
        budget=BudgetSpec(trials=trials),
    )


def run_ours(spec: StudySpec, storage: str, folder: Path) -> Shares:
    """Run, or go on with, the study; return where the time of this session went."""
    print(f"tuner: to trial {spec.budget.trials}", file=sys.stderr, flush=True)
    study = open_declared(NAME, spec, folder, storage)
    timeline = Timeline(time.monotonic())
    run_session(study, machine.CORES, timeline.watch)
    ended = {number for trials in timeline.trials.values() for number, *_ in trials}
    costs = {
        trial.number: {
            "train_s": float(trial.facts["training_time_all_epochs_s"]),
            "validate_s": trial.metrics["validation_time_s"],
            "compile_s": trial.metrics["compile_time_s"],
        }
        for trial in study.ledger.trials(NAME)
        if trial.number in ended
    }
    study.database.close()
    return shares_of(timeline, costs)


def orders_of(storage: str, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return the trials that the bare loop is to train, as :func:`benchmarks.bare_loop.train` takes them."""
    study = open_existing(NAME, storage)
    found: dict[int, TrialRecord] = {trial.number: trial for trial in study.ledger.trials(NAME)}
    orders = []
    for number in numbers:
        request = request_of(study, found[number])
        orders.append(
            {
                "number": number,
                "settings": dict(request.params),
                "seed": request.seed,
                "task": request.task,
                "dataset_dir": request.dataset_dir,
                "cache_dir": request.cache_dir,
            }
        )
    study.database.close()
    return orders


def run_bare(orders: Sequence[Mapping[str, Any]], cores: Sequence[int]) -> Shares:
    """Deal trials to one bare loop a core, in order, as each is free."""
    print(f"bare loop: {len(orders)} trials", file=sys.stderr, flush=True)
    timeline = Timeline(time.monotonic())
    selector = selectors.DefaultSelector()
    children = []
    for worker, core in enumerate(cores):
        command = [sys.executable, "-m", "benchmarks.bare_loop", str(core)]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment()
        )
        assert child.stdin is not None
        assert child.stdout is not None
        selector.register(child.stdout, selectors.EVENT_READ, (worker, child))
        children.append(child)
    waiting, running = list(orders), dict[int, int]()
    open_workers = len(children)
    while open_workers:
        for key, _ in selector.select():
            worker, child = key.data
            line = child.stdout.readline()
            now_s = time.monotonic()
            if not line:
                raise SystemExit(f"the bare loop on core {cores[worker]} ended with {child.wait()}")
            if worker in running:
                timeline.end(worker, running.pop(worker), now_s)
            else:
                timeline.ready_s[worker] = now_s
            if not waiting:
                selector.unregister(child.stdout)
                child.stdin.close()
                open_workers -= 1
                continue
            order = waiting.pop(0)
            running[worker] = order["number"]
            timeline.place(worker, now_s)
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
    for child in children:
        child.wait()
    return shares_of(timeline)


def result(
    mine: Shares, theirs: Shares, settings: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the two ratios together, and where the rest went."""
    inside_s = mine.train_s + mine.validate_s
    return {
        "settings": dict(settings),
        "machine": dict(facts),
        "tuner": {**asdict(mine), "around_s": mine.around_s},
        "bare": asdict(theirs),
        "inside_keras": inside_s / mine.all_s,
        "inside_keras_while_busy": inside_s / mine.busy_s,
        "with_compiling_while_busy": (inside_s + mine.compile_s) / mine.busy_s,
        "bare_to_tuner": theirs.all_s / mine.all_s,
        "bare_to_tuner_while_busy": theirs.busy_s / mine.busy_s,
        "goal": GOAL,
    }


def show(document: Mapping[str, Any]) -> None:
    """Print where the time went."""
    mine = document["tuner"]
    for name in (
        "start_up_s",
        "all_s",
        "train_s",
        "validate_s",
        "compile_s",
        "around_s",
        "between_s",
        "idle_s",
    ):
        share = "" if name == "start_up_s" else f"{mine[name] / mine['all_s']:7.1%}"
        print(f"{name.removesuffix('_s').replace('_', ' '):12} {mine[name]:8.1f} s {share}")
    for name in (
        "inside_keras",
        "inside_keras_while_busy",
        "with_compiling_while_busy",
        "bare_to_tuner",
        "bare_to_tuner_while_busy",
    ):
        print(f"{name.replace('_', ' '):28} {document[name]:.3f}")


if __name__ == "__main__":
    sys.exit(main())
