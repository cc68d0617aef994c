"""From a declared source to texts that are checked, divided, and kept under their fingerprint.

The kept copy is what everything else is built from, at any cleaning level. So a study can go on where
its source is not to be had any more, and no other data can slip in under it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tuner.data.labels import class_names, drop_duplicates, require_complete, skew
from tuner.data.reading import cell_text
from tuner.data.sources import SOURCES
from tuner.data.sources.protocol import SPLIT_COLUMN, complete_options
from tuner.data.splits import PARTS, assign, column_ranks, keep_declared_rows, require_classes
from tuner.data.store import Contents, build_once, read_facts
from tuner.data.values import TextTable
from tuner.data.wording import did_you_mean
from tuner.errors import DataError
from tuner.spec.values import DataSpec, Task

__all__ = ["PreparedData", "PreparedTexts", "find_prepared", "prepare", "read_texts"]

_FOLDER: Final = "texts"
_FILE: Final = "texts.parquet"


@dataclass(frozen=True)
class PreparedData:
    """Texts that are ready to be encoded, and what can be said about them.

    Attributes:
        fingerprint: SHA-256 over task, seed, classes, and every used text with its label and part. Two
            studies with one fingerprint have the same data, wherever it came from.
        directory: The kept copy; ``<cache_dir>/texts/<fingerprint>``.
        task: What it is for.
        classes: Class names; the index is the label.
        counts: For ``train``, ``validation`` and ``test``: the texts of each class, in their order.
        origin: What messages call the source.
        warnings: What a person should know: dropped, left out, skewed.
    """

    fingerprint: str
    directory: Path
    task: Task
    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    origin: str
    warnings: tuple[str, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of texts in each part."""
        return {part: sum(counts) for part, counts in self.counts.items()}

    @property
    def cache_dir(self) -> Path:
        """The cache folder that it lies in."""
        return self.directory.parent.parent


@dataclass(frozen=True)
class PreparedTexts:
    """One part of the kept copy: normalised texts and their class indices, ``(n_texts,) int32``."""

    texts: Sequence[str]
    labels: npt.NDArray[np.int32]


def prepare(data: DataSpec, task: Task, seed: int, base_dir: Path, cache_dir: Path) -> PreparedData:
    """Load, check and divide the declared data, and keep a copy.

    Args:
        data: Source, options and split as declared.
        task: Which labels are wanted.
        seed: Of the draw.
        base_dir: Folder that relative paths start from.
        cache_dir: Folder for the copy; made when missing.

    Raises:
        NotFoundError: If the source's file is not there.
        DataError: If the data cannot be used as declared.
        NoSpaceError: If the disk is full.
        StorageRefusedError: If ``cache_dir`` cannot be written to.
    """
    positive = cell_text(data.options.get("positive", ""))
    if positive and task != "binary":
        raise DataError(f"data: positive: '{positive}' has no meaning in task {task}", "take it out")
    table, left_out = keep_declared_rows(_load(data, base_dir), data.split)
    unique = drop_duplicates(require_complete(table), column_ranks(data.split))
    table = unique.table
    classes = class_names(table, task, positive)
    index = {name: label for label, name in enumerate(classes)}
    labels = np.array([index[label] for label in table.labels], np.int32)
    parts = assign(table, labels, classes, data.split, seed)
    lacking = require_classes(parts, labels, classes, table.origin)
    rows = _in_order(table, parts)
    warnings = (
        *left_out,
        *unique.warnings,
        *lacking,
        *skew(np.bincount(labels, minlength=len(classes)), classes),
    )
    fingerprint = _fingerprint(table, labels, parts, rows, f"{task}:{seed}:{classes!r}")
    prepared = PreparedData(
        fingerprint=fingerprint,
        directory=cache_dir / _FOLDER / fingerprint,
        task=task,
        classes=classes,
        counts={
            name: tuple(np.bincount(labels[parts == rank], minlength=len(classes)).tolist())
            for rank, name in enumerate(PARTS)
        },
        origin=table.origin,
        warnings=warnings,
    )
    build_once(prepared.directory, lambda: Contents(_facts(prepared), _files(table, labels, parts, rows)))
    return prepared


def find_prepared(fingerprint: str, cache_dir: Path) -> PreparedData | None:
    """Return the kept copy with this fingerprint, or None where there is no sound one."""
    directory = cache_dir / _FOLDER / fingerprint
    if not directory.is_dir():
        return None
    try:
        facts = read_facts(directory, thorough=True)
    except DataError:
        return None
    return PreparedData(
        fingerprint=fingerprint,
        directory=directory,
        task=facts["task"],
        classes=tuple(facts["classes"]),
        counts={name: tuple(counts) for name, counts in facts["counts"].items()},
        origin=facts["origin"],
        warnings=tuple(facts["warnings"]),
    )


def read_texts(prepared: PreparedData) -> dict[str, PreparedTexts]:
    """Return the kept texts by part.

    Raises:
        DataError: If the copy is missing or damaged.
    """
    import pyarrow.parquet as pq

    read_facts(prepared.directory, thorough=True)
    table = pq.read_table(prepared.directory / _FILE)
    texts: list[str] = table.column("text").to_pylist()
    labels = table.column("label").to_numpy()
    ranks = table.column("part").to_numpy()
    return {
        name: PreparedTexts([texts[index] for index in np.flatnonzero(ranks == rank)], labels[ranks == rank])
        for rank, name in enumerate(PARTS)
    }


def _load(data: DataSpec, base_dir: Path) -> TextTable:
    source = SOURCES.get(data.source)
    if source is None:
        raise DataError(f"data: unknown source '{data.source}'", did_you_mean(data.source, SOURCES))
    options = complete_options(source.component, data.options)
    if data.split.column is not None:
        options[SPLIT_COLUMN] = data.split.column
    return source.load(options, base_dir)


def _in_order(table: TextTable, parts: npt.NDArray[np.int64]) -> list[int]:
    """Return the used rows by part and text, so that the order of the source's rows plays no role."""
    return sorted(np.flatnonzero(parts >= 0).tolist(), key=lambda row: (parts[row], table.texts[row]))


def _fingerprint(
    table: TextTable,
    labels: npt.NDArray[np.int32],
    parts: npt.NDArray[np.int64],
    rows: Sequence[int],
    declared: str,
) -> str:
    digest = hashlib.sha256(declared.encode())
    for row in rows:
        text = table.texts[row].encode()
        # Its length first: else the end of one text could pass for the beginning of the next.
        digest.update(f"\n{parts[row]}:{labels[row]}:{len(text)}:".encode())
        digest.update(text)
    return digest.hexdigest()


def _facts(prepared: PreparedData) -> dict[str, Any]:
    return {
        "task": prepared.task,
        "classes": prepared.classes,
        "counts": dict(prepared.counts),
        "origin": prepared.origin,
        "warnings": prepared.warnings,
    }


def _files(
    table: TextTable, labels: npt.NDArray[np.int32], parts: npt.NDArray[np.int64], rows: Sequence[int]
) -> dict[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "text": pa.array([table.texts[row] for row in rows], pa.string()),
        "label": pa.array(labels[rows]),
        "part": pa.array(parts[rows].astype(np.int8)),
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="zstd")
    return {_FILE: file.getvalue()}
