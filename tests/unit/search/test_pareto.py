"""Rules of dominance."""

from __future__ import annotations

import math
import random

import pytest

from tuner.search.pareto import (
    dominates,
    dominating_indices,
    exclusive_hypervolume,
    front_indices,
    hypervolume,
    ranks,
)
from tuner.spec.values import Direction

BOTH: tuple[Direction, ...] = ("maximize", "minimize")


def test_dominates_when_nowhere_worse_and_somewhere_better() -> None:
    assert dominates((0.9, 10.0), (0.8, 10.0), BOTH)
    assert not dominates((0.9, 10.0), (0.8, 9.0), BOTH)


def test_equal_points_do_not_dominate_each_other() -> None:
    assert not dominates((0.9, 10.0), (0.9, 10.0), BOTH)
    assert front_indices([(0.9, 10.0), (0.9, 10.0), (0.8, 11.0)], BOTH) == [0, 1]


def test_dominating_indices_name_every_dominator() -> None:
    assert dominating_indices([(0.9, 9.0), (0.7, 1.0), (0.95, 10.0)], (0.85, 10.0), BOTH) == [0, 2]


def test_ranks_peel_front_after_front() -> None:
    points = [(0.9, 10.0), (0.8, 5.0), (0.8, 11.0), (0.7, 6.0), (0.6, 12.0)]
    assert ranks(points, BOTH) == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_each_rank_is_the_front_of_what_is_left_without_those_before_it(objectives: int) -> None:
    """Of many points, some of them alike: a front of three objectives has dozens of members."""
    chance = random.Random(objectives)
    points = [[round(chance.random(), 1) for _ in range(objectives)] for _ in range(400)]
    directions = (*BOTH, *BOTH)[:objectives]
    found = ranks(points, directions)
    rest = list(range(len(points)))
    for rank in range(max(found) + 1):
        front = {rest[index] for index in front_indices([points[index] for index in rest], directions)}
        assert front == {index for index, its in enumerate(found) if its == rank}
        rest = [index for index in rest if index not in front]
    assert not rest


def test_one_objective_has_the_best_as_its_front() -> None:
    assert front_indices([(0.5,), (0.9,), (0.9,)], ["maximize"]) == [1, 2]


def test_an_infinite_value_is_a_value() -> None:
    assert front_indices([(0.9, math.inf), (0.8, 1.0)], BOTH) == [0, 1]


def test_nothing_has_no_front() -> None:
    assert front_indices([], BOTH) == []
    assert ranks([], BOTH) == []
    assert hypervolume([], (0.0, 1.0), BOTH) == 0.0


@pytest.mark.parametrize("points", [[(math.nan, 1.0)], [(1.0, 1.0), (0.5, math.nan)]])
def test_nan_is_refused(points: list[tuple[float, float]]) -> None:
    for measure in (front_indices, ranks):
        with pytest.raises(ValueError, match="NaN"):
            measure(points, BOTH)
    with pytest.raises(ValueError, match="NaN"):
        hypervolume(points, (0.0, 10.0), BOTH)


def test_a_point_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="each of the 2 objectives"):
        front_indices([(1.0,)], BOTH)


def test_hypervolume_is_the_area_up_to_the_reference() -> None:
    points = [(0.9, 6.0), (0.8, 2.0), (0.7, 5.0)]
    assert hypervolume(points, (0.5, 10.0), BOTH) == pytest.approx(0.4 * 4.0 + 0.3 * 4.0)


def test_hypervolume_counts_nothing_beyond_the_reference() -> None:
    assert hypervolume([(0.4, 1.0), (0.9, 11.0)], (0.5, 10.0), BOTH) == 0.0


def test_hypervolume_of_one_and_three_objectives() -> None:
    assert hypervolume([(0.9,), (0.7,)], (0.5,), ["maximize"]) == pytest.approx(0.4)
    three: list[Direction] = ["minimize"] * 3
    points = [(0.0, 0.0, 1.0), (1.0, 1.0, 0.0)]
    assert hypervolume(points, (2.0, 2.0, 2.0), three) == pytest.approx(4.0 + 2.0 - 1.0)


def test_what_a_point_adds_is_nothing_where_another_dominates_it_also_without_end() -> None:
    assert exclusive_hypervolume((0.8, 2.0), [(0.9, 1.0)], (0.5, 10.0), BOTH) == 0.0
    assert exclusive_hypervolume((math.inf, 1.0), [(math.inf, 0.5)], (0.5, 10.0), BOTH) == 0.0
    assert exclusive_hypervolume((math.inf, 1.0), [(0.9, 0.5)], (0.5, 10.0), BOTH) == math.inf
    assert exclusive_hypervolume((0.4, 1.0), [], (0.5, 10.0), BOTH) == 0.0


def test_hypervolume_refuses_an_infinite_reference() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        hypervolume([(0.9, 6.0)], (0.5, math.inf), BOTH)
