"""Checks conditions: what they name exists and comes earlier, can be so, and does not clash."""

from __future__ import annotations

from tuner.spec.conditions import condition_text, mentions, walk
from tuner.spec.draft import Draft
from tuner.spec.fields import nearest, one_of, shown
from tuner.spec.listed import is_listed
from tuner.spec.read import Problems
from tuner.spec.situations import TooManySituationsError, can_take, situations, with_parents
from tuner.spec.values import (
    AnyOf,
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Parameter,
    Value,
    holds,
)

__all__ = ["check_activity", "sound_parameters"]


def check_activity(draft: Draft, problems: Problems) -> None:
    """Note every condition that is wrong and every two parameters that would set the same thing at once."""
    for index, parameter in enumerate(draft.spec.space):
        if parameter.name not in draft.unread_conditions:
            for path, condition in walk(parameter.when):
                if isinstance(condition, Is):
                    _check_mention(index, path, condition, draft, problems)
    try:
        _check_reachable(draft, problems)
        _check_clashes(draft, problems)
    except TooManySituationsError:
        # check_draft meets the same limit and says so once.
        return


def _check_mention(
    index: int, path: tuple[str | int, ...], condition: Is, draft: Draft, problems: Problems
) -> None:
    """Check one ``parameter: values`` of a condition; a wrong one makes the whole condition unread."""
    child = draft.spec.space[index]
    before = [parameter.name for parameter in draft.spec.space[:index]]
    by_name = {parameter.name: parameter for parameter in draft.spec.space}
    name = condition.name
    message, hint = "", ""
    if name not in by_name:
        message, hint = _unknown_name(name, before, draft)
    elif name == child.name:
        message = "the condition names the parameter itself"
    elif name not in before:
        message = f"the condition names {name}, which is declared later"
        hint = f"declare {name} before {child.name}"
    elif isinstance(by_name[name], FloatParameter) and name not in draft.unread_parameters:
        message = f"the condition names {name}, a range of real numbers, expected choices or whole numbers"
        hint = f"give {name} choices, or depend on another parameter"
    if message:
        mark = draft.places.at("space", child.name, "when", *path)
        problems.add(mark, f"{child.name}: {message}", hint)
        draft.unread_conditions.add(child.name)
        return
    if name not in draft.unread_parameters:
        for number, value in enumerate(condition.values):
            if not can_take(by_name[name], value):
                mark = draft.places.at("space", child.name, "when", *path, "value", number)
                expected = _range_words(by_name[name])
                message = f"{child.name}: {name} can never be {shown(value)}, expected {expected}"
                problems.add(mark, message, _value_hint(by_name[name], value))
                draft.unread_conditions.add(child.name)


def _unknown_name(name: str, before: list[str], draft: Draft) -> tuple[str, str]:
    if name in draft.spec.fixed:
        value = shown(draft.spec.fixed[name])
        return (
            f"the condition names {name}, which is not in `space` but fixed to {value}",
            "drop the condition",
        )
    setters = [each.name for each in draft.spec.space if each.sets == name]
    message = f"the condition names {shown(name)}, expected a parameter declared before it"
    if setters:
        return message, f"the setting {name} is given by {one_of(setters)}"
    return message, nearest(name, before)


def _range_words(parameter: Parameter) -> str:
    match parameter:
        case CategoricalParameter(choices=choices):
            return one_of(choices)
        case FixedParameter(value=value):
            return shown(value)
        case IntParameter(low=low, high=high, step=step) | FloatParameter(low=low, high=high, step=step):
            return f"{low} to {high}" + (f" in steps of {step}" if step not in (None, 1) else "")


def _value_hint(parameter: Parameter, value: Value) -> str:
    choices = parameter.choices if isinstance(parameter, CategoricalParameter) else ()
    meant = next((choice for choice in choices if str(shown(choice)).strip("'") == str(value).lower()), None)
    if meant is not None:
        return f"write {shown(meant)}"
    lists = [choice for choice in choices if is_listed(choice)]
    if lists and not is_listed(value):
        # [64, 32] asks for 64 or for 32.
        return f"write a list in a list, such as [{max(map(str, lists), key=len)}]"
    words = [choice for choice in choices if isinstance(choice, str)]
    return nearest(value, words) if isinstance(value, str) else ""


def sound_parameters(draft: Draft) -> tuple[Parameter, ...]:
    """Return the parameters of which it is known when they are active and what they can be.

    A parameter that could not be read, or whose condition could not, is left out with everything that
    depends on it: what is said about the others stays true.
    """
    unsound = set(draft.unread_conditions) | set(draft.unread_parameters)
    sound: list[Parameter] = []
    for parameter in draft.spec.space:
        if parameter.name in unsound or unsound.intersection(mentions(parameter.when)):
            unsound.add(parameter.name)
        else:
            sound.append(parameter)
    return tuple(sound)


def _check_reachable(draft: Draft, problems: Problems) -> None:
    """Note conditions, and branches under ``any``, that can never hold."""
    space = sound_parameters(draft)
    never: set[str] = set()
    for parameter in space:
        if parameter.when is None:
            continue
        if never.intersection(mentions(parameter.when)):
            # Its parent's problem says it already.
            never.add(parameter.name)
        elif not _can_hold(parameter.when, space):
            never.add(parameter.name)
            message = f"{parameter.name}: never active, for {condition_text(parameter.when)} can never hold"
            problems.add(draft.places.at("space", parameter.name, "when"), message, "loosen the condition")
        else:
            _check_branches(parameter, space, draft, problems)


def _check_branches(
    parameter: Parameter, space: tuple[Parameter, ...], draft: Draft, problems: Problems
) -> None:
    for path, condition in walk(parameter.when):
        if isinstance(condition, AnyOf):
            for number, branch in enumerate(condition.conditions):
                if not _can_hold(branch, space):
                    mark = draft.places.at("space", parameter.name, "when", *path, number)
                    message = f"{parameter.name}: the branch {condition_text(branch)} can never hold"
                    problems.add(mark, message, "leave it out")


def _can_hold(condition: Condition, space: tuple[Parameter, ...]) -> bool:
    names = mentions(condition)
    return any(holds(condition, situation.params) for situation in situations(space, names, asked=condition))


def _check_clashes(draft: Draft, problems: Problems) -> None:
    """Note settings that two active parameters would give a value to."""
    space = sound_parameters(draft)
    for index, later in enumerate(space):
        earlier = [each for each in space[:index] if each.sets == later.sets]
        clash = next((each for each in earlier if _both_active(each, later, space)), None)
        mark = draft.places.at("space", later.name)
        if clash is not None:
            when = _clash_words(clash, later, space)
            message = f"{later.name}: sets {later.sets}, as {clash.name} does, and both can be active{when}"
            problems.add(mark, message, "give them conditions that exclude each other")
        if later.sets in draft.spec.fixed and later.when is None:
            line = draft.places.at("fixed", later.sets).line
            message = f"{later.name}: sets {later.sets}, which is fixed in line {line}"
            problems.add(mark, message, f"remove {later.sets} from `fixed` or from `space`")


def _both_active(one: Parameter, other: Parameter, space: tuple[Parameter, ...]) -> bool:
    if one.when is None and other.when is None:
        return True
    names = (one.name, other.name)
    return any(
        one.name in situation.params and other.name in situation.params
        for situation in situations(space, names)
    )


def _clash_words(one: Parameter, other: Parameter, space: tuple[Parameter, ...]) -> str:
    """Name one situation in which both are active, where conditions decide about it."""
    parents = [each.name for each in with_parents(space, (one.name, other.name))]
    parents = [name for name in parents if name in mentions(one.when) + mentions(other.when)]
    names = [*parents, one.name, other.name]
    for situation in situations(space, names):
        if one.name in situation.params and other.name in situation.params:
            seen = [
                f"{name} is {shown(situation.params[name])}" for name in parents if name in situation.params
            ]
            return f" when {' and '.join(seen)}" if seen else ""
    return ""
