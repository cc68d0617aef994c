"""Writes a spec as YAML that reads back as the same spec; the same spec always gives the same text.

Who only wants to know whether a spec would be read gets the nodes that a reader would make of the text,
without text and reader: reading YAML is most of a check.
"""

from __future__ import annotations

import re
from typing import Any

from tuner.spec.conditions import condition_node
from tuner.spec.duration import duration_text
from tuner.spec.listed import listed_node
from tuner.spec.read import Broken, Listing, Mapping, Mark, Node, Problems, Scalar
from tuner.spec.scalars import checked_text, plain_value
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SplitSpec,
    StudySpec,
    Value,
)

__all__ = ["dump_parameter", "dump_spec", "flow_text", "nodes_of"]

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
# Plain only in YAML 1.2: other readers take these for true, false or nothing.
_AMBIGUOUS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_NOWHERE = Mark(1, 1)


def dump_spec(spec: StudySpec) -> str:
    """Write ``spec`` as a search-space file.

    Every section is written out, defaults included, so that the text still means the same when a
    default changes. Ends in a line feed.
    """
    blocks = {"data", "space", "objectives"}
    lines: list[str] = []
    for key, node in _document(spec).items():
        lines += _block(key, node, 0, force=key in blocks)
    return "\n".join(lines) + "\n"


def nodes_of(spec: StudySpec, problems: Problems) -> Node:
    """Return what :func:`~tuner.spec.read.read_nodes` makes of the text of :func:`dump_spec`, but for places.

    Args:
        spec: To be checked.
        problems: Where to note values that a file cannot have.

    Returns:
        The root. All that is in it stands in line 1, column 1.
    """
    return _node(_document(spec), problems)


def _document(spec: StudySpec) -> dict[str, Any]:
    """Return every section as mappings, lists and values, in the order of a file."""
    data: dict[str, Any] = {"source": spec.data.source, **spec.data.options}
    data["split"] = _split_node(spec.data.split)
    budget = spec.budget
    limit = None if budget.time_limit_s is None else duration_text(budget.time_limit_s)
    execution = spec.execution
    return {
        "data": data,
        "task": spec.task,
        "fixed": {name: listed_node(value) for name, value in spec.fixed.items()},
        "space": {parameter.name: _parameter_node(parameter) for parameter in spec.space},
        "objectives": [{"metric": each.metric, "direction": each.direction} for each in spec.objectives],
        "sampler": {"name": spec.sampler.name, **spec.sampler.options},
        "pruner": {"name": spec.pruner.name, **spec.pruner.options},
        "budget": _without_none(
            trials=budget.trials,
            time_limit=limit,
            max_failures_in_a_row=budget.max_failures_in_a_row,
            max_deaths=budget.max_deaths,
        ),
        "seed": spec.seed,
        "execution": _without_none(
            workers=execution.workers,
            threads=execution.threads,
            gpu_memory_limit_mib=execution.gpu_memory_limit_mib,
            worker_memory_limit_mib=execution.worker_memory_limit_mib,
            trial_memory_limit_mib=execution.trial_memory_limit_mib,
        ),
        "repeats": spec.repeats,
        "start_with": [
            point.preset or {name: listed_node(value) for name, value in point.params.items()}
            for point in spec.start_with
        ],
        "test_on": spec.test_on,
        "tensorboard": spec.tensorboard,
    }


def dump_parameter(parameter: Parameter) -> list[str]:
    """Write one parameter as the lines that stand for it in ``space``, indented as there."""
    return _block(parameter.name, _parameter_node(parameter), 2)


def flow_text(node: Any) -> str:
    """Write a value, list or mapping on one line, as it would stand in a file."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{flow_text(key)}: {flow_text(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list | tuple):
        return "[" + ", ".join(flow_text(item) for item in node) + "]"
    return _scalar(node)


def _block(key: str, node: Any, indent: int, force: bool = False) -> list[str]:
    """Write ``key: node`` on one line, or on several where it is too wide or ``force`` says so."""
    head = " " * indent + f"{flow_text(key)}:"
    flow = f"{head} {flow_text(node)}"
    if not isinstance(node, dict | list) or not node or (len(flow) <= _WIDTH and not force):
        return [flow]
    lines = [head]
    for item in node:
        if isinstance(node, dict):
            lines += _block(item, node[item], indent + 2)
        else:
            lines.append(" " * (indent + 2) + f"- {flow_text(item)}")
    return lines


def _node(value: Any, problems: Problems) -> Node:
    """Return a mapping, a list or a value as the node that its text is read as."""
    if isinstance(value, dict):
        entries = ((_node(key, problems), _node(each, problems)) for key, each in value.items())
        return Mapping(tuple((key, each) for key, each in entries if isinstance(key, Scalar)), _NOWHERE)
    if isinstance(value, list | tuple):
        return Listing(tuple(_node(each, problems) for each in value), _NOWHERE)
    text = value if isinstance(value, str) else _scalar(value)
    plain = not isinstance(value, str) or _is_plain(value)
    try:
        return Scalar(plain_value(text) if plain else checked_text(text), text, plain, _NOWHERE)
    except ValueError as error:
        problems.add(_NOWHERE, str(error))
        return Broken(_NOWHERE)


def _scalar(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if _is_plain(value):
        return value
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _is_plain(text: str) -> bool:
    """Tell whether a text can stand without quotes and still be read as a text."""
    if not _PLAIN.fullmatch(text) or text.lower() in _AMBIGUOUS:
        return False
    try:
        return isinstance(plain_value(text), str)
    except ValueError:
        return False


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _split_node(split: SplitSpec) -> dict[str, Any]:
    parts = {
        name: list(part) if isinstance(part, tuple) else part
        for name, part in (("train", split.train), ("validation", split.validation), ("test", split.test))
    }
    return _without_none(column=split.column, **parts)


def _parameter_node(parameter: Parameter) -> Any:
    """Return the short form where it says everything, else the long one."""
    rest: dict[str, Any] = {}
    if parameter.when is not None:
        rest["when"] = condition_node(parameter.when)
    sets = None if parameter.sets == parameter.name else parameter.sets
    match parameter:
        case FixedParameter(value=value):
            node = listed_node(value)
            # In the short form a list would be read as choices.
            long = sets or rest or isinstance(node, list)
            return {**_without_none(sets=sets, value=node), **rest} if long else node
        case CategoricalParameter(choices=choices, default=default):
            nodes = [listed_node(choice) for choice in choices]
            if not (sets or rest) and default is None:
                return nodes
            chosen = None if default is None else listed_node(default)
            return {**_without_none(sets=sets, choices=nodes, default=chosen), **rest}
        case IntParameter():
            step: Value | None = parameter.step if parameter.step != 1 else None
            bounds: list[Value] = [parameter.low, parameter.high]
            default = parameter.default
        case FloatParameter():
            # With a dot, for that is what makes a range one of real numbers.
            step = None if parameter.step is None else float(parameter.step)
            bounds = [float(parameter.low), float(parameter.high)]
            default = None if parameter.default is None else float(parameter.default)
    log = True if parameter.log else None
    return {
        **_without_none(sets=sets, low=bounds[0], high=bounds[1], log=log, step=step, default=default),
        **rest,
    }
