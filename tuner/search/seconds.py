"""How long a trial will take, judged from those that have ended: so that a time limit can be kept.

Time multiplies: twice the units, the words or the epochs make a step, a text or a trial about so many times
longer. So the logarithm of the seconds is close to a sum, and a ridge regression (Hoerl and Kennard 1970) on
logarithms of the settings knows it after some ten trials, and after six where it begins from an estimate of
the work and learns by how much that is wrong. Gradient-boosted trees were tried on recorded trials and were
worse with 8, 15 and 30 of them. Values only; no clock, no database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.search.columns import Column, Scale, columns_of
from tuner.spec.values import Params

__all__ = ["MIN_TRIALS", "SecondsModel", "TimedTrial"]

MIN_TRIALS = 6
"""Ended trials before anything is predicted; with fewer, chance settings decide."""

_PENALTY = 1.0
"""On standardised settings, where 1.0 is as much as one further trial says."""

_MARGIN = 1.0
"""Standard deviations above the expected logarithm: five trials in six end within."""

_FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimedTrial:
    """A trial that has ended.

    Attributes:
        settings: All it was run with.
        seconds: Wall seconds of its own work; above 0.
        epochs: Epochs that it ran, at least 1.
        completed: Whether it came to its own end; else it was pruned after ``epochs``.
    """

    settings: Params
    seconds: float
    epochs: int
    completed: bool


class SecondsModel:
    """Predicts a trial's seconds from its settings. Made by :meth:`fit`.

    Attributes:
        epochs: That completed trials ran, on average: what a predicted trial is thought to run.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        weights: _FloatArray,
        scale: Scale,
        spread: float,
        epochs: float,
        work: Callable[[Params], float],
    ) -> None:
        self.epochs = epochs
        self._work = work
        self._columns = columns
        self._weights = weights  # (n_columns + 1,), the last one the constant
        self._scale = scale
        self._spread = spread

    @classmethod
    def fit(
        cls, trials: Sequence[TimedTrial], work: Callable[[Params], float] = lambda _: 1.0
    ) -> SecondsModel | None:
        """Fit the model.

        A pruned trial counts with the seconds that its epochs would have added up to, had it run as many
        as completed ones do on average.

        Args:
            trials: Ended trials of one study.
            work: Of a trial with these settings, above 0: what its seconds are thought to be in proportion to
                before any are known. Defaults to the same for all.

        Returns:
            The model, or None when there are fewer than :data:`MIN_TRIALS`, or none completed.
        """
        if len(trials) < MIN_TRIALS or not any(trial.completed for trial in trials):
            return None
        epochs = float(np.mean([trial.epochs for trial in trials if trial.completed]))
        whole = [t.seconds if t.completed else t.seconds * max(1.0, epochs / t.epochs) for t in trials]
        target = np.log(whole) - np.log([work(trial.settings) for trial in trials])  # (n,)
        columns = columns_of([trial.settings for trial in trials])
        cells = (column(trial.settings) for trial in trials for column in columns)
        raw = np.fromiter(cells, np.float64).reshape(len(trials), len(columns))  # (n, k), also with k = 0
        scale = Scale.of(raw)
        design = _with_constant(scale.apply(raw))  # (n, k + 1)
        penalty = np.diag([_PENALTY] * len(columns) + [0.0])
        gram = design.T @ design + penalty
        weights = np.asarray(np.linalg.solve(gram, design.T @ target), dtype=np.float64)
        # Leave-one-out residuals of a linear smoother: each trial as if the others alone had been seen.
        leverage = np.einsum("ij,ji->i", design, np.linalg.solve(gram, design.T))
        residuals = (target - design @ weights) / np.maximum(1.0 - leverage, 0.05)
        return cls(columns, weights, scale, float(np.sqrt(np.mean(residuals**2))), epochs, work)

    def expected_s(self, settings: Params) -> float:
        """Return the seconds that a trial with these settings takes, about as often more as less."""
        return math.exp(self._logarithm(settings))

    def upper_s(self, settings: Params) -> float:
        """Return the seconds within which five in six such trials have ended."""
        return math.exp(self._logarithm(settings) + _MARGIN * self._spread)

    def _logarithm(self, settings: Params) -> float:
        raw = np.array([[column(settings) for column in self._columns]]).reshape(1, len(self._columns))
        found = float((_with_constant(self._scale.apply(raw)) @ self._weights)[0])
        # A prediction far outside what was seen must not overflow.
        return min(found + math.log(self._work(settings)), 50.0)


def _with_constant(columns: _FloatArray) -> _FloatArray:
    return np.hstack([columns, np.ones((len(columns), 1))])
