"""Which finished trials no other finished trial beats, in the order a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuner.search.pareto import front_indices
from tuner.spec.values import Objective

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["best_first", "front"]


def front(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> list[TrialRecord]:
    """Return the Pareto front of the trials that completed.

    Trials of equal values do not beat each other: all of them are members. Pruned and failed trials
    are none, however good they looked, because their values are not those of a finished model.

    Args:
        trials: Of one study, in any order.
        objectives: Of that study, in declared order.

    Returns:
        The members, best first objective first; equal ones by the next objective, then by number.
    """
    finished = [trial for trial in trials if trial.state == "COMPLETE" and trial.values is not None]
    directions = [objective.direction for objective in objectives]
    points = [trial.values for trial in finished if trial.values is not None]
    members = [finished[index] for index in front_indices(points, directions)]
    return sorted(members, key=lambda trial: (*best_first(trial.values or (), objectives), trial.number))


def best_first(values: Sequence[float], objectives: Sequence[Objective]) -> tuple[float, ...]:
    """Return a sorting key: each value so that the better one comes first."""
    return tuple(
        -value if objective.direction == "maximize" else value
        for objective, value in zip(objectives, values, strict=True)
    )
