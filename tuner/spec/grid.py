"""Studies that visit every point of their space: which they are, and how many trials that takes."""

from __future__ import annotations

from dataclasses import replace

from tuner.spec.situations import TooManySituationsError, count_points
from tuner.spec.values import StudySpec

__all__ = ["GRID_SAMPLERS", "MAX_GRID_POINTS", "grid_trials", "trials_within", "with_whole_grid"]

GRID_SAMPLERS = frozenset({"grid", "brute_force"})
"""Samplers that visit every point, and so need points that can be counted."""

MAX_GRID_POINTS = 100_000
"""A larger grid is refused: its points would not fit a study, and listing them not the memory."""


def grid_trials(spec: StudySpec) -> int | None:
    """Return how many trials the whole grid takes, repeats included; None for a sampled study."""
    if spec.sampler.name not in GRID_SAMPLERS:
        return None
    try:
        return count_points(spec.space) * spec.repeats
    except TooManySituationsError:
        return None


def with_whole_grid(spec: StudySpec) -> StudySpec:
    """Give a grid study without a budget of trials the whole grid as its budget."""
    trials = grid_trials(spec)
    if trials is None or spec.budget.trials is not None:
        return spec
    return replace(spec, budget=replace(spec.budget, trials=trials))


def trials_within(spec: StudySpec, budget: int | None) -> int | None:
    """Return how many trials a budget comes to: fewer than it has where the grid ends before.

    Args:
        spec: A study's.
        budget: Of trials, or None without one; that of today, which may be another than the spec's.
    """
    whole = grid_trials(spec)
    if whole is None or budget is None:
        return budget if whole is None else whole
    return min(budget, whole)
