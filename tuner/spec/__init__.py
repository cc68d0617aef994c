"""Declared studies: the values, the file they are read from, and everything that can be said about them.

Read in this order: ``values`` (what is declared), ``catalogue`` (what exists), ``read`` (bytes to nodes),
``listed``, ``fields``, ``conditions``, ``parameters``, ``sections``, ``draft`` (nodes to a draft),
``settings``, ``situations``, ``activity``, ``combinations``, ``check`` (is it possible?), ``load`` (all of it
in one call).
Beside these: ``cautions`` (is it meant?), ``dump`` (back to a file), ``record`` (to the database),
``schema`` (for editors), ``describe`` (for people), ``reference`` (for the manual).

This package must not know what stands behind a name: models, data, samplers come as a
:class:`~tuner.spec.catalogue.Catalogue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.lazy import loaded_from

if TYPE_CHECKING:
    from tuner.spec.cautions import warnings_for
    from tuner.spec.conditions import condition_text
    from tuner.spec.describe import (
        ConditionBranch,
        ConditionNode,
        SpaceRow,
        SpaceSize,
        condition_tree,
        space_size,
        space_table,
    )
    from tuner.spec.dump import dump_spec
    from tuner.spec.duration import duration_text, parse_duration
    from tuner.spec.load import load_spec, parse_spec
    from tuner.spec.record import differences, from_json, spec_hash, to_json
    from tuner.spec.schema import json_schema, schema_text, write_schema

__all__ = [
    "ConditionBranch",
    "ConditionNode",
    "SpaceRow",
    "SpaceSize",
    "condition_text",
    "condition_tree",
    "differences",
    "dump_spec",
    "duration_text",
    "from_json",
    "json_schema",
    "load_spec",
    "parse_duration",
    "parse_spec",
    "schema_text",
    "space_size",
    "space_table",
    "spec_hash",
    "to_json",
    "warnings_for",
    "write_schema",
]

_MODULES = {
    "ConditionBranch": "tuner.spec.describe",
    "ConditionNode": "tuner.spec.describe",
    "SpaceRow": "tuner.spec.describe",
    "SpaceSize": "tuner.spec.describe",
    "condition_text": "tuner.spec.conditions",
    "condition_tree": "tuner.spec.describe",
    "differences": "tuner.spec.record",
    "dump_spec": "tuner.spec.dump",
    "duration_text": "tuner.spec.duration",
    "from_json": "tuner.spec.record",
    "json_schema": "tuner.spec.schema",
    "load_spec": "tuner.spec.load",
    "parse_duration": "tuner.spec.duration",
    "parse_spec": "tuner.spec.load",
    "schema_text": "tuner.spec.schema",
    "space_size": "tuner.spec.describe",
    "space_table": "tuner.spec.describe",
    "spec_hash": "tuner.spec.record",
    "to_json": "tuner.spec.record",
    "warnings_for": "tuner.spec.cautions",
    "write_schema": "tuner.spec.schema",
}

__getattr__ = loaded_from(_MODULES, __name__)
