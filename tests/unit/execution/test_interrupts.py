"""Signals are counted while a study runs, and only then."""

from __future__ import annotations

import os
import signal

import pytest

from tuner.execution.interrupts import Interrupts


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_are_counted_and_the_first_gives_the_exit_code(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGINT)

    assert interrupts.count == 2
    assert interrupts.exit_code == code
    assert signal.getsignal(number) is before


def test_a_terminal_that_closes_asks_once_however_many_signals_come_of_it() -> None:
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert (interrupts.count, interrupts.exit_code) == (1, 129)
        os.kill(os.getpid(), signal.SIGINT)

    assert (interrupts.count, interrupts.exit_code) == (2, 129)


def test_what_ends_a_session_after_its_terminal_is_no_second_signal_but_whoever_asks_again_is() -> None:
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert (interrupts.count, interrupts.exit_code) == (1, 129)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.count == 2


def test_a_second_sigterm_counts_although_the_terminal_closed_in_between() -> None:
    with Interrupts() as interrupts:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)

    assert (interrupts.count, interrupts.exit_code) == (2, 143)


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
        assert interrupts.count == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
