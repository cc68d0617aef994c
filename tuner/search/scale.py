"""The scale on which a pruner measures what a trial gains: the last steps are as long as the first.

It is minus the logarithm of what is missing to the best value that the metric can have (1 - accuracy).
Without such a value a metric is measured as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.spec.catalogue import Metric
from tuner.spec.values import Direction

__all__ = ["Array", "Scale", "utmost"]

Array: TypeAlias = npt.NDArray[np.float64]

_NOTHING_MISSING = 1e-12


@dataclass(frozen=True)
class Scale:
    """The scale on which gains of a metric are measured; more is better.

    Attributes:
        metric: The metric.
        direction: In which it is better.
    """

    metric: Metric
    direction: Direction

    def _has_bound(self) -> bool:
        return math.isfinite(utmost(self.metric, self.direction))

    def reached(self, values: Array) -> Array:
        """Return the best so far on this scale, ``(n_trials, n_epochs)``; a curve's end goes on as it is."""
        signed = values if self.direction == "maximize" else -values
        if self._has_bound():
            missing = np.abs(utmost(self.metric, self.direction) - values)
            signed = -np.log(np.maximum(missing, _NOTHING_MISSING))
        best: Array = np.fmax.accumulate(signed, axis=1)
        return best

    def spread(self, ends: Array) -> float:
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


def utmost(metric: Metric, direction: Direction) -> float:
    """Return the best value that ``metric`` can have in ``direction``; infinite where it has no bound there.

    ``Metric.best`` is meant the way the metric is good: 1 for accuracy, which goes up, 0 for seconds, which
    go down. A study may declare the other direction, and then nothing bounds it.
    """
    if metric.best is not None and (metric.best > 0.0) == (direction == "maximize"):
        return metric.best
    return math.inf if direction == "maximize" else -math.inf
