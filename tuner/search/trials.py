"""A finished trial as a pruner sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tuner.search.packed import packed
from tuner.trial import Ending, EpochReport

__all__ = ["FinishedTrial", "reduced"]


@dataclass(frozen=True, slots=True)
class FinishedTrial:
    """One ended trial.

    Attributes:
        number: Its number.
        ending: How it ended.
        values: One an objective in declared order; None unless it completed.
        curve: Its epochs, ascending, with the objectives' metrics; may be empty.
    """

    number: int
    ending: Ending
    values: tuple[float, ...] | None
    curve: Sequence[EpochReport]


def reduced(curve: Sequence[EpochReport], metrics: Collection[str]) -> Sequence[EpochReport]:
    """Return a curve with those metrics only, packed: a pruner keeps those of thousands of trials."""

    def few(values: Mapping[str, float]) -> dict[str, float]:
        return {name: value for name, value in values.items() if name in metrics}

    return packed(
        [
            replace(report, metrics=few(report.metrics), best_metrics=few(report.best_metrics))
            for report in curve
        ]
    )
