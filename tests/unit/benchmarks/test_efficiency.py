"""Every worker-second of a session is found in one of its shares."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from benchmarks.efficiency import Timeline, middle_of, result, shares_of


def timeline() -> Timeline:
    found = Timeline(began_s=0.0, ready_s={0: 5.0, 1: 6.0})
    for worker, number, placed_s, ended_s in ((0, 0, 5.0, 15.0), (1, 1, 7.0, 20.0), (0, 2, 16.0, 30.0)):
        found.place(worker, placed_s)
        found.end(worker, number, ended_s)
    return found


COSTS = {
    0: {"train_s": 7.0, "validate_s": 1.0, "compile_s": 1.0},
    1: {"train_s": 10.0, "validate_s": 2.0, "compile_s": 0.5},
    2: {"train_s": 12.0, "validate_s": 1.0, "compile_s": 0.5},
}


def test_start_up_idle_ends_and_gaps_are_told_apart() -> None:
    shares = shares_of(timeline(), COSTS)

    assert shares.start_up_s == 11.0
    assert shares.all_s == 25.0 + 24.0
    assert shares.in_trials_s == 10.0 + 13.0 + 14.0
    assert shares.between_s == 1.0 + 1.0
    assert shares.idle_s == 10.0
    assert shares.in_trials_s + shares.between_s + shares.idle_s == shares.all_s


def test_what_is_not_keras_within_a_trial_is_around_it() -> None:
    shares = shares_of(timeline(), COSTS)

    assert shares.around_s == pytest.approx(37.0 - 29.0 - 4.0 - 2.0)


def test_the_share_inside_keras_is_of_all_worker_seconds() -> None:
    study = shares_of(timeline(), COSTS)

    document = result(study, [(study, 49.0)], {"trials": 3}, {})

    assert document["inside_keras"] == pytest.approx(33.0 / 49.0)
    assert document["inside_keras_while_busy"] == pytest.approx(33.0 / 39.0)
    assert document["tuner"] == {**asdict(study), "around_s": pytest.approx(study.around_s)}


def test_the_bare_loop_is_held_against_all_that_ran_beside_it() -> None:
    mine = shares_of(timeline(), COSTS)

    document = result(mine, [(mine, 40.0), (mine, 45.0)], {"trials": 3}, {})

    assert document["bare_to_tuner"] == pytest.approx(85.0 / 98.0)
    assert document["bare_to_tuner_halves"] == pytest.approx([40.0 / 49.0, 45.0 / 49.0])
    assert document["beside"]["tuner"]["all_s"] == 98.0
    assert document["beside"]["bare_s"] == 85.0


@pytest.mark.parametrize(("shares", "shown"), [([0.9], 0.9), ([0.9, 0.8], 0.8), ([0.95, 0.8, 0.9], 0.9)])
def test_the_middle_of_several_runs_is_shown_and_all_of_them_told(shares: list[float], shown: float) -> None:
    runs = [
        {"inside_keras": share, "inside_keras_while_busy": 0.97, "bare_to_tuner": 1.0, "goal": 0.95}
        for share in shares
    ]

    document = middle_of(runs)

    assert (document["inside_keras"], document["goal"]) == (shown, 0.95)
    assert [run["inside_keras"] for run in document["runs"]] == shares
