"""How well a trial can still end: bounds that can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from tuner.analysis.wording import unit
from tuner.metrics import METRICS as REAL
from tuner.replay.curves_file import read_recorded
from tuner.search.outlook import Hope, Outlook
from tuner.search.pace_bound import PaceBound
from tuner.search.scale import utmost
from tuner.search.trials import FinishedTrial
from tuner.spec.catalogue import Growth, Metric
from tuner.spec.values import Direction, Objective
from tuner.trial import Ending, EpochReport

CURVES = Path(__file__).resolve().parents[3] / "benchmarks" / "curves"


def metric(name: str, growth: Growth = "curve", best: float | None = None) -> Metric:
    return Metric(name, unit(name), growth, ("binary",), name, best)


METRICS = {
    each.name: each
    for each in (
        metric("accuracy", best=1.0),
        metric("mae", best=0.0),
        metric("r2", best=1.0),
        metric("skill"),
        metric("training_time_s", "grows", 0.0),
        metric("peak_memory_bytes", "grows", 0.0),
        metric("parameters", "constant", 0.0),
        metric("size_bytes", "final", 0.0),
    )
}


def curve(name: str, values: Sequence[float], number: int = 9) -> list[EpochReport]:
    return [EpochReport(number, epoch, {name: value}, epoch, {}) for epoch, value in enumerate(values)]


def finished(name: str, values: Sequence[float], count: int = 4) -> list[FinishedTrial]:
    """Trials of the same curve."""
    return [
        FinishedTrial(number, Ending.COMPLETE, (values[-1],), curve(name, values, number))
        for number in range(count)
    ]


def hope(
    name: str,
    own: Sequence[float],
    complete: Sequence[FinishedTrial],
    direction: Direction = "maximize",
    epochs_left: int | None = None,
    quantile: float = 1.0,
    least_pace: float = 0.0,
) -> float:
    outlook = Outlook((Objective(name, direction),), METRICS, PaceBound(4, quantile, least_pace))
    (found,) = outlook.hopes(curve(name, own), complete, epochs_left)
    return found.value


HALVING = [0.6, 0.8, 0.9, 0.95]
"""What is missing to 1 halves every epoch: on the logarithmic scale the pace stays the same."""


def test_a_trial_may_keep_its_pace_where_finished_trials_did() -> None:
    # 0.4 and 0.3 are missing, so three quarters of it stay after each of the two epochs left.
    assert hope("accuracy", [0.6, 0.7], finished("accuracy", HALVING), epochs_left=2) == pytest.approx(
        1 - 0.3 * 0.75**2
    )


def test_a_trial_slows_down_where_finished_trials_did() -> None:
    slowing = finished("accuracy", [0.6, 0.8, 0.8, 0.8])

    assert hope("accuracy", [0.6, 0.7], slowing, epochs_left=2) == pytest.approx(0.7)


def test_more_epochs_left_are_more_hope() -> None:
    hopes = [
        hope("accuracy", [0.6, 0.7], finished("accuracy", HALVING), epochs_left=left) for left in (1, 2, 5)
    ]

    assert hopes == sorted(hopes)
    assert hopes[0] == pytest.approx(1 - 0.3 * 0.75)


def test_without_a_number_of_epochs_left_it_is_that_of_the_finished_trials() -> None:
    assert hope("accuracy", [0.6, 0.7], finished("accuracy", HALVING)) == pytest.approx(1 - 0.3 * 0.75**2)


def test_a_trial_that_fell_is_held_to_its_best() -> None:
    assert hope("accuracy", [0.6, 0.7, 0.5], finished("accuracy", [0.6, 0.8, 0.8, 0.8])) == pytest.approx(0.7)


def test_the_quantile_leaves_out_the_quickest() -> None:
    three, one = finished("accuracy", [0.6, 0.8, 0.8, 0.8], 3), finished("accuracy", HALVING, 1)
    own = [0.6, 0.7]

    assert hope("accuracy", own, three + one, epochs_left=2) > hope(
        "accuracy", own, three + one, epochs_left=2, quantile=0.5
    )
    assert hope("accuracy", own, three + one, epochs_left=2, quantile=0.5) == pytest.approx(0.7)


def test_the_least_pace_makes_a_pace_of_nothing_comparable() -> None:
    # Finished trials gained ln 4 in two epochs, where a pace of ln 1.25 and the credited 0.1 was theirs.
    late = finished("accuracy", [0.5, 0.6, 0.8, 0.9])
    found = hope("accuracy", [0.7, 0.7], late, epochs_left=2, least_pace=0.1)

    assert found == pytest.approx(1 - 0.3 * math.exp(-math.log(4) * 0.1 / (math.log(1.25) + 0.1)))


def test_a_trial_is_credited_with_the_least_pace_even_where_finished_trials_stood_still() -> None:
    flat = finished("accuracy", [0.8, 0.8, 0.8, 0.8])

    assert hope("accuracy", [0.7, 0.7], flat, epochs_left=2, least_pace=0.1) == pytest.approx(
        1 - 0.3 * math.exp(-0.2)
    )


def test_a_metric_that_falls_to_zero_is_bounded_alike() -> None:
    falling = finished("mae", [4.0, 2.0, 1.0, 0.5])

    assert hope("mae", [4.0, 3.0], falling, "minimize", epochs_left=2) == pytest.approx(3.0 * 0.75**2)


def test_a_metric_without_a_lower_bound_is_measured_by_what_is_missing_to_its_best() -> None:
    rising = finished("r2", [-3.0, -1.0, 0.0, 0.5])

    assert hope("r2", [-9.0, -4.0], rising, epochs_left=2) == pytest.approx(1 - 5.0 * 0.5**2)


def test_a_metric_without_any_bound_is_measured_as_it_is() -> None:
    rising = finished("skill", [10.0, 20.0, 30.0, 40.0])

    assert hope("skill", [5.0, 10.0], rising, epochs_left=2) == pytest.approx(20.0)
    assert hope("skill", [40.0, 30.0], finished("skill", [40.0, 30.0, 20.0]), "minimize") == pytest.approx(
        20.0
    )


@pytest.mark.parametrize(
    ("own", "complete"),
    [
        ([0.6], finished("accuracy", HALVING)),
        ([0.6, 0.7], finished("accuracy", HALVING, 3)),
        ([0.6, 0.7], finished("accuracy", HALVING[:2])),
        ([0.6, 0.7], finished("mae", HALVING)),
        ([math.nan, math.nan], finished("accuracy", HALVING)),
        ([0.5, 0.5], [*finished("accuracy", [0.5, 0.5, 0.9])]),
    ],
    ids=["one epoch", "few trials", "short trials", "another metric", "no number", "gain without pace"],
)
def test_what_cannot_be_told_is_hoped_for(own: list[float], complete: list[FinishedTrial]) -> None:
    assert hope("accuracy", own, complete) == 1.0


def test_past_the_longest_curves_an_earlier_epoch_tells_the_factor() -> None:
    long = [0.6, 0.7, 0.72, 0.73, 0.735, 0.737]

    assert hope("accuracy", long, finished("accuracy", [0.6, 0.8, 0.8, 0.8])) == pytest.approx(0.737)


def test_a_peak_may_grow_no_more() -> None:
    assert hope("peak_memory_bytes", [5.0, 9.0, 12.0], [], "minimize") == 12.0


@pytest.mark.parametrize("path", sorted(CURVES.glob("*.json.gz")), ids=lambda path: path.name)
def test_no_hopeful_end_of_a_recorded_cost_is_above_what_it_came_to(path: Path) -> None:
    """Of all that grows and is no seconds: these vary from epoch to epoch, so theirs is no bound."""
    study = read_recorded(path)
    measured = set.intersection(*(set(epoch) for trial in study.trials for epoch in trial.epochs))
    costs = [each.name for each in REAL.values() if each.growth == "grows" and each.unit != "s"]
    aims = tuple(Objective(name, "minimize") for name in costs if name in measured)
    outlook = Outlook(aims, REAL, PaceBound(4, 1.0, 0.0))

    assert "peak_memory_bytes" in measured
    for trial in study.trials:
        epochs = [EpochReport(trial.number, at, each, at, each) for at, each in enumerate(trial.epochs)]
        for at in range(1, len(epochs)):
            for aim, hoped in zip(aims, outlook.hopes(epochs[:at], []), strict=True):
                later = min(epoch.metrics[aim.metric] for epoch in epochs[at:])
                assert hoped.value <= later, f"trial {trial.number}, {aim.metric} after {at} epochs"


def test_a_cost_grows_by_the_least_that_an_epoch_took() -> None:
    complete = finished("training_time_s", [1.0, 2.0, 3.0])

    assert hope("training_time_s", [5.0, 9.0, 12.0], complete, "minimize") == 15.0
    assert hope("training_time_s", [5.0], complete, "minimize") == 5.0
    assert hope("training_time_s", [5.0, 9.0], complete, "maximize") == math.inf


def test_a_constant_stays_and_what_is_known_at_the_end_is_hoped_for() -> None:
    assert hope("parameters", [200.0, 200.0], [], "minimize") == 200.0
    outlook = Outlook((Objective("size_bytes", "minimize"),), METRICS, PaceBound(4, 1.0, 0.0))
    assert outlook.hopes(curve("accuracy", [0.5]), []) == (Hope(0.0, {"bound": 0.0}),)


def test_a_direction_against_the_metrics_best_has_no_bound() -> None:
    assert utmost(METRICS["accuracy"], "maximize") == 1.0
    assert utmost(METRICS["accuracy"], "minimize") == -math.inf
    assert utmost(METRICS["mae"], "maximize") == math.inf
    assert utmost(METRICS["skill"], "maximize") == math.inf
