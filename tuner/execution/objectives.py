"""A trial's objectives, read from what was measured of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuner.spec.values import Objective
from tuner.trial import Ending, TrialOutcome

__all__ = ["with_values"]


def with_values(
    outcome: TrialOutcome, objectives: Sequence[Objective]
) -> tuple[TrialOutcome, tuple[float, ...] | None]:
    """Read the objectives of a completed trial.

    Args:
        outcome: How a trial ended.
        objectives: The study's.

    Returns:
        The outcome and its values; no values when it did not complete. A completed trial of which one was not
        measured has failed.
    """
    if outcome.ending is not Ending.COMPLETE:
        return outcome, None
    values = []
    for objective in objectives:
        value = outcome.metrics.get(objective.metric, math.nan)
        if not math.isfinite(value):
            reason = f"objective {objective.metric} was not measured (found {value})"
            return TrialOutcome(outcome.number, Ending.FAILED, outcome.metrics, reason), None
        values.append(float(value))
    return outcome, tuple(values)
