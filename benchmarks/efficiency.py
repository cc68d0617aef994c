"""How much of the workers' time is spent in Keras, and what the same trials cost without an orchestrator.

    python -m benchmarks.efficiency            # 20 trials, ten of them twice more: ten minutes
    python -m benchmarks.efficiency --runs 3   # thrice: the middle one is shown, and the range told
    python -m benchmarks.efficiency --quick    # 6 small ones: two minutes

First a study of random points, each trained to its end, a worker a core: where did its workers' seconds go?
Towards its end a worker has nothing to do while another's last trial is under way; that is told apart, and so
is start-up.

Then the first of its trials again, side by side: ``tuner`` with one worker, coordinator and all on one core,
and at the same time the bare loop (:mod:`benchmarks.bare_loop`) on the other; half-way they change cores. One
after the other would not do: within ten minutes a shared machine gets slower or faster by more than what is
to be seen.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.front.settings import FULL, Comparison, spec_of
from benchmarks.paths import MEASURED, WORK, environment, write_json
from tuner.execution.events import TrialEnded, TrialPlaced, WorkerReady
from tuner.execution.launch import open_declared, open_existing, request_of, run_session
from tuner.spec.values import BudgetSpec, ComponentSpec, StartPoint, StudySpec
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
                self.ready_s.setdefault(worker, now_s)  # one that was replaced was ready before
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
    """Run the study, and its first trials beside the bare loop; write where the time went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="six small trials")
    parser.add_argument("--runs", type=int, default=1, help="how often all of it is done")
    options = parser.parse_args()
    trials, beside, comparison = 20, 10, FULL
    if options.quick:
        trials, beside, comparison = 6, 4, Comparison("quick", 0, 1, 1000, 500, 2)
    cores = machine.use_cores()
    if len(cores) < machine.CORES:
        raise SystemExit(f"{machine.CORES} cores are needed")
    spec = study_spec(comparison, trials)
    settings = {"trials": trials, "beside": beside, **comparison.settings()}
    runs: list[dict[str, Any]] = []
    for run in range(options.runs):
        runs.append(measured(replace(spec, seed=spec.seed + run), settings, comparison.name, cores))
        document = middle_of(runs)
        write_json(MEASURED / comparison.name / "efficiency.json", document)
        show(runs[-1])
    return 0


def measured(spec: StudySpec, settings: Mapping[str, Any], name: str, cores: Sequence[int]) -> dict[str, Any]:
    """Measure once.

    Args:
        spec: The study.
        settings: Of the measurement, ``trials`` and ``beside`` among them.
        name: Of the folder of what may be thrown away.
        cores: Two, for the workers and the bare loop.
    """
    before = machine.facts()
    folder = WORK / f"efficiency_{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    storage = str(folder / "tuner.db")
    print(f"tuner: {settings['trials']} trials, {len(cores)} workers", file=sys.stderr, flush=True)
    study = run_ours(NAME, spec, storage, folder, len(cores))
    orders = orders_of(storage, range(settings["beside"]))
    return result(study, run_beside(spec, orders, storage, folder, cores), settings, before)


def middle_of(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the middle run by the share inside Keras, the lower of two, with the ratios of all of them.

    Args:
        runs: As :func:`result` returned them, at least one.
    """
    ranked = sorted(runs, key=lambda each: float(each["inside_keras"]))
    ratios = ("inside_keras", "inside_keras_while_busy", "bare_to_tuner")
    every = [{name: each[name] for name in ratios} for each in runs]
    return {**ranked[(len(ranked) - 1) // 2], "runs": every}


def study_spec(comparison: Comparison, trials: int) -> StudySpec:
    """Return the study: the space of the comparison, points at random, every trial trained to its end.

    As with the usual sampler, each worker's last trial is one of several points.
    """
    spec = spec_of(comparison)
    return replace(
        spec,
        fixed={**spec.fixed, "chance_epochs": 0},
        sampler=ComponentSpec("random", {"draws": 8}),
        pruner=ComponentSpec("none"),
        budget=BudgetSpec(trials=trials),
    )


def run_ours(
    name: str,
    spec: StudySpec,
    storage: str,
    folder: Path,
    workers: int,
    when_ready: Callable[[], None] = lambda: None,
) -> Shares:
    """Run, or go on with, a study; return where the time of this session went.

    Args:
        name: Its name.
        spec: Declares it.
        storage: Its database.
        folder: Of the declaration.
        workers: As many.
        when_ready: Called when a worker is ready for its first trial.
    """
    study = open_declared(name, spec, folder, storage)
    timeline = Timeline(time.monotonic())

    def watch(event: object) -> None:
        if isinstance(event, WorkerReady):
            when_ready()
        timeline.watch(event)

    run_session(study, workers, watch)
    ended = {number for trials in timeline.trials.values() for number, *_ in trials}
    costs = {
        trial.number: {
            "train_s": float(trial.facts["training_time_all_epochs_s"]),
            "validate_s": trial.metrics["validation_time_s"],
            "compile_s": trial.metrics["compile_time_s"],
        }
        for trial in study.ledger.trials(name)
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
        params = found[number].params
        request = request_of(study, found[number])
        orders.append(
            {
                "number": number,
                "point": {each.name: params[each.name] for each in study.spec.space if each.name in params},
                "settings": dict(request.params),
                "seed": request.seed,
                "task": request.task,
                "dataset_dir": request.dataset_dir,
                "cache_dir": request.cache_dir,
            }
        )
    study.database.close()
    return orders


def run_beside(
    spec: StudySpec, orders: Sequence[Mapping[str, Any]], storage: str, folder: Path, cores: Sequence[int]
) -> list[tuple[Shares, float]]:
    """Train the same trials with ``tuner`` on one core and in the bare loop on another, at the same time.

    Args:
        spec: Of the study that the trials are from.
        orders: The trials.
        storage: A database; the trials run in a study of their own.
        folder: Of the declaration.
        cores: Two.

    Returns:
        Of each half of the trials where the time of ``tuner`` went, and the seconds of the bare loop from
        its first trial's beginning to its last one's end. The second half has exchanged cores. Whichever is
        done first, its core goes on with the same work until the other is done, too.
    """
    points = tuple(StartPoint(order["point"]) for order in orders)
    half = len(orders) // 2
    found = []
    for which, part in enumerate((orders[:half], orders[half:])):
        core, other = (cores[0], cores[1]) if which == 0 else (cores[1], cores[0])
        print(f"side by side: {len(part)} trials, tuner on core {core}", file=sys.stderr, flush=True)
        begun = half if which == 0 else len(orders)
        declared = replace(spec, start_with=points, budget=BudgetSpec(trials=begun))
        with BareLoop(other) as bare, BareLoop(core) as filler:
            machine.keep_to([core])
            mine = run_ours(f"{NAME}-beside", declared, storage, folder, 1, partial(bare.begin, part))
            machine.keep_to(cores)
            filler.begin(part)
            found.append((mine, bare.seconds(len(part))))
    return found


class BareLoop:
    """A bare loop in a process of its own, ready to begin; ended with its ``with`` block.

    Args:
        core: The one that it computes on.
    """

    def __init__(self, core: int) -> None:
        command = [sys.executable, "-m", "benchmarks.bare_loop", str(core)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert self._child.stdout is not None
        if self._child.stdout.readline().strip() != "ready":
            raise SystemExit(f"the bare loop on core {core} ended with {self._child.wait()}")
        self._begun = False

    def __enter__(self) -> BareLoop:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()

    def begin(self, orders: Sequence[Mapping[str, Any]]) -> None:
        """Let it train these trials, one after another, twice over: so long it will not be done."""
        if self._begun:  # a worker that was replaced is ready once more
            return
        self._begun = True
        assert self._child.stdin is not None
        self._child.stdin.writelines(json.dumps(order) + "\n" for order in [*orders, *orders])
        self._child.stdin.flush()

    def seconds(self, count: int) -> float:
        """Wait for its first trials, so many; return their seconds."""
        assert self._child.stdout is not None
        lines = [self._child.stdout.readline() for _ in range(count)]
        if not lines[-1]:
            raise SystemExit(f"the bare loop ended with {self._child.wait()}")
        return float(json.loads(lines[-1])["ended_s"] - json.loads(lines[0])["began_s"])


def result(
    study: Shares,
    halves: Sequence[tuple[Shares, float]],
    settings: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Put the two ratios together, and where the rest went."""
    inside_s = study.train_s + study.validate_s
    beside = {name: sum(asdict(mine)[name] for mine, _ in halves) for name in asdict(study)}
    bare_s = sum(seconds for _, seconds in halves)
    return {
        "settings": dict(settings),
        "machine": dict(facts),
        "tuner": {**asdict(study), "around_s": study.around_s},
        "inside_keras": inside_s / study.all_s,
        "inside_keras_while_busy": inside_s / study.busy_s,
        "with_compiling_while_busy": (inside_s + study.compile_s) / study.busy_s,
        "beside": {"tuner": beside, "bare_s": bare_s},
        "bare_to_tuner": bare_s / beside["all_s"],
        "bare_to_tuner_halves": [seconds / mine.all_s for mine, seconds in halves],
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
    ):
        print(f"{name.replace('_', ' '):28} {document[name]:.3f}")
    print("by halves", *(f"{each:.3f}" for each in document["bare_to_tuner_halves"]))


if __name__ == "__main__":
    sys.exit(main())
