"""Predicting a trial's seconds: what is learned, from whom, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.search.seconds import MIN_TRIALS, SecondsModel, TimedTrial
from tuner.spec.values import Params, Value


def law(settings: Params, noise: float = 0.0) -> float:
    """Seconds as they are: overheads aside, a product."""
    seconds = 0.02 * float(settings["units"]) ** 1.5 * float(settings["epochs"])
    return float(seconds * (2.0 if settings.get("bidirectional") else 1.0) * np.exp(noise))


def drawn(count: int, seed: int = 0, noise: float = 0.1) -> list[TimedTrial]:
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        settings: dict[str, Value] = {
            "family": "lstm",
            "units": int(draw.integers(8, 128)),
            "epochs": 4,
            "bidirectional": bool(draw.integers(2)),
            "dropout": float(draw.uniform(0.0, 0.5)),
            "learning_rate": float(10 ** draw.uniform(-4, -2)),
        }
        found.append(TimedTrial(settings, law(settings, draw.normal(0, noise)), 4, True))
    return found


def model_of(trials: list[TimedTrial]) -> SecondsModel:
    model = SecondsModel.fit(trials)
    assert model is not None
    return model


def test_unseen_trials_are_told_apart_after_a_dozen() -> None:
    model, unseen = model_of(drawn(12)), drawn(200, seed=1)
    errors = [abs(np.log(model.expected_s(trial.settings) / trial.seconds)) for trial in unseen]
    guesses = [abs(np.log(20.0 / trial.seconds)) for trial in unseen]
    assert np.median(errors) < 0.3 < np.median(guesses)


def test_most_trials_end_within_the_upper_seconds() -> None:
    shares = []
    for seed in range(20):
        model = model_of(drawn(15, seed=seed, noise=0.3))
        unseen = drawn(50, seed=100 + seed, noise=0.3)
        shares.append(np.mean([trial.seconds <= model.upper_s(trial.settings) for trial in unseen]))
    assert 0.75 < np.mean(shares) < 0.95


def test_with_few_trials_nothing_is_predicted() -> None:
    assert SecondsModel.fit(drawn(MIN_TRIALS - 1)) is None
    assert SecondsModel.fit([]) is None


def test_where_none_has_completed_nothing_is_predicted() -> None:
    pruned = [TimedTrial(trial.settings, 1.0, 1, False) for trial in drawn(10)]
    assert SecondsModel.fit(pruned) is None


def test_a_pruned_trial_counts_with_the_epochs_that_it_would_have_run() -> None:
    whole = drawn(20, noise=0.0)
    half = [
        TimedTrial(t.settings, t.seconds / 2, 2, False) if index % 2 else t for index, t in enumerate(whole)
    ]
    for trial in drawn(5, seed=3):
        expected = model_of(whole).expected_s(trial.settings)
        assert model_of(half).expected_s(trial.settings) == pytest.approx(expected)


def test_trials_alike_give_their_mean() -> None:
    alike = [TimedTrial({"family": "lstm", "units": 8}, seconds, 1, True) for seconds in (1.0, 4.0) * 4]
    assert model_of(alike).expected_s({"family": "lstm", "units": 8}) == pytest.approx(2.0)


def test_settings_that_only_some_trials_have_are_no_obstacle() -> None:
    recurrent = drawn(8)
    dense = [TimedTrial({"family": "dense", "dense_units": 2**n}, 1.0, 4, True) for n in range(8)]
    model = model_of(recurrent + dense)
    assert model.expected_s({"family": "dense", "dense_units": 16}) < model.expected_s(recurrent[0].settings)
    assert np.isfinite(model.upper_s({"family": "never seen", "units": 10**9, "new": True}))


def test_a_setting_may_be_zero() -> None:
    trials = [
        TimedTrial({**trial.settings, "dense_units": index % 3 * 8}, trial.seconds, 4, True)
        for index, trial in enumerate(drawn(12))
    ]
    assert model_of(trials).expected_s(trials[0].settings) > 0.0
