"""What tests ask of a decision: its sentence, and whether its numbers alone lead to it again."""

from __future__ import annotations

import math

import pytest

from tuner.decision import Decision, Numbers, Rule
from tuner.search import dominates
from tuner.spec.values import Direction

__all__ = ["assert_no_hope_follows", "metrics_of", "point_of", "reason_of"]


def reason_of(decision: Decision | None) -> str:
    """Return the sentence; an empty one for a trial that goes on."""
    return "" if decision is None else decision.reason


def metrics_of(numbers: Numbers) -> list[str]:
    """Return the objectives, in declared order."""
    return [name.removeprefix("hope.") for name in numbers if name.startswith("hope.")]


def point_of(what: str, numbers: Numbers) -> list[float]:
    """Return the point of this name, a value an objective."""
    return [float(numbers[f"{what}.{metric}"]) for metric in metrics_of(numbers)]


def directions_of(numbers: Numbers) -> list[Direction]:
    return [
        "maximize" if numbers[f"direction.{metric}"] == "maximize" else "minimize"
        for metric in metrics_of(numbers)
    ]


def hopeful_value(metric: str, numbers: Numbers) -> float:
    """Work the hopeful end of one objective out from what it was made of, as docs/pruning.md says."""

    def of(what: str) -> float:
        return float(numbers[f"{what}.{metric}"])

    match numbers[f"growth.{metric}"]:
        case "constant":
            return of("best")
        case "grows":
            return of("last") + of("step")
    if f"factor.{metric}" not in numbers:
        return of("bound")  # nothing is known of its gains yet
    gain = max(of("factor") * (of("pace") + of("least_pace")), of("least_pace")) * of("epochs")
    if f"bound.{metric}" in numbers:
        return of("bound") - (of("bound") - of("reached")) * math.exp(-gain)
    return of("reached") + (gain if numbers[f"direction.{metric}"] == "maximize" else -gain)


def assert_no_hope_follows(decision: Decision) -> None:
    """Take a decision of "no hope" again, from nothing but its numbers."""
    numbers = decision.numbers
    assert decision.rule is Rule.NO_HOPE
    for metric in metrics_of(numbers):
        assert hopeful_value(metric, numbers) == pytest.approx(numbers[f"hope.{metric}"])
    for above, point in (("above_hope", "hope"), ("above_best", "best")):
        assert dominates(point_of(above, numbers), point_of(point, numbers), directions_of(numbers))
        assert int(numbers[f"trials_{above}"]) >= 1
