"""Whether a trial has learned nothing: then no further epoch is worth its time, and its result is none.

What needs no learning is to name the commonest class of all texts (in a regression: their mean). A trial
that is no better than that after its first epochs is at chance. But a slow one shows signs before its
accuracy moves: on the training texts, or in the ranking of the validation texts, where skewed classes hide
it from the accuracy for long. So three things are looked at, each at its best so far, and any one of
them saves a trial.

Values and rules only; the same for every pruner, since it is a fact about one trial and no comparison.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from tuner.decision import Decision, Rule
from tuner.spec.values import Task, Value

__all__ = [
    "Chance",
    "ChanceOfNumbers",
    "Evidence",
    "Signs",
    "chance_of",
    "chance_of_counts",
    "never_learned",
]

Labels = npt.NDArray[Any]
Counts = npt.NDArray[np.integer]
History = Sequence[Mapping[str, float]]

_ONE_SIDED_99 = 2.326
"""Standard errors above which one in a hundred lies that knows nothing (the normal approximation of the
binomial, and of the rank sum). Not one in twenty, for every epoch is another draw."""

_LEAST_VARIANCE = 9.0
"""Of ``n p (1 - p)``, the usual bound below which that approximation is none: then nothing can be told."""

_LEAST_NUMBERS = 30
"""Texts with numbers below which nothing can be told; the usual bound for the normal approximation."""


@dataclass(frozen=True)
class Signs:
    """How far above chance is no accident, where the sampling error alone is too strict a judge.

    A large training split makes a drift of the bias significant that is of no use.

    Attributes:
        train_accuracy: Above the commonest class's share of the training split.
        auc: Above 0.5.
        train_r2: Of a regression, above 0.
        r2_rise: How far its R2 has risen of late, on its way from below 0: then it has begun far from the
            mean of the labels, and learns that first.
    """

    train_accuracy: float
    auc: float
    train_r2: float
    r2_rise: float


SIGNS = Signs(0.02, 0.05, 0.004, 0.02)
"""What lets a trial go on that has epochs left. IMDB, 4,000 or 8,000 reviews, LSTM of 32 or 64 units: Adam
at 1e-4 had 0.035 and 0.10 after its first epoch and learned; SGD without momentum at 1e-2 stayed under
0.017 and 0.011. Their ratings from 1 to 10: Adam at 1e-4 had a training R2 of 0.006 after two epochs, SGD
with and without momentum stayed below 0; its R2 moved by up to 0.013 from one epoch to the next."""

LEARNED = Signs(0.05, 0.15, 0.03, math.inf)
"""What a trial must show that has no epochs left, for a sign leads nowhere any more: SGD with momentum had
0.022 and 0.087 after two epochs, at an accuracy of 0.501 (8,000 reviews, 64 units); 0.013 and 0.116, at
0.516 (20,000 reviews, 200 units)."""

_HIDES = 2.0 / 3.0
"""The commonest class's share from which an accuracy may stay there while the ranking gets better. Below it a
network that gives all texts one class to the end is no result, whatever its signs: Adam at 1e-4
had 0.115 and 0.126 after three epochs, and 0.055 and 0.154 (400 reviews). On the front it would stand for the
fastest, since its first epoch is as good as its last."""

_ROUNDING = 1e-6
"""How far a mean of recalls may lie above that of one answer by rounding: recorded curves have six digits."""


class Evidence(NamedTuple):
    """One of the numbers that show whether a trial learns.

    Attributes:
        best: The best of all its epochs.
        chance: What needs no learning.
        margin: How far above that is no accident yet; infinite where the number tells nothing.
    """

    best: float
    chance: float
    margin: float

    @property
    def is_better(self) -> bool:
        """Whether it is above what accident gives."""
        return self.best > self.chance + self.margin


@dataclass(frozen=True)
class Chance:
    """What a trial reaches that has learned nothing, and how far it may be off by accident.

    Attributes:
        accuracy: The commonest class's share of the validation split.
        accuracy_error: Sampling error of an accuracy on the validation split; infinite where there
            are too few texts to tell.
        train_accuracy, train_accuracy_error: The same of the training split.
        auc_error: Sampling error of the AUC of the validation split.
        macro_recall: Mean of the classes' recalls that one answer for all texts has: of one class all are
            found, of the others none.
        positive: Class 1's share of the validation split where ``recall`` is that of class 1 alone; None
            where it is the classes' mean.
    """

    accuracy: float
    accuracy_error: float
    train_accuracy: float
    train_accuracy_error: float
    auc_error: float
    macro_recall: float
    positive: float | None

    @classmethod
    def of(cls, train: Labels, validation: Labels, task: Task = "binary") -> Chance:
        """Work it out from the labels of both splits, ``(n_texts,)`` class indices."""
        return cls.of_counts(np.bincount(train), np.bincount(validation), task)

    @classmethod
    def of_counts(cls, train: Counts, validation: Counts, task: Task = "binary") -> Chance:
        """Work it out from the texts of each class in both splits, ``(n_classes,)``.

        Of more than two classes no task need be given: it can be one only.
        """
        accuracy, accuracy_error = _commonest(validation)
        train_accuracy, train_accuracy_error = _commonest(train)
        n_classes = max(len(train), len(validation))  # counts end at the last class that has a text
        is_binary = n_classes <= 2 and task == "binary"
        return cls(
            accuracy,
            accuracy_error,
            train_accuracy,
            train_accuracy_error,
            _auc_error(validation),
            macro_recall=1.0 / n_classes,
            positive=float(validation[1:].sum() / validation.sum()) if is_binary else None,
        )

    looks_at: ClassVar = ("accuracy", "train_accuracy", "auc", "recall")
    """The metrics that it asks for."""

    @property
    def can_be_told(self) -> bool:
        """Whether there are texts enough, of more than one class."""
        return math.isfinite(self.accuracy_error + self.train_accuracy_error)

    def evidence(self, history: History, signs: Signs) -> dict[str, Evidence]:
        """Return what an epoch may be better in than chance by more than ``signs``."""
        chances = {
            "accuracy": (self.accuracy, self.accuracy_error),
            "train_accuracy": (self.train_accuracy, max(self.train_accuracy_error, signs.train_accuracy)),
            "auc": (0.5, max(self.auc_error, signs.auc)),
        }
        return {name: Evidence(_best(history, name), *chance) for name, chance in chances.items()}

    def is_constant(self, history: History) -> bool:
        """Tell whether no epoch was better than one answer for all texts, where that is to be seen.

        The accuracy alone does not show it: a network that finds some of every class may name the commonest
        less often than it is, and weighted classes make it do so. Then its mean recall lies above.
        """
        if self.accuracy >= _HIDES or _best(history, "accuracy") > self.accuracy:
            return False
        return self._best_macro_recall(history) <= self.macro_recall + _ROUNDING

    def of_one_answer(self, history: History) -> dict[str, Value]:
        """Return what :meth:`is_constant` looks at beside the accuracy, as decisions keep it."""
        return {
            "best.macro_recall": self._best_macro_recall(history),
            "chance.macro_recall": self.macro_recall,
        }

    def _best_macro_recall(self, history: History) -> float:
        return max(self._macro_recall(epoch) for epoch in history)

    def _macro_recall(self, epoch: Mapping[str, float]) -> float:
        recall = float(epoch["recall"])
        if self.positive is None:
            return recall
        of_class_0 = (float(epoch["accuracy"]) - self.positive * recall) / (1.0 - self.positive)
        return (of_class_0 + recall) / 2.0


@dataclass(frozen=True)
class ChanceOfNumbers:
    """What a regression reaches that has learned nothing: the labels' mean for every text, an R2 of 0.

    Predictions that know nothing, at the best scale they can have, reach the square of their correlation
    with the labels, which is by accident below ``2.326 / sqrt(n)`` in 99 of 100.

    Attributes:
        n_train, n_validation: Texts of the two splits.
    """

    n_train: int
    n_validation: int

    looks_at: ClassVar = ("r2", "train_r2")
    """The metrics that it asks for."""

    @property
    def can_be_told(self) -> bool:
        """Whether there are texts enough."""
        return min(self.n_train, self.n_validation) >= _LEAST_NUMBERS

    def evidence(self, history: History, signs: Signs) -> dict[str, Evidence]:
        """Return what an epoch may be better in than chance by more than ``signs``."""
        trained = max(_ONE_SIDED_99**2 / self.n_train, signs.train_r2)
        return {
            "r2": Evidence(_best(history, "r2"), 0.0, _ONE_SIDED_99**2 / self.n_validation),
            "train_r2": Evidence(_best(history, "train_r2"), 0.0, trained),
            "r2_rise": Evidence(_late_rise(history, "r2"), 0.0, signs.r2_rise),
        }

    def is_constant(self, history: History) -> bool:  # noqa: ARG002 - as the other has it
        """Return False: predictions that are all one number have no R2 above 0, which is asked anyway."""
        return False

    def of_one_answer(self, history: History) -> dict[str, Value]:  # noqa: ARG002 - as the other has it
        """Return nothing: there is nothing that would override the other looks."""
        return {}


def chance_of(task: Task, train: Labels, validation: Labels) -> Chance | ChanceOfNumbers:
    """Work out from the labels of both splits, ``(n_texts,)``, what needs no learning."""
    if task == "regression":
        return ChanceOfNumbers(len(train), len(validation))
    return Chance.of(train, validation, task)


def chance_of_counts(
    train: Sequence[int], validation: Sequence[int], task: Task = "binary"
) -> Chance | ChanceOfNumbers:
    """Work it out from how many texts of each class both splits have; of numbers from that of all texts.

    Args:
        train, validation: Texts by class.
        task: Matters for two classes only, which a multiclass task may have too. Defaults to ``binary``
            because that is what two classes usually are.
    """
    if len(train) == len(validation) == 1:
        return ChanceOfNumbers(train[0], validation[0])
    return Chance.of_counts(np.asarray(train), np.asarray(validation), task)


def never_learned(
    chance: Chance | ChanceOfNumbers, history: History, chance_epochs: int, is_over: bool
) -> Decision | None:
    """Return why a trial is cut for having learned nothing, or None.

    Args:
        chance: Of its data.
        history: The metrics of each of its epochs.
        chance_epochs: Epochs after which it is asked; 0 for never.
        is_over: Whether it has no epoch left.
    """
    if not 0 < chance_epochs <= len(history) or not chance.can_be_told:
        return None
    is_none = is_over and chance.is_constant(history)
    found = chance.evidence(history, LEARNED if is_over else SIGNS)
    if not is_none and any(each.is_better for each in found.values()):
        return None
    numbers: dict[str, Value] = {"epochs": len(history), "chance_epochs": chance_epochs, "is_last": is_over}
    for name, each in found.items():
        numbers |= {f"best.{name}": float(each.best), f"chance.{name}": float(each.chance)}
        if math.isfinite(each.margin):
            numbers[f"margin.{name}"] = float(each.margin)
    if is_over:
        numbers |= chance.of_one_answer(history)
    return Decision(Rule.CHANCE, numbers)


def _best(history: History, metric: str) -> float:
    return max(epoch[metric] for epoch in history)


def _late_rise(history: History, metric: str) -> float:
    """Return how far the last two epochs are above all before them; of two the second above the first."""
    earlier = max(1, len(history) - 2)
    if len(history) == earlier:
        return 0.0
    return _best(history[earlier:], metric) - _best(history[:earlier], metric)


def _commonest(counts: Counts) -> tuple[float, float]:
    """Return the commonest class's share and the sampling error of an accuracy of that size."""
    n_texts = int(counts.sum())
    share = float(counts.max()) / n_texts
    variance = n_texts * share * (1.0 - share)
    error = _ONE_SIDED_99 * math.sqrt(variance) / n_texts
    return share, error if variance >= _LEAST_VARIANCE else math.inf


def _auc_error(counts: Counts) -> float:
    """Return how far above 0.5 the area is by accident: the rank sum's error, the mean over classes.

    For one class against the rest it is ``sqrt((n + 1) / (12 m (n - m)))`` (Mann and Whitney
    1947); the error of a mean of areas is at most the mean of their errors.
    """
    n_texts = int(counts.sum())
    inside = counts[(counts > 0) & (counts < n_texts)].astype(np.float64)
    if not len(inside):
        return math.inf
    return _ONE_SIDED_99 * float(np.sqrt((n_texts + 1) / (12.0 * inside * (n_texts - inside))).mean())
