"""What is measured of a trial: the names, and the numbers behind predictions.

:data:`METRICS` says what exists; :func:`measure` computes the curve metrics of one split from all its
predictions in one pass, :func:`confusion_matrix` what was taken for what, :func:`class_report` that
class by class. A mean of batch means would be wrong for every metric but the loss of equal batches. This
module must not know Keras: it sees arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from tuner.errors import DataError
from tuner.spec.catalogue import Growth, Metric
from tuner.spec.values import Task

__all__ = [
    "METRICS",
    "ClassRow",
    "Confusion",
    "class_report",
    "classification_metrics",
    "confusion_matrix",
    "measure",
    "of_counts",
    "regression_metrics",
]

_SMALLEST_PROBABILITY = 1e-7
"""Where the logarithm is cut, as Keras cuts it; one sure mistake must not make the loss infinite."""

Labels = npt.NDArray[np.integer] | npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
Confusion = tuple[tuple[int, ...], ...]

_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_NUMBERS: tuple[Task, ...] = ("regression",)
_ALL_TASKS: tuple[Task, ...] = (*_CLASSES, *_NUMBERS)


def _metric(
    name: str, growth: Growth, best: float, summary: str, unit: str = "", tasks: tuple[Task, ...] = _ALL_TASKS
) -> Metric:
    return Metric(name, unit, growth, tasks, summary, best)


def _of_classes(name: str, summary: str) -> Metric:
    return _metric(name, "curve", 1.0, summary, tasks=_CLASSES)


def _of_numbers(name: str, best: float, summary: str) -> Metric:
    return _metric(name, "curve", best, summary, tasks=_NUMBERS)


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            _of_classes("accuracy", "Share of texts given their class."),
            _metric(
                "loss",
                "curve",
                0.0,
                "Mean cross-entropy of a text, in nats; of numbers the mean squared error. Never weighted.",
            ),
            _of_classes("precision", "Share of what was called positive that is; macro over classes."),
            _of_classes("recall", "Share of what is positive that was found; macro over classes."),
            _of_classes("f1", "Harmonic mean of precision and recall; macro over classes."),
            _of_classes("auc", "Area under the ROC curve; one-vs-rest and macro over classes."),
            _of_numbers("mae", 0.0, "Mean absolute error, in the label's unit."),
            _of_numbers("mse", 0.0, "Mean squared error, in the square of the label's unit."),
            _of_numbers(
                "r2", 1.0, "Share of the labels' variance that is explained; 0 is what the mean gives."
            ),
            _metric(
                "train_loss",
                "curve",
                0.0,
                "Mean over the epoch's training steps of what they minimise: dropout on, classes weighted.",
            ),
            _of_classes("train_accuracy", "Accuracy over the epoch's training steps, dropout on."),
            _of_classes("train_precision", "Precision over the epoch's training steps, dropout on."),
            _of_classes("train_recall", "Recall over the epoch's training steps, dropout on."),
            _of_classes("train_f1", "F1 over the epoch's training steps, dropout on."),
            _of_numbers("train_mae", 0.0, "Mean absolute error over the epoch's training steps, dropout on."),
            _of_numbers("train_mse", 0.0, "Mean squared error over the epoch's training steps, dropout on."),
            _of_numbers("train_r2", 1.0, "R2 over the epoch's training steps, dropout on."),
            _metric("training_time_s", "grows", 0.0, "Seconds in training steps, up to the kept epoch.", "s"),
            _metric(
                "training_cpu_time_s",
                "grows",
                0.0,
                "Processor seconds in training steps, up to the kept epoch; for a machine with other work.",
                "s",
            ),
            _metric(
                "calibrated_time_s",
                "grows",
                0.0,
                "Seconds in training steps as the reference machine would take, up to the kept epoch.",
                "s",
            ),
            _metric(
                "waited_time_s",
                "grows",
                0.0,
                "Part of the training time in which other work had the cores, up to the kept epoch.",
                "s",
            ),
            _metric("wall_time_s", "grows", 0.0, "Seconds by the clock on the wall, all of the trial.", "s"),
            _metric("cpu_time_s", "grows", 0.0, "Processor seconds of all threads, all of the trial.", "s"),
            _metric("compile_time_s", "grows", 0.0, "Seconds of building and tracing the graphs.", "s"),
            _metric("input_time_s", "grows", 0.0, "Seconds of making batches to train on.", "s"),
            _metric("checkpoint_time_s", "grows", 0.0, "Seconds of writing checkpoints.", "s"),
            _metric("validation_time_s", "grows", 0.0, "Seconds of predicting the validation split.", "s"),
            _metric("epochs_run", "grows", 0.0, "Epochs trained, those after the kept one included."),
            _metric("peak_memory_bytes", "grows", 0.0, "Largest resident memory of the worker.", "bytes"),
            _metric("parameters", "constant", 0.0, "Weights of the model, frozen ones included."),
        )
    }
)
"""Every metric by name. ``best`` bounds what a running trial can still reach."""


def measure(labels: Labels, predictions: npt.NDArray[np.floating], task: Task) -> dict[str, float]:
    """Measure predictions of one whole split, as the task asks for.

    Args:
        labels: ``(n_texts,)`` class indices; numbers of a regression.
        predictions: What the model gives: see :func:`classification_metrics`, :func:`regression_metrics`.
        task: Says which of the two.

    Returns:
        Every metric of growth ``curve`` that is measured on a split, by name.

    Raises:
        DataError: If all labels are the same, for then AUC and R2 are not defined.
    """
    if task == "regression":
        return regression_metrics(labels, predictions)
    return classification_metrics(labels.astype(np.int64, copy=False), predictions, task)


def regression_metrics(labels: Labels, predictions: npt.NDArray[np.floating]) -> dict[str, float]:
    """Measure predicted numbers of one whole split, in the unit of the labels.

    Args:
        labels: ``(n_texts,)``.
        predictions: ``(n_texts, 1)`` or ``(n_texts,)``.

    Returns:
        ``loss``, which is ``mse``, ``mae``, ``mse`` and ``r2``: one less the share of the labels' variance
        that is left, and so below 0 for predictions worse than the mean of the labels.

    Raises:
        DataError: If all labels are the same, for then there is no R2.
    """
    truth = np.asarray(labels, dtype=np.float64)  # (n_texts,)
    with np.errstate(over="ignore"):  # an infinite error is reported as one
        errors = np.asarray(predictions, dtype=np.float64).reshape(-1) - truth
        mse = float((errors**2).mean())
    return {"loss": mse, "mae": float(np.abs(errors).mean()), "mse": mse, "r2": 1.0 - mse / _variance(truth)}


def _variance(labels: Floats) -> float:
    if labels.min() == labels.max():
        raise DataError(
            f"measured split: all {len(labels)} texts have the label {labels[0]:g}, and two different ones "
            "are needed to measure R2",
            "give that split more texts",
        )
    return float(labels.var())


def classification_metrics(
    labels: npt.NDArray[np.integer], probabilities: npt.NDArray[np.floating], task: Task
) -> dict[str, float]:
    """Measure predictions of one whole split.

    Args:
        labels: ``(n_texts,)`` class indices.
        probabilities: ``(n_texts, 1)`` or ``(n_texts,)`` of the positive class for a binary task,
            ``(n_texts, n_classes)`` for a multiclass one.
        task: Binary precision, recall and F1 are those of class 1 at a threshold of 0.5; multiclass
            ones are unweighted means over classes (macro). A class never predicted has precision 0.

    Returns:
        ``loss``, ``accuracy``, ``precision``, ``recall``, ``f1`` and ``auc``.

    Raises:
        DataError: If all labels are the same, for then there is no AUC.
    """
    by_class = _of_each_class(probabilities, task)
    n_texts, n_classes = by_class.shape  # (n_texts, n_classes)
    confusion = _confusion(labels, _predicted(by_class, task), n_classes)
    own = by_class[np.arange(n_texts), labels].clip(_SMALLEST_PROBABILITY, 1.0)
    judged = range(n_classes)[1:] if task == "binary" else range(n_classes)
    return {
        "loss": float(-np.log(own).mean()),
        **of_counts(confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1), task),
        "auc": _auc(labels, by_class, judged),
    }


def of_counts(
    hits: npt.NDArray[Any], called: npt.NDArray[Any], present: npt.NDArray[Any], task: Task
) -> dict[str, float]:
    """Compute what follows from counts alone.

    Args:
        hits: ``(n_classes,)`` texts of each class that were given it.
        called: ``(n_classes,)`` texts that were given each class.
        present: ``(n_classes,)`` texts of each class.
        task: As for :func:`classification_metrics`.

    Returns:
        ``accuracy``, ``precision``, ``recall`` and ``f1``; nothing over nothing is 0.
    """
    precision, recall, f1 = _by_class(hits, called, present)
    judged = slice(1, 2) if task == "binary" else slice(None)
    return {
        "accuracy": float(hits.sum() / max(present.sum(), 1)),
        "precision": float(precision[judged].mean()),
        "recall": float(recall[judged].mean()),
        "f1": float(f1[judged].mean()),
    }


def confusion_matrix(labels: Labels, predictions: npt.NDArray[np.floating], task: Task) -> Confusion:
    """Count what was taken for what.

    Args:
        labels, predictions, task: As for :func:`measure`.

    Returns:
        A row for each true class, a column for each predicted one; empty for a regression.
    """
    if task == "regression":
        return ()
    by_class = _of_each_class(predictions, task)
    found = _confusion(labels.astype(np.int64, copy=False), _predicted(by_class, task), by_class.shape[1])
    return tuple(tuple(int(count) for count in row) for row in found)


@dataclass(frozen=True)
class ClassRow:
    """One row of a report by class.

    Attributes:
        name: A class, or ``macro`` or ``weighted``: the mean over classes, plain or by their texts.
        precision, recall, f1: In [0, 1]; nothing over nothing is 0.
        support: Texts of the class, or of all.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def class_report(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> tuple[ClassRow, ...]:
    """Say precision, recall and F1 of each class, then their macro and weighted means.

    Args:
        confusion: A row for each true class, a column for each predicted one.
        classes: Their names.

    Returns:
        A row a class, in their order, then ``macro`` and ``weighted``, as scikit-learn's
        ``classification_report``; empty for an empty matrix.

    Raises:
        ValueError: If the matrix is not square, or of another size than the classes.
    """
    if not confusion:
        return ()
    counts = np.array([list(row) for row in confusion], dtype=np.int64)
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"a confusion matrix of shape {counts.shape} is not one of {len(classes)} classes")
    present = counts.sum(axis=1)
    figures = np.stack(_by_class(counts.diagonal(), counts.sum(axis=0), present))  # (3, n_classes)
    n_texts = int(present.sum())
    weighted = figures @ present / max(n_texts, 1)  # (3,)
    rows = [*zip(classes, figures.T.tolist(), present.tolist(), strict=True)]
    rows += [("macro", figures.mean(axis=1).tolist(), n_texts), ("weighted", weighted.tolist(), n_texts)]
    return tuple(
        ClassRow(name, precision, recall, f1, support) for name, (precision, recall, f1), support in rows
    )


def _of_each_class(probabilities: npt.NDArray[np.floating], task: Task) -> Floats:
    """Return ``(n_texts, n_classes)`` probabilities, also of a binary task."""
    by_class = np.asarray(probabilities, dtype=np.float64)
    if task == "binary":
        positive = by_class.reshape(-1)
        by_class = np.stack([1.0 - positive, positive], axis=1)
    return by_class


def _predicted(by_class: Floats, task: Task) -> npt.NDArray[np.int64]:
    return (by_class[:, 1] >= 0.5).astype(np.int64) if task == "binary" else by_class.argmax(axis=1)


def _confusion(
    labels: npt.NDArray[np.integer], predicted: npt.NDArray[np.int64], n_classes: int
) -> npt.NDArray[np.int64]:
    pairs = labels.astype(np.int64) * n_classes + predicted
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def _by_class(
    hits: npt.NDArray[Any], called: npt.NDArray[Any], present: npt.NDArray[Any]
) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and F1, each ``(n_classes,)``; nothing over nothing is 0."""
    precision = hits / np.maximum(called, 1)
    recall = hits / np.maximum(present, 1)
    f1 = 2 * hits / np.maximum(called + present, 1)
    return precision, recall, f1


def _auc(labels: npt.NDArray[np.integer], by_class: Floats, classes: range) -> float:
    """Mean over ``classes`` of the probability that a text of the class is ranked above one of another.

    The rank form of the area (Mann-Whitney U); ties count half. A class without texts is left out.
    """
    areas = []
    for each in classes:
        inside = labels == each
        n_inside = int(inside.sum())
        n_outside = len(labels) - n_inside
        if n_inside and n_outside:
            _, place, ties = np.unique(by_class[:, each], return_inverse=True, return_counts=True)
            ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]  # (n_texts,), from 1, ties share their mean
            areas.append((ranks[inside].sum() - n_inside * (n_inside + 1) / 2) / (n_inside * n_outside))
    if not areas:
        raise DataError(
            f"measured split: all {len(labels)} texts have one label, and two are needed to measure AUC",
            "give that split more texts, so that every class is in it",
        )
    return float(np.mean(areas))
