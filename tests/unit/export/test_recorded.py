"""A kept model is held against the record of its trial."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.export.kept_weights import KeptModel
from tuner.export.recorded import unlike_metrics, unlike_model

MODEL = KeptModel(
    "cnn",
    "binary",
    ("bad", "good"),
    {"family": "cnn", "filters": 8, "learning_rate": 0.01, "vectors_path": "/here/vectors.txt"},
    (),
    (),
    np.zeros(0),
    {"convolution": {"0": np.zeros((3, 4, 8)), "1": np.zeros(8)}},
)


def test_a_model_of_the_recorded_settings_and_weights_is_the_recorded_one() -> None:
    assert unlike_model(MODEL, {"family": "cnn", "filters": 8}, {"parameters": 104.0}) == []


def test_another_setting_and_another_number_of_weights_are_named() -> None:
    assert unlike_model(MODEL, {"family": "cnn", "filters": 16}, {"parameters": 1208.0}) == [
        "filters 8, recorded 16",
        "104 weights, recorded 1,208",
    ]


def test_what_a_record_lacks_and_paths_that_move_are_not_compared() -> None:
    assert unlike_model(MODEL, {"newer": 1, "vectors_path": "/there/vectors.txt"}, {}) == []
    assert unlike_metrics({"accuracy": 0.5, "loss": 0.7}, {}, 100, is_coarse=False) == []


@pytest.mark.parametrize(
    ("accuracy", "loss", "is_coarse", "unlike"),
    [
        (0.60, 0.5, False, []),
        (0.61, 0.5002, False, []),  # one text of a hundred
        (0.62, 0.5, False, ["accuracy 0.6200, recorded 0.6000"]),
        (0.62, 0.51, True, []),
        (0.60, 0.51, False, ["loss 0.5100, recorded 0.5000"]),
        (0.70, 0.6, True, ["accuracy 0.7000, recorded 0.6000", "loss 0.6000, recorded 0.5000"]),
    ],
)
def test_metrics_are_unlike_beyond_rounding(
    accuracy: float, loss: float, is_coarse: bool, unlike: list[str]
) -> None:
    measured = {"accuracy": accuracy, "loss": loss, "f1": 0.1}
    recorded = {"accuracy": 0.6, "loss": 0.5, "f1": 0.9}

    assert unlike_metrics(measured, recorded, 100, is_coarse=is_coarse) == unlike
