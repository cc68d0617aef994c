"""Stored trials as tables whose columns stay as they are."""

from __future__ import annotations

import math

from tuner.analysis.tables import axes_of, curves, flat, frame, kind_of, laid_out, points
from tuner.spec.values import Objective
from tuner.storage.records import TrialRecord
from tuner.trial import EpochReport

ACCURACY, TIME = Objective("accuracy", "maximize"), Objective("training_time_s", "minimize")
OBJECTIVES = (ACCURACY, TIME)

FINISHED = TrialRecord(
    2,
    "COMPLETE",
    params={"units": 64, "family": "lstm"},
    values=(0.8, 5.0),
    metrics={"training_time_s": 5.0, "accuracy": 0.8},
    test_metrics={"test_accuracy": 0.79},
    seconds=9.0,
)
PRUNED = TrialRecord(
    1,
    "PRUNED",
    params={"family": "gru"},
    metrics={"accuracy": 0.6, "training_time_s": 2.0},
    seconds=3.0,
    reason="beaten",
)
FAILED = TrialRecord(0, "FAIL", params={"family": "gru"}, reason="loss is NaN")
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


def test_every_trial_has_a_row_and_its_last_point() -> None:
    table = points(TRIALS, [FINISHED], axes_of(OBJECTIVES))

    assert list(table.columns) == ["number", "kind", "x", "y", "label", "params", "reason"]
    assert table["number"].tolist() == [0, 1, 2]
    assert table["kind"].tolist() == ["failed", "pruned", "front"]
    assert table["x"].tolist()[1:] == [2.0, 5.0]
    assert table["y"].tolist()[1:] == [0.6, 0.8]
    assert math.isnan(table["x"][0])


def test_no_trials_give_an_empty_table_with_its_columns() -> None:
    table = points([], [], axes_of(OBJECTIVES))
    assert len(table) == 0
    assert table["x"].dtype == "float64"


def test_a_row_tells_its_groups_apart_by_prefix() -> None:
    assert flat(FINISHED, OBJECTIVES) == {
        "number": 2,
        "state": "COMPLETE",
        "values.accuracy": 0.8,
        "values.training_time_s": 5.0,
        "metrics.accuracy": 0.8,
        "metrics.training_time_s": 5.0,
        "test.accuracy": 0.79,
        "params.units": 64,
        "params.family": "lstm",
        "seconds": 9.0,
        "reason": "",
        "rule": None,
    }


def test_a_parameter_named_like_a_metric_has_a_column_of_its_own() -> None:
    row = flat(TrialRecord(0, "FAIL", params={"accuracy": 3}, metrics={"accuracy": 0.5}), OBJECTIVES)
    assert (row["params.accuracy"], row["metrics.accuracy"]) == (3, 0.5)


def test_a_table_has_every_column_and_holes_where_a_trial_has_none() -> None:
    headings, rows = laid_out(TRIALS, OBJECTIVES)

    assert headings == [
        "number", "state", "values.accuracy", "values.training_time_s", "metrics.accuracy",
        "metrics.training_time_s", "test.accuracy", "params.units", "params.family", "seconds", "reason",
        "rule",
    ]  # fmt: skip
    assert rows[1] == [1, "PRUNED", None, None, 0.6, 2.0, None, None, "gru", 3.0, "beaten", None]


def test_no_trials_have_the_columns_that_are_always_there() -> None:
    headings, rows = laid_out([], OBJECTIVES)
    assert (headings[:2], headings[-3:], rows) == (["number", "state"], ["seconds", "reason", "rule"], [])


def test_the_frame_has_the_same_columns() -> None:
    table = frame(TRIALS, OBJECTIVES)
    assert list(table.columns) == laid_out(TRIALS, OBJECTIVES)[0]
    assert len(table) == 3


def test_a_curve_has_a_row_an_epoch_and_its_trials_kind() -> None:
    reports = {
        2: [_epoch(2, 0, 0.7, 2.5), _epoch(2, 1, 0.8, 5.0)],
        1: [_epoch(1, 0, 0.6, 2.0)],
        99: [_epoch(99, 0, 0.6, 2.0)],
    }

    table = curves(reports, TRIALS, [FINISHED], axes_of(OBJECTIVES))

    assert table["number"].tolist() == [1, 2, 2]
    assert table["kind"].tolist() == ["pruned", "front", "front"]
    assert table["x"].tolist() == [2.0, 2.5, 5.0]
    assert table["epoch"].tolist() == [0, 0, 1]


def _epoch(number: int, epoch: int, accuracy: float, time_s: float) -> EpochReport:
    metrics = {"accuracy": accuracy, "training_time_s": time_s}
    return EpochReport(number, epoch, metrics, epoch, metrics)
