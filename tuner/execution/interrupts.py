"""Counts the signals that ask a study to stop; the coordinator reads the count between two steps."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

__all__ = ["ASK_TO_END", "HANG_UP", "Interrupts"]

HANG_UP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""A terminal that closed, or a connection that was lost; None where there is no such signal."""

ASK_TO_END = tuple(each for each in (signal.SIGINT, signal.SIGTERM, HANG_UP) if each is not None)


class Interrupts:
    """While entered, SIGINT, SIGTERM and SIGHUP are counted in place of ending the process.

    SIGHUP is left alone where it is ignored already: that is what ``nohup`` asks for. It never counts as a
    second signal, for the shell and the system each send one when a terminal closes. Nor does the first
    SIGTERM after it, with which a login manager ends what it has left of a session.

    Attributes:
        count: Signals heard so far. One asks for an orderly stop, two for one at once.
        exit_code: 130 when the first was SIGINT, 143 for SIGTERM, 129 for SIGHUP; 0 before any.
    """

    def __init__(self) -> None:
        self.count = 0
        self.exit_code = 0
        self._heard_before: set[int] = set()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interrupts:
        for number in ASK_TO_END:
            if number != HANG_UP or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        first_to_end = number == signal.SIGTERM and signal.SIGTERM not in self._heard_before
        of_the_same = number == HANG_UP or (first_to_end and HANG_UP in self._heard_before)
        if not self.count or not of_the_same:
            self.count += 1
        self._heard_before.add(number)
        self.exit_code = self.exit_code or 128 + number
