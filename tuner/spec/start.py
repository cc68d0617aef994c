"""``start_with``: presets and points of one's own, made to fit a study's space or refused.

A point names parameters. A preset names settings: it gives a value to every searched parameter that sets
one of them and can be active beside the others. What a study has fixed stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tuner.spec.activity import sound_parameters
from tuner.spec.catalogue import Catalogue, Preset
from tuner.spec.conditions import condition_text
from tuner.spec.draft import Draft
from tuner.spec.fields import nearest, one_of, shown
from tuner.spec.grid import GRID_SAMPLERS
from tuner.spec.read import Problems
from tuner.spec.situations import TooManySituationsError, situations
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    StartPoint,
    StudySpec,
    Value,
    accepts,
)
from tuner.wording import counted

__all__ = ["check_start", "start_warnings"]


def check_start(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    """Make ``draft.spec.start_with`` of the points as written; note every point that cannot be run."""
    if not draft.start_with:
        return
    if "sampler" not in draft.unread and draft.spec.sampler.name in GRID_SAMPLERS:
        message = f"start_with: the sampler {draft.spec.sampler.name} visits every point anyway"
        problems.add(draft.places.at("start_with"), message, "leave it out, or use another sampler")
        return
    points: list[StartPoint] = []
    for index, written in enumerate(draft.start_with):
        if written is None or problems.full:
            continue
        if written.preset:
            point = _of_preset(index, written.preset, draft, catalogue, problems)
        else:
            point = _of_own(index, written, draft, problems)
        if point is not None:
            _check_twice(index, point, points, draft, problems)
            points.append(point)
    draft.spec = replace(draft.spec, start_with=tuple(points))


def _check_twice(
    index: int, point: StartPoint, earlier: list[StartPoint], draft: Draft, problems: Problems
) -> None:
    twin = next((each for each in earlier if each.params == point.params), None)
    if twin is not None:
        first = f"the preset {twin.preset}" if twin.preset else "one before it"
        message = f"start_with[{index}]: the same point in this space as {first}"
        hint = "leave one out; `repeats: 2` runs every point twice"
        problems.add(draft.places.at("start_with", index), message, hint)


# -- points of one's own -----------------------------------------------------------------------------


def _of_own(index: int, written: StartPoint, draft: Draft, problems: Problems) -> StartPoint | None:
    before = len(problems.found)
    space = {parameter.name: parameter for parameter in draft.spec.space}
    params: dict[str, Value] = {}
    for name, value in written.params.items():
        where = f"start_with[{index}].{shown(name)[1:-1]}"
        mark = draft.places.at("start_with", index, name)
        if name not in space:
            problems.add(mark, *_unknown(where, name, draft))
        elif name not in draft.unread_parameters:
            if accepts(space[name], value):
                params[name] = _as_taken(space[name], value)
            else:
                message = f"{where}: found {shown(value)}, but {name} {_allowed(space[name])}"
                problems.add(mark, message, _widening(space[name], value))
    if len(problems.found) == before:
        _check_together(index, params, draft, problems)
    return StartPoint(params) if len(problems.found) == before else None


def _unknown(where: str, name: str, draft: Draft) -> tuple[str, str]:
    if name in draft.spec.fixed:
        return f"{where}: {name} is fixed to {shown(draft.spec.fixed[name])} in every trial", "leave it out"
    setters = [each.name for each in draft.spec.space if each.sets == name]
    hint = f"{name} is given by {one_of(setters)}" if setters else ""
    names = [each.name for each in draft.spec.space]
    return f"{where}: no parameter of this space", hint or nearest(name, names)


def _check_together(index: int, params: Mapping[str, Value], draft: Draft, problems: Problems) -> None:
    """Note a parameter that is not active in any trial with the values before it."""
    space = sound_parameters(draft)
    given: dict[str, Value] = {}
    for parameter in space:
        if parameter.name not in params:
            continue
        if not _can_be_active(parameter, given, space):
            when = condition_text(parameter.when)
            message = (
                f"start_with[{index}]: {parameter.name} counts only when {when}, which this point is not"
            )
            mark = draft.places.at("start_with", index, parameter.name)
            problems.add(mark, message, f"leave {parameter.name} out")
            return
        given[parameter.name] = params[parameter.name]


def _can_be_active(parameter: Parameter, given: Mapping[str, Value], space: tuple[Parameter, ...]) -> bool:
    return _active_in(parameter, given, space)[0]


def _active_in(
    parameter: Parameter, given: Mapping[str, Value], space: tuple[Parameter, ...]
) -> tuple[bool, bool]:
    """Tell whether a parameter is active in some of the trials with the given values, and whether in all."""
    held = tuple(
        FixedParameter(each.name, each.sets, given[each.name], each.when) if each.name in given else each
        for each in space
    )
    try:
        found = situations(held, [*given, parameter.name])
    except TooManySituationsError:
        return True, True  # not to be known: nothing is said
    alike = [each.params for each in found if all(name in each.params for name in given)]
    active = [parameter.name in params for params in alike]
    return any(active), all(active)


# -- presets -----------------------------------------------------------------------------------------


def _of_preset(
    index: int, name: str, draft: Draft, catalogue: Catalogue, problems: Problems
) -> StartPoint | None:
    mark = draft.places.at("start_with", index)
    preset = catalogue.presets.get(name)
    if preset is None:
        expected = f"{one_of(catalogue.presets)}, or a point such as {{units: 64}}"
        message = f"start_with[{index}]: found {shown(name)}, expected {expected}"
        problems.add(mark, message, nearest(name, catalogue.presets))
        return None
    before = len(problems.found)
    params: dict[str, Value] = {}
    space = sound_parameters(draft)
    for parameter in _setters(preset, space):
        value = preset.settings[parameter.sets]
        if parameter.name in draft.unread_parameters or not _can_be_active(parameter, params, space):
            continue
        if accepts(parameter, value):
            params[parameter.name] = _as_taken(parameter, value)
            continue
        found = f"preset {name} has {parameter.sets} {shown(value)}, but {parameter.name}"
        hint = f"{_widening(parameter, value)}, or write a point of your own"
        problems.add(mark, f"start_with[{index}]: {found} {_allowed(parameter)}", hint)
    if not params and len(problems.found) == before and "space" not in draft.unread:
        message = f"start_with[{index}]: preset {name} sets nothing that this study searches"
        problems.add(mark, message, "leave it out")
    return StartPoint(params, name) if params and len(problems.found) == before else None


def _setters(preset: Preset, space: Iterable[Parameter]) -> list[Parameter]:
    """Return the searched parameters that a preset has a value for."""
    return [each for each in space if each.sets in preset.settings and not isinstance(each, FixedParameter)]


# -- what a parameter takes, in words ------------------------------------------------------------------


def _as_taken(parameter: Parameter, value: Value) -> Value:
    """Return an accepted value in the parameter's own type, as its sampler would give it."""
    match parameter:
        case CategoricalParameter(choices=choices):
            return next(choice for choice in choices if choice == value)
        case FixedParameter(value=fixed):
            return fixed
        case IntParameter():
            return int(value)
        case FloatParameter():
            return float(value)


def _allowed(parameter: Parameter) -> str:
    match parameter:
        case CategoricalParameter(choices=choices):
            return f"is {one_of(choices)}"
        case FixedParameter(value=value):
            return f"is always {shown(value)}"
        case IntParameter(low=low, high=high, step=step) | FloatParameter(low=low, high=high, step=step):
            return f"goes from {low} to {high}" + ("" if step in (None, 1) else f" in steps of {step}")


def _widening(parameter: Parameter, value: Value) -> str:
    """Say which bound to widen so that the parameter takes the value."""
    match parameter:
        case CategoricalParameter():
            return f"add {shown(value)} to its choices"
        case FixedParameter():
            return "leave it out"
    kind = "a whole number" if isinstance(parameter, IntParameter) else "a number"
    if isinstance(value, bool | str):
        return f"write {kind}"
    if value > parameter.high:
        return f"raise high to {shown(value)}"
    if value < parameter.low:
        return f"lower low to {shown(value)}"
    return (
        f"choose a step that reaches {shown(value)}" if parameter.step not in (None, 1) else f"write {kind}"
    )


# -- what is probably not meant ------------------------------------------------------------------------


def start_warnings(spec: StudySpec, catalogue: Catalogue) -> list[str]:
    """Name what of a preset a study does not take, what an own point leaves to chance, and points too many.

    Args:
        spec: A checked spec.
        catalogue: The one it was checked against.
    """
    warnings = [warning for index in range(len(spec.start_with)) for warning in _of(index, spec, catalogue)]
    queued = len(spec.start_with) * spec.repeats
    if spec.budget.trials is not None and queued > spec.budget.trials:
        trials = counted(queued, "trial") + (" with their repeats" if spec.repeats > 1 else "")
        warnings.append(f"start_with has {trials}, more than budget.trials {spec.budget.trials}")
    return warnings


def _of(index: int, spec: StudySpec, catalogue: Catalogue) -> list[str]:
    point = spec.start_with[index]
    preset = catalogue.presets.get(point.preset)
    if preset is not None:
        left = [_left_out(name, value, spec, catalogue) for name, value in preset.settings.items()]
        told = ", ".join(each for each in left if each)
        return [f"start_with[{index}]: of preset {point.preset} is not taken: {told}"] if told else []
    space = {parameter.name: parameter for parameter in spec.space}
    open_ones = [
        name for name in point.params if not _active_in(space[name], _without(point, name), spec.space)[1]
    ]
    if not open_ones:
        return []
    when = condition_text(space[open_ones[0]].when)
    return [
        f"start_with[{index}]: {one_of(open_ones, 'and')} may have no effect: "
        f"{open_ones[0]} counts only when {when}, which the point leaves open"
    ]


def _without(point: StartPoint, name: str) -> dict[str, Value]:
    return {each: value for each, value in point.params.items() if each != name}


def _left_out(name: str, value: Value, spec: StudySpec, catalogue: Catalogue) -> str:
    """Say why a setting of a preset is not taken; empty where it is, or where the study has it anyway."""
    setters = [parameter for parameter in spec.space if parameter.sets == name]
    if any(not isinstance(each, FixedParameter) for each in setters):
        return ""
    fixed = [each.value for each in setters if isinstance(each, FixedParameter)]
    fixed += [spec.fixed[name]] if name in spec.fixed else []
    if fixed:
        return "" if value in fixed else f"{name} {shown(value)} (fixed to {one_of(fixed)})"
    setting = catalogue.settings().get(name)
    if setting is None or setting.default is None or setting.default == value:
        return ""
    return f"{name} {shown(value)} (not declared: {shown(setting.default)})"
