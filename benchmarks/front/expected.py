"""What ``tuner front --shorter --expected`` lists at some moments of a run that has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.front.record import Found
from benchmarks.front.score import DIRECTIONS, Front
from tuner.analysis.expected import MIN_TRIALS, expect
from tuner.analysis.shorter import Training, front_of_trainings
from tuner.metrics import METRICS
from tuner.spec.values import Objective

__all__ = ["expected_fronts"]

OBJECTIVES = tuple(
    Objective(metric, direction)
    for metric, direction in zip(("accuracy", "training_time_s"), DIRECTIONS, strict=True)
)


def expected_fronts(found: Sequence[Found], seconds: float, every_s: float) -> Iterator[Front]:
    """Yield the front by expected accuracy, with that, at even steps, as soon as anything can be expected.

    Args:
        found: Every epoch of a run of ``tuner``, by the moment.
        seconds: The budget.
        every_s: From one moment to the next.
    """
    for step in range(1, round(seconds / every_s) + 1):
        by_training = _by_training([each for each in found if each.at_s <= step * every_s])
        if len({number for number, _ in by_training}) < MIN_TRIALS:
            continue
        every = [
            Training(number, epochs, epochs, (each.accuracy, each.seconds), False, False, each.params)
            for (number, epochs), each in by_training.items()
        ]
        members = front_of_trainings(expect(every, OBJECTIVES, METRICS), OBJECTIVES)
        yield (
            step * every_s,
            [
                replace(by_training[member.number, member.epochs], accuracy=member.shown[0])
                for member in members
            ],
        )


def _by_training(found: Sequence[Found]) -> dict[tuple[int, int], Found]:
    """Return what was found by trial, which its point tells, and epochs."""
    numbers: dict[str, int] = {}
    return {
        (numbers.setdefault(json.dumps(each.params, sort_keys=True), len(numbers)), each.epochs): each
        for each in found
    }
