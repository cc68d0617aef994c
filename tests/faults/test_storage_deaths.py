"""Sessions that die, stop or come too late: nothing lost, nothing doubled, nothing left running."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest

from tests.ledgers import (
    NAME,
    complete,
    die_at,
    elsewhere,
    join,
    make_study,
    open_first,
    race,
    report,
    run_all,
    spec_of,
    start,
    stop_in_trial,
    take,
    work,
)
from tuner.spec.values import ComponentSpec, IntParameter, Parameter, StartPoint
from tuner.storage import Ledger, open_database

TIMEOUT_S = 120

GRID: tuple[Parameter, ...] = (IntParameter("units", "units", 1, 30),)


def ended(process: BaseProcess) -> int | None:
    process.join(TIMEOUT_S)
    return process.exitcode


def assert_each_ended_once(ledger: Ledger, trials: int) -> None:
    """The budget is met exactly; what was told is what was recorded, and no lease is left."""
    found = ledger.trials(NAME)
    assert [trial.number for trial in found] == list(range(trials))
    assert {trial.state for trial in found} <= {"COMPLETE", "PRUNED", "FAIL"}
    with ledger.database.reading() as connection:
        counts = connection.exec_driver_sql(
            "SELECT COUNT(*), COUNT(DISTINCT number), SUM(CASE WHEN told THEN 1 ELSE 0 END)"
            " FROM tuner_results"
        ).one()
        assert tuple(counts) == (trials, trials, trials)
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM tuner_leases").scalar() == 0
    for trial in found:
        if trial.values is not None:
            assert trial.values[0] == trial.metrics["accuracy"], "told another result than was recorded"


POINTS = ["locked", "asked", "suggested", "leased", "recorded", "reason given", "told"]


@pytest.mark.parametrize("point", POINTS)
def test_a_death_between_two_writes_loses_and_doubles_nothing(storage_url: str, point: str) -> None:
    ledger = make_study(storage_url, spec_of(trials=3))
    assert ended(start(die_at, storage_url, point)) == -signal.SIGKILL
    run_all(join(ledger))
    assert_each_ended_once(ledger, 3)
    ledger.database.close()


def test_deaths_while_start_points_are_queued_lose_and_double_none(storage_url: str) -> None:
    points = tuple(StartPoint({"family": "dense", "rate": rate}) for rate in (1e-4, 1e-3, 1e-2))
    ledger = make_study(storage_url, spec_of(trials=8, start_with=points, repeats=2))
    for queued in range(1, 5):
        assert ended(start(die_at, storage_url, "queued")) == -signal.SIGKILL
        assert ledger.use_of_budget(NAME).waiting == queued
    assert ended(start(die_at, storage_url, "asked")) == -signal.SIGKILL
    run_all(join(ledger))
    assert_each_ended_once(ledger, 8)
    rates = [trial.params["rate"] for trial in ledger.trials(NAME)]
    assert rates[:6] == [1e-4, 1e-4, 1e-3, 1e-3, 1e-2, 1e-2]
    assert rates[6] not in rates[:6]
    ledger.database.close()


def test_a_death_in_a_takeover_leaves_the_trial_to_the_next(storage_url: str) -> None:
    ledger = make_study(storage_url, spec_of(trials=2, max_deaths=9))
    assert ended(start(die_at, storage_url, "leased")) == -signal.SIGKILL
    assert ended(start(die_at, storage_url, "taken over")) == -signal.SIGKILL
    session = join(ledger)
    assert take(session).deaths == 2
    session.finish_session()
    run_all(join(ledger))
    assert_each_ended_once(ledger, 2)
    ledger.database.close()


def test_a_trial_that_kills_every_session_fails_in_the_end(storage_url: str) -> None:
    ledger = make_study(storage_url, spec_of(trials=2, max_deaths=3))
    assert ended(start(die_at, storage_url, "leased")) == -signal.SIGKILL
    for _ in range(2):
        assert ended(start(die_at, storage_url, "taken over")) == -signal.SIGKILL
    session = join(ledger)
    assert take(session).number == 1
    assert "died 3 times" in ledger.trials(NAME)[0].reason
    deaths = [event.message for event in ledger.events(NAME) if event.kind == "death"]
    assert len(deaths) == 3
    assert "the session of process" in deaths[0]
    ledger.database.close()


def test_a_dead_session_frees_its_trial_at_once(storage_url: str) -> None:
    ledger = make_study(storage_url, spec_of())
    assert ended(start(die_at, storage_url, "leased")) == -signal.SIGKILL
    claim = take(join(ledger))  # asks once, long before the lease of the dead one has run out
    assert (claim.number, claim.deaths, claim.continued) == (0, 1, True)
    ledger.database.close()


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "repeats"), [("random", 3), ("grid", 2)])
def test_random_kills_of_six_sessions_keep_the_budget_exact(
    storage_url: str, sampler: str, repeats: int
) -> None:
    trials = 60
    space = GRID if sampler == "grid" else spec_of().space
    spec = spec_of(
        trials=trials, max_deaths=1000, sampler=ComponentSpec(sampler), space=space, repeats=repeats
    )
    ledger = make_study(storage_url, spec)
    draw, kills = random.Random(5), 0
    running = [start(work, storage_url, draw.getrandbits(30), 0.01) for _ in range(6)]
    deadline = time.monotonic() + TIMEOUT_S
    while running:
        assert time.monotonic() < deadline, "the sessions did not come to an end"
        for process in list(running):
            process.join(0.02)
            if process.exitcode is None:
                continue
            running.remove(process)
            if process.exitcode == -signal.SIGKILL:
                kills += 1
                running.append(start(work, storage_url, draw.getrandbits(30), 0.01 if kills < 25 else 0.0))
            else:
                assert process.exitcode == 0
    assert kills >= 3
    assert_each_ended_once(ledger, trials)
    points = Counter(tuple(trial.params.values()) for trial in ledger.trials(NAME))
    assert set(points.values()) == {repeats}
    ledger.database.close()


def test_a_stopped_session_loses_its_trial_and_can_do_no_harm(storage_url: str, tmp_path: Path) -> None:
    ledger = make_study(storage_url, spec_of(trials=1))
    stopped = start(stop_in_trial, storage_url, str(tmp_path / "result"))
    deadline = time.monotonic() + TIMEOUT_S
    while psutil.Process(stopped.pid).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    successor = join(ledger)
    while (claim := successor.claim()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (claim.number, claim.deaths) == (0, 1)
    assert stopped.pid is not None
    os.kill(stopped.pid, signal.SIGCONT)
    assert ended(stopped) == 0
    assert (tmp_path / "result").read_text() == "epoch False, lost True, outcome False"
    assert successor.record_epoch(claim.token, report(0))
    assert successor.record_outcome(claim.token, complete(0, 0.9), (0.9, 2.0))
    assert ledger.trials(NAME)[0].values == (0.9, 2.0)
    assert [event.kind for event in ledger.events(NAME)] == ["death", "late"]
    ledger.database.close()


def test_after_a_pause_of_everybody_a_live_trial_on_another_machine_stays_where_it_is(
    storage_url: str,
) -> None:
    ledger = make_study(storage_url, spec_of(trials=2))
    here = join(ledger, lease_s=1.0, owner=elsewhere("here"))
    there = join(ledger, lease_s=1.0, owner=elsewhere("there"))
    theirs, ours = take(there), take(here)
    time.sleep(1.5)
    assert here.claim() is None
    assert there.record_epoch(theirs.token, report(theirs.number))
    assert there.renew([theirs.token]) == set()
    assert here.renew([ours.token]) == set()
    assert [trial.deaths for trial in ledger.trials(NAME)] == [0, 0]
    ledger.database.close()


def test_a_machine_that_renews_no_more_loses_its_trial_to_one_that_watched(storage_url: str) -> None:
    ledger = make_study(storage_url, spec_of(trials=1))
    vanished = take(join(ledger, lease_s=1.0, owner=elsewhere("there")))
    sessions = [join(ledger, lease_s=1.0, owner=elsewhere(f"here {number}")) for number in range(2)]
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := [claim for session in sessions if (claim := session.claim())]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [(claim.number, claim.deaths) for claim in found] == [(vanished.number, 1)]
    ledger.database.close()


@pytest.mark.slow
def test_of_an_outcome_and_a_takeover_exactly_one_happens(storage_url: str) -> None:
    rounds = 25
    ledger = make_study(storage_url, spec_of(trials=rounds, max_deaths=1000))
    ledger.database.close()
    found = race(storage_url, rounds)
    assert len(found) == rounds
    assert all(kept != taken for kept, taken in found), found
    assert {kept for kept, _ in found} == {True, False}, "one side always won: no race was run"
    ledger = Ledger(open_database(storage_url, create=False))
    run_all(join(ledger))
    assert_each_ended_once(ledger, rounds)
    assert all(trial.values is not None for trial in ledger.trials(NAME))
    ledger.database.close()


def test_eight_first_starts_make_one_database_and_one_study(storage_url: str) -> None:
    processes = [start(open_first, storage_url) for _ in range(8)]
    assert [ended(process) for process in processes] == [0] * 8
    ledger = Ledger(open_database(storage_url, create=False))
    assert ledger.study_names() == [NAME]
    assert take(join(ledger)).number == 0
    ledger.database.close()


def test_a_recorded_result_is_told_by_whoever_comes_next(storage_url: str) -> None:
    ledger = make_study(storage_url, spec_of(trials=1))
    assert ended(start(die_at, storage_url, "recorded")) == -signal.SIGKILL
    assert ledger.trials(NAME)[0].state == "RUNNING"
    assert join(ledger).claim() is None
    told = ledger.trials(NAME)[0]
    assert (told.state, told.reason, told.deaths) == ("PRUNED", "not worth it", 0)
    ledger.database.close()
