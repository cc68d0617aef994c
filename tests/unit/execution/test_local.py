"""Worker processes: real ones, which start in a moment because they train nothing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tuner.errors import StorageRefusedError, TunerError
from tuner.execution.executor import Died, Heard
from tuner.execution.local import LocalExecutor
from tuner.execution.messages import Ready
from tuner.execution.placement import Place
from tuner.trial import Ending, TrialOutcome, TrialRequest

COMMAND = [sys.executable, str(Path(__file__).with_name("small_worker.py"))]


def request(number: int, behaviour: str) -> TrialRequest:
    return TrialRequest("s", number, {"behaviour": behaviour}, 0, "binary", "", "", "")


def hear(executor: LocalExecutor, count: int) -> list[Heard]:
    heard: list[Heard] = []
    deadline = time.monotonic() + 30
    while len(heard) < count and time.monotonic() < deadline:
        heard += executor.hear(0.2)
    return heard


def pid_of(heard: Heard) -> int:
    assert isinstance(heard.message, Ready)
    return heard.message.pid


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LocalExecutor]:
    executor = LocalExecutor([Place(0, (0,))], tmp_path / "logs", COMMAND)
    executor.start()
    yield executor
    executor.stop(grace_s=5)


def test_a_worker_answers_and_its_prints_go_to_its_log(executor: LocalExecutor) -> None:
    (ready,) = hear(executor, 1)
    executor.send(0, request(7, "complete"))

    assert hear(executor, 1) == [Heard(0, TrialOutcome(7, Ending.COMPLETE))]
    executor.stop(grace_s=5)
    assert "a library prints this" in executor.log_path(0).read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(pid_of(ready), 0)


def test_a_worker_is_told_its_threads_and_whether_it_shares_its_device(tmp_path: Path) -> None:
    executor = LocalExecutor([Place(0, (0, 1)), Place(1, (0,), is_shared=True)], tmp_path, COMMAND)
    executor.start()
    told = {heard.worker: psutil.Process(pid_of(heard)).cmdline() for heard in hear(executor, 2)}
    executor.stop(grace_s=5)

    assert "--threads=2" in told[0]
    assert ["--shared" in told[worker] for worker in (0, 1)] == [False, True]


def test_a_log_that_cannot_be_written_is_refused_storage_and_no_bug(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "logs" / "worker-0.log").mkdir(parents=True)
    for log_dir in (tmp_path / "file" / "logs", tmp_path / "logs"):
        with pytest.raises(StorageRefusedError, match=r"logs.*: cannot be written: "):
            LocalExecutor([Place(0, (0,))], log_dir, COMMAND).start()


def test_a_dead_worker_is_told_once_and_replaced(executor: LocalExecutor) -> None:
    (first,) = hear(executor, 1)
    executor.send(0, request(1, "die"))

    died, again = hear(executor, 2)

    assert died == Heard(0, Died("killed by SIGKILL (out of memory?)"))
    assert pid_of(again) != pid_of(first)
    executor.send(0, request(2, "complete"))
    assert hear(executor, 1) == [Heard(0, TrialOutcome(2, Ending.COMPLETE))]


def test_a_line_that_is_no_message_harms_nothing(executor: LocalExecutor) -> None:
    hear(executor, 1)
    executor.send(0, request(1, "noise"))

    assert hear(executor, 1) == [Heard(0, TrialOutcome(1, Ending.COMPLETE))]


def test_a_replaced_worker_is_not_reported_as_dead(executor: LocalExecutor) -> None:
    (first,) = hear(executor, 1)
    executor.send(0, request(1, "hang"))
    executor.replace(0)

    (again,) = hear(executor, 1)

    assert pid_of(again) != pid_of(first)


def test_a_hanging_worker_is_killed_when_the_grace_is_over(executor: LocalExecutor) -> None:
    (ready,) = hear(executor, 1)
    executor.send(0, request(1, "hang"))
    executor.stop(grace_s=0.2)

    with pytest.raises(ProcessLookupError):
        os.kill(pid_of(ready), 0)


def test_workers_that_never_start_end_the_run_with_the_log_named(tmp_path: Path) -> None:
    executor = LocalExecutor([Place(0, (0,))], tmp_path, [*COMMAND, "--fail-to-start"])
    executor.start()

    with pytest.raises(
        TunerError, match=r"cannot be started: ended with exit code 3, 3 times.*worker-0\.log"
    ):
        hear(executor, 99)
    executor.stop(grace_s=0)
