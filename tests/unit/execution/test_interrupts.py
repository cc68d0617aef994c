"""Signals are counted while a study runs, and only then."""

from __future__ import annotations

import os
import signal

import pytest

from tuner.execution.interrupts import Interrupts


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_are_counted_and_the_first_gives_the_exit_code(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGTERM)

    assert interrupts.count == 2
    assert interrupts.exit_code == code
    assert signal.getsignal(number) is before
