"""What a worker does before it loads anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
