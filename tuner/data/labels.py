"""From rows to usable rows: what is refused, what is dropped, which class has which index.

Refused, with their rows: empty texts and missing labels, and labels that do not fit the task. Dropped,
with a count: the second and later copies of a text, and every copy of a text whose labels contradict
each other, since no model can be right about it. Nothing is repaired in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tuner.data.cleaning import normalise
from tuner.data.values import IntArray, TextTable
from tuner.data.wording import listed, row_list
from tuner.errors import DataError
from tuner.spec.values import Task
from tuner.wording import counted

__all__ = [
    "MAX_CLASSES",
    "MISSING",
    "Deduplicated",
    "class_names",
    "drop_duplicates",
    "require_complete",
    "skew",
]

MAX_CLASSES = 1000
"""More different labels than this are taken for free text or a measured number."""

_POSITIVE = ("pos", "positive", "1", "true", "yes")
MISSING = frozenset({"", "nan", "NaN"})
"""What a cell without a value reads after a careless export."""

_SKEWED = 0.9


@dataclass(frozen=True)
class Deduplicated:
    """A table in which every text stands once.

    Attributes:
        table: Its texts are normalised, its rows in the source's order.
        warnings: What was dropped, one sentence each.
    """

    table: TextTable
    warnings: tuple[str, ...]


def require_complete(table: TextTable) -> TextTable:
    """Return the table with its texts normalised, or refuse it.

    Raises:
        DataError: If a text or label is empty or reads ``nan``, with the rows.
    """
    texts = [normalise(text) for text in table.texts]
    for what, values, hint in (
        ("text", texts, "fill them in or take the rows out"),
        ("label", table.labels, "fill them in or take the rows out; a model cannot learn from them"),
    ):
        rows = [row for row, value in zip(table.rows, values, strict=True) if value in MISSING]
        if rows:
            missing = "an empty text" if what == "text" else "no label"
            raise DataError(f"{table.origin}: {missing} in {row_list(rows)}, of {len(texts)} rows", hint)
    return replace(table, texts=texts)


def drop_duplicates(table: TextTable, rank: Mapping[str, int]) -> Deduplicated:
    """Keep every text once.

    A text that stands in several parts of the data's own split stays in the part of the highest
    rank. That is the test part: taking texts out of it would change what published figures mean.

    Args:
        table: Texts normalised.
        rank: Of the split column's values; empty without such a column.
    """
    copies: dict[str, list[int]] = {}
    for index, text in enumerate(table.texts):
        copies.setdefault(text, []).append(index)
    kept: list[int] = []
    contradicting: list[int] = []
    for indices in copies.values():
        if len({table.labels[index] for index in indices}) > 1:
            contradicting.extend(indices)
        elif table.split is None:
            kept.append(indices[0])
        else:
            split = table.split
            kept.append(max(indices, key=lambda index: (rank[split[index]], -index)))
    kept.sort()
    warnings = []
    doubled = len(table.texts) - len(kept) - len(contradicting)
    if doubled:
        warnings.append(f"{counted(doubled, 'row')} dropped: the text stands in the data already")
    if contradicting:
        rows = row_list(sorted(table.rows[index] for index in contradicting))
        warnings.append(
            f"{counted(len(contradicting), 'row')} dropped: the same text has another label elsewhere: {rows}"
        )
    return Deduplicated(table.take(kept), tuple(warnings))


def class_names(table: TextTable, task: Task, positive: str = "") -> tuple[str, ...]:
    """Return the classes in the order of their indices.

    Binary: class 1 is ``positive`` where given, else the label that is called pos, positive, 1, true
    or yes, else the later one. Multiclass: in order; by number where all labels are numbers.

    Raises:
        DataError: If the labels do not fit the task.
    """
    counts = Counter(table.labels)
    names = sorted(counts)
    if all(_is_number(name) for name in names):
        names.sort(key=float)
    _require_classes(table, counts, task)
    if task == "multiclass":
        return tuple(names)
    return _binary_order(names, positive.strip(), table.origin)


def skew(counts: IntArray, classes: Sequence[str]) -> tuple[str, ...]:
    """Return a warning where nine texts of ten are of one class; ``counts`` is ``(n_classes,)``."""
    most = int(np.argmax(counts))
    share = counts[most] / counts.sum()
    if share < _SKEWED:
        return ()
    return (
        f"{share:.0%} of the texts are of class '{classes[most]}': "
        "a model that always says so has that accuracy; f1 is the better objective",
    )


def _binary_order(names: list[str], positive: str, origin: str) -> tuple[str, str]:
    if positive and positive not in names:
        raise DataError(
            f"{origin}: positive: '{positive}' is not a label",
            f"the labels are '{names[0]}' and '{names[1]}'",
        )
    known = [name for name in names if name.lower() in _POSITIVE]
    one = positive or (known[0] if len(known) == 1 else names[1])
    zero = names[0] if names[1] == one else names[1]
    return zero, one


def _require_classes(table: TextTable, counts: Counter[str], task: Task) -> None:
    n_texts = len(table.labels)
    if len(counts) < 2:
        only = f"only one label, '{next(iter(counts))}'" if counts else "no texts are left"
        raise DataError(
            f"{table.origin}: {only}; two or more classes are needed",
            "check that the label column is the right one",
        )
    if len(counts) > MAX_CLASSES or len(counts) == n_texts > 2:
        raise DataError(
            f"{table.origin}: {len(counts)} different labels on {n_texts} texts, e.g. '{table.labels[0]}'; "
            f"at most {MAX_CLASSES} classes are taken",
            "is it free text or a measured number? name the label column, or declare `task: regression`",
        )
    if task == "binary" and len(counts) > 2:
        common = [f"'{name}' ({count})" for name, count in counts.most_common()]
        rare_label = counts.most_common()[-1][0]
        rare_rows = [row for row, label in zip(table.rows, table.labels, strict=True) if label == rare_label]
        raise DataError(
            f"{table.origin}: {len(counts)} labels, but task binary takes two: {listed(common)}; "
            f"'{rare_label}' stands in {row_list(rare_rows)}",
            f"declare `task: multiclass`{_case_hint(counts)}",
        )


def _case_hint(counts: Counter[str]) -> str:
    for name in sorted(counts):
        for other in counts:
            if name < other and name.lower() == other.lower():
                return f"; or are '{name}' and '{other}' the same?"
    return ""


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
