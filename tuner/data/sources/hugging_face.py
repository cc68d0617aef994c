"""A data set of the Hugging Face hub, or a local folder that the same library can read.

The library ``datasets`` is an optional extra and is imported only when a study asks for it. Version 4
runs no code that comes with a data set.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuner.data.reading import RawTable, pick_columns, whole_path
from tuner.data.sources.protocol import LABEL, POSITIVE, SPLIT_COLUMN, TEXT, THRESHOLD, DataSource
from tuner.data.values import TextTable
from tuner.data.wording import did_you_mean
from tuner.errors import DataError
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Value

__all__ = ["SOURCE"]

_PART_COLUMN = "split"


def _load(options: Mapping[str, Value], base_dir: Path) -> TextTable:
    name = str(options["name"])
    origin = f"hugging-face {name}"
    parts = _chosen(_fetch(options, base_dir, origin), str(options["part"]), origin)
    columns: dict[str, list[object]] = {}
    for split, part in parts.items():
        cells = _cells(part)
        cells.setdefault(_PART_COLUMN, [split] * part.num_rows)
        if columns and set(columns) != set(cells):
            raise DataError(
                f"{origin}: part '{split}' has the columns {sorted(cells)}, another part {sorted(columns)}",
                "name the parts that are alike, e.g. `part: train+test`",
            )
        for column, values in cells.items():
            columns.setdefault(column, []).extend(values)
    rows = range(1, len(columns[_PART_COLUMN]) + 1)
    return pick_columns(
        RawTable(columns, rows, origin),
        str(options["text"]),
        str(options["label"]),
        str(options.get(SPLIT_COLUMN, "")),
    )


def _fetch(options: Mapping[str, Value], base_dir: Path, origin: str) -> Mapping[str, Any]:
    try:
        library = importlib.import_module("datasets")
    except ImportError as error:
        raise DataError(
            "data source 'hugging-face': the package datasets is not installed", "pip install 'tuner[hub]'"
        ) from error
    name = str(options["name"])
    folder = whole_path(name, base_dir)
    try:
        if (folder / "dataset_dict.json").is_file() or (folder / "dataset_info.json").is_file():
            found = library.load_from_disk(str(folder))
        else:
            found = library.load_dataset(
                str(folder) if folder.is_dir() else name,
                name=str(options["subset"]) or None,
                revision=str(options["revision"]) or None,
            )
    except (OSError, ValueError, RuntimeError, library.exceptions.DatasetsError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{origin}: cannot be loaded: {first}",
            "check name, subset and revision, and that the hub can be reached; `name` may be a local folder",
        ) from error
    # A folder written by Dataset.save_to_disk holds one part without a name.
    return found if isinstance(found, Mapping) else {"train": found}


def _chosen(parts: Mapping[str, Any], wanted: str, origin: str) -> dict[str, Any]:
    names = [name.strip() for name in wanted.split("+")] if wanted else list(parts)
    for name in names:
        if name not in parts:
            raise DataError(f"{origin}: no part '{name}'", did_you_mean(name, list(parts)))
    return {name: parts[name] for name in names}


def _cells(part: Any) -> dict[str, list[object]]:
    """Return a part's columns; class numbers become their names, and -1, the hub's "no label", nothing."""
    cells: dict[str, list[object]] = {}
    for column in part.column_names:
        values: list[object] = list(part[column])
        names = getattr(part.features[column], "names", None)
        if names:
            values = [names[v] if isinstance(v, int) and v >= 0 else None for v in values]
        cells[column] = values
    return cells


SOURCE = DataSource(
    component=Component(
        name="hugging-face",
        summary="A data set of the Hugging Face hub, or a local folder in one of its formats.",
        settings=(
            Setting("name", "text", None, "Name on the hub, e.g. stanfordnlp/imdb, or a local folder."),
            Setting("subset", "text", "", "Configuration of the data set. Defaults to its only one."),
            Setting(
                "revision",
                "text",
                "",
                "Commit or tag on the hub. Defaults to the newest; name one to be able to repeat the study.",
            ),
            Setting(
                "part",
                "text",
                "",
                "Parts to use, e.g. train or train+test. Defaults to all; column `split` names each text's.",
            ),
            TEXT,
            LABEL,
            POSITIVE,
            THRESHOLD,
        ),
    ),
    load=_load,
)
