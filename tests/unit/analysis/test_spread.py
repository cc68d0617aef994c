"""Intervals and tests of few values, held against those of scipy and against worked examples."""

from __future__ import annotations

import pytest
from scipy import stats

from tuner.analysis.spread import holm, paired_p, spread_of, welch_p

A = [0.71, 0.74, 0.69, 0.73]
B = [0.64, 0.70, 0.61]


def test_the_interval_is_students() -> None:
    spread = spread_of(A)
    expected = stats.t.interval(0.95, 3, loc=0.7175, scale=stats.sem(A))

    assert spread is not None
    assert spread.n == 4
    assert spread.mean == pytest.approx(0.7175)
    assert spread.sd == pytest.approx(0.022174, abs=1e-6)
    assert spread.low == pytest.approx(expected[0])
    assert spread.high == pytest.approx(expected[1])


def test_the_interval_ends_where_the_metric_does() -> None:
    free, bounded = spread_of([0.98, 0.40]), spread_of([0.98, 0.40], (0.0, 1.0))

    assert free is not None
    assert bounded is not None
    assert [free.low, free.high] == pytest.approx([-2.99, 4.37], abs=0.01)
    assert (bounded.low, bounded.high) == (0.0, 1.0)
    assert (bounded.mean, bounded.sd) == (free.mean, free.sd)


def test_one_value_has_a_mean_and_no_spread() -> None:
    spread = spread_of([0.5])
    assert spread is not None
    assert (spread.mean, spread.sd, spread.low, spread.high) == (0.5, None, None, None)


def test_no_values_have_no_spread() -> None:
    assert spread_of([]) is None


def test_groups_are_tested_as_welch_did() -> None:
    assert welch_p(A, B) == pytest.approx(stats.ttest_ind(A, B, equal_var=False).pvalue)


def test_pairs_are_tested_by_their_differences() -> None:
    assert paired_p(A[:3], B) == pytest.approx(stats.ttest_rel(A[:3], B).pvalue)


@pytest.mark.parametrize(("one", "other"), [([0.5], A), (A, []), ([0.5, 0.5], [0.6, 0.6])])
def test_groups_without_a_spread_are_not_tested(one: list[float], other: list[float]) -> None:
    assert welch_p(one, other) is None


@pytest.mark.parametrize(("one", "other"), [([], []), ([0.5], [0.6]), ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4])])
def test_pairs_without_a_spread_are_not_tested(one: list[float], other: list[float]) -> None:
    assert paired_p(one, other) is None


def test_several_tests_are_held_to_more_and_keep_their_order() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == [
        pytest.approx(0.03),
        None,
        pytest.approx(0.06),
        pytest.approx(0.06),
    ]


def test_a_raised_p_is_at_most_one() -> None:
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
