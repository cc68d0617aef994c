"""What a worker does before it loads anything, and what it says while it measures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from tuner.errors import NoSpaceError, StorageRefusedError
from tuner.execution.messages import Evaluated, Progress
from tuner.execution.worker import PROGRESS_EVERY_S, _evaluate, _Line
from tuner.training import evaluate
from tuner.trial import TrialRequest

SIGNALLED = """
import os, signal
from tuner.execution.worker import leave_signals_to_the_coordinator
leave_signals_to_the_coordinator()
os.kill(os.getpid(), signal.{name})
print("goes on")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_to_all_processes_is_not_the_end_of_a_worker(name: str) -> None:
    code = SIGNALLED.format(name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "goes on\n")


def test_a_worker_that_measures_the_test_split_says_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as one that trains does, however many batches there are."""
    now_s = 100.0

    def measured(_request: TrialRequest, _model_path: str, alive: Callable[[], None]) -> evaluate.Tested:
        nonlocal now_s
        for _ in range(8):
            now_s += PROGRESS_EVERY_S / 2
            alive()
        return evaluate.Tested({"test_accuracy": 0.5}, ())

    monkeypatch.setattr(evaluate, "evaluate_test", measured)
    monkeypatch.setattr("tuner.execution.worker.time", SimpleNamespace(monotonic=lambda: now_s))
    said: list[Progress] = []
    line = cast("_Line", SimpleNamespace(send=said.append))
    request = TrialRequest("s", 3, {}, 1, "binary", "/d", "/c", "/t")

    evaluated = _evaluate(line, request, "model.keras")

    assert evaluated == Evaluated(3, {"test_accuracy": 0.5})
    assert [(each.number, each.steps) for each in said] == [(3, 0)] * 4


@pytest.mark.parametrize("error", [NoSpaceError, StorageRefusedError])
def test_a_disk_that_hinders_measuring_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, error: type[NoSpaceError | StorageRefusedError]
) -> None:
    def refused(*_of: object) -> evaluate.Tested:
        raise error("/c: cannot be written")

    monkeypatch.setattr(evaluate, "evaluate_test", refused)
    request = TrialRequest("s", 3, {}, 1, "binary", "/d", "/c", "/t")

    evaluated = _evaluate(cast("_Line", SimpleNamespace()), request, "model.keras")

    assert evaluated == Evaluated(3, {}, "/c: cannot be written", session_ends_in=error.exit_code)
