"""A local file: CSV, TSV, JSONL or Parquet, plain or gzipped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tuner.data.reading import pick_columns, read_table, whole_path
from tuner.data.sources.protocol import LABEL, POSITIVE, SPLIT_COLUMN, TEXT, THRESHOLD, DataSource
from tuner.data.values import TextTable
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Value

__all__ = ["SOURCE"]


def _load(options: Mapping[str, Value], base_dir: Path) -> TextTable:
    raw = read_table(
        whole_path(str(options["path"]), base_dir),
        encoding=str(options["encoding"]),
        separator=str(options["separator"]),
    )
    return pick_columns(raw, str(options["text"]), str(options["label"]), str(options.get(SPLIT_COLUMN, "")))


SOURCE = DataSource(
    component=Component(
        name="file",
        summary="A local CSV, TSV, JSONL or Parquet file, also .gz.",
        settings=(
            Setting("path", "text", None, "The file, relative to the folder of the search-space file."),
            TEXT,
            LABEL,
            POSITIVE,
            THRESHOLD,
            Setting("encoding", "text", "utf-8", "Of CSV, TSV and JSONL; a byte order mark is tolerated."),
            Setting(
                "separator",
                "text",
                "",
                "Character between the cells of a CSV file. Defaults to a comma, or a tab for TSV.",
            ),
        ),
    ),
    load=_load,
)
