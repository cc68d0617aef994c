"""What is measured of a trial: the names, and the numbers behind predictions.

:data:`METRICS` says what exists; :func:`classification_metrics` computes the curve metrics of one split
from all its predictions in one pass. A mean of batch means would be wrong for every metric but the
loss of equal batches. This module must not know Keras: it sees arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tuner.errors import DataError
from tuner.spec.catalogue import Growth, Metric
from tuner.spec.values import Task

__all__ = ["METRICS", "classification_metrics"]

_SMALLEST_PROBABILITY = 1e-7
"""Where the logarithm is cut, as Keras cuts it; one sure mistake must not make the loss infinite."""

_ALL_TASKS: tuple[Task, ...] = ("binary", "multiclass")


def _metric(name: str, growth: Growth, best: float, summary: str, unit: str = "") -> Metric:
    return Metric(name, unit, growth, _ALL_TASKS, summary, best)


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            _metric("accuracy", "curve", 1.0, "Share of texts given their class."),
            _metric("loss", "curve", 0.0, "Mean cross-entropy of a text, in nats."),
            _metric(
                "precision",
                "curve",
                1.0,
                "Share of what was called positive that is; macro over classes.",
            ),
            _metric("recall", "curve", 1.0, "Share of what is positive that was found; macro over classes."),
            _metric("f1", "curve", 1.0, "Harmonic mean of precision and recall; macro over classes."),
            _metric("auc", "curve", 1.0, "Area under the ROC curve; one-vs-rest and macro over classes."),
            _metric("train_loss", "curve", 0.0, "Mean loss over the epoch's training steps, dropout on."),
            _metric("train_accuracy", "curve", 1.0, "Accuracy over the epoch's training steps, dropout on."),
            _metric("training_time_s", "grows", 0.0, "Seconds in training steps, up to the kept epoch.", "s"),
            _metric(
                "training_cpu_time_s",
                "grows",
                0.0,
                "Processor seconds in training steps, up to the kept epoch; for a machine with other work.",
                "s",
            ),
            _metric("wall_time_s", "grows", 0.0, "Seconds by the clock on the wall, all of the trial.", "s"),
            _metric("cpu_time_s", "grows", 0.0, "Processor seconds of all threads, all of the trial.", "s"),
            _metric("compile_time_s", "grows", 0.0, "Seconds of building and tracing the graphs.", "s"),
            _metric("validation_time_s", "grows", 0.0, "Seconds of predicting the validation split.", "s"),
            _metric("epochs_run", "grows", 0.0, "Epochs trained, those after the kept one included."),
            _metric("peak_memory_bytes", "grows", 0.0, "Largest resident memory of the worker.", "bytes"),
            _metric("parameters", "constant", 0.0, "Weights of the model, frozen ones included."),
        )
    }
)
"""Every metric by name. ``best`` bounds what a running trial can still reach."""


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
    by_class = np.asarray(probabilities, dtype=np.float64)
    if task == "binary":
        positive = by_class.reshape(-1)
        by_class = np.stack([1.0 - positive, positive], axis=1)
    n_texts, n_classes = by_class.shape  # (n_texts, n_classes)
    predicted = (by_class[:, 1] >= 0.5).astype(np.int64) if task == "binary" else by_class.argmax(axis=1)
    own = by_class[np.arange(n_texts), labels].clip(_SMALLEST_PROBABILITY, 1.0)
    precision, recall, f1 = _by_class(labels, predicted, n_classes)
    judged = slice(1, 2) if task == "binary" else slice(None)
    return {
        "loss": float(-np.log(own).mean()),
        "accuracy": float((predicted == labels).mean()),
        "precision": float(precision[judged].mean()),
        "recall": float(recall[judged].mean()),
        "f1": float(f1[judged].mean()),
        "auc": _auc(labels, by_class, range(n_classes)[judged]),
    }


def _by_class(
    labels: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer], n_classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return precision, recall and F1, each ``(n_classes,)``; nothing over nothing is 0."""
    hits = np.bincount(labels[predicted == labels], minlength=n_classes).astype(np.float64)
    called = np.bincount(predicted, minlength=n_classes)
    present = np.bincount(labels, minlength=n_classes)
    precision = hits / np.maximum(called, 1)
    recall = hits / np.maximum(present, 1)
    f1 = 2 * hits / np.maximum(called + present, 1)
    return precision, recall, f1


def _auc(labels: npt.NDArray[np.integer], by_class: npt.NDArray[np.float64], classes: range) -> float:
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
