"""What a watcher knows is folded from events: who does what, what ended, what is left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tuner.cli.watched import LAST_ENDED, Watched, expected_left_s, fold
from tuner.execution.events import (
    BudgetLeft,
    EpochEnded,
    Event,
    FrontChanged,
    Notice,
    StudyOpened,
    TrialEnded,
    TrialPlaced,
    TrialProgress,
    WorkerLost,
    WorkerReady,
)
from tuner.spec.values import Objective
from tuner.trial import EpochReport

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
OPENED = StudyOpened("reviews", "studies/tuner.db", OBJECTIVES, 2, 4, 0, False)


def report(number: int, epoch: int, accuracy: float) -> EpochReport:
    metrics = {"accuracy": accuracy, "training_time_s": 2.0 * (epoch + 1)}
    return EpochReport(number, epoch, metrics, epoch, metrics)


def seen(events: Sequence[Event]) -> Watched:
    """Fold events that happen one a second, from second 0."""
    known = Watched()
    for second, event in enumerate(events):
        known = fold(known, event, float(second))
    return known


def test_workers_start_when_the_study_opens() -> None:
    known = seen([OPENED, WorkerReady(1, "CPU (core 1)", 4.0)])

    assert known.workers[0].note == "is starting"
    assert known.workers[1].device == "CPU (core 1)"
    assert known.workers[1].note == "waits for a trial"


def test_a_worker_is_where_its_trial_is() -> None:
    known = seen(
        [
            OPENED,
            TrialPlaced(0, 7, {"units": 64}, False),
            TrialProgress(0, 7, 0, 30, 125),
            EpochEnded(0, report(7, 0, 0.7)),
            TrialProgress(0, 7, 1, 5, 125),
        ]
    )

    worker = known.workers[0]
    assert (worker.number, worker.epoch, worker.step, worker.steps) == (7, 1, 5, 125)
    assert worker.metrics["accuracy"] == 0.7
    assert worker.since_s == 1.0


def test_an_ended_trial_frees_its_worker_and_keeps_where_it_stood() -> None:
    known = seen(
        [
            OPENED,
            TrialPlaced(0, 7, {}, False),
            EpochEnded(0, report(7, 0, 0.5)),
            TrialEnded(0, 7, "PRUNED", None, "below the floor", 3.0),
        ]
    )

    assert known.workers[0].number is None
    assert known.ended[-1].metrics["accuracy"] == 0.5
    assert known.counts == {"PRUNED": 1}


def test_a_released_trial_has_not_ended() -> None:
    known = seen([OPENED, TrialPlaced(0, 7, {}, False), TrialEnded(0, 7, "RELEASED", None, "stopped", 3.0)])

    assert known.ended == ()
    assert known.ended_here == 0
    assert known.workers[0].number is None


def test_a_lost_worker_stays_lost_when_its_trial_is_given_back() -> None:
    known = seen(
        [
            OPENED,
            TrialPlaced(0, 7, {}, False),
            WorkerLost(0, "killed by SIGKILL"),
            TrialEnded(0, 7, "RELEASED", None, "its worker was killed", 3.0),
        ]
    )

    assert known.workers[0].note == "was lost (killed by SIGKILL) and starts anew"


def test_only_the_last_ended_trials_stay_in_sight() -> None:
    known = seen([OPENED, *(TrialEnded(0, number, "FAIL", None, "NaN", 1.0) for number in range(20))])

    assert [ended.event.number for ended in known.ended] == list(range(20 - LAST_ENDED, 20))
    assert known.ended_here == 20


def test_the_count_of_ended_trials_is_right_before_the_ledger_tells_it() -> None:
    events: list[Event] = [OPENED, BudgetLeft(3, 10, 0.0, None), TrialEnded(0, 7, "FAIL", None, "NaN", 1.0)]

    before = seen(events)
    after = seen([*events, BudgetLeft(4, 10, 5.0, None)])

    assert before.budget is not None
    assert after.budget is not None
    assert before.budget.trials_finished == after.budget.trials_finished == 4


def test_the_front_is_the_latest_and_a_notice_changes_nothing() -> None:
    before = seen([OPENED, FrontChanged(((1, (0.7, 3.0)),))])

    assert before.front == ((1, (0.7, 3.0)),)
    assert fold(before, Notice("stopping"), 9.0) == before


def test_the_expected_end_is_trials_left_at_the_pace_of_this_session() -> None:
    ended: list[Event] = [TrialEnded(0, n, "COMPLETE", (0.8, 1.0), "", 1.0) for n in range(2)]
    known = seen([OPENED, BudgetLeft(4, 10, 0.0, None), *ended])

    assert expected_left_s(known, 20.0) == pytest.approx(20.0 / 2 * 4)


def test_the_time_limit_caps_the_expected_end() -> None:
    known = seen([OPENED, BudgetLeft(0, 1000, 50.0, 60.0), TrialEnded(0, 0, "FAIL", None, "", 1.0)])

    assert expected_left_s(known, 4.0) == pytest.approx(60.0 - 50.0 - (4.0 - 1.0))
    assert expected_left_s(known, 400.0) == 0.0


def test_nothing_is_expected_before_anything_is_known() -> None:
    assert expected_left_s(Watched(), 5.0) is None
    assert expected_left_s(seen([OPENED, BudgetLeft(0, 10, 0.0, None)]), 5.0) is None
    assert expected_left_s(seen([OPENED, BudgetLeft(0, None, 0.0, None)]), 5.0) is None
