"""A bound of what a trial may still gain by a power law; tried for the pruner, measured by `pruning_bounds`.

The best so far after epoch t = 1, 2, ..., on the scale of :mod:`tuner.search.scale`, is a power law of three
parameters, "pow3" in Domhan et al. 2015, "Speeding up automatic hyperparameter optimization of deep neural
networks by extrapolation of learning curves"; Kadra et al. 2023, arXiv:2302.00441, have a neural network
predict such laws:

    y(t) = a - b * t^-c + noise

The exponent c and the variance of the noise are the study's, (a, b) a trial's own, with a normal prior over
trials. For a given c the law is linear in (a, b), so all is in closed form (a random coefficient model,
Swamy 1970): least squares for each finished trial; the prior's mean and covariance are those of the fits,
less what the noise adds; c is the one of a grid with the least squares. A running trial's epochs give its
posterior and the mean of its end. c -> 0 is the logarithm of t: then what is missing to the best value falls
as a power of t, without a floor. A law of the best so far, and not of each epoch, has the best that is still
to come as its last point.

The uncertainty is pooled: the same prediction from the same epoch of every finished trial (and one before
and after), its errors over their standard deviation; their mean and a quantile of Student's t, times the
standard deviation of the running trial, are added to the mean of its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from tuner.search.gain_bound import Curves, Gain, SoFar
from tuner.search.scale import Array

__all__ = ["Law", "PowerLawBound", "fitted"]

EXPONENTS = (0.0, 0.5, 1.0, 2.0)
_LEAST_VARIANCE = 1e-10
"""On the scale, in squared units: keeps curves without noise, or all alike, solvable."""
_PACE_EPOCHS = 2


@dataclass(frozen=True)
class Law:
    """What the curves of a study have in common.

    Attributes:
        exponent: c.
        mean: Of the coefficients of :func:`_basis` over trials, ``(2,)``.
        covariance: Of the same, ``(2, 2)``.
        noise: Variance of an epoch around its trial's law.
    """

    exponent: float
    mean: Array
    covariance: Array
    noise: float

    def end(self, reached: Array, epochs: int) -> tuple[Array, float]:
        """Predict the best after more epochs.

        Args:
            reached: The best so far after each epoch, ``(n_trials, n_epochs)``.
            epochs: After how many.

        Returns:
            The means, ``(n_trials,)``, and their common variance.
        """
        seen = _basis(reached.shape[1], self.exponent)  # (n_epochs, 2)
        last = _basis(epochs, self.exponent)[-1]  # (2,)
        shared = seen @ self.covariance @ last  # (n_epochs,)
        within = seen @ self.covariance @ seen.T + self.noise * np.eye(len(seen))
        weights = np.linalg.solve(within, shared)
        means = last @ self.mean + (reached - seen @ self.mean) @ weights
        variance = last @ self.covariance @ last - shared @ weights + self.noise
        return means, max(float(variance), self.noise)


@cache
def _basis(epochs: int, exponent: float) -> Array:
    """Return 1 and (1 - t^-c) / c of every epoch, ``(n_epochs, 2)``; the logarithm of t for c = 0."""
    t = np.arange(1, epochs + 1, dtype=np.float64)
    rising = np.log(t) if exponent == 0.0 else (1.0 - t**-exponent) / exponent
    return np.stack([np.ones_like(t), rising], axis=1)


@cache
def _inverse(epochs: int, exponent: float) -> Array:
    """Return how the noise of so many epochs spreads a trial's least squares, ``(2, 2)``."""
    basis = _basis(epochs, exponent)
    return np.asarray(np.linalg.inv(basis.T @ basis), dtype=np.float64)


def fitted(reached: Array, lengths: npt.NDArray[np.intp]) -> Law:
    """Fit the law to finished trials.

    Args:
        reached: The best so far after each epoch, ``(n_trials, n_epochs)``, finite; at least two trials.
        lengths: Epochs of each trial, at least three.
    """
    return min((_least_squares(reached, lengths, each) for each in EXPONENTS), key=lambda law: law.noise)


def _least_squares(reached: Array, lengths: npt.NDArray[np.intp], exponent: float) -> Law:
    coefficients, uncertainty = np.empty((len(reached), 2)), np.zeros((2, 2))
    squares, freedom = 0.0, 0
    for length in np.unique(lengths):
        its = lengths == length
        basis, inverse = _basis(int(length), exponent), _inverse(int(length), exponent)
        curves = reached[its, :length]
        coefficients[its] = curves @ basis @ inverse
        squares += float(((curves - coefficients[its] @ basis.T) ** 2).sum())
        freedom += len(curves) * (int(length) - 2)
        uncertainty += len(curves) / len(reached) * inverse
    noise = max(squares / freedom, _LEAST_VARIANCE)
    mean = coefficients.mean(axis=0)
    spread = (coefficients - mean).T @ (coefficients - mean) / (len(coefficients) - 1)
    values, vectors = np.linalg.eigh(spread - noise * uncertainty)
    covariance = (vectors * np.maximum(values, _LEAST_VARIANCE)) @ vectors.T
    return Law(exponent, mean, covariance, noise)


@dataclass(frozen=True)
class PowerLawBound:
    """Bounds the gain by the mean of the trial's end and so many standard errors, as a ``GainBound`` does.

    Attributes:
        probability: With which the gain is at most the bound, if the law holds; in (0, 1).
        startup_trials: Finished curves that it takes; at least 2.
        least_pace: Gain an epoch that every trial is credited with at least, as a share of ``Curves.unit``.
        by_pace: Whether errors are taken to grow with the recent pace and the least pace.
    """

    probability: float = 0.8
    startup_trials: int = 4
    least_pace: float = 0.02
    by_pace: bool = False

    @property
    def options(self) -> Mapping[str, float]:
        """See ``GainBound``."""
        return {"probability": self.probability}

    def bound(self, running: SoFar, finished: Curves) -> Gain | None:
        """See ``GainBound``; a trial that did not measure its first epoch teaches and is told nothing."""
        measured = np.isfinite(finished.reached).all(axis=1)
        if measured.sum() < self.startup_trials or not np.isfinite(running.reached).all():
            return None
        unit = finished.unit or 1.0
        reached, lengths = finished.reached[measured] / unit, finished.lengths[measured]
        own = running.reached[np.newaxis] / unit
        law = fitted(reached, lengths)
        # As in PaceBound: the latest epoch, not after this one, from which enough trials went on.
        at = min(running.epoch, int(np.sort(lengths)[-self.startup_trials]) - 2)
        errors = [self._errors(law, reached, lengths, each) for each in (at - 1, at, at + 1) if each > 0]
        pooled = np.concatenate(errors) if errors else np.empty(0)
        if len(pooled) < self.startup_trials:
            return None
        trials = int((lengths > at + 1).sum())
        quantile = float(stdtrit(max(trials - 1, 1), self.probability)) * math.sqrt(1.0 + 1.0 / trials)
        error = float(pooled.mean()) + quantile * float(pooled.std(ddof=1))
        gains, deviations = self._gains(law, own, own.shape[1] + running.epochs_left)
        gain = float(gains[0]) + error * float(deviations[0])
        bound = max(gain * unit, self.least_pace * running.epochs_left * finished.unit)
        return Gain(bound) if math.isfinite(bound) else None

    def _gains(self, law: Law, reached: Array, epochs: int) -> tuple[Array, Array]:
        """Return each trial's mean gain by its end, and the standard deviation, ``(n_trials,)`` both."""
        means, variance = law.end(reached, epochs)
        deviations = np.full(len(reached), math.sqrt(variance))
        if self.by_pace:
            last = reached.shape[1] - 1
            ago = min(_PACE_EPOCHS, last)
            deviations *= (reached[:, last] - reached[:, last - ago]) / ago + self.least_pace
        return np.maximum(means - reached[:, -1], 0.0), deviations

    def _errors(self, law: Law, reached: Array, lengths: npt.NDArray[np.intp], at: int) -> Array:
        """Return how far finished trials ended above their prediction after epoch ``at``, in deviations."""
        errors = [np.empty(0)]
        for length in np.unique(lengths[lengths > at + 1]):
            curves = reached[lengths == length, :length]
            gains, deviations = self._gains(law, curves[:, : at + 1], int(length))
            with np.errstate(divide="ignore", invalid="ignore"):
                errors.append((curves[:, -1] - curves[:, at] - gains) / deviations)
        return np.concatenate(errors)
