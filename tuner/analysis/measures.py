"""What was measured of a finished trial, on either split, under one name; and which way is better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from tuner.analysis.tables import on_test
from tuner.metrics import METRICS, class_report
from tuner.spec.values import Direction, Objective, Task

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["MACRO_F1", "direction_of", "is_quality", "macro_f1", "measured", "range_of"]

MACRO_F1 = "macro_f1"
"""F1 as an unweighted mean over all classes. The metric ``f1`` is that of class 1 in a binary task."""


def is_quality(metric: str) -> bool:
    """Tell whether a metric says how good predictions are, and so is measured on either split."""
    if metric == MACRO_F1:
        return True
    known = METRICS.get(metric)
    return known is not None and known.growth == "curve" and not metric.startswith("train_")


def direction_of(metric: str, objectives: Sequence[Objective] = ()) -> Direction:
    """Return in which direction a metric is better: as declared, else towards its best value."""
    for aim in objectives:
        if aim.metric == metric:
            return aim.direction
    known = METRICS.get(metric)
    return "minimize" if known is not None and known.best == 0.0 else "maximize"


def range_of(metric: str) -> tuple[float, float]:
    """Return the least and the largest value that a metric can have.

    A share lies between 0 and 1, R2 below 1, and all else that is measured is at least 0.
    """
    if metric != MACRO_F1 and metric not in METRICS:
        return -math.inf, math.inf
    if metric.removeprefix("train_") == "r2":
        return -math.inf, 1.0
    is_share = metric == MACRO_F1 or METRICS[metric].best == 1.0
    return 0.0, 1.0 if is_share else math.inf


def measured(
    trial: TrialRecord, metric: str, split: Literal["validation", "test"], task: Task
) -> float | None:
    """Return a metric of a trial, or None where it has none.

    Args:
        trial: Any.
        metric: A logged one, or ``macro_f1``.
        split: Of qualities; costs such as seconds and parameters have none.
        task: Of the study; in a multiclass one F1 is macro.
    """
    on_split = on_test(trial) if split == "test" else trial.metrics
    if metric == MACRO_F1:
        confusion = trial.test_confusion if split == "test" else trial.confusion
        if confusion:
            return macro_f1(confusion)
        return on_split.get("f1") if task == "multiclass" else None
    return (on_split if is_quality(metric) else trial.metrics).get(metric)


def macro_f1(confusion: Sequence[Sequence[int]]) -> float:
    """Return the unweighted mean of every class's F1.

    Args:
        confusion: ``(n_classes, n_classes)``, a row a true class, a column a predicted one.
    """
    rows = class_report(confusion, [str(index) for index in range(len(confusion))])
    return next(row.f1 for row in rows if row.name == "macro")
