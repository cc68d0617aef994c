"""Stored trials as points: each where it ended, called by its end."""

from __future__ import annotations

import math

from tuner.analysis.points import axes_of, epoch_points, has_place, kind_of, points, rivals_of
from tuner.spec.values import Objective
from tuner.storage.records import BaselineRecord, TrialRecord
from tuner.trial import EpochReport

ACCURACY, TIME = Objective("accuracy", "maximize"), Objective("training_time_s", "minimize")
OBJECTIVES = (ACCURACY, TIME)

FINISHED = TrialRecord(
    2,
    "COMPLETE",
    params={"units": 64, "family": "lstm"},
    values=(0.8, 5.0),
    metrics={"training_time_s": 5.0, "accuracy": 0.8},
)
PRUNED = TrialRecord(1, "PRUNED", metrics={"accuracy": 0.6, "training_time_s": 2.0}, reason="beaten")
FAILED = TrialRecord(0, "FAIL", reason="loss is NaN")
TRIALS = [FINISHED, PRUNED, FAILED]


def test_two_objectives_are_the_axes_and_joined() -> None:
    axes = axes_of(OBJECTIVES)
    assert (axes.x, axes.y, axes.joined) == (TIME, ACCURACY, True)


def test_one_objective_is_shown_over_time_and_not_joined() -> None:
    axes = axes_of((ACCURACY,))
    assert (axes.x, axes.y, axes.joined) == (TIME, ACCURACY, False)


def test_three_objectives_have_no_line_on_two_axes() -> None:
    assert not axes_of((*OBJECTIVES, Objective("parameters", "minimize"))).joined


def test_a_trial_is_called_by_its_end() -> None:
    assert kind_of(FINISHED, {2}) == "front"
    assert kind_of(FINISHED, set()) == "finished"
    assert kind_of(PRUNED, set()) == "pruned"
    assert kind_of(FAILED, set()) == "failed"
    assert kind_of(TrialRecord(9, "RUNNING"), set()) == "running"


def test_every_trial_has_a_point_where_it_ended() -> None:
    failed, pruned, finished = points(TRIALS, [FINISHED], axes_of(OBJECTIVES))

    assert (pruned.number, pruned.kind, pruned.x, pruned.y) == (1, "pruned", 2.0, 0.6)
    assert (finished.number, finished.kind, finished.x, finished.y) == (2, "front", 5.0, 0.8)
    assert (finished.params, pruned.reason) == ({"units": 64, "family": "lstm"}, "beaten")
    assert (failed.number, failed.kind, has_place(failed)) == (0, "failed", False)
    assert has_place(pruned)


def test_a_model_without_a_network_has_a_place_where_it_has_both_metrics() -> None:
    both = {"accuracy": 0.8, "training_time_s": 1.0}
    baselines = [
        BaselineRecord("good", both),
        BaselineRecord("no time", {"accuracy": 0.9}),
        BaselineRecord("bad", {**both, "accuracy": 0.6}),
        BaselineRecord("not a number", {**both, "accuracy": math.nan}),
    ]

    found = rivals_of(baselines, axes_of(OBJECTIVES))

    assert [(each.name, each.x, each.y) for each in found] == [("bad", 1.0, 0.6), ("good", 1.0, 0.8)]


def test_a_curve_has_a_point_an_epoch_of_its_trials_kind() -> None:
    reports = {
        2: [_epoch(2, 0, 0.7, 2.5), _epoch(2, 1, 0.8, 5.0)],
        1: [_epoch(1, 0, 0.6, 2.0)],
        99: [_epoch(99, 0, 0.6, 2.0)],
    }

    found = epoch_points(reports, TRIALS, [FINISHED], axes_of(OBJECTIVES))

    assert [(each.number, each.kind, each.epoch, each.x, each.y) for each in found] == [
        (1, "pruned", 0, 2.0, 0.6),
        (2, "front", 0, 2.5, 0.7),
        (2, "front", 1, 5.0, 0.8),
    ]


def _epoch(number: int, epoch: int, accuracy: float, time_s: float) -> EpochReport:
    metrics = {"accuracy": accuracy, "training_time_s": time_s}
    return EpochReport(number, epoch, metrics, epoch, metrics)
