"""What always holds of dominance, fronts and hypervolumes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from tuner.search.pareto import (
    dominates,
    dominating_indices,
    exclusive_hypervolume,
    front_indices,
    hypervolume,
    ranks,
)
from tuner.spec.values import Direction

COORDINATE = st.integers(0, 6).map(float)
DIRECTION: st.SearchStrategy[Direction] = st.sampled_from(("maximize", "minimize"))


@st.composite
def clouds(draw: st.DrawFn) -> tuple[list[tuple[float, ...]], list[Direction]]:
    directions = draw(st.lists(DIRECTION, min_size=1, max_size=5))
    point = st.tuples(*[COORDINATE] * len(directions))
    return draw(st.lists(point, max_size=14)), directions


@given(clouds())
def test_the_front_is_what_nothing_dominates(cloud: tuple[list[tuple[float, ...]], list[Direction]]) -> None:
    points, directions = cloud
    expected = [
        index
        for index, point in enumerate(points)
        if not any(dominates(other, point, directions) for other in points)
    ]
    assert front_indices(points, directions) == expected


@given(clouds())
def test_each_rank_is_the_front_of_what_remains(
    cloud: tuple[list[tuple[float, ...]], list[Direction]],
) -> None:
    points, directions = cloud
    found = ranks(points, directions)
    remaining, rank = list(range(len(points))), 0
    while remaining:
        members = [remaining[i] for i in front_indices([points[i] for i in remaining], directions)]
        assert [index for index in remaining if found[index] == rank] == members
        remaining = [index for index in remaining if index not in members]
        rank += 1


@given(clouds())
def test_dominance_is_a_strict_order(cloud: tuple[list[tuple[float, ...]], list[Direction]]) -> None:
    points, directions = cloud
    for index in range(len(points)):
        above = dominating_indices(points, points[index], directions)
        assert index not in above
        for higher in above:
            assert set(dominating_indices(points, points[higher], directions)) < set(above)


@given(clouds())
@settings(max_examples=60)
def test_hypervolume_agrees_with_optuna(cloud: tuple[list[tuple[float, ...]], list[Direction]]) -> None:
    points, directions = cloud
    signs = np.array([-1.0 if direction == "maximize" else 1.0 for direction in directions])
    reference = [0.0 if direction == "maximize" else 6.0 for direction in directions]
    losses = np.array(list(points), dtype=float).reshape(-1, len(directions)) * signs
    expected = compute_hypervolume(losses, np.array(reference) * signs) if points else 0.0
    assert abs(hypervolume(points, reference, directions) - expected) < 1e-9


@given(clouds())
@settings(max_examples=60)
def test_dominated_points_add_no_hypervolume(cloud: tuple[list[tuple[float, ...]], list[Direction]]) -> None:
    points, directions = cloud
    reference = [0.0 if direction == "maximize" else 6.0 for direction in directions]
    front = [points[index] for index in front_indices(points, directions)]
    assert hypervolume(front, reference, directions) == hypervolume(points, reference, directions)


@given(clouds())
@settings(max_examples=60)
def test_what_a_point_adds_is_what_the_volume_is_short_of_without_it(
    cloud: tuple[list[tuple[float, ...]], list[Direction]],
) -> None:
    points, directions = cloud
    reference = [0.0 if direction == "maximize" else 6.0 for direction in directions]
    whole = hypervolume(points, reference, directions)
    for index, point in enumerate(points):
        others = points[:index] + points[index + 1 :]
        short = whole - hypervolume(others, reference, directions)
        assert abs(exclusive_hypervolume(point, others, reference, directions) - short) < 1e-9
