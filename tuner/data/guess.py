"""Look at a file of texts and say what it seems to hold: what ``tuner init`` begins with.

Every guess comes with a note that says what it rests on, for the reader must be able to see that it is
wrong. Nothing here is used when a study runs; that takes only what is declared.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tuner.data.cleaning import normalise, words_of
from tuner.data.labels import MISSING, class_names, drop_duplicates, skew
from tuner.data.numbers import number_of
from tuner.data.reading import RawTable, cell_text, file_format, pick_columns, read_bytes, read_table
from tuner.data.values import TextTable
from tuner.data.wording import listed, row_list
from tuner.errors import DataError
from tuner.spec.values import SplitSpec, Task
from tuner.wording import counted

__all__ = ["Guess", "guess"]

_TEXT_NAMES: Final = (
    "text",
    "review",
    "content",
    "body",
    "comment",
    "sentence",
    "tweet",
    "message",
    "ulasan",
)
_LABEL_NAMES: Final = (
    "label", "sentiment", "class", "category", "target", "polarity", "topic", "rating", "stars", "y"
)  # fmt: skip
_PART_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "train": frozenset({"train", "training"}),
    "validation": frozenset({"valid", "validation", "val", "dev", "development"}),
    "test": frozenset({"test", "testing", "eval", "evaluation"}),
}
_MOST_LABELS: Final = 50
_MOST_GRADES: Final = 10
"""More different numbers than this are taken for a measured one: ratings have five or ten grades."""
_LOOKED_AT: Final = 5000
_LONGEST: Final = 400
_LARGEST_VOCABULARY: Final = 20_000
_SMALL: Final = 200


@dataclass(frozen=True)
class Guess:
    """What a file seems to hold.

    Attributes:
        format: ``csv``, ``tsv``, ``jsonl`` or ``parquet``.
        encoding, separator: As the options of data source ``file``; an empty separator is the usual one.
        text, label: Columns.
        split_column: The column that says which part a text belongs to, or None.
        split: A declaration of the parts that fits.
        task: ``binary`` with two labels; ``regression`` with more than ten different numbers, or some that
            are not whole; else ``multiclass``.
        class_counts: Texts of each class, in the order of the classes; empty for a regression.
        numbers: Of a regression the smallest label, the mean and the largest; else None.
        n_texts: Texts with a label, copies left out.
        mean_length, p95_length: Of the texts, in words at cleaning level ``moderate``.
        sequence_length, vocabulary_size: Settings to begin with.
        notes: What each guess rests on.
        warnings: What will be dropped or refused, and what makes results doubtful.
    """

    format: str
    encoding: str
    separator: str
    text: str
    label: str
    split_column: str | None
    split: SplitSpec
    task: Task
    class_counts: Mapping[str, int]
    numbers: tuple[float, float, float] | None
    n_texts: int
    mean_length: float
    p95_length: int
    sequence_length: int
    vocabulary_size: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def guess(path: Path, text: str | None = None, label: str | None = None) -> Guess:
    """Look at a CSV, TSV, JSONL or Parquet file, also gzipped.

    Args:
        path: The file.
        text, label: Columns where they are known; what they hold is not judged then.

    Raises:
        NotFoundError: If there is no such file.
        DataError: If it cannot be read, no column looks like texts or like labels, a given one is not there
            or has nothing to learn from, or no row has a text with one label.
    """
    kind = file_format(path)
    notes: list[str] = []
    encoding, separator = _writing(path, kind, notes)
    raw = read_table(path, encoding=encoding, separator=separator)
    for role, column in (("text", text), ("label", label)):
        if column is not None and column not in raw.columns:
            raise DataError(f"{raw.origin}: no column '{column}'", f"--{role}: {_there_are(raw)}")
    if text is not None and text == label:
        raise DataError(
            f"{raw.origin}: column '{text}' cannot be both the texts and the labels", _there_are(raw)
        )
    text = _text_column(raw, label, notes) if text is None else text
    split_column = _split_column(raw, {text, label}, notes)
    label = _label_column(raw, {text, split_column}, notes) if label is None else label
    table, warnings = _usable(pick_columns(raw, text, label, split_column or ""))
    if len(set(table.labels)) < 2:
        raise DataError(
            f"{raw.origin}: with texts in '{text}' and labels in '{label}' there are no two labels",
            f"give others with --text COLUMN --label COLUMN; {_there_are(raw)}",
        )
    task = _task(table, notes)
    classes = () if task == "regression" else class_names(table, task)
    counts = {name: table.labels.count(name) for name in classes}
    words = _sample(table.texts)
    lengths = np.array([len(each) for each in words])
    p95 = int(np.percentile(lengths, 95))
    return Guess(
        format=kind,
        encoding=encoding,
        separator=separator,
        text=text,
        label=label,
        split_column=split_column,
        split=_split(table, split_column, notes),
        task=task,
        class_counts=counts,
        numbers=_span(table) if task == "regression" else None,
        n_texts=len(table.texts),
        mean_length=round(float(lengths.mean()), 1),
        p95_length=p95,
        sequence_length=_sequence_length(p95, notes),
        vocabulary_size=_vocabulary_size(words, notes),
        notes=tuple(notes),
        warnings=(*warnings, *_doubts(table, counts)),
    )


def _writing(path: Path, kind: str, notes: list[str]) -> tuple[str, str]:
    """Return encoding and separator."""
    if kind == "parquet":
        return "utf-8", ""
    content = read_bytes(path)
    encoding = "utf-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif not _decodes(content, encoding):
        encoding = "cp1252" if _decodes(content, "cp1252") else "latin-1"
    if encoding != "utf-8":
        notes.append(f"encoding {encoding}: the file is not UTF-8; look at the accents of a few texts")
    if kind != "csv":
        return encoding, ""
    header = content.decode(encoding, "replace").lstrip("\ufeff\r\n").split("\n", 1)[0]
    bare = re.sub(r'"[^"]*"', "", header)
    separator = max(",;\t|", key=bare.count)
    if separator == "," or not bare.count(separator):
        return encoding, ""
    notes.append(f"separator {separator!r}: the header has it {bare.count(separator)} times")
    return encoding, separator


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _cells(raw: RawTable, column: str) -> list[str] | None:
    """Return a column as text, or None where it holds lists or mappings."""
    try:
        return [cell_text(cell).strip() for cell in raw.columns[column]]
    except TypeError:
        return None


def _there_are(raw: RawTable) -> str:
    return f"there are: {listed(list(raw.columns))}"


def _text_column(raw: RawTable, label: str | None, notes: list[str]) -> str:
    scores: dict[str, float] = {}
    for column in raw.columns:
        if column == label:
            continue
        cells = (_cells(raw, column) or [])[:_LOOKED_AT]
        n_words = sum(len(cell.split()) for cell in cells) / max(len(cells), 1)
        distinct = len(set(cells)) / max(len(cells), 1)
        if n_words >= 2 and distinct > 0.3:
            # A name counts for much, but a title is not the text because the body has an odd name.
            scores[column] = n_words * distinct * (4 if _named(column, _TEXT_NAMES) is not None else 1)
    if not scores:
        raise DataError(
            f"{raw.origin}: no column looks like texts; {_there_are(raw)}",
            "expected one with several words a row, most of them different; else name it: --text COLUMN",
        )
    best = max(scores, key=lambda column: scores[column])
    notes.append(f"text column '{best}': the longest texts, most of them different")
    return best


def _label_column(raw: RawTable, taken: set[str | None], notes: list[str]) -> str:
    candidates: dict[str, int] = {}
    for column in raw.columns:
        cells = [cell for cell in _cells(raw, column) or [] if cell not in MISSING]
        n_labels = len(set(cells))
        if column in taken or n_labels < 2:
            continue
        if n_labels <= min(_MOST_LABELS, len(cells) // 2) or _is_measured(column, cells):
            candidates[column] = n_labels
    if not candidates:
        raise DataError(
            f"{raw.origin}: no column looks like labels; {_there_are(raw)}",
            f"expected one with 2 to {_MOST_LABELS} different values that come again and again, or one of "
            "numbers with a name such as rating; else name it: --label COLUMN",
        )
    ranks = {column: _named(column, _LABEL_NAMES) for column in candidates}
    named = [column for column in candidates if ranks[column] is not None]
    best = min(named or candidates, key=lambda column: (ranks[column] or 0, candidates[column]))
    others = [f"'{column}'" for column in candidates if column != best]
    why = "its name says so" if named else "fewest different values"
    note = f"label column '{best}': {why}; {candidates[best]} different values"
    notes.append(note + (f"; {listed(others)} would do too" if others else ""))
    return best


def _is_measured(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column is of numbers and called like a label; other numbers may count rows."""
    return _named(column, _LABEL_NAMES) is not None and all(number_of(cell) is not None for cell in cells)


def _named(column: str, names: Sequence[str]) -> int | None:
    """Return the place of the first of ``names`` that the column's name contains as a word, or None."""
    words = set(re.split(r"[^a-z]+", column.lower()))
    return next((place for place, name in enumerate(names) if words & {name, name + "s"}), None)


def _split_column(raw: RawTable, taken: set[str | None], notes: list[str]) -> str | None:
    known = frozenset[str]().union(*_PART_VALUES.values())
    for column in raw.columns:
        if column in taken:
            continue
        values = {cell.lower() for cell in _cells(raw, column) or []}
        if len(values) > 1 and values <= known and values & _PART_VALUES["train"]:
            notes.append(f"split column '{column}': its values are {listed(sorted(values))}")
            return column
    return None


def _split(table: TextTable, column: str | None, notes: list[str]) -> SplitSpec:
    if column is None or table.split is None:
        notes.append("no split column: 70 % training, 15 % validation, 15 % test, drawn by label")
        return SplitSpec()
    values = sorted(set(table.split))
    shares: dict[str, float | str | tuple[str, ...]] = {}
    for part, known in _PART_VALUES.items():
        found = tuple(value for value in values if value.lower() in known)
        shares[part] = (found[0] if len(found) == 1 else found) or 0.15
        if not found:
            notes.append(f"{part}: column '{column}' has none; 15 % are drawn out of its training part")
    return SplitSpec(shares["train"], shares["validation"], shares["test"], column)


def _usable(table: TextTable) -> tuple[TextTable, tuple[str, ...]]:
    """Return the rows that can be used, and what must be done about the others."""
    texts = [normalise(text) for text in table.texts]
    table = TextTable(texts, table.labels, table.split, table.rows, table.origin)
    bad = [
        i for i, (text, label) in enumerate(zip(texts, table.labels, strict=True)) if {text, label} & MISSING
    ]
    warnings: tuple[str, ...] = ()
    if bad:
        rows = row_list([table.rows[index] for index in bad])
        warnings = (f"no text or no label in {rows}: take these rows out, or the study will refuse the file",)
        if len(bad) == len(texts):
            raise DataError(
                f"{table.origin}: none of its {counted(len(bad), 'row')} has both a text and a label",
                "fill them in, or put each text and its label into one row",
            )
    skipped = set(bad)
    unique = drop_duplicates(
        table.take([index for index in range(len(texts)) if index not in skipped]),
        dict.fromkeys(table.split or (), 0),
    )
    if not unique.table.texts:
        raise DataError(
            f"{table.origin}: no text is left: each stands in several rows whose labels differ",
            "a text has one label: keep one row of each, or make a column that says yes or no to one label",
        )
    return unique.table, warnings + unique.warnings


def _task(table: TextTable, notes: list[str]) -> Task:
    labels = set(table.labels)
    if len(labels) == 2:
        zero, one = class_names(table, "binary")
        notes.append(
            f"task binary: two labels; '{one}' is class 1, the positive one; "
            f"`positive: {_quoted(zero)}` below `label` makes it '{zero}'"
        )
        return "binary"
    numbers = {number for label in labels if (number := number_of(label)) is not None}
    if len(numbers) < len(labels):
        notes.append(f"task multiclass: {len(labels)} labels")
        return "multiclass"
    span = f"{len(numbers)} different numbers from {min(numbers):g} to {max(numbers):g}"
    also = f"`task: binary` with `threshold: {sorted(numbers)[len(numbers) // 2]:g}` tells high from low ones"
    if len(numbers) > _MOST_GRADES or not all(number.is_integer() for number in numbers):
        notes.append(f"task regression: {span}; {also}")
        return "regression"
    instead = "`task: regression` predicts the number itself"
    notes.append(f"task multiclass: {span}, whose order plays no role then; {instead}, {also}")
    return "multiclass"


def _quoted(label: str) -> str:
    """Return a label as a search-space file writes it, a number too."""
    return json.dumps(label, ensure_ascii=False)


def _span(table: TextTable) -> tuple[float, float, float]:
    numbers = np.array([float(label) for label in table.labels])
    return float(numbers.min()), float(numbers.mean()), float(numbers.max())


def _sample(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of at most 5,000 texts from all over the file."""
    step = max(1, -(-len(texts) // _LOOKED_AT))
    return [words_of(text, "moderate") for text in texts[::step]]


def _sequence_length(p95: int, notes: list[str]) -> int:
    length = max(10, math.ceil(p95 / 10) * 10)
    if length > _LONGEST:
        notes.append(f"sequence_length {_LONGEST}: 95 % of the texts have at most {p95} words, which is slow")
        return _LONGEST
    notes.append(f"sequence_length {length}: 95 % of the texts have at most {p95} words")
    return length


def _vocabulary_size(words: Sequence[Sequence[str]], notes: list[str]) -> int:
    counts = Counter(word for each in words for word in each)
    again = sum(1 for count in counts.values() if count > 1)
    size = min(_LARGEST_VOCABULARY, max(1000, math.ceil(again / 1000) * 1000))
    notes.append(f"vocabulary_size {size}: {again} words come more than once in {len(words)} texts looked at")
    return size


def _doubts(table: TextTable, counts: Mapping[str, int]) -> tuple[str, ...]:
    doubts = list(skew(np.array(list(counts.values())), list(counts))) if counts else []
    if len(counts) == 2:
        zero, one = ((name, number_of(name)) for name in counts)
        if zero[1] is not None and one[1] is not None and zero[1] > one[1]:
            doubts.append(
                f"the positive class is '{one[0]}', as of labels 0 and 1, though '{zero[0]}' is larger: of "
                f"stars or ratings add `positive: {_quoted(zero[0])}`"
            )
    rare = [f"'{name}' ({count})" for name, count in counts.items() if count < 3]
    if rare:
        doubts.append(f"too few texts for three parts, of which each needs one: {listed(rare)}")
    if len(table.texts) < _SMALL:
        doubts.append(
            f"only {counted(len(table.texts), 'text')}: results will differ by chance from seed to seed"
        )
    return tuple(doubts)
