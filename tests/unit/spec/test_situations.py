"""Representative values: what is told apart, and what is counted."""

from __future__ import annotations

import pytest

from tuner.spec.situations import (
    TooManySituationsError,
    can_take,
    count_points,
    count_values,
    situations,
    with_parents,
)
from tuner.spec.values import (
    AllOf,
    AnyOf,
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Parameter,
    Value,
)


def choice(name: str, *choices: Value, when: Is | AllOf | AnyOf | None = None) -> CategoricalParameter:
    return CategoricalParameter(name, name, choices, when=when)


@pytest.mark.parametrize(
    ("parameter", "value", "possible"),
    [
        (choice("a", 1, "x"), 1, True),
        (choice("a", 1, "x"), True, False),
        (choice("a", 1, "x"), "1", False),
        (FixedParameter("a", "a", 0.5), 0.5, True),
        (IntParameter("a", "a", 1, 9, step=4), 5, True),
        (IntParameter("a", "a", 1, 9, step=4), 5.0, True),
        (IntParameter("a", "a", 1, 9, step=4), 6, False),
        (IntParameter("a", "a", 1, 9), 5.5, False),
        (IntParameter("a", "a", 1, 9), "5", False),
        (IntParameter("a", "a", 0, 9), False, False),
        (FloatParameter("a", "a", 0.0, 1.0), 0.5, False),
    ],
)
def test_tells_what_a_parent_can_take(parameter: Parameter, value: Value, possible: bool) -> None:
    assert can_take(parameter, value) is possible


@pytest.mark.parametrize(
    ("parameter", "count"),
    [
        (IntParameter("a", "a", 1, 2**53), 2**53),
        (IntParameter("a", "a", 1, 9, step=4), 3),
        (FloatParameter("a", "a", 0.0, 0.3, step=0.1), 4),
        (FloatParameter("a", "a", 0.5, 0.5), 1),
        (FloatParameter("a", "a", 0.0, 1.0), None),
        (FixedParameter("a", "a", 1), 1),
        (choice("a", 1, 2, 3), 3),
    ],
)
def test_counts_values(parameter: Parameter, count: int | None) -> None:
    assert count_values(parameter) == count


def test_inactive_children_count_once() -> None:
    space = (choice("a", 1, 2, 3), IntParameter("b", "b", 1, 10, when=Is("a", (1,))))
    assert count_points(space) == 10 + 1 + 1


def test_independent_groups_multiply() -> None:
    space = (
        choice("a", 1, 2),
        choice("b", 1, 2, when=Is("a", (1,))),
        IntParameter("c", "c", 1, 1000),
        FloatParameter("d", "d", 0.0, 1.0),
    )
    assert count_points(space) == 3 * 1000


def test_groups_that_a_later_condition_joins_are_counted_together() -> None:
    both = AllOf((Is("a", (1,)), Is("b", (1,))))
    space = (choice("a", 1, 2), choice("b", 1, 2), choice("c", 1, 2, 3, when=both))
    assert count_points(space) == 3 + 1 + 1 + 1


def test_huge_ranges_cost_nothing() -> None:
    parents = [IntParameter(f"p{index}", f"p{index}", 0, 2**52) for index in range(20)]
    children = [choice(f"c{index}", 1, 2, when=Is(f"p{index}", (7,))) for index in range(20)]
    assert count_points((*parents, *children)) == (2**52 + 2) ** 20


def test_many_switches_under_one_parent_are_forgotten_as_soon_as_possible() -> None:
    family = choice("family", "a", "b")
    switches = [choice(f"s{index}", 1, 2, when=Is("family", ("a",))) for index in range(30)]
    children = [choice(f"c{index}", 1, 2, 3, when=Is(f"s{index}", (1,))) for index in range(30)]
    assert count_points((family, *switches, *children)) == 4**30 + 1


def test_what_entangles_too_much_is_refused() -> None:
    parents = [choice(f"p{index}", 1, 2) for index in range(16)]
    child = choice("child", 1, when=AllOf(tuple(Is(parent.name, (1,)) for parent in parents)))
    with pytest.raises(TooManySituationsError, match="more than 10000"):
        count_points((*parents, child))


def test_a_situation_tells_what_is_active() -> None:
    space = (choice("a", 1, 2, 3), choice("b", 1, 2, when=Is("a", (2,))), choice("unrelated", 1, 2))
    assert [(each.params, each.count) for each in situations(space, ["b"])] == [({"b": 1}, 2), ({}, 2)]


def test_every_value_can_be_asked_for() -> None:
    space = (choice("a", 1, 2, 3),)
    assert [each.params for each in situations(space, ["a"])] == [{"a": 1}]
    assert [each.params for each in situations(space, ["a"], every=["a"])] == [{"a": 1}, {"a": 2}, {"a": 3}]
    asked = situations(space, ["a"], asked=Is("a", (3,)))
    assert [(each.params, each.count) for each in asked] == [({"a": 3}, 1), ({"a": 1}, 2)]


def test_parents_of_parents_come_along() -> None:
    space = (
        choice("a", 1),
        choice("b", 1, when=Is("a", (1,))),
        choice("c", 1, when=Is("b", (1,))),
        choice("d", 1),
    )
    assert [parameter.name for parameter in with_parents(space, ["c"])] == ["a", "b", "c"]
