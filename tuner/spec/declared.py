"""The values that a declaration names, wherever in it they stand."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.spec.conditions import Path
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    StudySpec,
    Value,
)

__all__ = ["declared_values", "values_of"]


def values_of(parameter: Parameter) -> list[tuple[Path, Value]]:
    """Return the values that decide what a parameter can be, each with its place inside it."""
    match parameter:
        case CategoricalParameter(choices=choices):
            return [(("choices", index), choice) for index, choice in enumerate(choices)]
        case FixedParameter(value=value):
            return [(("value",), value)]
        case IntParameter(low=low, high=high) | FloatParameter(low=low, high=high):
            return [(("low",), low), (("high",), high)]


def declared_values(spec: StudySpec) -> Iterator[tuple[str, Value]]:
    """Yield each setting with each value that decides what it can be."""
    yield from spec.fixed.items()
    for parameter in spec.space:
        for _, value in values_of(parameter):
            yield parameter.sets, value
