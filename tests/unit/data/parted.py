"""Small files of texts whose column ``part`` says where each text stands, and what is prepared of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuner.data.encode import prepare
from tuner.data.prepare import PreparedData
from tuner.spec.values import DataSpec, SplitSpec

__all__ = ["ROWS", "SPLIT", "Row", "prepared_from", "write"]

Row = tuple[str, str, str]
"""Text, label and part."""

ROWS: list[Row] = [
    ("good good film one", "pos", "train"),
    ("good film two", "pos", "train"),
    ("bad film one", "neg", "train"),
    ("unseen film", "neg", "dev"),
    ("good day", "pos", "dev"),
    ("bad day", "neg", "test"),
    ("good one", "pos", "test"),
]

SPLIT = SplitSpec("train", "dev", "test", "part")


def write(folder: Path, rows: Sequence[Row], name: str = "a.csv") -> DataSpec:
    lines = ["text,label,part", *(",".join(row) for row in rows)]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return DataSpec("file", {"path": name}, SPLIT)


def prepared_from(folder: Path, rows: Sequence[Row] = ROWS) -> PreparedData:
    return prepare(write(folder, rows), "binary", 0, folder, folder / "cache")
