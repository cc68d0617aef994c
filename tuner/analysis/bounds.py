"""A searched parameter moved: its bounds put where a rule wants them, on its own steps and scale."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Literal, TypeAlias

from tuner.spec.catalogue import Setting
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
)

__all__ = ["Range", "Side", "bounded", "ends_of", "is_number", "reaching", "typed", "widened"]

Range: TypeAlias = FloatParameter | IntParameter
Side: TypeAlias = Literal["low", "high"]


def is_number(value: Value) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def typed(number: float, setting: Setting) -> int | float:
    """Write a number as its setting takes it: whole, or with three digits that count."""
    return round(number) if setting.kind == "int" else float(f"{number:.3g}")


def bounded(number: float, setting: Setting) -> float:
    """Bring a number inside the bounds that a setting has whatever is declared."""
    low = -math.inf if setting.low is None else setting.low
    high = math.inf if setting.high is None else setting.high
    return min(max(number, low), high)


def ends_of(parameter: Parameter) -> tuple[float, float] | None:
    """Return the ends of what is searched, or None where that has none.

    Numbers in a list have ends from three on: of two, one is always best.
    """
    if isinstance(parameter, FloatParameter | IntParameter):
        return float(parameter.low), float(parameter.high)
    if isinstance(parameter, CategoricalParameter) and len(parameter.choices) > 2:
        numbers = [float(each) for each in parameter.choices if is_number(each)]
        return (min(numbers), max(numbers)) if len(numbers) == len(parameter.choices) else None
    return None


def reaching(parameter: Parameter, value: Value, target: Value, setting: Setting) -> Parameter | None:
    """Change a searched parameter so that it begins at a target, or goes out to it.

    Args:
        parameter: Searched.
        value: What a trial had of it.
        target: What it should have had: the direction in which to go.
        setting: That it sets.

    Returns:
        A target beyond the range widens it; one inside narrows it to the target and what lies on its far
        side, choices to those beyond the value. The other end of a range stays as it is. A single value that
        is left becomes a fixed parameter. None where no value is left.
    """
    match parameter:
        case CategoricalParameter():
            return _choosing(parameter, value, target)
        case FloatParameter() | IntParameter():
            goal, upwards = float(target), float(target) > float(value)
            outside = goal > parameter.high or goal < parameter.low
            return _moved(parameter, "high" if upwards == outside else "low", goal, setting)
    return None


def widened(
    parameter: Parameter, side: Side, setting: Setting, factor: float, share: float
) -> Parameter | None:
    """Move an end of what is searched outwards.

    Args:
        parameter: One that has ends.
        side: Which of them.
        setting: That it sets; nothing goes beyond its bounds.
        factor: By which a lower end is divided, and an upper one on a logarithmic scale multiplied.
        share: Of the range by which an upper end on a linear scale goes out.

    Returns:
        None where the end cannot go out.
    """
    ends = ends_of(parameter)
    if ends is None:
        return None
    low, high = ends
    linear = isinstance(parameter, FloatParameter | IntParameter) and not parameter.log
    outer = low / factor if side == "low" else high + share * (high - low) if linear else high * factor
    goal = bounded(outer, setting)
    if not (goal < low if side == "low" else goal > high):
        return None
    if isinstance(parameter, FloatParameter | IntParameter):
        return _moved(parameter, side, goal, setting)
    if isinstance(parameter, CategoricalParameter):
        return replace(parameter, choices=_ascending((*parameter.choices, typed(goal, setting))))
    return None


def _choosing(parameter: CategoricalParameter, value: Value, target: Value) -> Parameter:
    choices = parameter.choices
    if all(is_number(each) for each in (*choices, target)):
        numbers, upwards = [float(each) for each in choices], float(target) > float(value)
        outside = float(target) > max(numbers) if upwards else float(target) < min(numbers)
        further = [each for each in choices if each != value and (float(each) > float(value)) == upwards]
        kept = _ascending(tuple({*(choices if outside else further), target}))
    else:
        kept = (target,) if target in choices else (*choices, target)
    if len(kept) == 1:
        return FixedParameter(parameter.name, parameter.sets, kept[0], parameter.when)
    return replace(parameter, choices=kept, default=parameter.default if parameter.default in kept else None)


def _ascending(numbers: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(sorted(numbers, key=float))


def _moved(parameter: Range, side: Side, goal: float, setting: Setting) -> Parameter | None:
    """Put one end to ``goal``, or to the parameter's step that is next to it on the far side.

    The other end stays as it was declared.
    """
    low, high = float(parameter.low), float(parameter.high)
    step = None if parameter.log else parameter.step
    if step:
        # Counted from the low end, where the steps begin; so a low end that moves out moves by whole ones.
        steps = (goal - low) / step
        upwards = goal > high if side == "high" else goal > low
        count = math.ceil(steps - 1e-9) if upwards else math.floor(steps + 1e-9)
        # As decimals, so that it is what a person would type; fewer digits would move the whole grid.
        goal = float(Decimal(str(low)) + count * Decimal(str(step)))
    if bounded(goal, setting) != goal or (goal > high if side == "low" else goal < low):
        return None
    end = goal if step else _typed_within(goal, (low, high), side, setting)
    low, high = (end, high) if side == "low" else (low, end)
    if low == high:
        value = round(low) if isinstance(parameter, IntParameter) else low
        return FixedParameter(parameter.name, parameter.sets, value, parameter.when)
    default = (
        parameter.default if parameter.default is not None and low <= parameter.default <= high else None
    )
    if isinstance(parameter, IntParameter):
        whole = None if default is None else int(default)
        return replace(parameter, low=round(low), high=round(high), default=whole)
    return replace(parameter, low=low, high=high, default=default)


def _typed_within(goal: float, ends: tuple[float, float], side: Side, setting: Setting) -> float:
    """Write the goal of an end as it is typed, unless that passes the other end or the setting's bounds."""
    near = float(typed(goal, setting))
    passes = near > ends[1] if side == "low" else near < ends[0]
    return goal if passes or bounded(near, setting) != near else near
