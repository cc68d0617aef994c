"""How far two computations of the same model agree on the same texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.data.values import LabelArray
from tuner.export.kept_weights import Floats
from tuner.metrics import class_report, confusion_matrix, measure
from tuner.spec.values import Task

__all__ = ["ENOUGH", "Agreement", "compare"]

ENOUGH = 0.999
"""Least share of equal predictions that counts as agreement. Rounding in single precision turns one text in
some ten thousand, one that lies on the border between two classes; a mistake turns many more."""

_EQUAL_NUMBERS = 1e-3
"""Two numbers of a regression are equal within this share of the labels' standard deviation."""


@dataclass(frozen=True)
class Agreement:
    """Two predictions of the same texts, compared.

    Attributes:
        n_texts: Texts compared.
        same: Share of them that were given the same class, or the same number, in [0, 1].
        largest_difference: Between two probabilities, or two numbers of a regression.
        score: What the next two are: ``macro-F1``, or ``mae`` in a regression.
        first, second: The score of each.
    """

    n_texts: int
    same: float
    largest_difference: float
    score: str
    first: float
    second: float

    @property
    def is_enough(self) -> bool:
        """Whether they are held to be the same computation."""
        return self.same >= ENOUGH


def compare(labels: LabelArray, first: npt.NDArray[np.floating], second: Floats, task: Task) -> Agreement:
    """Compare two predictions.

    Args:
        labels: ``(n_texts,)``.
        first, second: ``(n_texts, n_outputs)``.
        task: What they predict.

    Raises:
        ValueError: If they are not of the same shape.
    """
    if first.shape != second.shape:
        raise ValueError(f"predictions of shapes {first.shape} and {second.shape} cannot be compared")
    differences = np.abs(first - second)
    scores = [_score(labels, each, task) for each in (first, second)]
    return Agreement(
        n_texts=len(labels),
        same=float(_are_same(labels, first, second, task).mean()),
        largest_difference=float(differences.max()),
        score="mae" if task == "regression" else "macro-F1",
        first=scores[0],
        second=scores[1],
    )


def _are_same(
    labels: LabelArray, first: npt.NDArray[np.floating], second: Floats, task: Task
) -> npt.NDArray[np.bool_]:
    """Tell for each text whether both predict the same."""
    if task == "regression":
        near = np.abs(first - second)[:, 0]  # (n_texts,)
        same: npt.NDArray[np.bool_] = near <= _EQUAL_NUMBERS * float(labels.std())
    elif task == "binary":
        same = (first[:, 0] >= 0.5) == (second[:, 0] >= 0.5)
    else:
        same = first.argmax(axis=1) == second.argmax(axis=1)
    return same


def _score(labels: LabelArray, predictions: npt.NDArray[np.floating], task: Task) -> float:
    if task == "regression":
        return measure(labels, predictions, task)["mae"]
    confusion = confusion_matrix(labels, predictions, task)
    macro = class_report(confusion, [str(index) for index in range(len(confusion))])[-2]
    return macro.f1
