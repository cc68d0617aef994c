"""The contract between the coordinator and whatever keeps workers alive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.execution.messages import Down, Up

__all__ = ["Died", "Executor", "Heard"]


@dataclass(frozen=True)
class Died:
    """A worker's process has ended without being asked to.

    Attributes:
        reason: In words, e.g. ``killed by SIGKILL``.
    """

    reason: str


@dataclass(frozen=True)
class Heard:
    """One thing heard from worker ``worker`` (its place, from 0)."""

    worker: int
    message: Up | Died


class Executor(Protocol):
    """Keeps a fixed number of workers alive and carries messages, in order, to and from each.

    * A place is numbered from 0 and always has a worker that is starting, ready or busy; whoever dies
      is reported once by :class:`Died` and replaced by the executor itself.
    * After :class:`~tuner.execution.messages.Ready` a worker takes one request at a time.
    * Nothing here knows what a trial is; nothing outside knows where a worker runs.
    """

    @property
    def places(self) -> Sequence[str]:
        """What each place is, in words, e.g. ``core 1``."""

    def start(self) -> None:
        """Start all workers; returns at once, before they are ready."""

    def send(self, worker: int, message: Down) -> None:
        """Hand a message to a worker. One that is gone swallows it; its :class:`Died` follows."""

    def hear(self, timeout_s: float) -> list[Heard]:
        """Return what has arrived, waiting at most ``timeout_s`` for the first."""

    def replace(self, worker: int) -> None:
        """End a worker now, without a :class:`Died`, and start a fresh one in its place."""

    def stop(self, grace_s: float) -> None:
        """Ask all workers to end, and kill those that have not after ``grace_s``."""
