"""The seam for how much a running trial may still gain, learned from the curves of finished trials.

What is behind it sees numbers on a :class:`~tuner.search.scale.Scale`, more is better, and knows neither
the metric nor the direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tuner.search.scale import Array

__all__ = ["Curves", "Gain", "GainBound", "SoFar"]


@dataclass(frozen=True)
class SoFar:
    """A running trial.

    Attributes:
        reached: The best so far after each of its epochs, ``(n_epochs,)``, at least two; NaN before the
            first measurement.
        epoch: The last of them, from 0.
        epochs_left: Epochs that it may still train, at least 1.
    """

    reached: Array
    epoch: int
    epochs_left: int


@dataclass(frozen=True)
class Curves:
    """Finished trials, in the order of their numbers.

    Attributes:
        reached: The best so far after each epoch, ``(n_trials, n_epochs)``; a curve's end goes on as it is,
            NaN before a trial's first measurement.
        lengths: Epochs of each trial, ``(n_trials,)``, at least three.
        unit: What a share of a gain is a share of: 1 on a logarithmic scale, else how far the ends lie apart.
    """

    reached: Array
    lengths: npt.NDArray[np.intp]
    unit: float


@dataclass(frozen=True)
class Gain:
    """A bound of the gain still to come.

    Attributes:
        total: Itself, not negative and finite.
        made_of: The numbers that it was worked out from, by the names that decisions keep them under.
    """

    total: float
    made_of: Mapping[str, float] = field(default_factory=dict)


class GainBound(Protocol):
    """Bounds the gain still to come: the best by the trial's last epoch over its best so far.

    Contract: the answer depends on the arguments only, and not on the order of the finished trials.
    """

    @property
    def options(self) -> Mapping[str, float]:
        """What it was declared with, as far as a decision's numbers name it beside ``Gain.made_of``."""
        ...

    def bound(self, running: SoFar, finished: Curves) -> Gain | None:
        """Return the bound; None when it cannot be told.

        Args:
            running: The trial.
            finished: Trials to learn from, at least one.
        """
        ...
