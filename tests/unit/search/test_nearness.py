"""Distances between points of a space, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.nearest_trial import explained
from tests.unit.replay.curves import trial, with_space
from tuner.replay.recorded import RecordedTrial
from tuner.search.nearness import Nearness
from tuner.spec.values import CategoricalParameter, FixedParameter, FloatParameter, IntParameter, Is, Params

SPACE = (
    CategoricalParameter("family", "family", choices=("lstm", "cnn")),
    IntParameter("units", "units", low=8, high=128, log=True, when=Is("family", ("lstm",))),
    FloatParameter("dropout", "dropout", low=0.0, high=0.5),
    FixedParameter("epochs", "epochs", value=5),
)


def lstm(units: int, dropout: float) -> Params:
    return {"family": "lstm", "units": units, "dropout": dropout}


def cnn(dropout: float) -> Params:
    return {"family": "cnn", "dropout": dropout}


def distance(first: Params, second: Params) -> float:
    nearness = Nearness(SPACE)
    place, other = nearness.places([first, second])
    return float(nearness.distances(place, other[np.newaxis])[0])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (lstm(16, 0.1), lstm(16, 0.1), 0.0),
        (lstm(8, 0.0), lstm(128, 0.5), 2 / 3),
        (lstm(16, 0.1), lstm(32, 0.1), 0.25 / 3),
        (lstm(16, 0.1), cnn(0.1), 2 / 3),  # another family, and units that only one of them has
        (cnn(0.0), cnn(0.25), 0.5 / 2),  # units that neither has count for nothing
    ],
)
def test_distances_are_the_mean_over_the_parameters_that_one_has(
    first: Params, second: Params, expected: float
) -> None:
    assert distance(first, second) == pytest.approx(expected)
    assert distance(second, first) == pytest.approx(expected)


def test_a_parameter_of_one_value_sets_nothing_apart() -> None:
    nearness = Nearness([IntParameter("units", "units", low=8, high=8)])

    assert nearness.places([{"units": 8}]).tolist() == [[0.0]]


def test_neighbours_that_are_the_same_explain_all() -> None:
    pairs = [
        trial_of(2 * number + twin, units, 0.5 + number / 10)
        for number, units in enumerate((2, 4, 8))
        for twin in (0, 1)
    ]

    assert explained(with_space(*pairs)) == pytest.approx(1.0)


def test_neighbours_that_are_opposite_explain_less_than_nothing() -> None:
    reached = ((2, 0.0), (2, 1.0), (8, 0.0), (8, 1.0))
    pairs = [trial_of(number, units, accuracy) for number, (units, accuracy) in enumerate(reached)]

    assert explained(with_space(*pairs)) == pytest.approx(-3.0)


def trial_of(number: int, units: int, accuracy: float) -> RecordedTrial:
    return replace(trial(number, [float(accuracy)], 1.0), params={"units": units})
