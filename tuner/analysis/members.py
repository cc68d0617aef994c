"""Members of the front one by one: what each took for what, and how each learned. Tables only.

A front can be long, and pictures of single trials are read one at a time, so few members stand for all:
both ends, and others evenly between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.tables import Split
from tuner.metrics import ClassRow, Confusion, class_report
from tuner.spec.values import Objective
from tuner.trial import EpochReport

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = [
    "MOST",
    "Confused",
    "LearnedEpoch",
    "confused",
    "learning",
    "learning_metrics",
    "spread",
    "thinned",
]

MOST = 4
"""Members that stand for a front: as many as fit beside each other and can still be read."""


@dataclass(frozen=True)
class Confused:
    """What one trial's kept model took for what.

    Attributes:
        number: The trial.
        split: Where it was counted.
        classes: Names, in the order of the matrix.
        counts: A row for each true class, a column for each predicted one.
    """

    number: int
    split: Split
    classes: tuple[str, ...]
    counts: Confusion

    @property
    def n_texts(self) -> int:
        """Texts of the split."""
        return sum(map(sum, self.counts))

    @property
    def accuracy(self) -> float:
        """Share of the texts that were given their class."""
        return sum(row[at] for at, row in enumerate(self.counts)) / max(self.n_texts, 1)

    @property
    def shares(self) -> tuple[tuple[float, ...], ...]:
        """For each true class, the shares of its texts; a class without texts has zeros."""
        return tuple(tuple(count / max(sum(row), 1) for count in row) for row in self.counts)

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """Precision, recall and F1 of each class, then their macro and weighted means."""
        return class_report(self.counts, self.classes)


@dataclass(frozen=True)
class LearnedEpoch:
    """Training and validation of one epoch side by side.

    Attributes:
        number: The trial.
        metric: What was measured.
        epoch: From 0.
        training, validation: None where it was not measured.
        kept: Whether the model of this epoch was kept.
    """

    number: int
    metric: str
    epoch: int
    training: float | None
    validation: float | None
    kept: bool


def spread(members: Sequence[TrialRecord], most: int = MOST) -> list[TrialRecord]:
    """Choose members that stand for all: both ends of the front, the others evenly between.

    Args:
        members: The front, in its order.
        most: At least 2.
    """
    if len(members) <= most:
        return list(members)
    return [members[round(at * (len(members) - 1) / (most - 1))] for at in range(most)]


def thinned(numbers: Sequence[int], most: int) -> list[int]:
    """Choose at most so many of some trials, at even steps from the first on.

    Args:
        numbers: Of the trials, ascending.
        most: At least 1.
    """
    return list(numbers[:: max(1, -(-len(numbers) // most))])


def confused(members: Sequence[TrialRecord], classes: Sequence[str], most: int = MOST) -> list[Confused]:
    """Return the confusion matrices of members that stand for a front.

    Args:
        members: The front, in its order.
        classes: Names of the classes as the study keeps them; where they do not fit a matrix, its classes
            are numbered.
        most: How many, at least 2.

    Returns:
        Of the test split where that was measured, else of validation; none in a regression.
    """
    able = [each for each in members if each.test_confusion or each.confusion]
    return [_confused(each, tuple(classes)) for each in spread(able, most)]


def _confused(trial: TrialRecord, classes: tuple[str, ...]) -> Confused:
    split: Split = "test" if trial.test_confusion else "validation"
    counts = trial.test_confusion or trial.confusion
    names = classes if len(classes) == len(counts) else tuple(str(index) for index in range(len(counts)))
    return Confused(trial.number, split, names, counts)


def learning_metrics(reports: Mapping[int, Sequence[EpochReport]], first: Objective) -> list[str]:
    """Choose the metrics that show how trials learned: those that epochs have of both parts.

    Args:
        reports: Finished epochs by trial number.
        first: The study's first objective.

    Returns:
        The objective itself, or else accuracy, or the mean absolute error of numbers; then the loss.
    """
    seen = {name for epochs in reports.values() for report in epochs for name in report.metrics}
    both = [name for name in (first.metric, "accuracy", "mae") if {name, f"train_{name}"} <= seen]
    loss = ["loss"] if {"loss", "train_loss"} <= seen else []
    return list(dict.fromkeys([*both[:1], *loss]))


def learning(reports: Mapping[int, Sequence[EpochReport]], metrics: Sequence[str]) -> list[LearnedEpoch]:
    """Lay training and validation of each epoch side by side.

    Args:
        reports: Finished epochs by trial number, in order; trials in the order in which they are to come.
        metrics: As of :func:`learning_metrics`.

    Returns:
        One an epoch and metric: trial by trial, of each metric by metric.
    """
    return [
        LearnedEpoch(
            number,
            metric,
            report.epoch,
            training=report.metrics.get(f"train_{metric}"),
            validation=report.metrics.get(metric),
            kept=report.epoch == epochs[-1].best_epoch,
        )
        for number, epochs in reports.items()
        for metric in metrics
        for report in epochs
    ]
