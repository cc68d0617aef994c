"""A trial of tuner is the same network in the words of the plain scripts."""

from __future__ import annotations

import pytest

from benchmarks.front import problem
from benchmarks.front.settings import FULL, spec_of
from benchmarks.front.tuner_study import plain_params
from tuner.spec.values import CategoricalParameter, FloatParameter, IntParameter


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"family": "cnn", "filters": 40}, {"family": "cnn", "layers": 1, "units": 40}),
        (
            {"family": "lstm", "bidirectional": False, "layers": 2, "units": 50},
            {"family": "lstm", "layers": 2, "units": 50},
        ),
        (
            {"family": "lstm", "bidirectional": True, "layers": 1, "units": 60},
            {"family": "bilstm", "layers": 1, "units": 60},
        ),
    ],
)
def test_a_trials_params_in_the_words_of_the_script(
    params: dict[str, object], expected: dict[str, object]
) -> None:
    rest = {"dropout": 0.25, "learning_rate": 0.001}

    found = plain_params({**params, "embedding_dimension": 64, **rest})

    assert found == {**expected, "dimension": 64, **rest}


def test_the_declared_space_has_the_bounds_of_the_scripts() -> None:
    spec = spec_of(FULL)
    bounds = {
        parameter.name: (parameter.low, parameter.high)
        for parameter in spec.space
        if isinstance(parameter, IntParameter | FloatParameter)
    }
    choices = {each.name: each.choices for each in spec.space if isinstance(each, CategoricalParameter)}

    assert bounds == {
        "layers": problem.LAYERS,
        "units": problem.UNITS,
        "filters": problem.UNITS,
        "embedding_dimension": problem.DIMENSIONS,
        "dropout": problem.DROPOUT,
        "learning_rate": problem.LEARNING_RATE,
    }
    assert choices == {"family": ("lstm", "cnn"), "bidirectional": (False, True)}
    fixed = {
        "vocabulary_size": 10_000,
        "sequence_length": 300,
        "batch_size": 32,
        "dense_units": 0,
        "epochs": 5,
    }
    assert fixed.items() <= spec.fixed.items()
    assert (problem.VOCABULARY, problem.LENGTH, problem.BATCH_SIZE) == (10_000, 300, 32)
