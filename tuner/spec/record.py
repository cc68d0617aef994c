"""A spec as JSON for the database, its hash, and what differs between two.

A study's identity is what its trials depend on: data, task, fixed settings, space, objectives, seed,
repeats. Sampler, pruner, budget, start points, execution, what is measured on the test split and what is
written for TensorBoard may change from session to session. The order of parameters is no part of it (parents
come first in any order); the order of choices is, for Optuna counts by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.spec.conditions import condition_text
from tuner.spec.fields import shown
from tuner.spec.values import (
    AllOf,
    AnyOf,
    BudgetSpec,
    CategoricalParameter,
    ComponentSpec,
    Condition,
    DataSpec,
    ExecutionSpec,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Objective,
    Parameter,
    SplitSpec,
    StartPoint,
    StudySpec,
)

__all__ = ["differences", "from_json", "space_from_json", "space_to_json", "spec_hash", "to_json"]


def to_json(spec: StudySpec) -> dict[str, Any]:
    """Write a spec as what JSON can carry; :func:`from_json` gives the same spec back."""
    split = spec.data.split
    return {
        "data": {
            "source": spec.data.source,
            "options": dict(spec.data.options),
            "split": {
                "train": _part_node(split.train),
                "validation": _part_node(split.validation),
                "test": _part_node(split.test),
                "column": split.column,
            },
        },
        "task": spec.task,
        "fixed": dict(spec.fixed),
        "space": space_to_json(spec.space),
        "objectives": [{"metric": each.metric, "direction": each.direction} for each in spec.objectives],
        "sampler": {"name": spec.sampler.name, "options": dict(spec.sampler.options)},
        "pruner": {"name": spec.pruner.name, "options": dict(spec.pruner.options)},
        "budget": {
            "trials": spec.budget.trials,
            "time_limit_s": spec.budget.time_limit_s,
            "max_failures_in_a_row": spec.budget.max_failures_in_a_row,
            "max_deaths": spec.budget.max_deaths,
        },
        "seed": spec.seed,
        "execution": {
            "workers": spec.execution.workers,
            "gpu_memory_limit_mib": spec.execution.gpu_memory_limit_mib,
            "worker_memory_limit_mib": spec.execution.worker_memory_limit_mib,
            "trial_memory_limit_mib": spec.execution.trial_memory_limit_mib,
            "threads": spec.execution.threads,
        },
        "repeats": spec.repeats,
        "start_with": [{"params": dict(point.params), "preset": point.preset} for point in spec.start_with],
        "test_on": spec.test_on,
        "tensorboard": spec.tensorboard,
    }


def space_to_json(space: Sequence[Parameter]) -> list[dict[str, Any]]:
    """Write parameters as what JSON can carry; :func:`space_from_json` gives the same ones back."""
    return [_parameter_node(parameter) for parameter in space]


def _part_node(part: float | str | tuple[str, ...]) -> Any:
    return list(part) if isinstance(part, tuple) else part


def _parameter_node(parameter: Parameter) -> dict[str, Any]:
    head: dict[str, Any] = {"name": parameter.name, "sets": parameter.sets}
    match parameter:
        case FloatParameter(low=low, high=high, log=log, step=step, default=default):
            numbers = {"low": low, "high": high, "step": step, "default": default}
            # Floats as floats, so that a spec made with whole bounds has the hash of its file.
            real = {key: None if value is None else float(value) for key, value in numbers.items()}
            body: dict[str, Any] = {"type": "float", **real, "log": log}
        case IntParameter(low=low, high=high, log=log, step=step, default=default):
            body = {"type": "int", "low": low, "high": high, "step": step, "default": default, "log": log}
        case CategoricalParameter(choices=choices, default=default):
            body = {"type": "categorical", "choices": list(choices), "default": default}
        case FixedParameter(value=value):
            body = {"type": "fixed", "value": value}
    return {**head, **body, "when": None if parameter.when is None else _when_node(parameter.when)}


def _when_node(condition: Condition) -> dict[str, Any]:
    match condition:
        case Is(name, values):
            return {"is": name, "values": list(values)}
        case AllOf(conditions):
            return {"all": [_when_node(each) for each in conditions]}
        case AnyOf(conditions):
            return {"any": [_when_node(each) for each in conditions]}


def from_json(record: Mapping[str, Any]) -> StudySpec:
    """Read a spec that :func:`to_json` wrote.

    Raises:
        ValueError: If the record is not one of ours.
    """
    try:
        data, split = record["data"], record["data"]["split"]
        return StudySpec(
            data=DataSpec(
                data["source"],
                dict(data["options"]),
                SplitSpec(
                    _part(split["train"]), _part(split["validation"]), _part(split["test"]), split["column"]
                ),
            ),
            task=record["task"],
            space=space_from_json(record["space"]),
            objectives=tuple(Objective(each["metric"], each["direction"]) for each in record["objectives"]),
            sampler=ComponentSpec(record["sampler"]["name"], dict(record["sampler"]["options"])),
            pruner=ComponentSpec(record["pruner"]["name"], dict(record["pruner"]["options"])),
            budget=BudgetSpec(**record["budget"]),
            fixed=dict(record["fixed"]),
            seed=record["seed"],
            execution=ExecutionSpec(**record["execution"]),
            # Absent from older records:
            repeats=record.get("repeats", 1),
            start_with=tuple(StartPoint(**point) for point in record.get("start_with", ())),
            test_on=record.get("test_on", "front"),
            tensorboard=record.get("tensorboard", False),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a stored spec: {type(error).__name__}: {error}") from error


def space_from_json(nodes: Sequence[Mapping[str, Any]]) -> tuple[Parameter, ...]:
    """Read parameters that :func:`space_to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: If they are none of ours.
    """
    return tuple(_parameter(node) for node in nodes)


def _part(node: Any) -> Any:
    return tuple(node) if isinstance(node, list) else node


def _parameter(node: Mapping[str, Any]) -> Parameter:
    body = {key: value for key, value in node.items() if key not in ("type", "when")}
    when = None if node["when"] is None else _when(node["when"])
    match node["type"]:
        case "float":
            return FloatParameter(**body, when=when)
        case "int":
            return IntParameter(**body, when=when)
        case "categorical":
            return CategoricalParameter(**{**body, "choices": tuple(body["choices"])}, when=when)
        case "fixed":
            return FixedParameter(**body, when=when)
    raise ValueError(f"not a stored spec: found a parameter of type {node['type']!r}")


def _when(node: Mapping[str, Any]) -> Condition:
    if "is" in node:
        return Is(node["is"], tuple(node["values"]))
    if "all" in node:
        return AllOf(tuple(_when(each) for each in node["all"]))
    return AnyOf(tuple(_when(each) for each in node["any"]))


def _identity(spec: StudySpec) -> dict[str, Any]:
    record = to_json(spec)
    identity = {key: record[key] for key in ("data", "task", "fixed", "objectives", "seed", "repeats")}
    options = record["data"]["options"]
    # Where the texts lie is none of it: a study is known by their fingerprint.
    kept = {name: value for name, value in options.items() if name != "path"}
    identity["data"] = {**record["data"], "options": kept}
    identity["space"] = {node["name"]: node for node in record["space"]}
    return identity


def spec_hash(spec: StudySpec) -> str:
    """Return 64 hexadecimal digits that are equal exactly where :func:`differences` is empty."""
    text = json.dumps(_identity(spec), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(old: StudySpec, new: StudySpec) -> list[str]:
    """Name what differs between the identities of two specs.

    Returns:
        Short sentences such as ``space.units: high 64 became 128``; empty for the same study.
    """
    before, after = _identity(old), _identity(new)
    found = _compare("data", _flat_data(before["data"]), _flat_data(after["data"]))
    found += _compare("", {"task": before["task"]}, {"task": after["task"]})
    found += _compare("fixed", before["fixed"], after["fixed"])
    found += _compare_spaces(before["space"], after["space"], old, new)
    if before["objectives"] != after["objectives"]:
        texts = [_objectives_text(each["objectives"]) for each in (before, after)]
        found.append(f"objectives: {texts[0]} became {texts[1]}")
    numbers = ("seed", "repeats")
    return found + _compare("", *({name: each[name] for name in numbers} for each in (before, after)))


def _flat_data(data: Mapping[str, Any]) -> dict[str, Any]:
    split = {f"split.{name}": part for name, part in data["split"].items() if part is not None}
    return {"source": data["source"], **data["options"], **split}


def _objectives_text(objectives: list[dict[str, str]]) -> str:
    return ", ".join(f"{each['direction']} {each['metric']}" for each in objectives)


def _same(left: Any, right: Any) -> bool:
    # As JSON and not with ==, for which 1, 1.0 and true are the same.
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _compare(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = []
    for name in dict.fromkeys([*old, *new]):
        where = f"{section}.{name}" if section else name
        if name not in new:
            found.append(f"{where}: {_text(old[name])} is no longer there")
        elif name not in old:
            found.append(f"{where}: {_text(new[name])} is new")
        elif not _same(old[name], new[name]):
            found.append(f"{where}: {_text(old[name])} became {_text(new[name])}")
    return found


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    return value if isinstance(value, str) and value.isidentifier() else shown(value)


def _compare_spaces(
    old: Mapping[str, Any], new: Mapping[str, Any], old_spec: StudySpec, new_spec: StudySpec
) -> list[str]:
    conditions = [
        {parameter.name: condition_text(parameter.when) for parameter in spec.space}
        for spec in (old_spec, new_spec)
    ]
    found = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new or name not in old:
            found.append(f"space.{name}: is {'new' if name in new else 'no longer there'}")
        elif old[name]["type"] != new[name]["type"]:
            found.append(f"space.{name}: type {old[name]['type']} became {new[name]['type']}")
        else:
            found += _compare_parameters(name, old[name], new[name], conditions[0][name], conditions[1][name])
    return found


def _compare_parameters(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], old_when: str, new_when: str
) -> list[str]:
    found = []
    for key in old:
        if key == "when":
            if not _same(old[key], new[key]):
                # Texts can agree where structures differ, e.g. the text "1" and the number.
                words = f"condition '{old_when}' became '{new_when}'"
                found.append(f"space.{name}: {words if old_when != new_when else 'condition became another'}")
        elif not _same(old[key], new[key]):
            found.append(f"space.{name}: {key} {_text(old[key])} became {_text(new[key])}")
    return found
