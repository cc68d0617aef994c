from __future__ import annotations

from tuner.search.trials import reduced
from tuner.trial import EpochReport


def test_a_reduced_curve_has_the_named_metrics_alone() -> None:
    first = {"accuracy": 0.6, "loss": 0.5}
    second = {"accuracy": 0.5, "loss": 0.6, "f1": 0.4}
    curve = [EpochReport(3, 0, first, 0, first), EpochReport(3, 1, second, 0, first)]

    assert reduced(curve, ["accuracy", "training_time_s"]) == [
        EpochReport(3, 0, {"accuracy": 0.6}, 0, {"accuracy": 0.6}),
        EpochReport(3, 1, {"accuracy": 0.5}, 0, {"accuracy": 0.6}),
    ]
