"""How many threads each worker of a study has: as many as the study began with, for seconds of unlike ones
stand on one axis and do not compare.

Pure decisions over what earlier sessions left and what the machine has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.execution.cores import Cores
from tuner.execution.placement import Place, counted
from tuner.trial import threads_of

if TYPE_CHECKING:
    from tuner.storage import Ledger, SessionRecord, WorkerRecord

__all__ = ["Threads", "began_with", "first_threads"]


@dataclass(frozen=True)
class Threads:
    """The threads that a worker is to have.

    Attributes:
        declared: What a person decided, or None.
        begun: What the study was begun with, or None where that is not known, as of a new one.
    """

    declared: int | None = None
    begun: int | None = None

    def wanted(self, on_gpu: bool) -> int | None:
        """Return what is asked of each worker; None for an even share of the cores.

        On a GPU the cores only feed it: what the study had of them elsewhere is not held on to.
        """
        return self.declared if self.declared or on_gpu else self.begun

    def remarks(self, places: Sequence[Place], cores: Cores) -> list[str]:
        """Say where workers have other threads than they should, and which cores stay idle, and why.

        Args:
            places: As they were given to the workers.
            cores: Of this process.
        """
        if any(place.gpu is not None for place in places):
            return []
        count, each = len(places), places[0].threads
        told = []
        if self.declared and each < self.declared:
            told.append(
                f"{counted(self.declared, 'thread')} for each worker are declared, and there are {each}:"
                f" {count} worker{'s' * (count > 1)} on {cores.in_words}"
            )
        if self.begun and each != self.begun:
            told.append(self._other(count, each, cores))
        idle = cores.usable - count * each
        if idle > 0:
            told.append(self._idle(idle, count, each, cores.usable))
        return told

    def _other(self, count: int, each: int, cores: Cores) -> str:
        said = (
            f"the study began with {counted(self.begun or 0, 'thread')} for each worker, and now"
            f" {'each has' if count > 1 else 'there is one worker with'} {each}"
        )
        fitting = cores.usable // (self.begun or 1)
        advice = "" if self.declared or not 0 < fitting < count else f"; --workers {fitting} keeps to it"
        return f"{said}: seconds of both stand on one axis and do not compare{advice}"

    def _idle(self, idle: int, count: int, each: int, usable: int) -> str:
        said = f"{idle} of {usable} cores stay{'s' * (idle == 1)} idle"
        if each != (self.declared or self.begun):
            return f"{said}: each of {count} workers has as many threads as the others"
        if self.declared:
            return f"{said}: {counted(each, 'thread')} for each worker {'is' if each == 1 else 'are'} declared"
        more = f"--workers {usable // each} uses more of them, " if usable // each > count else ""
        return (
            f"{said}: a worker keeps to the {counted(each, 'thread')} that the study began with, for seconds of more"
            f" would not compare; {more}--threads decides otherwise"
        )


def began_with(ledger: Ledger, name: str) -> int | None:
    """Return how many threads each worker had when a study began; None where no trial has been begun.

    Args:
        ledger: Of an open database.
        name: An existing study.
    """
    if not ledger.use_of_budget(name).begun and not ledger.study(name).sessions_alive:
        return None
    return first_threads(ledger.sessions(name), ledger.workers(name))


def first_threads(sessions: Sequence[SessionRecord], workers: Sequence[WorkerRecord]) -> int | None:
    """Return the threads of the first session on processors, or of the first worker on one.

    A session says how many its workers have; one of an earlier version did not, but its workers named their
    cores.

    Args:
        sessions, workers: Of one study.
    """
    told = [
        (session.started_utc, threads)
        for session in sessions
        if isinstance(threads := session.facts.get("threads"), int) and "gpus" not in session.facts
    ]
    told += [
        (worker.started_utc, threads)
        for worker in workers
        if (threads := threads_of(worker.device)) is not None
    ]
    return min(told)[1] if told else None
