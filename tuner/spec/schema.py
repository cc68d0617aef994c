"""A JSON Schema (draft 2020-12) of search-space files, for editors to complete and check from.

It knows every name of the catalogue with its summary. It is not the check that counts: an editor sees
one key at a time, ``spec.check`` sees the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tuner.spec.catalogue import Catalogue, Component, Setting
from tuner.spec.draft import TASKS, TEST_ON
from tuner.spec.own import OWN_PATTERN
from tuner.spec.parameters import MAX_PARAMETERS, NAME
from tuner.spec.settings import variants
from tuner.spec.values import BudgetSpec, ExecutionSpec

__all__ = ["execution_texts", "json_schema", "schema_text", "write_schema"]

_Schema: TypeAlias = dict[str, Any]

_POSITIVE: _Schema = {"type": "integer", "minimum": 1}
_SCALAR: _Schema = {"type": ["string", "number", "boolean"]}
_NUMBERS: _Schema = {"type": "array", "minItems": 1, "items": {"type": "integer"}}


def json_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Describe search-space files to an editor.

    Args:
        catalogue: Everything that a file can name; its summaries become the editor's help.
    """
    known = variants(catalogue)
    settings = {name: listed[0] for name, listed in known.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Search space of tuner",
        "description": "One study: data, what is searched, by what it is judged, and how much may be spent.",
        "type": "object",
        "additionalProperties": False,
        "required": ["data", "task", "space"],
        "properties": {
            "data": _data(catalogue.sources),
            "task": {
                "description": "What the labels are: two classes, several, or numbers.",
                "enum": list(TASKS),
            },
            "fixed": {
                "description": "Settings that hold in every trial.",
                "type": "object",
                "additionalProperties": False,
                "properties": {name: _value(_reference(name), settings[name]) for name in settings},
            },
            "space": _space(settings),
            "objectives": _objectives(catalogue),
            "sampler": _component(catalogue.samplers, "How the next point is chosen."),
            "pruner": _component(catalogue.pruners, "Which trials are stopped early, and why."),
            "budget": _budget(),
            "seed": {
                "description": "Of splits, sampler and trials. Defaults to 0.",
                "type": "integer",
                "minimum": 0,
                "maximum": 2**32 - 1,
            },
            "execution": _execution(),
            "repeats": {
                "description": "Trials of each point, every one with a seed of its own. Defaults to 1.",
                **_POSITIVE,
                "default": 1,
            },
            "start_with": _start_with(catalogue, settings),
            "test_on": {
                "description": "Finished trials that are measured on the test split at the end; all is for "
                "studies that compare and choose nothing. Defaults to front.",
                "enum": list(TEST_ON),
            },
            "tensorboard": {
                "description": "Write each trial's epochs to studies/<name>/tensorboard/<number> as well. "
                "Defaults to false.",
                "type": "boolean",
            },
        },
        "$defs": _definitions(known, own=catalogue.read_family is not None),
    }


def _definitions(known: Mapping[str, tuple[Setting, ...]], own: bool) -> dict[str, _Schema]:
    return {
        "condition": _condition(),
        "parameter": _parameter(None),
        "log": {"description": "Search on a log scale.", "type": "boolean"},
        "step": {"description": "Distance between values.", "type": "number", "exclusiveMinimum": 0},
        "sets": {"description": "The setting that it gives a value to.", "type": "string"},
        **{f"value_{name}": _widest(listed) for name, listed in known.items()},
        "value_family": _family(known["family"]) if own else _widest(known["family"]),
    }


def schema_text(catalogue: Catalogue) -> str:
    """Return the schema as it stands in ``search_spaces/schema.json``, ending in a line feed."""
    return json.dumps(json_schema(catalogue), indent=2) + "\n"


def write_schema(catalogue: Catalogue, path: Path) -> None:
    """Write the schema to ``path``; the shipped files name it in their first line."""
    path.write_text(schema_text(catalogue), encoding="utf-8")


def _reference(name: str) -> _Schema:
    return {"$ref": f"#/$defs/value_{name}"}


def _widest(listed: Iterable[Setting]) -> _Schema:
    """Accept what any declaration of a setting accepts."""
    schemas: list[_Schema] = []
    for setting in listed:
        schema = _type(setting)
        if schema not in schemas:
            schemas.append(schema)
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _family(listed: Iterable[Setting]) -> _Schema:
    own: _Schema = {
        "description": "One of your own: module:function.",
        "type": "string",
        "pattern": OWN_PATTERN,
    }
    return {"anyOf": [_widest(listed), own]}


def _type(setting: Setting) -> _Schema:
    match setting.kind:
        case "bool":
            return {"type": "boolean"}
        case "choice":
            return {"enum": list(setting.choices)}
        case "text" | "path":
            return {"type": "string"}
        case "numbers":
            number = _bounded({"type": "integer"}, setting)
            return {"type": "array", "items": number, "minItems": 1, "maxItems": setting.longest}
    return _bounded({"type": "integer" if setting.kind == "int" else "number"}, setting)


def _bounded(schema: _Schema, setting: Setting) -> _Schema:
    if setting.low is not None:
        schema["minimum"] = setting.low
    if setting.high is not None:
        schema["maximum"] = setting.high
    return schema


def _value(value: _Schema, setting: Setting) -> _Schema:
    schema = {"description": setting.summary, **value}
    if setting.default is not None and setting.kind != "numbers":
        schema["default"] = setting.default
    return schema


def _options(settings: Iterable[Setting]) -> dict[str, _Schema]:
    return {setting.name: _value(_type(setting), setting) for setting in settings}


def _named_object(key: str, component: Component, extra: Mapping[str, _Schema]) -> _Schema:
    """Return the mapping that chooses ``component`` by ``key`` and gives its options."""
    needed = [setting.name for setting in component.settings if setting.default is None]
    return {
        "type": "object",
        "title": component.name,
        "description": component.summary,
        "additionalProperties": False,
        "required": [key, *needed],
        "properties": {
            key: {"const": component.name, "description": component.summary},
            **_options(component.settings),
            **extra,
        },
    }


def _data(sources: Mapping[str, Component]) -> _Schema:
    split = {"split": _split()}
    return {
        "description": "Where the texts come from, and how they are divided.",
        "oneOf": [_named_object("source", component, split) for component in sources.values()],
    }


def _split() -> _Schema:
    share: _Schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    values: _Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    part: _Schema = {"anyOf": [_POSITIVE, share, {"type": "string"}, values]}
    names = (("train", "0.7"), ("validation", "0.15"), ("test", "0.15"))
    return {
        "description": "Three parts, as counts of texts, as shares, or as values of a column.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "column": {"description": "Column that names each text's part.", "type": "string"},
            **{name: {"description": f"Defaults to {share_of}.", **part} for name, share_of in names},
        },
    }


def _space(settings: Mapping[str, Setting]) -> _Schema:
    return {
        "description": "What is searched. A condition (`when`) names parameters declared above it.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_PARAMETERS,
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "properties": {name: _parameter(setting) for name, setting in settings.items()},
        "additionalProperties": {"$ref": "#/$defs/parameter"},
    }


def _parameter(setting: Setting | None) -> _Schema:
    """Return the forms of a parameter; without a setting, of one that says by ``sets`` what it sets."""
    value = {"anyOf": [_SCALAR, _NUMBERS]} if setting is None else _reference(setting.name)
    shared: dict[str, _Schema] = {"sets": {"$ref": "#/$defs/sets"}, "when": {"$ref": "#/$defs/condition"}}
    choices: _Schema = {"type": "array", "minItems": 1, "items": value}
    forms = [
        _form("choices", {"type": {"const": "categorical"}, "choices": choices, "default": value, **shared}),
        _form("value", {"type": {"const": "fixed"}, "value": value, **shared}),
    ]
    if setting is None or setting.kind in ("int", "float"):
        forms.insert(0, _range_form(value, shared))
    if setting is not None:
        # One list by itself would be a list of choices.
        short = [choices] if setting.kind == "numbers" else [choices, value]
        return {"description": setting.summary, "anyOf": [*forms, *short]}
    for form in forms:
        form["required"] = [*form["required"], "sets"]
    return {"description": "Another name for a setting.", "anyOf": forms}


def _form(required: str, properties: dict[str, _Schema]) -> _Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [required],
        "properties": properties,
    }


def _range_form(value: _Schema, shared: Mapping[str, _Schema]) -> _Schema:
    log: _Schema = {"$ref": "#/$defs/log"}
    step: _Schema = {"$ref": "#/$defs/step"}
    kind: _Schema = {"enum": ["int", "float"]}
    properties = {"type": kind, "low": value, "high": value, "log": log, "step": step, "default": value}
    return {**_form("low", {**properties, **shared}), "required": ["low", "high"]}


def _condition() -> _Schema:
    branches: _Schema = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}
    return {
        "description": "Parameters declared above with the value or values they must have; all must hold.",
        "type": "object",
        "minProperties": 1,
        "properties": {
            "all": {"description": "Every one of these holds.", **branches},
            "any": {"description": "At least one of these holds.", **branches},
        },
        "additionalProperties": {
            "anyOf": [_SCALAR, {"type": "array", "minItems": 1, "items": {"anyOf": [_SCALAR, _NUMBERS]}}]
        },
    }


def _objectives(catalogue: Catalogue) -> _Schema:
    metrics = [{"const": each.name, "description": each.summary} for each in catalogue.metrics.values()]
    return {
        "description": "What a trial is judged by. Defaults to accuracy up (mae down in a regression) and "
        "training_time_s down.",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["metric", "direction"],
            "properties": {
                "metric": {"oneOf": metrics},
                "direction": {"enum": ["maximize", "minimize"]},
            },
        },
    }


def _component(components: Mapping[str, Component], description: str) -> _Schema:
    names = [
        {"const": each.name, "description": each.summary}
        for each in components.values()
        if all(setting.default is not None for setting in each.settings)
    ]
    objects = [_named_object("name", each, {}) for each in components.values()]
    return {"description": description, "oneOf": [*names, *objects]}


def _budget() -> _Schema:
    defaults = BudgetSpec()
    failures = f"Stop after so many failed trials in a row. Defaults to {defaults.max_failures_in_a_row}."
    deaths = f"Fail a trial whose worker died so often. Defaults to {defaults.max_deaths}."
    limit = "Session time, e.g. 90s, 10m, 1.5h, or seconds; no trial begins that would end after it."
    return {
        "description": "What the study may use up, over all its sessions.",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["trials"]}, {"required": ["time_limit"]}],
        "properties": {
            "trials": {"description": "Trials begun, whatever their end.", **_POSITIVE},
            "time_limit": {
                "description": limit,
                "anyOf": [
                    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*[smhd]?$"},
                    {"type": "number", "exclusiveMinimum": 0},
                ],
            },
            "max_failures_in_a_row": {"description": failures, **_POSITIVE},
            "max_deaths": {"description": deaths, **_POSITIVE},
        },
    }


def _start_with(catalogue: Catalogue, settings: Mapping[str, Setting]) -> _Schema:
    presets = [{"const": each.name, "description": each.summary} for each in catalogue.presets.values()]
    point: _Schema = {
        "description": "Parameters with their values; what is left out is the sampler's.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "properties": {name: _value(_reference(name), setting) for name, setting in settings.items()},
        "additionalProperties": _SCALAR,
    }
    return {
        "description": "Points that are tried first, in this order: presets by name, or points of your own.",
        "type": "array",
        "items": {"anyOf": [*presets, point]},
    }


def execution_texts() -> dict[str, str]:
    """Return what each setting of ``execution`` does, by name; all are whole numbers of at least 1."""
    memory = ExecutionSpec().worker_memory_limit_mib
    return {
        "workers": "Worker processes. Defaults to one a GPU; without GPUs to one for as many cores as "
        "each has threads (one, in a new study), as far as memory for the largest trial and the whole cores "
        "of a container's quota go.",
        "threads": "Cores of each worker, and threads of its numeric work. Defaults to as many as the study "
        "was begun with, so that its seconds compare; in a new study, and on GPUs, the cores are "
        "shared out evenly, and what is left over stays idle.",
        "gpu_memory_limit_mib": "Cap on a worker's GPU memory. Defaults to none: it grows on demand.",
        "worker_memory_limit_mib": f"A worker above it is replaced between trials. Defaults to {memory}.",
        "trial_memory_limit_mib": "What a worker with its trial may have; a trial that is estimated to need "
        "more is not begun. Defaults to nine tenths of the machine's memory, divided by the workers; with "
        "GPUs to none.",
    }


def _execution() -> _Schema:
    return {
        "description": "How trials are placed; may differ from session to session.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": text, **_POSITIVE} for name, text in execution_texts().items()},
    }
