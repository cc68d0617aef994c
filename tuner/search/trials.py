"""A finished trial as a pruner sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.trial import Ending, EpochReport

__all__ = ["FinishedTrial"]


@dataclass(frozen=True)
class FinishedTrial:
    """One ended trial.

    Attributes:
        number: Its number.
        ending: How it ended.
        values: One an objective in declared order; None unless it completed.
        curve: Its epochs, ascending; may be empty.
    """

    number: int
    ending: Ending
    values: tuple[float, ...] | None
    curve: Sequence[EpochReport]
