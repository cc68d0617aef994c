"""How well a trial's seconds are predicted, with and without an estimate of its work to begin from.

    python -m benchmarks.work_estimate

From some trials of each recorded study the seconds an epoch of all its others are predicted by the model that
keeps time limits (``tuner.search.seconds``). Printed is the root mean square error of their natural
logarithm over 30 random choices: 0.1 is ten per cent.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable

from benchmarks.paths import ROOT
from tuner.catalogue import CATALOGUE
from tuner.replay.curves_file import read_recorded
from tuner.search.seconds import SecondsModel, TimedTrial
from tuner.spec.values import Params
from tuner.training.memory import TextFacts, estimate_work

LEARNED = (6, 8, 15, 30)
CHOICES = 30


def work(settings: Params) -> float:
    """Return the estimate; the texts themselves are not recorded."""
    found = estimate_work(settings, TextFacts())
    assert found is not None, "a recorded family without a size"
    return found


def trials_of(name: str) -> list[TimedTrial]:
    """Return a recorded study's trials with the processor seconds of their training steps."""
    study = read_recorded(ROOT / "benchmarks" / "curves" / f"{name}.json.gz")
    found = []
    for trial in study.trials:
        epochs = len(trial.epochs)
        seconds = trial.epochs[-1]["training_cpu_time_s"] / epochs
        found.append(TimedTrial(CATALOGUE.complete(dict(trial.params)), seconds, epochs, completed=True))
    return found


def alone(trials: list[TimedTrial]) -> float:
    """Return the error of the estimate with nothing to learn from but the mean of all."""
    ratios = [math.log(trial.seconds / work(trial.settings)) for trial in trials]
    mean = sum(ratios) / len(ratios)
    return math.sqrt(sum((ratio - mean) ** 2 for ratio in ratios) / len(ratios))


def error(trials: list[TimedTrial], learned: int, estimate: Callable[[Params], float]) -> float:
    """Return the error for the trials that were not learned from."""
    squares = []
    for seed in range(CHOICES):
        shuffled = random.Random(seed).sample(trials, len(trials))
        model = SecondsModel.fit(shuffled[:learned], estimate)
        assert model is not None
        squares += [
            (math.log(model.expected_s(trial.settings)) - math.log(trial.seconds)) ** 2
            for trial in shuffled[learned:]
        ]
    return math.sqrt(sum(squares) / len(squares))


def main() -> int:
    """Print a table."""
    print(f"{'study':14}{'estimate':>10}{'alone':>8}" + "".join(f"{f'of {count}':>8}" for count in LEARNED))
    for name in ("reviews_64", "mixed_73", "sentences_64"):
        trials = trials_of(name)
        without = [error(trials, count, lambda _: 1.0) for count in LEARNED]
        print(f"{name:14}{'no':>10}{'':>8}" + "".join(f"{found:>8.2f}" for found in without))
        errors = [error(trials, count, work) for count in LEARNED]
        print(f"{'':14}{'yes':>10}{alone(trials):>8.2f}" + "".join(f"{found:>8.2f}" for found in errors))
    return 0


if __name__ == "__main__":
    sys.exit(main())
