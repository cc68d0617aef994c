"""From a declared source to texts that are checked, divided, and kept under their fingerprint.

The kept copy is what everything else is built from, at any cleaning level. So a study can go on where
its source is not to be had any more, and no other data can slip in under it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tuner.data.cleaning import normalise
from tuner.data.labels import class_names, drop_duplicates, require_complete, skew
from tuner.data.numbers import divided, numbers_of, with_plain_numbers
from tuner.data.reading import cell_text
from tuner.data.sources import SOURCES
from tuner.data.sources.protocol import LABEL, SPLIT_COLUMN, complete_options
from tuner.data.splits import (
    PARTS,
    assign,
    assign_numbers,
    column_ranks,
    keep_declared_rows,
    require_classes,
    require_spread,
)
from tuner.data.store import Contents, build_once, read_facts
from tuner.data.values import LabelArray, TextTable
from tuner.data.wording import did_you_mean
from tuner.errors import DataError
from tuner.spec.values import DataSpec, Task

__all__ = [
    "PreparedData",
    "PreparedTexts",
    "find_prepared",
    "originals",
    "prepare",
    "read_texts",
    "texts_folder",
]

_FOLDER: Final = "texts"
_FILE: Final = "texts.parquet"
_ONE_RULE: Final = "of numbers `threshold` says which are positive, of words `positive`"


@dataclass(frozen=True)
class PreparedData:
    """Texts that are ready to be encoded, and what can be said about them.

    Attributes:
        fingerprint: SHA-256 over task, seed, classes, and every used text with its label and part. Two
            studies with one fingerprint have the same data, wherever it came from.
        directory: The kept copy; ``<cache_dir>/texts/<fingerprint>``.
        task: What it is for.
        classes: Class names; the index is the label. Empty in a regression.
        counts: For ``train``, ``validation`` and ``test``: the texts of each class, in their order; of a
            regression one number, that of all texts.
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
    """One part of the kept copy: normalised texts and their labels, ``(n_texts,)``.

    Labels are class indices, int32; in a regression numbers, float32.
    """

    texts: Sequence[str]
    labels: LabelArray


@dataclass(frozen=True)
class _Divided:
    """Every usable text with its label and its part, and what should be said about it."""

    labels: LabelArray
    classes: tuple[str, ...]
    parts: npt.NDArray[np.int64]
    remarks: tuple[str, ...]

    @property
    def counts(self) -> dict[str, tuple[int, ...]]:
        """Texts of each class, or all texts of a regression, by part."""
        counts = {}
        for rank, name in enumerate(PARTS):
            own = self.labels[self.parts == rank]
            each = np.bincount(own, minlength=len(self.classes)).tolist() if self.classes else [len(own)]
            counts[name] = tuple(each)
        return counts


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
    positive = _positive(data, task)
    table, left_out = keep_declared_rows(_load(data, base_dir), data.split)
    table, positive = _in_form(require_complete(table), data, task, positive)
    unique = drop_duplicates(table, column_ranks(data.split))
    table = unique.table
    found = _divide(table, data, task, seed, positive)
    rows = _in_order(table, found.parts)
    fingerprint = _fingerprint(table, found, rows, f"{task}:{seed}:{found.classes!r}")
    prepared = PreparedData(
        fingerprint=fingerprint,
        directory=texts_folder(fingerprint, cache_dir),
        task=task,
        classes=found.classes,
        counts=found.counts,
        origin=table.origin,
        warnings=(*left_out, *unique.warnings, *found.remarks),
    )
    build_once(prepared.directory, lambda: Contents(_facts(prepared), _files(table, found, rows)))
    return prepared


def _positive(data: DataSpec, task: Task) -> str:
    """Return the declared positive label, or an empty string."""
    positive = cell_text(data.options.get("positive", ""))
    for name, value in (("positive", positive), ("threshold", data.options.get("threshold"))):
        if value not in (None, "") and task != "binary":
            raise DataError(f"data: {name}: '{value}' has no meaning in task {task}", "take it out")
    if positive and "threshold" in data.options:
        raise DataError(f"data: positive: '{positive}' beside a threshold, expected one of them", _ONE_RULE)
    return positive


def _in_form(table: TextTable, data: DataSpec, task: Task, positive: str) -> tuple[TextTable, str]:
    """Bring labels into the form in which equal ones are the same text; return the positive one, too."""
    column = str(data.options.get("label", LABEL.default))
    if task == "regression":
        return with_plain_numbers(table, column), ""
    if "threshold" in data.options:
        return divided(table, column, float(data.options["threshold"]))
    return table, positive


def _divide(table: TextTable, data: DataSpec, task: Task, seed: int, positive: str) -> _Divided:
    if task == "regression":
        numbers = numbers_of(table)
        parts, remarks = assign_numbers(table, numbers, data.split, seed)
        require_spread(parts, numbers, table.origin)
        return _Divided(numbers, (), parts, remarks)
    classes = class_names(table, task, positive)
    index = {name: label for label, name in enumerate(classes)}
    labels = np.array([index[label] for label in table.labels], np.int32)
    parts = assign(table, labels, classes, data.split, seed)
    lacking = require_classes(parts, labels, classes, table.origin)
    skewed = skew(np.bincount(labels, minlength=len(classes)), classes)
    return _Divided(labels, classes, parts, (*lacking, *skewed))


def texts_folder(fingerprint: str, cache_dir: Path) -> Path:
    """Return the folder in which the copy of texts is kept, or would be."""
    return cache_dir / _FOLDER / fingerprint


def find_prepared(fingerprint: str, cache_dir: Path) -> PreparedData | None:
    """Return the kept copy with this fingerprint, or None where there is no sound one."""
    directory = texts_folder(fingerprint, cache_dir)
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


def originals(data: DataSpec, base_dir: Path, texts: Collection[str]) -> dict[str, str]:
    """Return how the source writes texts of the kept copy, by the text as it is kept.

    Args:
        data: As declared.
        base_dir: Folder that relative paths start from.
        texts: Normalised ones; those that the source no longer has are left out.
    """
    wanted = set(texts)
    found: dict[str, str] = {}
    for raw in _load(data, base_dir).texts:
        if len(found) == len(wanted):
            break
        text = normalise(raw)
        if text in wanted:
            found.setdefault(text, raw)
    return found


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


def _fingerprint(table: TextTable, found: _Divided, rows: Sequence[int], declared: str) -> str:
    digest = hashlib.sha256(declared.encode())
    for row in rows:
        text = table.texts[row].encode()
        # Its length first: else the end of one text could pass for the beginning of the next.
        digest.update(f"\n{found.parts[row]}:{found.labels[row]}:{len(text)}:".encode())
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


def _files(table: TextTable, found: _Divided, rows: Sequence[int]) -> dict[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "text": pa.array([table.texts[row] for row in rows], pa.string()),
        "label": pa.array(found.labels[rows]),
        "part": pa.array(found.parts[rows].astype(np.int8)),
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="zstd")
    return {_FILE: file.getvalue()}
