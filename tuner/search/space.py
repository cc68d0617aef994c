"""The search space walked: asking an Optuna trial for values, reading settings, listing every point.

Knows parameters and conditions as values, and of Optuna only the three ``suggest`` methods of a trial.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from tuner.errors import InputError
from tuner.spec.grid import MAX_GRID_POINTS
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Params,
    Value,
    holds,
)

if TYPE_CHECKING:
    import optuna

__all__ = ["grid_points", "params_of", "settings_of", "suggest"]


def suggest(trial: optuna.Trial, space: Sequence[Parameter]) -> dict[str, Value]:
    """Ask ``trial`` for a value of every active parameter.

    A trial that already has some of them keeps those, so the call may be repeated, and a trial whose
    asker died half-way is completed.

    Args:
        trial: An Optuna trial, fresh or begun.
        space: Parameters in declared order.

    Returns:
        Parameter names with their values, active ones only, in declared order, fixed ones included.
    """
    params: dict[str, Value] = {}
    for parameter in space:
        if holds(parameter.when, params):
            params[parameter.name] = _suggest_one(trial, parameter)
    return params


def _suggest_one(trial: optuna.Trial, parameter: Parameter) -> Value:
    match parameter:
        case FloatParameter(name=name, low=low, log=log, step=step):
            return trial.suggest_float(name, low, _float_high(parameter), step=step, log=log)
        case IntParameter(name=name, low=low, log=log, step=step):
            return trial.suggest_int(name, low, _int_high(parameter), step=1 if log else step, log=log)
        case CategoricalParameter(name=name, choices=choices):
            return cast("Value", trial.suggest_categorical(name, choices))  # one of them, so never None
        case FixedParameter(value=value):
            return value


def _int_high(parameter: IntParameter) -> int:
    """Return the highest value on the step: Optuna warns when ``high`` is not on it."""
    return parameter.high - (parameter.high - parameter.low) % parameter.step


def _float_high(parameter: FloatParameter) -> float:
    if parameter.step is None:
        return parameter.high
    # In decimals, as written: 0.3 / 0.1 is 2.9999999999999996 in binary, and the last value would be lost.
    low, high, step = (Decimal(str(each)) for each in (parameter.low, parameter.high, parameter.step))
    return float(low + (high - low) // step * step)


def params_of(space: Sequence[Parameter], stored: Params) -> dict[str, Value]:
    """Add the fixed parameters, which are not stored, to those that are.

    Args:
        space: Parameters in declared order.
        stored: Searched parameters as read from a storage, possibly incomplete.

    Returns:
        What :func:`suggest` had returned, followed by stored names that the space does not know.
    """
    params: dict[str, Value] = {}
    for parameter in space:
        if parameter.when is not None and not holds(parameter.when, params):
            continue
        if isinstance(parameter, FixedParameter):
            params[parameter.name] = parameter.value
        elif parameter.name in stored:
            params[parameter.name] = stored[parameter.name]
    return params | {name: value for name, value in stored.items() if name not in params}


def settings_of(space: Sequence[Parameter], params: Params) -> dict[str, Value]:
    """Translate parameter names into the settings they set.

    Args:
        space: Parameters in declared order.
        params: Values by parameter name, as :func:`suggest` gives them.

    Returns:
        Setting names with their values; of two active parameters that set the same thing the later wins.
    """
    return {parameter.sets: params[parameter.name] for parameter in space if parameter.name in params}


def grid_points(space: Sequence[Parameter]) -> list[dict[str, Value]]:
    """List every point of a discrete space, each with its active parameters only.

    Args:
        space: Parameters in declared order; floats need a ``step``.

    Returns:
        Points in declared order: the last parameter varies fastest.

    Raises:
        InputError: If a float is continuous, or there are more than ``MAX_GRID_POINTS`` points.
    """
    points = []
    for point in _walk(tuple(space), {}):
        points.append(point)
        if len(points) > MAX_GRID_POINTS:
            raise InputError(
                f"sampler 'grid': the space has more than {MAX_GRID_POINTS:,} points",
                "give coarser steps or fewer choices, or use another sampler",
            )
    return points


def _walk(space: tuple[Parameter, ...], params: dict[str, Value]) -> Iterator[dict[str, Value]]:
    if not space:
        yield params
        return
    parameter, rest = space[0], space[1:]
    if not holds(parameter.when, params):
        yield from _walk(rest, params)
        return
    for value in _values(parameter):
        yield from _walk(rest, {**params, parameter.name: value})


def _values(parameter: Parameter) -> Sequence[Value]:
    match parameter:
        case FloatParameter(name=name, step=None):
            raise InputError(
                f"sampler 'grid': parameter {name} is a continuous float, and a grid needs single values",
                "give it a step, or list choices",
            )
        case FloatParameter(low=low, step=step):
            start, stride = Decimal(str(low)), Decimal(str(step))
            count = int((Decimal(str(parameter.high)) - start) // stride) + 1
            return [float(start + index * stride) for index in range(count)]
        case IntParameter(low=low, high=high, log=log, step=step):
            return range(low, high + 1, 1 if log else step)
        case CategoricalParameter(choices=choices):
            return choices
        case FixedParameter(value=value):
            return (value,)
