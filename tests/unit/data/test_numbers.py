"""Labels that are numbers: what counts as one, what is refused, and two classes out of them."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.data.numbers import divided, number_of, numbers_of, with_plain_numbers
from tuner.data.values import TextTable
from tuner.errors import DataError


def rated(*labels: str) -> TextTable:
    return TextTable(
        [f"text {n}" for n in range(len(labels))], labels, None, range(2, len(labels) + 2), "a.csv"
    )


@pytest.mark.parametrize(("text", "number"), [("7", 7.0), ("-0.5", -0.5), ("+1e3", 1000.0), ("7.", 7.0)])
def test_what_programs_write_is_a_number(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text", ["good", "1,5", "1_000", "inf", "NaN", "1e300", "\u0667", "", "7 of 10", "0x7"]
)
def test_what_is_no_finite_number_is_none(text: str) -> None:
    assert number_of(text) is None


def test_equal_numbers_become_equal_labels() -> None:
    plain = with_plain_numbers(rated("7", "7.0", "0", "-0", "1e1"), "rating")

    assert plain.labels == ["7.0", "7.0", "0.0", "0.0", "10.0"]
    np.testing.assert_array_equal(numbers_of(plain), np.array([7, 7, 0, 0, 10], np.float32))
    assert numbers_of(plain).dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("7", "good", "8"), r"a\.csv:3: rating 'good': expected a number in a regression; correct it, or"),
        (("a", "7", "b"), r"a\.csv:2: rating 'a': .*; 2 rows of 3 have none; correct rows 2, 4"),
        (("7", "7,5"), r"a\.csv:3: rating '7,5': expected a number in a regression; write 7\.5"),
        (("7", "inf"), "rating 'inf': .*; give it a finite value"),
        (("pos", "neg"), "2 rows of 2 have none; name the column of the numbers with `label:`, or declare"),
    ],
)
def test_a_word_where_a_number_is_due_is_refused_with_its_row(labels: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        with_plain_numbers(rated(*labels), "rating")


def test_numbers_that_reach_the_threshold_are_positive() -> None:
    table, positive = divided(rated("5.9", "6", "6.0", "10", "-3"), "rating", 6)

    assert table.labels == ["below 6", "at least 6", "at least 6", "at least 6", "below 6"]
    assert positive == "at least 6"


def test_a_threshold_that_parts_nothing_is_refused_with_the_span_of_the_labels() -> None:
    with pytest.raises(
        DataError, match="threshold: 6: all 3 labels lie between 7 and 10; choose one that parts"
    ):
        divided(rated("7", "8", "10"), "rating", 6)


def test_a_word_under_a_threshold_is_refused_with_its_row() -> None:
    with pytest.raises(DataError, match=r"a\.csv:2: stars 'five': expected a number with `threshold`"):
        divided(rated("five", "4"), "stars", 3)


def test_labels_that_single_precision_would_make_equal_are_refused() -> None:
    seconds = [str(1_700_000_000 + second) for second in range(256)]

    with pytest.raises(
        DataError,
        match=r"a\.csv: labels from 1700000000 to 1700000255 lie so close .* by up to 64; take the same",
    ):
        numbers_of(with_plain_numbers(rated(*seconds), "when"))


@pytest.mark.parametrize(
    "labels",
    [
        ("0.1", "0.1", "0.1"),
        ("0.1", "0.30000001", "9.7"),
        tuple(str(1_700_000_000 + 3600 * hour) for hour in range(256)),
        ("1e15", "1", "2"),
    ],
)
def test_rounding_that_no_figure_shows_is_none_to_refuse(labels: tuple[str, ...]) -> None:
    assert len(numbers_of(with_plain_numbers(rated(*labels), "when"))) == len(labels)
