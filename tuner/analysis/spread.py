"""Means with their spread, and whether two of them differ by more than chance: Student, Welch, Holm.

Small samples are the rule here (three seeds, five seeds), so every interval and test is of Student's t,
and what cannot be said of one trial alone, or of trials that are all equal, is None.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CONFIDENCE", "Spread", "holm", "paired_p", "spread_of", "welch_p"]

CONFIDENCE = 0.95
"""Of intervals; tests are held against the rest, 0.05, so that both say the same."""

_ROUNDING = 1e-12
"""A spread below this share of the values is the rounding of floats, and no spread."""


@dataclass(frozen=True)
class Spread:
    """What a group of trials measured.

    Attributes:
        n: Trials that have the metric; at least 1.
        mean: Of them.
        sd: Sample standard deviation (divided by n - 1); None of one trial.
        low, high: Ends of the 95 % interval of the mean, by the t-distribution, as far as they lie in the
            metric's range; None of one trial.
    """

    n: int
    mean: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None


def spread_of(values: Sequence[float], within: tuple[float, float] = (-math.inf, math.inf)) -> Spread | None:
    """Summarise values; None when there are none.

    Args:
        values: Of one metric.
        within: The least and the largest value that the metric can have. The t-distribution knows no
            bounds, and of few values its interval goes beyond; as no mean can lie there, what is left
            has the same confidence. Defaults to no bounds.
    """
    if not values:
        return None
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Spread(1, mean)
    from scipy.stats import t

    sd = statistics.stdev(values)
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * sd / math.sqrt(len(values))
    return Spread(len(values), mean, sd, max(mean - half, within[0]), min(mean + half, within[1]))


def welch_p(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Test whether two independent groups have one mean; their variances may differ (Welch 1947).

    Returns:
        The two-sided p-value, or None where a group is a single value or neither group spreads.
    """
    if min(len(one), len(other)) < 2:
        return None
    shares = [statistics.variance(each) / len(each) for each in (one, other)]
    error = math.sqrt(sum(shares))
    if error <= _ROUNDING * abs(statistics.fmean(one)):
        return None
    degrees = error**4 / sum(
        share**2 / (len(each) - 1) for share, each in zip(shares, (one, other), strict=True)
    )
    return _two_sided((statistics.fmean(one) - statistics.fmean(other)) / error, degrees)


def paired_p(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Test whether the differences of pairs have the mean 0 (Student's paired t).

    Args:
        one, other: ``n_pairs`` values each; those of one place belong together.

    Returns:
        The two-sided p-value, or None with fewer than two pairs or equal differences.
    """
    differences = [first - second for first, second in zip(one, other, strict=True)]
    if len(differences) < 2:
        return None
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    if error <= _ROUNDING * max(map(abs, (*one, *other))):
        return None
    return _two_sided(statistics.fmean(differences) / error, len(differences) - 1)


def holm(found: Sequence[float | None]) -> list[float | None]:
    """Raise p-values by the number of tests made (Holm 1979), so that many tests find no more by chance."""
    order = sorted((p, index) for index, p in enumerate(found) if p is not None)
    raised: list[float | None] = [None] * len(found)
    highest = 0.0
    for rank, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - rank)))
        raised[index] = highest
    return raised


def _two_sided(statistic: float, degrees: float) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), degrees))
