"""Dominance between points of several objectives: who is beaten, who stands on the front, how much it covers.

Numbers only. Points are sequences of one value an objective, directions are ``maximize`` or
``minimize``, one an objective. Values are never sign-flipped outside this module.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.spec.values import Direction

__all__ = [
    "Point",
    "dominates",
    "dominating_indices",
    "exclusive_hypervolume",
    "front_indices",
    "hypervolume",
    "ranks",
]

Point: TypeAlias = Sequence[float]
_Losses: TypeAlias = npt.NDArray[np.float64]


def dominates(first: Point, second: Point, directions: Sequence[Direction]) -> bool:
    """Tell whether ``first`` is nowhere worse than ``second`` and somewhere better.

    Args:
        first, second: One value an objective; infinities are allowed.
        directions: One an objective.

    Raises:
        ValueError: If a value is NaN or the lengths differ.
    """
    return bool(dominating_indices([first], second, directions))


def dominating_indices(points: Sequence[Point], point: Point, directions: Sequence[Direction]) -> list[int]:
    """Return the indices of those among ``points`` that dominate ``point``, ascending.

    Args:
        points: ``(n_points, n_objectives)``.
        point: One value an objective.
        directions: One an objective.

    Raises:
        ValueError: If a value is NaN or the lengths differ.
    """
    losses = _losses([*points, point], directions)
    others, own = losses[:-1], losses[-1]
    return [int(index) for index in np.flatnonzero((others <= own).all(axis=1) & (others < own).any(axis=1))]


def front_indices(points: Sequence[Point], directions: Sequence[Direction]) -> list[int]:
    """Return the indices of the points that no other point dominates, ascending.

    Equal points do not dominate each other: either all of them are members or none.

    Args:
        points: ``(n_points, n_objectives)``.
        directions: One an objective.

    Raises:
        ValueError: If a value is NaN or the lengths differ.
    """
    if not len(points):
        return []
    losses, inverse = np.unique(_losses(points, directions), axis=0, return_inverse=True)
    is_member = np.zeros(len(losses), dtype=bool)
    is_member[_front_of_sorted(losses)] = True
    return [int(index) for index in np.flatnonzero(is_member[inverse.reshape(-1)])]


def ranks(points: Sequence[Point], directions: Sequence[Direction]) -> list[int]:
    """Sort points by non-dominated rank: 0 is the front, 1 the front of what remains, and so on.

    Args:
        points: ``(n_points, n_objectives)``.
        directions: One an objective.

    Returns:
        One rank a point. Source: Deb et al. 2002, section III-A (non-dominated sorting), by the search of
        Zhang et al. 2015 (ENS-BS): in O(n log n) for two objectives.

    Raises:
        ValueError: If a value is NaN or the lengths differ.
    """
    if not len(points):
        return []
    losses, inverse = np.unique(_losses(points, directions), axis=0, return_inverse=True)
    rank = _ranks_of_two(losses) if losses.shape[1] <= 2 else _ranks_of_sorted(losses)
    return [rank[index] for index in inverse.reshape(-1)]


def _ranks_of_two(losses: _Losses) -> list[int]:
    """Rank unique, lexicographically ascending losses of one or two objectives, ``(n, n_objectives)``.

    An earlier row is no worse in the first loss, so it dominates where it is no worse in the last. The
    least last loss of each front, ``leasts``, ascends, for what a front dominates, the fronts before it do.
    """
    leasts: list[float] = []
    found = []
    for last in losses[:, -1].tolist():
        rank = bisect_right(leasts, last)
        leasts[rank : rank + 1] = [last]
        found.append(rank)
    return found


def _ranks_of_sorted(losses: _Losses) -> list[int]:
    """Rank unique, lexicographically ascending ``(n, n_objectives)`` losses, front by front."""
    fronts: list[_Losses] = []  # each with room for more rows than it has
    sizes: list[int] = []
    found = []
    for row in losses[:, 1:]:  # in the first loss an earlier one is no worse

        def is_free(rank: int, row: _Losses = row) -> bool:
            return not bool((fronts[rank][: sizes[rank]] <= row).all(axis=1).any())

        rank = bisect_left(range(len(fronts)), True, key=is_free)
        if rank == len(fronts):
            fronts.append(np.empty((8, losses.shape[1] - 1)))
            sizes.append(0)
        elif sizes[rank] == len(fronts[rank]):
            fronts[rank] = np.concatenate([fronts[rank], np.empty_like(fronts[rank])])
        fronts[rank][sizes[rank]] = row
        sizes[rank] += 1
        found.append(rank)
    return found


def _front_of_sorted(losses: _Losses) -> npt.NDArray[np.intp]:
    """Return the non-dominated rows of unique, lexicographically ascending ``(n, n_objectives)`` losses.

    A row can be dominated by an earlier one only, so one pass against the members found so far is enough.
    """
    if losses.shape[1] <= 2:
        lasts = losses[:, -1]
        before = np.minimum.accumulate(np.concatenate(([np.inf], lasts[:-1])))
        is_free = lasts < before
        is_free[0] = True  # also where it is infinite
        return np.flatnonzero(is_free)
    members: list[int] = []
    front = np.empty_like(losses)
    for index, row in enumerate(losses):
        if not (front[: len(members)] <= row).all(axis=1).any():
            front[len(members)] = row
            members.append(index)
    return np.array(members, dtype=np.intp)


def hypervolume(points: Sequence[Point], reference: Point, directions: Sequence[Direction]) -> float:
    """Measure what the points dominate, up to a reference point.

    Args:
        points: ``(n_points, n_objectives)``; those not better than the reference everywhere add nothing.
        reference: One finite value an objective, worse than what matters.
        directions: One an objective.

    Returns:
        The exact volume, at least 0; infinite if a point is. For two objectives in O(n log n), for more by
        what each point adds to those before it (While et al. 2012, WFG), with one objective less at each
        step: dozens of points of six objectives take a second, of eight some seconds.

    Raises:
        ValueError: If a value is NaN, the reference is not finite or the lengths differ.
    """
    losses = _losses([*points, _finite(reference)], directions)
    inside = losses[:-1][(losses[:-1] < losses[-1]).all(axis=1)]
    if not len(inside):
        return 0.0
    return _volume(np.unique(inside, axis=0), losses[-1]) if np.isfinite(inside).all() else math.inf


def exclusive_hypervolume(
    point: Point, others: Sequence[Point], reference: Point, directions: Sequence[Direction]
) -> float:
    """Measure what a point dominates and none of the others does, up to a reference point.

    Args:
        point, reference: One value an objective.
        others: ``(n_points, n_objectives)``.
        directions: One an objective.

    Returns:
        What :func:`hypervolume` of all of them is above that of the others, without measuring either
        (While et al. 2012, section III). Infinite if the point is.

    Raises:
        ValueError: As :func:`hypervolume` does.
    """
    losses = _losses([point, *others, _finite(reference)], directions)
    own, rest, bound = losses[0], losses[1:-1], losses[-1]
    if not (own < bound).all() or (rest <= own).all(axis=1).any():
        return 0.0
    if not np.isfinite(own).all():
        return math.inf
    return _added(own, rest[(rest < bound).all(axis=1)], bound)


def _finite(reference: Point) -> Point:
    if not np.isfinite(np.asarray(reference, dtype=float)).all():
        raise ValueError(f"the reference point must be finite, found {list(reference)}")
    return reference


def _volume(losses: _Losses, reference: _Losses) -> float:
    """Volume between unique, ascending ``losses`` (all better than ``reference``) and ``reference``."""
    front = losses[_front_of_sorted(losses)]
    if front.shape[1] == 1:
        return float(reference[0] - front[0, 0])
    if front.shape[1] == 2:
        heights = np.diff(front[:, 1], prepend=reference[1])  # ascending in x, so descending in y
        return float(((reference[0] - front[:, 0]) * -heights).sum())
    # Those before a row are better in the first loss: what they leave of its box has the box's whole width.
    return sum(
        float(reference[0] - row[0]) * _added(row[1:], front[:index, 1:], reference[1:])
        for index, row in enumerate(front)
    )


def _added(row: _Losses, others: _Losses, reference: _Losses) -> float:
    """Volume between ``row`` and ``reference`` that none of ``others`` covers."""
    box = float(np.prod(reference - row))
    if not len(others):
        return box
    return box - _volume(np.unique(np.maximum(others, row), axis=0), reference)


def _losses(points: Sequence[Point], directions: Sequence[Direction]) -> _Losses:
    """Return ``(n_points, n_objectives) float64`` in which smaller is better."""
    values = np.array([tuple(point) for point in points], dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(directions):
        raise ValueError(f"each point needs one value for each of the {len(directions)} objectives")
    if np.isnan(values).any():
        raise ValueError(f"point {int(np.isnan(values).any(axis=1).argmax())} has a value that is NaN")
    signs = np.array([-1.0 if direction == "maximize" else 1.0 for direction in directions])
    losses: _Losses = values * signs
    return losses
