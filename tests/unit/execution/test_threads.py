"""A study keeps to the threads that it began with, and what cannot be kept to is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.ledgers import NAME, finish, join, make_study, spec_of, take
from tuner.execution.cores import Cores
from tuner.execution.messages import Ready
from tuner.execution.placement import plan_places
from tuner.execution.share import Share, share_machine
from tuner.execution.threads import Threads, began_with, first_threads
from tuner.spec.values import ExecutionSpec, Value
from tuner.storage import Ledger, SessionRecord, Surroundings, WorkerRecord

TWO, FOUR = Cores((0, 1)), Cores((0, 1, 2, 3))


def shared(
    workers: int | None = None,
    begun: int | None = None,
    cores: Cores = TWO,
    declared: int | None = None,
    gpus: int = 0,
) -> Share:
    execution = ExecutionSpec(workers=workers, threads=declared)
    return share_machine(execution, begun, None, cores=cores, gpus=gpus)


def placed(share: Share) -> tuple[int, int]:
    """Return workers, and threads of each."""
    return len(share.places), share.places[0].threads


def test_a_new_study_has_a_worker_a_core_or_all_cores_for_one() -> None:
    assert placed(shared()) == (2, 1)
    assert placed(shared(workers=1)) == (1, 2)
    assert shared().remarks == shared(workers=1).remarks == ()


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


def test_what_does_not_fit_the_threads_stays_idle() -> None:
    share = shared(begun=3, cores=FOUR)

    assert placed(share) == (1, 3)
    assert "1 of 4 cores stays idle" in share.remarks[-1]
    assert "--workers" not in share.remarks[-1]


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
    assert share.remarks[-1] == (
        "the study began with 4 threads for each worker, and now there is one worker with 2: seconds of both"
        " stand on one axis and do not compare"
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


def test_a_quota_counts_as_so_many_cores() -> None:
    held = Cores(tuple(range(8)), 2.0)

    assert placed(shared(cores=held)) == (2, 1)
    assert placed(shared(workers=1, cores=held)) == (1, 2)
    assert placed(shared(workers=1, begun=1, cores=held)) == (1, 1)
    assert "1 of 2 cores stays idle" in shared(workers=1, begun=1, cores=held).remarks[0]


def test_on_gpus_threads_only_feed_and_are_not_held_on_to() -> None:
    assert placed(shared(begun=1, cores=FOUR, gpus=1)) == (1, 4)
    assert shared(begun=1, cores=FOUR, gpus=1).remarks == ()
    assert placed(shared(begun=1, declared=2, cores=FOUR, gpus=1)) == (1, 2)


def test_a_machine_without_work_is_not_spoken_of() -> None:
    assert share_machine(ExecutionSpec(workers=5), 1, None, idle=True, cores=TWO, gpus=0).remarks == ()


def test_a_session_keeps_its_threads_its_gpus_and_its_quota() -> None:
    assert shared(workers=1).facts == {"workers": 1, "threads": 2}
    assert shared(gpus=2).facts == {"workers": 2, "threads": 1, "gpus": 2}
    assert shared(cores=Cores((0, 1), 1.5)).facts == {"workers": 1, "threads": 1, "cpu_quota": 1.5}


def test_cores_that_are_shared_are_no_idle_ones() -> None:
    assert Threads(begun=1).remarks(plan_places(4, TWO, 1), TWO) == []


# -- what a study began with ---------------------------------------------------------------------


def at(minute: int) -> datetime:
    return datetime(2026, 1, 1, 0, minute, tzinfo=UTC)


def session(minute: int, **facts: Value) -> SessionRecord:
    return SessionRecord(str(minute), "", "host", at(minute), None, 1.0, facts)


def worker(minute: int, device: str) -> WorkerRecord:
    return WorkerRecord(0, "host", "cpu", device, 0.1, {}, at(minute))


def test_the_first_session_on_processors_decides() -> None:
    assert first_threads([session(1, threads=2), session(2, threads=1)], []) == 2
    assert first_threads([session(1, threads=8, gpus=1), session(2, threads=1)], []) == 1
    assert first_threads([session(1), session(2, cpu_count=4)], []) is None


def test_of_a_session_that_did_not_say_its_workers_cores_tell() -> None:
    old = [worker(2, "CPU (2 cores)"), worker(3, "CPU (core 1)")]

    assert first_threads([session(1), session(4, threads=1)], old) == 2
    assert first_threads([session(1, threads=1)], old) == 1
    assert first_threads([], [worker(1, "GPU (NVIDIA A100)"), worker(2, "CPU (core 1)")]) == 1
    assert first_threads([], [worker(1, "none")]) is None


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of())
    yield ledger
    ledger.database.close()


def test_a_session_that_began_no_trial_decides_nothing(ledger: Ledger) -> None:
    running = join(ledger)
    running.record_worker(0, Ready(1, "CPU (2 cores)", 1.0, 0.1))
    assert began_with(ledger, NAME) == 2, "it is at work, and may begin one"
    running.finish_session()
    assert began_with(ledger, NAME) is None

    again = join(ledger)
    finish(again, take(again))
    again.finish_session()
    assert began_with(ledger, NAME) == 2


def test_what_a_session_says_of_its_threads_is_kept(ledger: Ledger) -> None:
    from tuner.search import make_sampler
    from tuner.storage import this_owner

    spec = replace(ledger.study(NAME).spec)
    sampler = make_sampler(spec.sampler, spec.space, spec.seed, spec.repeats)
    running = ledger.join(NAME, sampler, this_owner(), surroundings=Surroundings("", shared(workers=1).facts))

    assert began_with(ledger, NAME) == 2
    running.finish_session()
