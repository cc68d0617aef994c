"""How well a running trial can still end, learned from the curves of finished trials.

How much it may still gain is bounded by a :class:`~tuner.search.gain_bound.GainBound`, on the scale of
:mod:`tuner.search.scale`. Here stands what is the same whoever bounds it: which metrics can gain at all,
and which curves are learned from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tuner.search.gain_bound import Curves, Gain, GainBound, SoFar
from tuner.search.packed import series
from tuner.search.scale import Array, Scale, utmost
from tuner.search.trials import FinishedTrial
from tuner.spec.catalogue import Metric
from tuner.spec.values import Direction, Objective
from tuner.trial import EpochReport

__all__ = ["Hope", "Outlook", "best_of", "is_better"]

_MOST_CURVES = 500
"""Finished trials that a bound is learned from, the latest ones: its error is below that of the
accuracies long before, and a decision costs the same however long the study is."""


@dataclass(frozen=True)
class Hope:
    """The most hopeful value of one objective.

    Attributes:
        value: Itself.
        made_of: What it was worked out from. Of a curve ``reached``, the best so far, ``bound``, the best
            value that there is (left out where there is none), ``gain``, and what the bound of the gain made
            that of; of what grows ``last``, and
            the ``step`` that one more epoch adds, 0 of what is no seconds. Of what cannot be told yet
            ``bound`` alone; of what stands nothing.
    """

    value: float
    made_of: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outlook:
    """Bounds what a running trial can still reach.

    Attributes:
        objectives: The study's.
        metrics: Every metric by name.
        gain_bound: Bounds the gain still to come.
    """

    objectives: tuple[Objective, ...]
    metrics: Mapping[str, Metric]
    gain_bound: GainBound

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
        scale = Scale(metric, direction)
        best = best_of([float(value) for value in known], direction)
        gain = self._gain(own, running[-1].epoch, complete, scale, epochs_left)
        if best is None or gain is None:
            return _all_hope(metric, direction)
        bound = _all_hope(metric, direction).made_of
        made_of = {"reached": best, **bound, **gain.made_of, "gain": gain.total}
        return Hope(scale.better_by(best, gain.total), made_of)

    def _gain(
        self,
        own: Array,
        epoch: int,
        complete: Sequence[FinishedTrial],
        scale: Scale,
        epochs_left: int | None,
    ) -> Gain | None:
        """Return the bound of the gain still to come, on ``scale``; None when it cannot be told."""
        latest = sorted(complete, key=lambda trial: trial.number)[-_MOST_CURVES:]
        curves = [trial.curve for trial in latest if len(trial.curve) > 2]
        if not curves or len(own) < 2:
            return None
        reached = scale.reached(_series(curves, scale.metric.name))
        lengths = np.array([len(curve) for curve in curves])
        left = epochs_left if epochs_left is not None else max(int(lengths.max()) - 1 - epoch, 1)
        running = SoFar(scale.reached(own[np.newaxis])[0], epoch, left)
        return self.gain_bound.bound(running, Curves(reached, lengths, scale.spread(reached[:, -1])))


def _series(curves: Sequence[Sequence[EpochReport]], metric: str) -> Array:
    """Return ``(n_trials, n_epochs)`` values; NaN where a trial has no such epoch or did not measure."""
    values = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(values, curves, strict=True):
        row[: len(curve)] = series(curve, metric, missing=math.nan)
    return values


def _all_hope(metric: Metric, direction: Direction) -> Hope:
    """Return the hope of what nothing is known about: the best value that there is."""
    bound = utmost(metric, direction)
    return Hope(bound, {"bound": bound} if math.isfinite(bound) else {})


def is_better(first: float, second: float, direction: Direction) -> bool:
    """Tell whether ``first`` is better than ``second``."""
    return first > second if direction == "maximize" else first < second


def best_of(values: Sequence[float | None], direction: Direction) -> float | None:
    """Return the best of the measured values; NaN is no measurement."""
    measured = [value for value in values if value is not None and not math.isnan(value)]
    if not measured:
        return None
    return max(measured) if direction == "maximize" else min(measured)
