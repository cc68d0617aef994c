"""Recorded trials made by hand, and pruners that do what a test tells them."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.decision import Decision, Rule
from tuner.replay.recorded import RecordedStudy, RecordedTrial
from tuner.search.pruning import FinishedTrial
from tuner.spec.values import FloatParameter, IntParameter, Is, Objective
from tuner.training.course import Rules
from tuner.trial import EpochReport

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))

TOLD = Decision(
    Rule.FLOOR,
    {
        "metric": "accuracy",
        "direction": "maximize",
        "best": 0.1,
        "floor": 0.2,
        "epochs": 1,
        "floor_epochs": 1,
    },
)


def trial(
    number: int, accuracies: Sequence[float], epoch_s: float, patience: int = 0, monitor: str = "accuracy"
) -> RecordedTrial:
    """A trial of these accuracies; every epoch takes as long."""
    epochs = tuple(
        {
            "accuracy": accuracy,
            "loss": round(1 - accuracy, 6),
            "auc": accuracy,
            "train_accuracy": accuracy,
            "training_time_s": epoch_s * (epoch + 1),
        }
        for epoch, accuracy in enumerate(accuracies)
    )
    rules = Rules(len(epochs), patience, monitor, plateau_patience=0, learning_rate=0.0)
    return RecordedTrial(number, {"units": 8}, rules, epochs)


def recorded(*trials: RecordedTrial) -> RecordedStudy:
    return RecordedStudy("by hand", OBJECTIVES, trials)


def with_space(*trials: RecordedTrial) -> RecordedStudy:
    """A study that searched units of 2, 4, 6, 8 and, of 6 units, a learning rate."""
    rate = FloatParameter("rate", "learning_rate", low=1e-4, high=1e-2, log=True, when=Is("units", (6,)))
    units = IntParameter("units", "units", low=2, high=8, step=2)
    return RecordedStudy("with space", OBJECTIVES, trials, space=(units, rate))


class After:
    """Prunes the given trials after so many epochs, and remembers what it was shown."""

    def __init__(self, epochs: int, *numbers: int) -> None:
        self.epochs = epochs
        self.numbers = numbers
        self.shown: list[tuple[int, int, list[int], int | None]] = []

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> Decision | None:
        last = running[-1]
        self.shown.append((last.number, last.epoch, [each.number for each in finished], epochs_left))
        return TOLD if last.number in self.numbers and last.epoch + 1 >= self.epochs else None
