"""Labels that are numbers: read for a regression, or divided at a threshold into two classes.

A word where a number is due is refused with its row. What is taken for a number is what people and
programs write: digits with a point, a sign, an exponent; not ``1,5``, ``1_000``, ``inf`` or ``nan``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tuner.data.values import TextTable
from tuner.data.wording import row_list
from tuner.errors import DataError
from tuner.wording import counted

__all__ = ["divided", "number_of", "numbers_of", "with_plain_numbers"]

_LARGEST = 1e15
"""Labels are kept in single precision, in which the squares of their errors must be finite, too."""

_MOST_ROUNDING = 0.01
"""Of the labels' standard deviation. That much changes R2 by less than 0.0001."""


def number_of(text: str) -> float | None:
    """Return the finite number that a text is, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if text.isascii() and "_" not in text and abs(number) <= _LARGEST else None


def with_plain_numbers(table: TextTable, column: str) -> TextTable:
    """Return the table with each label as the shortest text of its number, so that 7 and 7.0 are equal.

    Args:
        table: Its labels complete.
        column: What messages call the labels.

    Raises:
        DataError: If a label is no number; names the first one's row, and the rows of the others.
    """
    numbers = _read(table, column, "in a regression")
    return replace(table, labels=[repr(number + 0.0) for number in numbers])  # -0.0 + 0.0 is 0.0


def numbers_of(table: TextTable) -> npt.NDArray[np.float32]:
    """Return the labels of a table from :func:`with_plain_numbers` as ``(n_texts,) float32``.

    Raises:
        DataError: If single precision rounds them by more than a hundredth of their standard deviation: they
            are large and lie close together, as seconds since 1970 do.
    """
    exact = np.array([float(label) for label in table.labels], np.float64)
    rounded = exact.astype(np.float32)
    if not len(exact) or exact.min() == exact.max():  # what others refuse
        return rounded
    error = float(np.abs(exact - rounded).max())
    if error > _MOST_ROUNDING * exact.std():
        least, most = f"{exact.min():.15g}", f"{exact.max():.15g}"
        raise DataError(
            f"{table.origin}: labels from {least} to {most} lie so close together that single precision, in "
            f"which networks compute, rounds them by up to {error:.3g}",
            f"take the same number off each, e.g. {least}",
        )
    return rounded


def divided(table: TextTable, column: str, threshold: float) -> tuple[TextTable, str]:
    """Make two classes of numbers: those below a threshold, and those that reach it.

    Args:
        table: Its labels complete.
        column: What messages call the labels.
        threshold: The least number of the positive class.

    Returns:
        The table, its labels ``below 6`` and ``at least 6``, and the second of these names.

    Raises:
        DataError: If a label is no number, or all of them lie on one side.
    """
    numbers = _read(table, column, "with `threshold`")
    below, reached = f"below {threshold:g}", f"at least {threshold:g}"
    labels = [reached if number >= threshold else below for number in numbers]
    if len(set(labels)) < 2:
        span = f"lie between {min(numbers):g} and {max(numbers):g}" if numbers else "are gone"
        raise DataError(
            f"{table.origin}: threshold: {threshold:g}: all {counted(len(numbers), 'label')} {span}",
            "choose one that parts them: a label of at least `threshold` is positive",
        )
    return replace(table, labels=labels), reached


def _read(table: TextTable, column: str, where: str) -> list[float]:
    found = [number_of(label) for label in table.labels]
    wrong = [index for index, number in enumerate(found) if number is None]
    if wrong:
        first = wrong[0]
        rows = [table.rows[index] for index in wrong]
        also = f"; {counted(len(rows), 'row')} of {len(found)} have none" if len(rows) > 1 else ""
        raise DataError(
            f"{table.origin}:{rows[0]}: {column} '{table.labels[first]}': expected a number {where}{also}",
            _hint(table, wrong, rows),
        )
    return [number for number in found if number is not None]


def _hint(table: TextTable, wrong: list[int], rows: list[int]) -> str:
    text = table.labels[wrong[0]]
    if len(wrong) == len(table.labels):
        return "name the column of the numbers with `label:`, or declare `task: binary` or `task: multiclass`"
    if number_of(text.replace(",", ".")) is not None:
        return f"write {text.replace(',', '.')}"
    if number_of(text) is None and _is_infinite(text):
        return "give it a finite value"
    return (
        f"correct {row_list(rows)}, or take them out" if len(rows) > 1 else "correct it, or take the row out"
    )


def _is_infinite(text: str) -> bool:
    try:
        return not math.isfinite(float(text))
    except ValueError:
        return False
