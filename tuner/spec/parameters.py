"""The section ``space``: each parameter from its short or long form to a frozen value.

Everything that can be said about a parameter by itself is checked here: bounds, scale, step, choices,
default, and the shape of its condition. What depends on other parameters or on the catalogue is
checked in ``spec.check``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from tuner.spec.conditions import RESERVED, Places, read_condition
from tuner.spec.fields import (
    Fields,
    one_of,
    read_flag,
    read_listing,
    read_mapping,
    read_number,
    read_text,
    read_value,
    read_whole,
    shown,
)
from tuner.spec.read import Broken, Listing, Mapping, Mark, Node, Problems, Scalar
from tuner.spec.values import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
    same_value,
)

__all__ = ["MAX_PARAMETERS", "NAME", "SpaceReading", "read_space"]

MAX_PARAMETERS = 200
"""Far above any use; checking grows with the square of it."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

_KEYS = {
    "float": ("type", "sets", "low", "high", "log", "step", "default", "when"),
    "int": ("type", "sets", "low", "high", "log", "step", "default", "when"),
    "categorical": ("type", "sets", "choices", "default", "when"),
    "fixed": ("type", "sets", "value", "when"),
}
_ALL_KEYS = tuple(dict.fromkeys(key for keys in _KEYS.values() for key in keys))


@dataclass
class SpaceReading:
    """What could be read of ``space``.

    Attributes:
        parameters: In declared order; one whose values could not be read stands here without any.
        unread: Names of those.
        unread_conditions: Names of the parameters whose condition could not be read.
    """

    parameters: list[Parameter] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    unread_conditions: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Head:
    """What all kinds of parameters share."""

    name: str
    sets: str
    when: Condition | None
    where: str
    mark: Mark


def read_space(node: Node | None, mark: Mark, places: Places, problems: Problems) -> SpaceReading:
    """Read all parameters.

    Args:
        node: The mapping under ``space``.
        mark: Where ``space`` stands.
        places: Gets the place of everything that is read.
        problems: Gets what is wrong.
    """
    reading = SpaceReading()
    mapping = read_mapping(node, "space", problems)
    if mapping is None:
        return reading
    if not mapping.entries:
        problems.add(mark, "space: empty, expected at least one parameter")
    if len(mapping.entries) > MAX_PARAMETERS:
        problems.add(mark, f"space: found {len(mapping.entries)} parameters, expected up to {MAX_PARAMETERS}")
    for key, value in mapping.entries[:MAX_PARAMETERS]:
        name = key.text
        if not NAME.fullmatch(name) or name in RESERVED:
            problems.add(
                key.mark,
                f"space: found the parameter name {shown(name)}, expected letters, digits and _",
                "`all` and `any` are words of conditions" if name in RESERVED else "",
            )
            continue
        places.put(("space", name), key.mark)
        _read_parameter(name, key.mark, value, reading, places, problems)
    return reading


def _read_parameter(
    name: str, mark: Mark, node: Node, reading: SpaceReading, places: Places, problems: Problems
) -> None:
    where = name
    head = _Head(name, name, None, where, mark)
    parameter: Parameter | None = None
    if isinstance(node, Mapping):
        fields = Fields(node, where, problems, mark)
        for key, value in node.entries:
            places.put(("space", name, key.text), value.mark)
        head = _read_head(head, fields, reading, places, problems)
        parameter = _read_long(head, fields, places, problems)
    elif isinstance(node, Listing):
        choices = _read_choices(node, head, places, problems)
        parameter = CategoricalParameter(name, name, choices) if choices else None
    elif isinstance(node, Scalar) and node.value is not None:
        places.put(("space", name, "value"), node.mark)
        parameter = FixedParameter(name, name, node.value)
    elif not isinstance(node, Broken):
        hint = "write [a, b], {low: 1, high: 8}, or one value"
        problems.add(node.mark, f"{where}: found nothing, expected a range, choices or a value", hint)
    if parameter is None:
        reading.unread.add(name)
        parameter = CategoricalParameter(name, head.sets, (), when=head.when)
    reading.parameters.append(parameter)


def _read_head(
    head: _Head, fields: Fields, reading: SpaceReading, places: Places, problems: Problems
) -> _Head:
    sets = head.name
    if "sets" in fields:
        sets = read_text(fields.take("sets"), fields.path("sets"), problems) or head.name
    when = None
    if "when" in fields:
        path = ("space", head.name, "when")
        when = read_condition(fields.take("when"), path, fields.path("when"), places, problems)
        if when is None:
            reading.unread_conditions.add(head.name)
    return _Head(head.name, sets, when, head.where, head.mark)


def _read_long(head: _Head, fields: Fields, places: Places, problems: Problems) -> Parameter | None:
    kind = _kind_of(head, fields, problems)
    if kind is None:
        for key in _ALL_KEYS:
            fields.take(key)
        fields.refuse_unknown()
        return None
    _refuse_foreign_keys(kind, fields, problems)
    match kind:
        case "int":
            return _read_int(head, fields, problems)
        case "float":
            return _read_float(head, fields, problems)
        case "categorical":
            return _read_categorical(head, fields, places, problems)
    value = read_value(fields.take("value", "one value"), fields.path("value"), problems, with_lists=True)
    return None if value is None else FixedParameter(head.name, head.sets, value, head.when)


def _kind_of(head: _Head, fields: Fields, problems: Problems) -> str | None:
    """Take the kind from ``type``, or else from the keys and from how the bounds are written."""
    if "type" in fields:
        node = fields.take("type")
        kind = read_text(node, fields.path("type"), problems)
        if kind is not None and kind not in _KEYS and node is not None:
            expected = one_of(_KEYS)
            problems.add(node.mark, f"{fields.path('type')}: found {shown(kind)}, expected {expected}")
        return kind if kind in _KEYS else None
    if "choices" in fields:
        return "categorical"
    if "value" in fields:
        return "fixed"
    if "low" in fields or "high" in fields:
        bounds = [fields.take(key) for key in ("low", "high", "step")]
        real = any(isinstance(bound, Scalar) and isinstance(bound.value, float) for bound in bounds)
        return "float" if real else "int"
    hint = "write {low: 1, high: 8}, {choices: [a, b]} or {value: 2}"
    message = f"{head.where}: found neither low and high, nor choices, nor value"
    problems.add(head.mark, message, hint)
    return None


def _refuse_foreign_keys(kind: str, fields: Fields, problems: Problems) -> None:
    """Tell a key of another kind of parameter from a key that no parameter has."""
    for key in _KEYS[kind]:
        fields.take(key)
    for key in _ALL_KEYS:
        if key not in _KEYS[kind] and fields.take(key) is not None:
            article = "an" if kind == "int" else "a"
            problems.add(
                fields.key_mark(key),
                f"{fields.path(key)}: {article} {kind} parameter has only {one_of(_KEYS[kind], 'and')}",
            )
    fields.refuse_unknown(_KEYS[kind])


def _read_choices(node: Node | None, head: _Head, places: Places, problems: Problems) -> tuple[Value, ...]:
    """Read choices; an empty tuple means that they cannot be used."""
    listing = read_listing(node, f"{head.where}.choices", problems)
    if listing is None:
        return ()
    where = f"{head.where}: choices"
    if not listing.items:
        problems.add(listing.mark, f"{where} are empty, expected at least one")
    good = True
    values: list[Value] = []
    for index, item in enumerate(listing.items):
        places.put(("space", head.name, "choices", index), item.mark)
        value = read_value(item, where, problems, with_lists=True)
        if value is None:
            good = False
        elif value in values:
            twin = next(each for each in values if each == value)
            same = (
                f"{shown(value)} stands here twice"
                if same_value(twin, value)
                else (f"{shown(twin)} and {shown(value)} are the same to a sampler")
            )
            problems.add(item.mark, f"{where}: {same}", "leave one out")
            good = False
        else:
            values.append(value)
    return tuple(values) if good else ()


def _read_categorical(head: _Head, fields: Fields, places: Places, problems: Problems) -> Parameter | None:
    choices = _read_choices(fields.take("choices", "a list"), head, places, problems)
    default: Value | None = None
    if "default" in fields:
        node = fields.take("default")
        default = read_value(node, fields.path("default"), problems, with_lists=True)
        if default is None:
            return None
        if choices and node is not None and not any(same_value(default, each) for each in choices):
            problems.add(
                node.mark,
                f"{head.where}: default {shown(default)} is not among the choices {one_of(choices)}",
                "choose one of them, or leave `default` out",
            )
            return None
    return CategoricalParameter(head.name, head.sets, choices, default, head.when) if choices else None


_Reader: TypeAlias = Callable[[Node | None, str], int | float | None]


@dataclass(frozen=True)
class _Range:
    """A numeric range as written; None where a part is absent."""

    low: int | float
    high: int | float
    log: bool
    step: int | float | None
    default: int | float | None


def _read_int(head: _Head, fields: Fields, problems: Problems) -> Parameter | None:
    def reader(node: Node | None, where: str) -> int | None:
        return read_whole(node, where, problems)

    found = _read_range(head, fields, reader, problems)
    if found is None:
        return None
    step = 1 if found.step is None else int(found.step)
    default = None if found.default is None else int(found.default)
    return IntParameter(
        head.name, head.sets, int(found.low), int(found.high), found.log, step, default, head.when
    )


def _read_float(head: _Head, fields: Fields, problems: Problems) -> Parameter | None:
    def reader(node: Node | None, where: str) -> float | None:
        number = read_number(node, where, problems)
        return None if number is None else float(number)

    found = _read_range(head, fields, reader, problems)
    if found is None:
        return None
    return FloatParameter(
        head.name, head.sets, found.low, found.high, found.log, found.step, found.default, head.when
    )


def _read_range(head: _Head, fields: Fields, reader: _Reader, problems: Problems) -> _Range | None:
    before = len(problems.found)
    low = reader(fields.take("low", "a number"), fields.path("low"))
    high = reader(fields.take("high", "a number"), fields.path("high"))
    log = read_flag(fields.take("log"), fields.path("log"), problems) or False
    step = reader(fields.take("step"), fields.path("step"))
    default = reader(fields.take("default"), fields.path("default"))
    if low is not None and high is not None:
        _check_range(head, fields, _Range(low, high, log, step, default), problems)
    if low is None or high is None or len(problems.found) > before:
        return None
    return _Range(low, high, log, step, default)


def _check_range(head: _Head, fields: Fields, found: _Range, problems: Problems) -> None:
    low, high = shown(found.low), shown(found.high)

    def note(key: str, message: str, hint: str = "") -> None:
        node = fields.take(key)
        problems.add(node.mark if node else head.mark, f"{head.where}: {message}", hint)

    if found.low > found.high:
        note("low", f"low {low} is above high {high}", "swap them?")
        return
    if found.log and found.low <= 0:
        note("low", f"low {low} cannot stand on a log scale, expected more than 0", "raise low or drop log")
    if found.log and found.step is not None and not (isinstance(found.step, int) and found.step == 1):
        note("step", "log and step cannot stand together", "drop one of them")
    stepped = found.step is not None and not found.log and _check_step(found, note)
    if found.default is not None:
        if not found.low <= found.default <= found.high:
            note("default", f"default {shown(found.default)} is outside {low} to {high}")
        elif stepped and found.step and not _on_grid(found.low, found.default, found.step):
            note("default", f"default {shown(found.default)} is not low plus a multiple of the step")


def _check_step(found: _Range, note: Callable[..., None]) -> bool:
    """Tell whether the step divides the range; note it if not."""
    step = found.step or 0
    span = _exact(found.high) - _exact(found.low)
    if step <= 0:
        note("step", f"step {shown(step)}, expected more than 0")
    elif _exact(step) > span:
        note("step", f"step {shown(step)} is over the range from {shown(found.low)} to {shown(found.high)}")
    elif span / _exact(step) > 2**53:
        note("step", f"step {shown(step)} divides the range into more values than can be counted")
    elif not _on_grid(found.low, found.high, step):
        last = _exact(found.low) + span // _exact(step) * _exact(step)
        ends: Sequence[int | float] = [
            int(end) if isinstance(found.low, int) else float(end) for end in (last, last + _exact(step))
        ]
        hint = f"write high: {shown(ends[0])} or high: {shown(ends[1])}"
        note("step", f"step {shown(step)} does not divide the range up to high {shown(found.high)}", hint)
    else:
        return True
    return False


def _exact(number: float) -> Fraction:
    """Return the number as it was written: 0.1 is a tenth, not its nearest binary fraction."""
    return Fraction(repr(number))


def _on_grid(low: float, number: float, step: float) -> bool:
    return ((_exact(number) - _exact(low)) / _exact(step)).denominator == 1
