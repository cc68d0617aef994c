"""Packed curves and settings are read as if nothing were packed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.search.packed import PackedCurve, PackedParams, packed, series
from tuner.spec.values import Value
from tuner.trial import EpochReport

FLOATS = st.floats(allow_nan=False)


def curve(rows: Sequence[tuple[float, float]], best: int = 0) -> list[EpochReport]:
    metrics = [{"accuracy": accuracy, "training_time_s": spent} for accuracy, spent in rows]
    return [EpochReport(7, epoch, each, best, metrics[best]) for epoch, each in enumerate(metrics)]


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=6))
def test_a_packed_curve_is_the_curve(rows: list[tuple[float, float]]) -> None:
    plain = curve(rows)
    small = packed(plain)

    assert isinstance(small, PackedCurve)
    assert small == plain
    assert (len(small), list(small), small[-1], small[1:]) == (len(plain), plain, plain[-1], plain[1:])
    for metric in ("accuracy", "loss"):
        assert list(series(small, metric, -1.0)) == list(series(plain, metric, -1.0))


def test_a_measured_nan_stays_a_measurement() -> None:
    (report,) = packed(curve([(math.nan, 1.0)]))

    assert math.isnan(report.metrics["accuracy"])


def test_an_epoch_outside_is_none_of_a_curve() -> None:
    with pytest.raises(IndexError, match="out of range"):
        packed(curve([(0.5, 1.0)]))[1]


def test_a_curve_of_epochs_that_measured_other_metrics_stays_as_it_is() -> None:
    first, second = curve([(0.5, 1.0), (0.6, 2.0)])
    plain = [first, EpochReport(7, 1, {"accuracy": 0.6}, 0, first.metrics)]

    assert packed(plain) is plain
    assert packed([second, first]) == [second, first]
    assert list(packed([])) == []


def test_packed_params_read_like_their_dictionary() -> None:
    params: dict[str, Value] = {
        "family": "lstm",
        "units": 8,
        "rate": 0.5,
        "bidirectional": True,
        "path": "".join(["a", "b"]),
    }
    small = PackedParams(params)

    assert small == params
    assert dict(small) == params
    assert list(small) == list(params)
    assert ("units" in small, "layers" in small, small.get("layers")) == (True, False, None)
    assert type(small["bidirectional"]) is bool
    with pytest.raises(KeyError, match="layers"):
        small["layers"]
