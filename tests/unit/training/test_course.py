from __future__ import annotations

import pytest

from tuner.spec.values import Value
from tuner.training.course import Course, Rules


def course(**given: object) -> Course:
    rules = {
        "epochs": 10,
        "patience": 0,
        "monitor": "loss",
        "plateau_patience": 0,
        "learning_rate": 0.1,
        **given,
    }
    return Course(Rules(**rules))  # type: ignore[arg-type]  # a test's shorthand


def after(start: Course, *values: float) -> Course:
    """Run epochs whose monitored metric has these values."""
    for epoch, value in enumerate(values):
        start = start.with_epoch({start.rules.monitor: value, "training_time_s": epoch + 1.0})
    return start


def test_the_epoch_of_least_loss_is_kept_with_its_time() -> None:
    ended = after(course(), 0.7, 0.5, 0.6)

    assert ended.best_epoch == 1
    assert ended.best_metrics == {"loss": 0.5, "training_time_s": 2.0}
    assert not ended.has_improved
    assert ended.next_epoch == 3


def test_the_epoch_of_most_accuracy_is_kept_when_that_is_monitored() -> None:
    assert after(course(monitor="accuracy"), 0.7, 0.5, 0.9).best_epoch == 2


def test_of_equal_epochs_the_first_is_kept() -> None:
    assert after(course(), 0.5, 0.5).best_epoch == 0


def test_a_course_without_epochs_has_nothing_to_keep() -> None:
    assert course().best_metrics == {}
    assert not course().is_over
    assert not course(patience=1).stopped_early


def test_is_over_after_the_declared_epochs() -> None:
    assert not after(course(epochs=3), 3, 2).is_over
    assert after(course(epochs=3), 3, 2, 1).is_over


@pytest.mark.parametrize(("patience", "stops"), [(1, True), (2, True), (3, False), (0, False)])
def test_stops_early_when_patience_has_run_out(patience: int, stops: bool) -> None:
    ended = after(course(patience=patience), 0.5, 0.6, 0.7)

    assert ended.stopped_early is stops
    assert ended.is_over is stops


def test_a_better_epoch_restores_patience() -> None:
    assert not after(course(patience=2), 0.5, 0.6, 0.4, 0.6).stopped_early


def test_a_plateau_halves_the_learning_rate_again_and_again() -> None:
    rates = []
    running = course(plateau_patience=2)
    for value in (0.5, 0.6, 0.6, 0.6, 0.6, 0.4, 0.5):
        running = after(running, value)
        rates.append(running.learning_rate)

    assert rates == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025]


def test_the_learning_rate_has_a_floor() -> None:
    assert after(course(plateau_patience=1), *[1.0] * 60).learning_rate == 1e-7


def test_a_learning_rate_below_the_floor_is_never_raised() -> None:
    assert after(course(plateau_patience=1, learning_rate=1e-8), *[1.0] * 9).learning_rate == 1e-8


def test_rules_are_read_from_settings() -> None:
    params: dict[str, Value] = {
        "epochs": 4,
        "patience": 2,
        "monitor": "loss",
        "plateau_patience": 1,
        "learning_rate": 0.5,
        "units": 3,
    }

    assert Rules.of(params) == Rules(4, 2, "loss", 1, 0.5)
