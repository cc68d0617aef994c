"""Rules of the values that the ledger hands out and keeps."""

from __future__ import annotations

import json
import math

import pytest

from tuner.spec.values import Objective
from tuner.storage.records import BudgetUse
from tuner.storage.telling import checked
from tuner.storage.writing import as_json, as_text
from tuner.trial import Ending, TrialOutcome

OBJECTIVES = (Objective("accuracy", "maximize"),)


def use(**given: float | None) -> BudgetUse:
    plain: dict[str, float | None] = {
        "trials": 10, "time_limit_s": None, "used_s": 0.0, "complete": 0, "pruned": 0, "failed": 0,
        "running": 0, "waiting": 0, "failures_in_a_row": 0,
    }  # fmt: skip
    return BudgetUse(**{**plain, **given})  # type: ignore[arg-type]


def test_several_sessions_use_up_together_what_is_left_of_a_time_limit() -> None:
    assert use(time_limit_s=600.0, used_s=200.0).left_s == 400.0
    assert use(time_limit_s=600.0, used_s=200.0, sessions=4).left_s == 100.0
    assert use(used_s=200.0).left_s == math.inf


def test_begun_trials_count_whatever_became_of_them() -> None:
    found = use(complete=4, pruned=3, failed=2, running=1, waiting=5)
    assert (found.finished, found.begun) == (9, 10)
    assert not found.may_begin
    assert not found.is_used_up


@pytest.mark.parametrize(
    ("given", "may_begin"),
    [
        (use(complete=9), True),
        (use(complete=10), False),
        (use(trials=None, complete=99), True),
        (use(time_limit_s=60.0, used_s=59.9), True),
        (use(time_limit_s=60.0, used_s=60.0), False),
        (use(trials=0), False),
    ],
)
def test_both_limits_must_have_room(given: BudgetUse, may_begin: bool) -> None:
    assert given.may_begin is may_begin
    assert given.is_used_up is not may_begin


def test_a_pruned_trial_has_no_values() -> None:
    pruned = TrialOutcome(0, Ending.PRUNED, reason="hopeless")
    assert checked(pruned, (0.5,), OBJECTIVES) == (pruned, None)


def test_a_complete_trial_with_a_nan_has_failed() -> None:
    outcome, values = checked(TrialOutcome(0, Ending.COMPLETE, {"accuracy": 0.5}), (math.nan,), OBJECTIVES)
    assert (outcome.ending, values) == (Ending.FAILED, None)
    assert outcome.metrics == {"accuracy": 0.5}


def test_text_is_kept_as_both_databases_can_keep_it() -> None:
    assert as_text("a\x00b \ud800 ü 😀") == "a\ufffdb ? ü 😀"
    assert len(as_text("x" * 1_000_000)) <= 100_000


def test_numbers_that_are_none_survive_as_json() -> None:
    found = json.loads(as_json({"a": math.inf, "b": math.nan, "c": 0.1}))
    assert found["a"] == math.inf
    assert math.isnan(found["b"])
    assert found["c"] == 0.1
