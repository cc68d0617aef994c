"""Stored trials as tables whose columns stay as they are."""

from __future__ import annotations

from tuner.analysis.tables import flat, frame, laid_out
from tuner.spec.values import Objective
from tuner.storage.records import TrialRecord

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))

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
