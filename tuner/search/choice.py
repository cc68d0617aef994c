"""How one of several points is chosen for a trial that is about to begin. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tuner.spec.values import Params

__all__ = ["Choice", "ChoiceWithin"]


@dataclass(frozen=True)
class Choice:
    """How one of several points that a sampler draws for a trial is chosen.

    Attributes:
        draws: Points with a weight above 0 that are looked at, at least 1.
        weight: Of a point: it is begun with a chance in proportion; never with 0.
    """

    draws: int
    weight: Callable[[Params], float]


ChoiceWithin: TypeAlias = Callable[[float], Choice]
"""``seconds left of the time limit -> how a new trial's point is chosen``; infinitely many if unlimited."""
