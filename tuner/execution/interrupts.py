"""Counts the signals that ask a study to stop; the coordinator reads the count between two steps."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

__all__ = ["Interrupts"]


class Interrupts:
    """While entered, SIGINT and SIGTERM are counted in place of ending the process.

    Attributes:
        count: Signals heard so far. One asks for an orderly stop, two for one at once.
        exit_code: 130 when the first was SIGINT, 143 when it was SIGTERM; 0 before any.
    """

    def __init__(self) -> None:
        self.count = 0
        self.exit_code = 0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.exit_code = self.exit_code or 128 + number
