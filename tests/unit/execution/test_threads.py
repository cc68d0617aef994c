"""A study keeps to the threads that it began with, and what cannot be kept to is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.ledgers import NAME, complete, make_study, spec_of, take
from tuner.execution.cores import Cores
from tuner.execution.placement import plan_places
from tuner.execution.share import Share, share_machine
from tuner.execution.threads import Threads, began_with, first_threads
from tuner.search import make_sampler
from tuner.spec.values import ExecutionSpec, Value
from tuner.storage import (
    Begun,
    Claim,
    Ledger,
    RunningStudy,
    SessionRecord,
    Surroundings,
    WorkerRecord,
    this_owner,
)
from tuner.training.gpus import Gpus, gpus_here
from tuner.trial import LIMIT, NEEDED

TWO, FOUR = Cores((0, 1)), Cores((0, 1, 2, 3))


def shared(
    workers: int | None = None,
    begun: int | None = None,
    cores: Cores = TWO,
    declared: int | None = None,
    gpus: int = 0,
) -> Share:
    execution = ExecutionSpec(workers=workers, threads=declared)
    return share_machine(execution, begun, None, cores=cores, gpus=Gpus(gpus))


def placed(share: Share) -> tuple[int, int]:
    """Return workers, and threads of each."""
    return len(share.places), share.places[0].threads


def test_a_new_study_has_a_worker_a_core_or_all_cores_for_one() -> None:
    assert placed(shared()) == (2, 1)
    assert placed(shared(workers=1)) == (1, 2)
    assert shared().remarks == shared(workers=1).remarks == ()


@pytest.mark.parametrize(("usable", "gpus"), [(0, set[int | None]([None])), (1, {0})])
def test_a_gpu_that_tensorflow_cannot_use_is_planned_without_and_said(
    usable: int, gpus: set[int | None]
) -> None:
    share = share_machine(ExecutionSpec(), None, 10**6, cores=TWO, gpus=gpus_here(1, lambda: usable))

    assert {place.gpu for place in share.places} == gpus
    assert (share.room.limit_bytes is None) is bool(usable), "the gate of memory is for processors"
    assert any("pip install 'tuner[gpu]'" in remark for remark in share.remarks) is not usable
    assert placed(share) == ((1, 2) if usable else (2, 1))


def test_fewer_workers_later_leave_cores_idle_and_it_is_said_why() -> None:
    share = shared(workers=1, begun=1)

    assert placed(share) == (1, 1)
    assert share.remarks == (
        "1 of 2 cores stays idle: a worker keeps to the 1 thread that the study began with, for seconds of"
        " more would not compare; --workers 2 uses more of them, --threads decides otherwise",
    )


def test_a_larger_machine_has_more_workers_of_the_same_threads() -> None:
    assert placed(shared(begun=1, cores=FOUR)) == (4, 1)
    assert placed(shared(begun=2, cores=FOUR)) == (2, 2)
    assert shared(begun=2, cores=FOUR).remarks == ()


def test_what_does_not_fit_the_threads_stays_idle() -> None:
    share = shared(begun=3, cores=FOUR)

    assert placed(share) == (1, 3)
    assert share.remarks == (
        "1 of 4 cores stays idle: a worker keeps to the 3 threads that the study began with, for seconds of"
        " more would not compare; --threads decides otherwise",
    )
    assert shared(begun=2, cores=Cores(tuple(range(5)))).remarks == (
        "1 of 5 cores stays idle: a worker keeps to the 2 threads that the study began with, for seconds of"
        " more would not compare; --threads decides otherwise",
    )


def test_workers_that_are_asked_for_are_given_fewer_threads_and_it_is_said() -> None:
    share = shared(workers=2, begun=2)

    assert placed(share) == (2, 1)
    assert share.remarks == (
        "the study began with 2 threads for each worker, and now each has 1: seconds of both stand on one"
        " axis and do not compare; --workers 1 keeps to it",
    )


def test_a_smaller_machine_cannot_keep_to_them_and_says_so() -> None:
    share = shared(begun=4)

    assert placed(share) == (1, 2)
    assert share.remarks == (
        "the study began with 4 threads for each worker, and now there is one worker with 2: seconds of both"
        " stand on one axis and do not compare",
    )


def test_a_person_decides_otherwise_and_is_told_what_it_means() -> None:
    share = shared(workers=1, begun=1, declared=2)

    assert placed(share) == (1, 2)
    assert share.remarks == (
        "the study began with 1 thread for each worker, and now there is one worker with 2: seconds of both"
        " stand on one axis and do not compare",
    )


def test_declared_threads_that_there_are_not_are_said_and_so_are_those_left_over() -> None:
    assert shared(declared=4).remarks == (
        "4 threads for each worker are declared, and there are 2: 1 worker on 2 cores",
    )
    assert shared(workers=1, declared=1).remarks == (
        "1 of 2 cores stays idle: 1 thread for each worker is declared",
    )
    assert placed(shared(declared=2, cores=FOUR)) == (2, 2)


def test_a_core_that_cannot_be_shared_out_evenly_stays_idle() -> None:
    share = shared(workers=2, cores=Cores((0, 1, 2)))

    assert placed(share) == (2, 1)
    assert share.remarks == ("1 of 3 cores stays idle: each of 2 workers has as many threads as the others",)


def test_threads_that_could_not_be_kept_to_are_no_reason_for_an_idle_core() -> None:
    five = Cores(tuple(range(5)))
    idle = "1 of 5 cores stays idle: each of 2 workers has as many threads as the others"

    assert shared(workers=2, begun=4, cores=five).remarks == (
        "the study began with 4 threads for each worker, and now each has 2: seconds of both stand on one"
        " axis and do not compare; --workers 1 keeps to it",
        idle,
    )
    assert shared(workers=2, declared=4, cores=five).remarks == (
        "4 threads for each worker are declared, and there are 2: 2 workers on 5 cores",
        idle,
    )


def test_a_quota_counts_as_so_many_cores() -> None:
    held = Cores(tuple(range(8)), 2.0)

    assert placed(shared(cores=held)) == (2, 1)
    assert placed(shared(workers=1, cores=held)) == (1, 2)
    assert placed(shared(workers=1, begun=1, cores=held)) == (1, 1)
    assert shared(workers=1, begun=1, cores=held).remarks == (
        "1 of 2 cores stays idle: a worker keeps to the 1 thread that the study began with, for seconds of"
        " more would not compare; --workers 2 uses more of them, --threads decides otherwise",
    )


def test_a_quota_and_the_threads_are_each_spoken_of_once() -> None:
    assert shared(begun=2, cores=Cores(tuple(range(8)), 5.0)).remarks == (
        "2 workers on 8 cores with a quota of 5: more would wait for each other; --workers decides otherwise",
        "1 of 5 cores stays idle: a worker keeps to the 2 threads that the study began with, for seconds of"
        " more would not compare; --threads decides otherwise",
    )
    assert shared(begun=4, cores=Cores((0, 1, 2), 2.0)).remarks == (
        "the study began with 4 threads for each worker, and now there is one worker with 2: seconds of both"
        " stand on one axis and do not compare",
    )


def test_on_gpus_threads_only_feed_and_are_not_held_on_to() -> None:
    assert placed(shared(begun=1, cores=FOUR, gpus=1)) == (1, 4)
    assert shared(begun=1, cores=FOUR, gpus=1).remarks == ()
    assert placed(shared(begun=1, declared=2, cores=FOUR, gpus=1)) == (1, 2)


def test_a_machine_without_work_is_not_spoken_of() -> None:
    assert share_machine(ExecutionSpec(workers=5), 1, None, idle=True, cores=TWO, gpus=Gpus(0)).remarks == ()


def test_a_session_keeps_its_threads_its_gpus_and_its_quota() -> None:
    assert shared(workers=1).facts == {"workers": 1, "threads": 2}
    assert shared(gpus=2).facts == {"workers": 2, "threads": 1, "gpus": 2}
    assert shared(cores=Cores((0, 1), 1.5)).facts == {"workers": 1, "threads": 1, "cpu_quota": 1.5}


def test_cores_that_are_shared_are_no_idle_ones() -> None:
    assert Threads(begun=1).remarks(plan_places(4, TWO, 1), TWO) == []


# -- what a study began with ---------------------------------------------------------------------


def at(minute: int) -> datetime:
    return datetime(2026, 1, 1, 0, minute, tzinfo=UTC)


def session(minute: int, *, is_alive: bool = False, **facts: Value) -> SessionRecord:
    ended_utc = None if is_alive else at(minute + 1)
    return SessionRecord(f"from {minute}", "", "host", at(minute), ended_utc, 1.0, facts, is_alive)


def worker(minute: int, device: str) -> WorkerRecord:
    return WorkerRecord(0, "host", "cpu", device, 0.1, {}, at(minute), f"from {minute}")


def begun(number: int, minute: int, *, is_held: bool = True, **facts: Value) -> Begun:
    """Return a trial that was taken in a minute, by the session that began in it."""
    return Begun(number, at(minute), f"from {minute}" if is_held else "", facts)


def test_the_first_trial_that_says_its_threads_decides() -> None:
    sessions = [session(1, threads=4)]

    assert first_threads([begun(0, 1, threads=2), begun(1, 1, threads=1)], sessions, []) == 2
    assert first_threads([begun(0, 1, device="CPU (core 3)"), begun(1, 1, threads=2)], sessions, []) == 1


def test_of_a_trial_that_does_not_say_its_session_tells() -> None:
    sessions = [session(1, threads=4), session(3, threads=2), session(5, threads=1)]

    assert first_threads([begun(0, 3), begun(1, 5, threads=1)], sessions, []) == 2


def test_of_a_trial_that_was_given_back_the_session_tells_that_had_it() -> None:
    sessions = [session(1, threads=4), session(3, threads=2), session(5, threads=1)]

    assert first_threads([begun(0, 3, is_held=False)], sessions, []) == 2
    assert first_threads([begun(0, 9, is_held=False)], sessions, []) is None


def test_a_session_that_was_killed_has_given_no_trial_back() -> None:
    killed = SessionRecord("from 1", "", "host", at(1), None, 1.0, {"threads": 4})
    sessions = [killed, session(3, threads=2)]

    assert first_threads([begun(0, 3, is_held=False)], sessions, []) == 2
    assert first_threads([begun(0, 1)], sessions, []) == 4, "it holds this one until another takes it over"


def test_a_session_that_only_timed_trials_has_given_none_back() -> None:
    timing = SessionRecord("timing", "", "host", at(1), at(9), 1.0)

    assert first_threads([begun(0, 3, is_held=False)], [timing, session(3, threads=2)], []) == 2


def test_of_a_session_that_did_not_say_its_workers_cores_tell() -> None:
    old = [worker(1, "CPU (2 cores)"), worker(3, "CPU (core 1)")]

    assert first_threads([begun(0, 1)], [session(1), session(3, threads=1)], old) == 2
    assert first_threads([begun(0, 3)], [session(1), session(3)], old) == 1
    assert first_threads([begun(0, 1)], [session(1, cpu_count=4)], [worker(1, "none")]) is None


def test_on_gpus_nothing_says_threads() -> None:
    on_gpu = begun(0, 1, device="GPU (NVIDIA A100)", threads=8)
    sessions = [session(1, threads=8, gpus=1), session(3, threads=1)]

    assert first_threads([on_gpu], sessions, []) is None
    assert first_threads([begun(0, 1), begun(1, 3)], sessions, []) == 1
    assert first_threads([on_gpu, begun(1, 3, threads=2)], sessions, []) == 2


def test_a_trial_that_did_not_fit_into_memory_was_trained_by_nobody() -> None:
    unfit = Begun(0, at(1), "from 1", {NEEDED: 2, LIMIT: 1})

    assert first_threads([unfit], [session(1, threads=2)], []) is None


def test_a_session_that_no_trial_names_decides_only_while_it_lives() -> None:
    dead, alive = session(1, threads=4), session(3, is_alive=True, threads=2)

    assert first_threads([], [dead], []) is None
    assert first_threads([], [dead, alive], []) == 2
    assert first_threads([begun(0, 5, threads=1)], [dead, alive], []) == 1


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    yield ledger
    ledger.database.close()


def at_work(ledger: Ledger, threads: int) -> RunningStudy:
    """Join as a session whose workers have so many threads."""
    spec = ledger.study(NAME).spec
    sampler = make_sampler(spec.sampler, spec.space, spec.seed, spec.repeats)
    here = Surroundings("", {"workers": 1, "threads": threads})
    return ledger.join(NAME, sampler, this_owner(), surroundings=here)


def end_on(running: RunningStudy, claim: Claim, device: str) -> None:
    assert running.record_outcome(claim.token, complete(claim.number, facts={"device": device}), (0.5, 2.0))


def test_a_session_that_began_no_trial_decides_nothing_once_it_has_ended(ledger: Ledger) -> None:
    stopped = at_work(ledger, threads=2)
    assert began_with(ledger, NAME) == 2, "it is at work, and may begin one"
    stopped.finish_session()
    assert began_with(ledger, NAME) is None

    second = at_work(ledger, threads=1)
    end_on(second, take(second), "CPU (core 0)")
    second.finish_session()
    assert began_with(ledger, NAME) == 1


def test_a_session_decides_by_trials_under_way_for_one_that_joins(ledger: Ledger) -> None:
    first = at_work(ledger, threads=2)
    claim = take(first)
    second = at_work(ledger, threads=1)
    end_on(second, take(second), "CPU (core 0)")

    assert began_with(ledger, NAME) == 2
    end_on(first, claim, "CPU (2 cores)")
    for running in (first, second):
        running.finish_session()
    assert began_with(ledger, NAME) == 2


def test_a_trial_that_was_given_back_holds_on_to_the_threads_it_was_begun_with(ledger: Ledger) -> None:
    stopped = at_work(ledger, threads=2)
    take(stopped)
    stopped.finish_session()

    assert began_with(ledger, NAME) == 2


def test_begun_trials_are_read_over_several_pages(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.storage.pages.PAGE", 2)
    running = at_work(ledger, threads=2)
    for _ in range(5):
        end_on(running, take(running), "GPU (NVIDIA A100)")
    running.finish_session()

    with ledger.snapshot(NAME) as seen:
        assert [trial.number for trial in seen.begun()] == [0, 1, 2, 3, 4]
    assert began_with(ledger, NAME) is None
