"""A space as ``tuner check`` shows it: a table, its size, and the tree of its conditions. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.spec.conditions import condition_text, mentions
from tuner.spec.fields import word
from tuner.spec.situations import TooManySituationsError, count_points, count_values
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    StudySpec,
)

__all__ = [
    "ConditionBranch",
    "ConditionNode",
    "SpaceRow",
    "SpaceSize",
    "condition_text",
    "condition_tree",
    "range_text",
    "space_size",
    "space_table",
]


@dataclass(frozen=True)
class SpaceRow:
    """One parameter.

    Attributes:
        name: Its name; with the setting where that is called otherwise: ``sgd_rate (learning_rate)``.
        kind: ``float``, ``int``, ``categorical`` or ``fixed``.
        range: ``16 to 128, log``, ``lstm, gru``, or the fixed value.
        values: How many values it can have, as text, or ``continuous``.
        condition: When it is active, in words; empty for always.
    """

    name: str
    kind: str
    range: str
    values: str
    condition: str


@dataclass(frozen=True)
class SpaceSize:
    """How much there is to search.

    Attributes:
        points: Distinct combinations of the parameters that can be counted, under their conditions;
            None when the conditions entangle too many of them to be counted.
        continuous: Number of continuous parameters; each point stands for a whole range of theirs.
    """

    points: int | None
    continuous: int


@dataclass(frozen=True)
class ConditionBranch:
    """The parameters that become active under one condition (in words)."""

    condition: str
    children: tuple[ConditionNode, ...]


@dataclass(frozen=True)
class ConditionNode:
    """A parameter, its range in words, and what depends on it."""

    name: str
    range: str
    branches: tuple[ConditionBranch, ...] = ()


def space_table(spec: StudySpec) -> list[SpaceRow]:
    """Return one row a parameter, in declared order."""
    return [
        SpaceRow(
            name=_title(parameter),
            kind=_kind(parameter),
            range=range_text(parameter),
            values=_count_text(parameter),
            condition="" if parameter.when is None else condition_text(parameter.when),
        )
        for parameter in spec.space
    ]


def space_size(spec: StudySpec) -> SpaceSize:
    """Count the points of a space without listing them."""
    continuous = sum(count_values(parameter) is None for parameter in spec.space)
    try:
        return SpaceSize(count_points(spec.space), continuous)
    except TooManySituationsError:
        return SpaceSize(None, continuous)


def condition_tree(spec: StudySpec) -> tuple[ConditionNode, ...]:
    """Arrange the parameters under those that decide about them.

    A parameter stands under the last declared one that its condition names, so that it appears once;
    the branch says the whole condition.

    Returns:
        The parameters without a condition, in declared order, each with its branches.
    """
    position = {parameter.name: index for index, parameter in enumerate(spec.space)}
    children: dict[str, list[Parameter]] = {}
    for parameter in spec.space:
        if parameter.when is not None:
            parent = max(mentions(parameter.when), key=lambda name: position[name])
            children.setdefault(parent, []).append(parameter)
    nodes: dict[str, ConditionNode] = {}
    # Backwards, for children are declared after their parents: no recursion, whatever the depth.
    for parameter in reversed(spec.space):
        branches: dict[str, list[ConditionNode]] = {}
        for child in children.get(parameter.name, []):
            branches.setdefault(condition_text(child.when), []).append(nodes[child.name])
        nodes[parameter.name] = ConditionNode(
            _title(parameter),
            range_text(parameter),
            tuple(ConditionBranch(text, tuple(each)) for text, each in branches.items()),
        )
    return tuple(nodes[parameter.name] for parameter in spec.space if parameter.when is None)


def _title(parameter: Parameter) -> str:
    return parameter.name if parameter.sets == parameter.name else f"{parameter.name} ({parameter.sets})"


def _kind(parameter: Parameter) -> str:
    match parameter:
        case FloatParameter():
            return "float"
        case IntParameter():
            return "int"
        case CategoricalParameter():
            return "categorical"
        case FixedParameter():
            return "fixed"


def range_text(parameter: Parameter) -> str:
    """Put what a parameter can be into words: ``16 to 128, log``, ``lstm, gru``, or its fixed value."""
    match parameter:
        case CategoricalParameter(choices=choices):
            return ", ".join(word(choice) for choice in choices)
        case FixedParameter(value=value):
            return word(value)
        case FloatParameter(low=low, high=high, log=log, step=step):
            parts = [f"{low} to {high}"]
        case IntParameter(low=low, high=high, log=log, step=whole_step):
            parts = [f"{low} to {high}"]
            step = None if whole_step == 1 else whole_step
    parts += ["log"] if log else []
    parts += [f"step {step}"] if step is not None else []
    return ", ".join(parts)


def _count_text(parameter: Parameter) -> str:
    count = count_values(parameter)
    return "continuous" if count is None else str(count)
