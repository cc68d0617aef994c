"""Two predictions of the same texts are compared by what they would decide."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.export.agreement import compare


def test_equal_predictions_agree_wholly() -> None:
    probabilities = np.array([[0.9], [0.2], [0.6]])

    found = compare(np.array([1, 0, 0]), probabilities.astype(np.float32), probabilities, "binary")

    assert (found.n_texts, found.same, found.is_enough) == (3, 1.0, True)
    assert found.largest_difference < 1e-7
    assert found.first == found.second


def test_a_text_on_the_other_side_of_the_border_is_another_prediction() -> None:
    found = compare(np.array([1, 0]), np.array([[0.51], [0.2]]), np.array([[0.49], [0.2]]), "binary")

    assert (found.same, found.is_enough) == (0.5, False)
    assert found.largest_difference == pytest.approx(0.02)


def test_classes_are_those_of_the_highest_probability() -> None:
    first = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    second = np.array([[0.4, 0.35, 0.25], [0.1, 0.1, 0.8]])

    found = compare(np.array([0, 1]), first, second, "multiclass")

    assert found.same == 0.5
    assert found.score == "macro-F1"
    assert found.first == pytest.approx(2 / 3)  # of three classes one is absent
    assert found.second == pytest.approx(1 / 3)


def test_macro_f1_of_two_classes_is_the_mean_over_both() -> None:
    predictions = np.array([[0.9], [0.9], [0.9], [0.1]])

    found = compare(np.array([1, 1, 0, 0]), predictions, predictions, "binary")

    assert found.first == pytest.approx((0.8 + 2 / 3) / 2)


def test_numbers_agree_to_a_thousandth_of_the_labels_spread() -> None:
    labels = np.array([0.0, 1000.0], np.float32)  # standard deviation 500
    first = np.array([[10.0], [20.0]])

    assert compare(labels, first, first + 0.4, "regression").same == 1.0
    apart = compare(labels, first, first + np.array([[0.4], [0.6]]), "regression")
    assert (apart.same, apart.score) == (0.5, "mae")
    assert apart.first == pytest.approx(495.0)


def test_other_shapes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match=r"shapes \(2, 1\) and \(2, 2\)"):
        compare(np.array([0, 1]), np.ones((2, 1)), np.ones((2, 2)), "binary")
