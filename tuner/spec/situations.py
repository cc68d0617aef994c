"""Which parameters can be active together: a walk over representative values of a space.

A condition sees only whether a parent has one of the values it names. So a parent's values fall into
few classes: each value that some condition names, and the rest, for which one value stands. The walk
goes through the parameters, parents first, and forgets a parent after its last child: states that
differ only in what was forgotten are merged and their counts added. It therefore counts spaces of
billions of points, and costs what the conditions entangle, not what the ranges hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from tuner.spec.conditions import mentions, walk
from tuner.spec.values import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Parameter,
    Value,
    accepts,
    holds,
    same_value,
)

__all__ = [
    "MAX_SITUATIONS",
    "Situation",
    "TooManySituationsError",
    "can_take",
    "count_points",
    "count_values",
    "situations",
    "with_parents",
]

MAX_SITUATIONS = 10_000
"""States held at once. Real spaces need some hundreds; sixteen entangled switches would be 65,536."""

_Named: TypeAlias = dict[str, list[Value]]
_State: TypeAlias = tuple[tuple[str, Value], ...]


class TooManySituationsError(ValueError):
    """The conditions entangle more parameters than can be followed."""


@dataclass(frozen=True)
class Situation:
    """One combination of representative values.

    Attributes:
        params: The kept parameters that are active in it, each with its value.
        count: How many points of the walked parameters it stands for; continuous ones count once.
    """

    params: dict[str, Value]
    count: int


def can_take(parameter: Parameter, value: Value) -> bool:
    """Tell whether a parameter that conditions may name can have ``value``."""
    return not isinstance(parameter, FloatParameter) and accepts(parameter, value)


def count_values(parameter: Parameter) -> int | None:
    """Return how many values a parameter can have; None when it is continuous."""
    match parameter:
        case CategoricalParameter(choices=choices):
            return len(choices)
        case FixedParameter():
            return 1
        case IntParameter(low=low, high=high, step=step):
            return (high - low) // step + 1
        case FloatParameter(low=low, high=high, step=step):
            if low == high:
                return 1
            if step is None:
                return None
            return int((Fraction(repr(high)) - Fraction(repr(low))) // Fraction(repr(step))) + 1


def with_parents(space: Iterable[Parameter], names: Collection[str]) -> tuple[Parameter, ...]:
    """Return the named parameters and everything that their conditions depend on, in declared order."""
    by_name = {parameter.name: parameter for parameter in space}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting.extend(mentions(by_name[name].when))
    return tuple(parameter for name, parameter in by_name.items() if name in found)


def situations(
    space: tuple[Parameter, ...],
    keep: Collection[str],
    every: Collection[str] = (),
    asked: Condition | None = None,
) -> list[Situation]:
    """Walk the named parameters and their parents.

    Args:
        space: All parameters; conditions name earlier ones only.
        keep: Parameters that a situation tells about: one is in its ``params`` when it is active.
        every: Those of them of which each single value matters, not only what conditions tell apart.
        asked: A condition that will be asked of the situations: its values are told apart too.

    Returns:
        Every combination that can occur, each once.

    Raises:
        TooManySituationsError: If there are more than :data:`MAX_SITUATIONS` at some point.
    """
    walked = with_parents(space, keep)
    named = _named_values([*(parameter.when for parameter in walked), asked])
    return _walk(walked, named, frozenset(keep), frozenset(every))


def count_points(space: tuple[Parameter, ...]) -> int:
    """Return how many distinct points a space has, continuous parameters counted once each.

    Raises:
        TooManySituationsError: As :func:`situations`.
    """
    points = 1
    for group in _independent_groups(space):
        named = _named_values(parameter.when for parameter in group)
        points *= sum(situation.count for situation in _walk(group, named, frozenset(), frozenset()))
    return points


def _independent_groups(space: tuple[Parameter, ...]) -> list[tuple[Parameter, ...]]:
    """Divide a space into groups that no condition joins: their counts multiply."""
    group_of: dict[str, list[Parameter]] = {}
    for parameter in space:
        joined = [parameter]
        for name in mentions(parameter.when):
            if name in group_of and group_of[name] is not joined:
                joined = group_of[name] + [each for each in joined if each not in group_of[name]]
        for each in joined:
            group_of[each.name] = joined
    unique = {id(group): group for group in group_of.values()}
    return [tuple(group) for group in unique.values()]


def _walk(
    space: tuple[Parameter, ...], named: _Named, keep: frozenset[str], every: frozenset[str]
) -> list[Situation]:
    order = _children_soon(space)
    last_use = {name: index for index, parameter in enumerate(order) for name in mentions(parameter.when)}
    states: dict[_State, int] = {(): 1}
    for index, parameter in enumerate(order):
        name = parameter.name
        classes = _classes(parameter, named.get(name, []), name in every)
        if name not in keep and name not in last_use:
            classes = [(classes[0][0], sum(count for _, count in classes))]
        kept = {each for each in (*last_use, *keep) if each in keep or last_use[each] > index}
        grown: dict[_State, int] = {}
        for state, count in states.items():
            branches = classes if holds(parameter.when, dict(state)) else []
            for value, weight in branches:
                _add(grown, (*state, (name, value)), count * weight, kept)
            if not branches:
                _add(grown, state, count, kept)
        if len(grown) > MAX_SITUATIONS:
            raise TooManySituationsError(f"more than {MAX_SITUATIONS} combinations of parents")
        states = grown
    return [Situation(dict(state), count) for state, count in states.items()]


def _add(states: dict[_State, int], state: _State, count: int, kept: set[str]) -> None:
    remembered = tuple(pair for pair in state if pair[0] in kept)
    states[remembered] = states.get(remembered, 0) + count


def _named_values(conditions: Iterable[Condition | None]) -> _Named:
    """Collect the values that conditions tell apart, by parameter."""
    named: _Named = {}
    for whole in conditions:
        for _, condition in walk(whole):
            if isinstance(condition, Is):
                values = named.setdefault(condition.name, [])
                values.extend(
                    value for value in condition.values if not any(same_value(value, each) for each in values)
                )
    return named


def _classes(parameter: Parameter, named: list[Value], every: bool) -> list[tuple[Value, int]]:
    """Divide a parameter's values into those that matter alone and one for the rest, with counts."""
    if isinstance(parameter, FixedParameter):
        return [(parameter.value, 1)]
    if isinstance(parameter, FloatParameter):
        return [(parameter.low, count_values(parameter) or 1)]
    if isinstance(parameter, CategoricalParameter):
        if every:
            return [(choice, 1) for choice in parameter.choices]
        alone: list[Value] = [
            choice for choice in parameter.choices if any(same_value(choice, value) for value in named)
        ]
        rest: Value | None = next((choice for choice in parameter.choices if choice not in alone), None)
        count = len(parameter.choices)
    else:
        alone = [int(value) for value in named if can_take(parameter, value)]
        values = range(parameter.low, parameter.high + 1, parameter.step)
        rest = next((value for value in values if value not in alone), None)
        count = len(values)
    classes: list[tuple[Value, int]] = [(value, 1) for value in alone]
    return classes if rest is None else [*classes, (rest, count - len(alone))]


def _children_soon(space: tuple[Parameter, ...]) -> list[Parameter]:
    """Order parameters so that parents come first and are no longer needed as soon as possible."""
    names = {parameter.name for parameter in space}
    parents = {each.name: [name for name in mentions(each.when) if name in names] for each in space}
    named_by_others = {name for listed in parents.values() for name in listed}
    placed: dict[str, int] = {}
    order: list[Parameter] = []
    waiting = list(space)
    while waiting:
        ready = [each for each in waiting if all(name in placed for name in parents[each.name])]
        # Children of the latest parent first, and among them those that are nobody's parent.
        chosen = max(
            ready or waiting[:1],
            key=lambda each: (
                max((placed[name] for name in parents[each.name] if name in placed), default=-1),
                each.name not in named_by_others,
            ),
        )
        placed[chosen.name] = len(order)
        order.append(chosen)
        waiting.remove(chosen)
    return order
