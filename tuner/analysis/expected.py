"""What a training is expected to reach, which is not what it reached once.

A validation accuracy is partly luck: of the seed, and of some hundred texts. The best of many is the
luckiest of many, and a front of such has networks that only looked better than their neighbours. But their
neighbours were measured too. A Gaussian process over the settings and the number of epochs (Rasmussen and
Williams 2006, chapter 2), fitted to every epoch of every trial, tells signal from noise, and its mean is what
a training like that one typically reaches. To choose by it and not by the best observation is what is
advised where observations are noisy (Frazier 2018, arXiv:1807.02811).

Seconds, sizes and whatever else no chance decides stay as they were measured.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tuner.analysis.shorter import Training
from tuner.errors import InputError
from tuner.search.columns import Scale, columns_of
from tuner.spec.catalogue import Metric
from tuner.spec.values import Objective

__all__ = ["MIN_TRIALS", "expect", "is_noisy"]

MIN_TRIALS = 10
"""Trials before anything is expected of another one; the sampler's own model begins with as many."""

_FITTED = 300
"""Trainings, drawn at random, that the scales of the process are fitted to, in some seconds."""

_LEARNED = 1500
"""Trainings, drawn at random, that the mean is taken from: the matrix of more takes long to invert."""

_AT_ONCE = 1000
"""Trainings whose means are told at once."""

_LENGTHS = (0.3, 30.0)
"""Bounds of how far a setting reaches, in its standard deviations; at the upper one it does not matter."""

_NOISE = (1e-4, 1.0)
"""Bounds of the share of the variance that is luck."""

_Array = npt.NDArray[np.float64]


def is_noisy(metric: Metric) -> bool:
    """Tell whether a metric is partly luck: what is measured on texts every epoch."""
    return metric.growth == "curve"


def expect(
    every: Sequence[Training], objectives: Sequence[Objective], metrics: Mapping[str, Metric]
) -> list[Training]:
    """Return the same trainings with what each is expected to reach.

    Args:
        every: All of one study, from which is learned.
        objectives: As the trainings' values have them.
        metrics: Every metric by name.

    Returns:
        In the same order, ``expected`` set.

    Raises:
        InputError: If no objective is partly luck, or fewer than :data:`MIN_TRIALS` trials have an epoch.
    """
    noisy = [index for index, aim in enumerate(objectives) if is_noisy(metrics[aim.metric])]
    if not noisy:
        raise InputError("--expected: none of the study's objectives is measured on texts", "leave it out")
    trials = len({each.number for each in every})
    if trials < MIN_TRIALS:
        raise InputError(
            f"--expected: {trials} of at least {MIN_TRIALS} trials have an epoch", "run more, or leave it out"
        )
    values = np.array([each.values for each in every], dtype=np.float64)  # (n, n_objectives)
    design = _design(every)
    for index in noisy:
        metric = metrics[objectives[index].metric]
        if np.ptp(values[:, index]) == 0.0:
            continue  # nobody had any luck
        values[:, index] = _as_measured(_mean(design, _stretched(values[:, index], metric)), metric)
    return [replace(each, expected=tuple(row.tolist())) for each, row in zip(every, values, strict=True)]


def _design(every: Sequence[Training]) -> _Array:
    """Return settings and epochs as numbers of one scale, ``(n, k)``."""
    columns = columns_of([each.params for each in every])
    raw = np.array([[*(column(each.params) for column in columns), math.log(each.epochs)] for each in every])
    return Scale.of(raw).apply(raw)


def _mean(design: _Array, target: _Array) -> _Array:
    """Return the mean of a Gaussian process at the points that it is fitted to.

    Args:
        design: ``(n, k)``.
        target: ``(n,)``.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    drawn = np.random.default_rng(0).permutation(len(target))
    alike = ConstantKernel() * Matern(np.full(design.shape[1], 2.0), _LENGTHS, nu=2.5)
    # One thread: those of small matrices wait for each other, and where a study runs beside they wait long.
    with threadpool_limits(1), warnings.catch_warnings():
        # A length at its upper bound is a setting that does not matter, which is told as a warning.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = GaussianProcessRegressor(alike + WhiteKernel(0.1, _NOISE), normalize_y=True, random_state=0)
        fitted.fit(design[drawn[:_FITTED]], target[drawn[:_FITTED]])
        if len(target) > _FITTED:
            fitted = GaussianProcessRegressor(fitted.kernel_, optimizer=None, normalize_y=True)
            fitted.fit(design[drawn[:_LEARNED]], target[drawn[:_LEARNED]])
        starts = range(0, len(design), _AT_ONCE)
        return np.concatenate([fitted.predict(design[start : start + _AT_ONCE]) for start in starts])


def _stretched(values: _Array, metric: Metric) -> _Array:
    """Measure on a scale on which the last steps to the best value are as long as the first.

    Who has the best value itself may only be lucky: nothing is missing counts as half of the least that is.
    """
    if metric.best is None:
        return values
    missing = np.abs(metric.best - values)
    some = missing[missing > 0.0]
    least = float(some.min()) / 2.0 if len(some) else 1.0
    stretched: _Array = -np.log(np.maximum(missing, least))
    return stretched


def _as_measured(stretched: _Array, metric: Metric) -> _Array:
    if metric.best is None:
        return stretched
    missing: _Array = np.exp(-stretched)
    return metric.best - missing if metric.best > 0 else metric.best + missing
