"""What a trial costs beyond the work that Keras does for it, stage by stage, on one warm worker.

    python benchmarks/trial_cost.py [--space FILE] [--trials 20] [--epochs 2] [--texts 300]

Runs the space as a study in a temporary folder, with nothing pruned, in a real worker process whose functions
are timed. Every second belongs to the innermost stage that it was spent in. The first trial, which warms
libraries up, is left out. On a machine with other work read the processor seconds, not the others.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = "TRIAL_COST_OUT"

KERAS = ("build", "trace", "train", "predict")
"""Stages that a bare Keras loop over the same trials has as well."""

Seconds = tuple[float, float]
"""By the clock on the wall, and of this process's processor time."""


class Stages:
    """Seconds by stage, each spent in the innermost one only."""

    def __init__(self) -> None:
        self.spent: dict[str, Seconds] = {}
        self._open: list[str] = []
        self._since: Seconds = _now()

    def _charge(self) -> None:
        now = _now()
        if self._open:
            before = self.spent.get(self._open[-1], (0.0, 0.0))
            self.spent[self._open[-1]] = (
                before[0] + now[0] - self._since[0],
                before[1] + now[1] - self._since[1],
            )
        self._since = now

    def enter(self, stage: str) -> None:
        self._charge()
        self._open.append(stage)

    def leave(self) -> None:
        self._charge()
        self._open.pop()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose seconds are the stage's."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.enter(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self.leave()

        return call

    def watch(self, owner: Any, stage: str, *names: str) -> None:
        """Put timed ones in the place of functions of a module, a class or an object."""
        for name in names:
            setattr(owner, name, self.timed(stage, getattr(owner, name)))

    def timed_steps(self, stage: str, generator: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        """Return a generator function each of whose steps is the stage's."""

        def call(*args: Any, **kwargs: Any) -> Iterator[Any]:
            steps = generator(*args, **kwargs)
            while True:
                self.enter(stage)
                try:
                    item = next(steps)
                except StopIteration:
                    return
                finally:
                    self.leave()
                yield item

        return call

    def take(self) -> dict[str, Seconds]:
        """Return what was spent since the last time."""
        self._charge()
        spent, self.spent = self.spent, {}
        return spent


def _now() -> Seconds:
    return time.perf_counter(), time.process_time()


def imported(name: str) -> Any:
    """Return a module whose functions are to be exchanged, which is nothing that a type can say."""
    return importlib.import_module(name)


# -- the worker ----------------------------------------------------------------------------------------


def work(arguments: list[str]) -> int:
    """Be a worker whose functions are timed; a line of JSON for each trial."""
    feed, loop = imported("tuner.training.feed"), imported("tuner.training.loop")
    worker = imported("tuner.execution.worker")
    stages = Stages()
    stages.watch(loop, "open data", "open_dataset", "feed_for", "chance_of")
    stages.watch(loop, "checkpoint: look for one", "load_checkpoint")
    stages.watch(loop, "measure", "measure", "confusion_matrix")
    stages.watch(loop, "seed dropout", "seed_dropout")
    stages.watch(loop, "keep model", "keep_model")
    stages.watch(loop._Trial, "checkpoint: gather", "_checkpoint")
    stages.watch(loop._Trial, "facts", "_facts")
    stages.watch(loop.Pace, "pieces for the pace", "keep_up")
    stages.watch(loop.PeakMemory, "look at memory", "look")
    stages.watch(loop, "forget the model", "clean_up")
    stages.watch(loop.Checkpointer, "checkpoint: write", "offer", "flush")
    stages.watch(worker._Channel, "wait for the verdict", "report")
    stages.watch(worker._Channel, "tell of progress", "progress", "stop_requested")
    for kind in (feed._TokenFeed, feed._FeatureFeed):
        kind.training = stages.timed_steps("batches", kind.training)
        kind.evaluation = stages.timed_steps("batches", kind.evaluation)
    loop.EMBEDDINGS = {
        name: dataclasses.replace(source, prepare=stages.timed("open data", source.prepare))
        for name, source in loop.EMBEDDINGS.items()
    }
    _time_models(loop, stages)
    _time_trials(worker, stages)
    return int(worker.main(arguments))


def _time_models(loop: Any, stages: Stages) -> None:
    """Time what Keras does, of each trial's own family, model and steps."""
    family_of, ready_to_train = loop.family_of, loop.ready_to_train

    def timed_family(*args: Any) -> Any:
        family = family_of(*args)
        return dataclasses.replace(family, build=stages.timed("build", family.build))

    def timed_steps(*args: Any) -> Any:
        model, steps = stages.timed("trace", ready_to_train)(*args)
        stages.watch(model, "copy weights", "get_weights", "set_weights")
        train, predict = stages.timed("train", steps.train), stages.timed("predict", steps.predict)
        return model, dataclasses.replace(steps, train=train, predict=predict)

    loop.family_of, loop.ready_to_train = timed_family, timed_steps


def _time_trials(worker: Any, stages: Stages) -> None:
    """Write each trial's stages down; between trials the worker waits for its coordinator."""
    run, prepare = worker._run, worker._take_device

    def timed_run(*args: Any) -> None:
        stages.leave()
        waited = stages.take()
        stages.timed("rest of the loop", run)(*args)
        with Path(os.environ[OUT]).open("a") as out:
            out.write(json.dumps({**waited, **stages.take()}) + "\n")
        stages.enter("idle until the next")

    def timed_device(options: Any) -> Any:
        ready = prepare(options)
        import tensorflow as tf

        tf.constant = stages.timed("hand batches over", tf.constant)
        stages.enter("idle until the next")
        return ready

    worker._run, worker._take_device = timed_run, timed_device


# -- the coordinator -----------------------------------------------------------------------------------


def measure(space: Path, trials: int, epochs: int, texts: int) -> None:
    """Run the study and print its table."""
    from tuner import CATALOGUE, load_spec, open_declared, run_session
    from tuner.execution.local import LocalExecutor
    from tuner.spec.values import BudgetSpec, ComponentSpec, SplitSpec

    spec = load_spec(space, CATALOGUE)
    spec = dataclasses.replace(
        spec,
        data=dataclasses.replace(spec.data, split=SplitSpec(texts, texts // 4, texts // 4)),
        fixed={**spec.fixed, "epochs": epochs, "chance_epochs": 0},
        pruner=ComponentSpec("none"),
        budget=BudgetSpec(trials=trials),
    )
    stages = Stages()
    coordinator, study_type = imported("tuner.execution.coordinator"), imported("tuner.storage").RunningStudy
    stages.watch(study_type, "ask", "claim")
    stages.watch(study_type, "tell", "record_outcome")
    stages.watch(study_type, "record an epoch", "record_epoch")
    stages.watch(coordinator, "delete files", "discard_checkpoint")
    stages.watch(coordinator.Coordinator, "front and files", "_update_front")
    stages.watch(coordinator.Coordinator, "budget", "_watch_budget")

    class TimedExecutor(LocalExecutor):
        def __init__(self, places: Any, log_dir: Path) -> None:
            super().__init__(places, log_dir, [sys.executable, str(Path(__file__)), "work"])

    imported("tuner.execution.launch").LocalExecutor = TimedExecutor
    with tempfile.TemporaryDirectory(prefix="trial-cost-") as folder:
        out = Path(folder) / "stages.jsonl"
        os.environ[OUT] = str(out)
        os.environ["PYTHONPATH"] = str(ROOT)
        study = open_declared("cost", spec, space.resolve().parent, f"{folder}/studies/tuner.db")
        run_session(study, 1, lambda _: None)
        study.database.close()
        found = [json.loads(line) for line in out.read_text().splitlines()]
    show(found[1:], stages.take(), trials)


def show(found: list[dict[str, Seconds]], beside: dict[str, Seconds], trials: int) -> None:
    """Print the mean of each stage, the dearest first."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for spent in found:
        for stage, seconds in spent.items():
            sums[stage][0] += seconds[0] / len(found)
            sums[stage][1] += seconds[1] / len(found)
    print(f"seconds a trial, mean of {len(found)}{'':>14} wall  processor")
    for title, chosen in (
        ("Keras' own", [stage for stage in sums if stage in KERAS]),
        ("beyond it", [stage for stage in sums if stage not in KERAS]),
    ):
        total = [sum(sums[stage][which] for stage in chosen) for which in (0, 1)]
        print(f"{title:38} {total[0]:8.3f} {total[1]:8.3f}")
        for stage in sorted(chosen, key=lambda stage: -sums[stage][0]):
            print(f"  {stage:36} {sums[stage][0]:8.3f} {sums[stage][1]:8.3f}")
    print("in the coordinator, while the worker is idle or waits")
    for stage, seconds in sorted(beside.items(), key=lambda item: -item[1][0]):
        print(f"  {stage:36} {seconds[0] / trials:8.3f} {seconds[1] / trials:8.3f}")


def main() -> None:
    if sys.argv[1:2] == ["work"]:
        sys.exit(work(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--space", type=Path, default=ROOT / "search_spaces" / "quickstart.yaml")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--texts", type=int, default=300, help="training texts")
    options = parser.parse_args()
    measure(options.space, options.trials, options.epochs, options.texts)


if __name__ == "__main__":
    main()
