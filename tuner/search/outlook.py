"""How well a running trial can still end, learned from the curves of finished trials.

The method is regression of what a curve still gains on what it has gained lately, pooled over the
study's finished trials, as in Baker et al. 2017 (arXiv:1705.10823, section 3), with an upper bound by
the quantile of what was observed, as in conformal prediction (Lei et al. 2018, section 2), and not by a
normal error:

    gain still to come  <=  factor * (recent gain an epoch + least pace) * epochs left

and never less than the least pace times the epochs left. Learning curves flatten, so what comes is a
multiple of the recent pace; by how much, and how much a slow start hides, differs from study to study,
and the factor says it: a quantile over the finished trials of the same ratio at the same epoch. One number
is learned, so four curves are enough. Parametric curves (Domhan et al. 2015) have more parameters than a
trial that is to be cut after two epochs has points.

Gains are measured on a scale on which the last steps are as long as the first: minus the logarithm of
what is missing to the best value that the metric can have (1 - accuracy). Without such a value they are
measured as they are, and the least pace is a share of how far the finished trials lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tuner.search.packed import series
from tuner.search.trials import FinishedTrial
from tuner.spec.catalogue import Metric
from tuner.spec.values import Direction, Objective
from tuner.trial import EpochReport

__all__ = ["Hope", "Outlook", "best_of", "is_better", "utmost"]

_Array = npt.NDArray[np.float64]

_PACE_EPOCHS = 2
"""Epochs over which the recent pace is taken: one is too noisy, and three are not there when it counts."""

_MOST_CURVES = 500
"""Finished trials that the factor is learned from, the latest ones: its error is below that of the
accuracies long before, and a decision costs the same however long the study is."""

_NOTHING_MISSING = 1e-12


@dataclass(frozen=True)
class Hope:
    """The most hopeful value of one objective.

    Attributes:
        value: Itself.
        made_of: What it was worked out from. Of a curve ``reached``, the best so far, ``bound``, the best
            value that there is (left out where there is none), and ``factor``, ``pace``, ``least_pace`` and
            ``epochs``, of which ``gain`` is made as this module's head says; of what grows ``last``, and
            the ``step`` that one more epoch adds, 0 of what is no seconds. Of what cannot be told yet
            ``bound`` alone; of what stands nothing.
    """

    value: float
    made_of: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Gain:
    """The bound of a gain still to come, on a scale, and what it is made of."""

    factor: float
    pace: float
    least_pace: float
    epochs: int

    @property
    def total(self) -> float:
        return max(self.factor * (self.pace + self.least_pace), self.least_pace) * self.epochs


@dataclass(frozen=True)
class Outlook:
    """Bounds what a running trial can still reach.

    Attributes:
        objectives: The study's.
        metrics: Every metric by name.
        startup_trials: Finished curves that it takes to learn the factor; at least 1.
        quantile: Which of the observed ratios is the factor, in [0, 1].
        least_pace: Gain an epoch that every trial is credited with, as a share of what is missing to the
            best value.
    """

    objectives: tuple[Objective, ...]
    metrics: Mapping[str, Metric]
    startup_trials: int
    quantile: float
    least_pace: float

    def hopes(
        self,
        running: Sequence[EpochReport],
        complete: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> tuple[Hope, ...]:
        """Return the most hopeful value of each objective if the trial goes on and gets better.

        Costs are those of one more epoch at the trial's own least pace, for the kept epoch may be the next.

        Args:
            running: Its epochs so far, at least one.
            complete: Finished trials.
            epochs_left: Epochs that it may still train; None for as many as finished trials had.
        """
        return tuple(self._hope(objective, running, complete, epochs_left) for objective in self.objectives)

    def _hope(
        self,
        objective: Objective,
        running: Sequence[EpochReport],
        complete: Sequence[FinishedTrial],
        epochs_left: int | None,
    ) -> Hope:
        metric, direction = self.metrics[objective.metric], objective.direction
        own = _series([running], metric.name)[0]
        known = own[~np.isnan(own)]
        if metric.growth == "final" or not len(known) or math.isnan(own[-1]):
            return _all_hope(metric, direction)
        if metric.growth == "constant":
            return Hope(float(known[-1]))
        if metric.growth == "grows":
            if direction == "maximize":
                return _all_hope(metric, direction)
            last = float(known[-1])
            # Seconds add up, and an epoch takes some; a peak that has been reached may grow no more.
            step = float(np.diff(known).min()) if len(known) > 1 and metric.unit == "s" else 0.0
            return Hope(last + step, {"last": last, "step": step})
        scale = _Scale(metric, direction)
        best = best_of([float(value) for value in known], direction)
        gain = self._gain(own, running[-1].epoch, complete, scale, epochs_left)
        if best is None or gain is None:
            return _all_hope(metric, direction)
        bound = _all_hope(metric, direction).made_of
        made_of = {"reached": best, **bound, **vars(gain), "gain": gain.total}
        return Hope(scale.better_by(best, gain.total), made_of)

    def _gain(
        self,
        own: _Array,
        epoch: int,
        complete: Sequence[FinishedTrial],
        scale: _Scale,
        epochs_left: int | None,
    ) -> _Gain | None:
        """Return the bound of the gain still to come, on ``scale``; None when it cannot be told."""
        latest = sorted(complete, key=lambda trial: trial.number)[-_MOST_CURVES:]
        curves = [trial.curve for trial in latest if len(trial.curve) > 2]
        if len(curves) < self.startup_trials or len(own) < 2:
            return None
        reached = scale.reached(_series(curves, scale.metric.name))  # (n_trials, n_epochs)
        lengths = np.array([len(curve) for curve in curves])
        # The latest epoch, not after this one, from which enough trials went on: before it there was more
        # to gain, so this errs towards hope.
        at = min(epoch, int(np.sort(lengths)[-self.startup_trials]) - 2)
        least = self.least_pace * scale.spread(reached[:, -1])
        ratios = np.concatenate([_ratios(reached, lengths, each, least) for each in (at - 1, at, at + 1)])
        if len(ratios) < self.startup_trials:
            return None
        factor = float(np.quantile(ratios, self.quantile, method="higher"))
        left = epochs_left if epochs_left is not None else max(int(lengths.max()) - 1 - epoch, 1)
        pace = _pace(scale.reached(own[np.newaxis]), len(own) - 1)[0]
        gain = _Gain(factor, float(pace), least, left)
        return gain if math.isfinite(gain.total) else None


def _ratios(reached: _Array, lengths: npt.NDArray[np.intp], at: int, least: float) -> _Array:
    """Return, of each trial that went on after epoch ``at``, its later gain over what its pace promised."""
    if at < 1:
        return np.empty(0)
    left = lengths - 1 - at
    went_on = (left > 0) & np.isfinite(reached[:, min(at, reached.shape[1] - 1)])
    if not went_on.any():
        return np.empty(0)
    curves = reached[went_on]
    gained = curves[:, -1] - curves[:, at]
    promised = (_pace(curves, at) + least) * left[went_on]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: _Array = np.where(gained > 0.0, gained / promised, 0.0)
    return ratios


def _pace(reached: _Array, at: int) -> _Array:
    """Return the gain an epoch over the last epochs up to ``at``, ``(n_trials,)``; NaN counts as none."""
    epochs = min(_PACE_EPOCHS, at)
    pace: _Array = np.nan_to_num((reached[:, at] - reached[:, at - epochs]) / epochs)
    return pace


def _series(curves: Sequence[Sequence[EpochReport]], metric: str) -> _Array:
    """Return ``(n_trials, n_epochs)`` values; NaN where a trial has no such epoch or did not measure."""
    values = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(values, curves, strict=True):
        row[: len(curve)] = series(curve, metric, missing=math.nan)
    return values


@dataclass(frozen=True)
class _Scale:
    """The scale on which gains of a metric are measured; more is better.

    Attributes:
        metric: The metric.
        direction: In which it is better.
    """

    metric: Metric
    direction: Direction

    def _has_bound(self) -> bool:
        return math.isfinite(utmost(self.metric, self.direction))

    def reached(self, values: _Array) -> _Array:
        """Return the best so far on this scale, ``(n_trials, n_epochs)``; a curve's end goes on as it is."""
        signed = values if self.direction == "maximize" else -values
        if self._has_bound():
            missing = np.abs(utmost(self.metric, self.direction) - values)
            signed = -np.log(np.maximum(missing, _NOTHING_MISSING))
        best: _Array = np.fmax.accumulate(signed, axis=1)
        return best

    def spread(self, ends: _Array) -> float:
        """Return what a share of the least pace is a share of: 1 on a logarithmic scale."""
        known = ends[np.isfinite(ends)]
        if self._has_bound():
            return 1.0
        return float(known.max() - known.min()) if len(known) else 0.0

    def better_by(self, value: float, gain: float) -> float:
        """Return the value that is ``gain`` better than ``value``."""
        if not self._has_bound():
            return value + gain if self.direction == "maximize" else value - gain
        bound = utmost(self.metric, self.direction)
        return bound - (bound - value) * math.exp(-gain)


def _all_hope(metric: Metric, direction: Direction) -> Hope:
    """Return the hope of what nothing is known about: the best value that there is."""
    bound = utmost(metric, direction)
    return Hope(bound, {"bound": bound} if math.isfinite(bound) else {})


def utmost(metric: Metric, direction: Direction) -> float:
    """Return the best value that ``metric`` can have in ``direction``; infinite where it has no bound there.

    ``Metric.best`` is meant the way the metric is good: 1 for accuracy, which goes up, 0 for seconds, which
    go down. A study may declare the other direction, and then nothing bounds it.
    """
    if metric.best is not None and (metric.best > 0.0) == (direction == "maximize"):
        return metric.best
    return math.inf if direction == "maximize" else -math.inf


def is_better(first: float, second: float, direction: Direction) -> bool:
    """Tell whether ``first`` is better than ``second``."""
    return first > second if direction == "maximize" else first < second


def best_of(values: Sequence[float | None], direction: Direction) -> float | None:
    """Return the best of the measured values; NaN is no measurement."""
    measured = [value for value in values if value is not None and not math.isnan(value)]
    if not measured:
        return None
    return max(measured) if direction == "maximize" else min(measured)
