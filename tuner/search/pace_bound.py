"""The bound of a gain by the recent pace: a quantile of what finished trials made of theirs.

The method is regression of what a curve still gains on what it has gained lately, pooled over the
study's finished trials, as in Baker et al. 2017 (arXiv:1705.10823, section 3), with an upper bound by
the quantile of what was observed, as in conformal prediction (Lei et al. 2018, section 2), and not by a
normal error:

    gain still to come  <=  factor * (recent gain an epoch + least pace) * epochs left

and never less than the least pace times the epochs left. Learning curves flatten, so what comes is a
multiple of the recent pace; by how much, and how much a slow start hides, differs from study to study,
and the factor says it: a quantile over the finished trials of the same ratio at the same epoch. One number
is learned, so four curves are enough. How often the bound holds, and what a parametric curve (a power law,
Domhan et al. 2015) does in its place, is measured in docs/pruning.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.search.gain_bound import Curves, Gain, SoFar
from tuner.search.scale import Array

__all__ = ["PaceBound"]

_PACE_EPOCHS = 2
"""Epochs over which the recent pace is taken: one is too noisy, and three are not there when it counts."""


@dataclass(frozen=True)
class PaceBound:
    """Credits a trial with what most finished ones still gained for the pace that they had.

    Attributes:
        startup_trials: Finished curves that it takes to learn the factor; at least 1.
        quantile: Which of the observed ratios is the factor, in [0, 1].
        least_pace: Gain an epoch that every trial is credited with, as a share of ``Curves.unit``.
    """

    startup_trials: int
    quantile: float
    least_pace: float

    @property
    def options(self) -> Mapping[str, float]:
        """See ``GainBound``; the least pace is among the numbers of the gain."""
        return {"quantile": self.quantile}

    def bound(self, running: SoFar, finished: Curves) -> Gain | None:
        """See ``GainBound``; made of ``factor``, ``pace``, ``least_pace`` and ``epochs`` as said above."""
        reached, lengths = finished.reached, finished.lengths
        if len(lengths) < self.startup_trials:
            return None
        # The latest epoch, not after this one, from which enough trials went on: before it there was more
        # to gain, so this errs towards hope.
        at = min(running.epoch, int(np.sort(lengths)[-self.startup_trials]) - 2)
        least = self.least_pace * finished.unit
        ratios = np.concatenate([_ratios(reached, lengths, each, least) for each in (at - 1, at, at + 1)])
        if len(ratios) < self.startup_trials:
            return None
        factor = float(np.quantile(ratios, self.quantile, method="higher"))
        own = running.reached[np.newaxis]
        pace, left = float(_pace(own, own.shape[1] - 1)[0]), running.epochs_left
        gain = max(factor * (pace + least), least) * left
        made_of = {"factor": factor, "pace": pace, "least_pace": least, "epochs": left}
        return Gain(gain, made_of) if math.isfinite(gain) else None


def _ratios(reached: Array, lengths: npt.NDArray[np.intp], at: int, least: float) -> Array:
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
        ratios: Array = np.where(gained > 0.0, gained / promised, 0.0)
    return ratios


def _pace(reached: Array, at: int) -> Array:
    """Return the gain an epoch over the last epochs up to ``at``, ``(n_trials,)``; NaN counts as none."""
    epochs = min(_PACE_EPOCHS, at)
    pace: Array = np.nan_to_num((reached[:, at] - reached[:, at - epochs]) / epochs)
    return pace
