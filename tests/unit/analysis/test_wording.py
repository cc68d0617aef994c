"""Numbers are written the same everywhere, with the unit that their name tells."""

from __future__ import annotations

import math

import pytest

from tuner.analysis.wording import duration, title, unit, written, written_params, written_value


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.00 s"),
        (0.256, "0.26 s"),
        (4.12, "4.1 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.6, "1 h 00 min"),
        (3900, "1 h 05 min"),
        (90_000, "25 h 00 min"),
        (-5, "-5.0 s"),
        (math.inf, "inf"),
    ],
)
def test_a_duration_has_the_units_that_tell_it(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("accuracy", 0.81234, "0.8123"),
        ("accuracy", 1.0, "1"),
        ("loss", 0.0, "0.0000"),
        ("loss", 0.00001234, "1.23e-05"),
        ("loss", math.nan, "nan"),
        ("parameters", 1_234_567.0, "1,234,567"),
        ("training_time_s", 12.345, "12.3 s"),
        ("peak_memory_bytes", 412_345_678.0, "412 MB"),
        ("peak_memory_bytes", 12.0, "12 B"),
        ("accuracy", None, ""),
    ],
)
def test_a_value_is_written_with_its_unit(metric: str, value: float | None, expected: str) -> None:
    assert written(metric, value) == expected


def test_a_unit_is_in_the_name() -> None:
    assert unit("training_time_s") == "s"
    assert unit("peak_memory_bytes") == "bytes"
    assert unit("loss") == unit("epochs_run") == ""


def test_an_axis_says_its_unit() -> None:
    assert title("training_time_s") == "training time (s)"
    assert title("f1") == "f1"


def test_settings_are_written_as_a_person_types_them() -> None:
    assert written_value(True) == "true"
    assert written_value(0.00131234) == "0.00131"
    assert written_params({"family": "lstm", "units": 64, "bidirectional": False}) == (
        "family=lstm units=64 bidirectional=false"
    )
