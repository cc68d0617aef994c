"""How a trial has gone so far: its epochs, the best of them, and what follows from that.

Values and rules only. All counters of early stopping and of the learning rate are here, so that a
checkpoint that holds a course holds everything that decides how the trial goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tuner.spec.values import Params

__all__ = ["Course", "Rules", "ran_out"]

_LEAST_LEARNING_RATE = 1e-7
_BETTER_BELOW = frozenset({"loss", "mae", "mse"})


def ran_out(patience: int, epoch: int, best_epoch: int) -> bool:
    """Tell whether patience has run out after an epoch, both counted alike; a patience of 0 never does."""
    return 0 < patience <= epoch - best_epoch


@dataclass(frozen=True)
class Rules:
    """What decides about a trial's course.

    Attributes:
        epochs: Most epochs.
        patience: Epochs without a better one after which training stops; 0 for never.
        monitor: A metric of the validation split.
        plateau_patience: Epochs without a better one after which the learning rate is halved; 0 for never.
        learning_rate: At the start.
    """

    epochs: int
    patience: int
    monitor: str
    plateau_patience: int
    learning_rate: float

    @classmethod
    def of(cls, params: Params) -> Rules:
        """Read them from a trial's settings."""
        return cls(
            epochs=int(params["epochs"]),
            patience=int(params["patience"]),
            monitor=str(params["monitor"]),
            plateau_patience=int(params["plateau_patience"]),
            learning_rate=float(params["learning_rate"]),
        )


@dataclass(frozen=True)
class Course:
    """The epochs of a trial.

    Attributes:
        rules: See :class:`Rules`.
        history: The metrics of each finished epoch.
        best_epoch: The one that would be kept now; -1 before the first.
        flat_epochs: Epochs since the best one or since the learning rate was last halved.
        halvings: Times that the learning rate was halved.
    """

    rules: Rules
    history: tuple[Mapping[str, float], ...] = field(default=())
    best_epoch: int = -1
    flat_epochs: int = 0
    halvings: int = 0

    @property
    def next_epoch(self) -> int:
        """The epoch to be trained next, 0-based."""
        return len(self.history)

    @property
    def best_metrics(self) -> Mapping[str, float]:
        """The metrics of the best epoch; empty before the first."""
        return self.history[self.best_epoch] if self.history else {}

    @property
    def has_improved(self) -> bool:
        """Whether the last epoch is the best."""
        return self.best_epoch == len(self.history) - 1

    @property
    def learning_rate(self) -> float:
        """For the next epoch."""
        declared = self.rules.learning_rate
        return max(declared * 0.5**self.halvings, min(declared, _LEAST_LEARNING_RATE))

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """Of each finished epoch: they follow from its metrics and those before."""
        course, rates = Course(self.rules), []
        for metrics in self.history:
            rates.append(course.learning_rate)
            course = course.with_epoch(metrics)
        return tuple(rates)

    @property
    def stopped_early(self) -> bool:
        """Whether patience has run out."""
        return ran_out(self.rules.patience, len(self.history) - 1, self.best_epoch)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to train."""
        return self.stopped_early or len(self.history) >= self.rules.epochs

    def with_epoch(self, metrics: Mapping[str, float]) -> Course:
        """Return the course after one more epoch; an equal one is no better than the first."""
        history = (*self.history, metrics)
        if not self.history or self._is_better(metrics, self.best_metrics):
            return replace(self, history=history, best_epoch=len(self.history), flat_epochs=0)
        flat_epochs = self.flat_epochs + 1
        if 0 < self.rules.plateau_patience <= flat_epochs:
            return replace(self, history=history, flat_epochs=0, halvings=self.halvings + 1)
        return replace(self, history=history, flat_epochs=flat_epochs)

    def _is_better(self, metrics: Mapping[str, float], best: Mapping[str, float]) -> bool:
        found, former = metrics[self.rules.monitor], best[self.rules.monitor]
        return found < former if self.rules.monitor in _BETTER_BELOW else found > former
