"""How many threads each worker of a study has: as many as the study began with, for seconds of unlike ones
stand on one axis and do not compare.

Pure decisions over what earlier sessions left and what the machine has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.execution.cores import Cores
from tuner.execution.placement import Place
from tuner.trial import LIMIT, THREADS, threads_of
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.storage import Begun, Ledger, SessionRecord, WorkerRecord

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
                f" {counted(count, 'worker')} on {cores.in_words}"
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
            return (
                f"{said}: {counted(each, 'thread')} for each worker {'is' if each == 1 else 'are'} declared"
            )
        more = f"--workers {usable // each} uses more of them, " if usable // each > count else ""
        return (
            f"{said}: a worker keeps to the {counted(each, 'thread')} that the study began with, for seconds"
            f" of more would not compare; {more}--threads decides otherwise"
        )


def began_with(ledger: Ledger, name: str) -> int | None:
    """Return how many threads each worker had when a study began; None where nothing tells.

    Args:
        ledger: Of an open database.
        name: An existing study.
    """
    sessions, workers = ledger.sessions(name), ledger.workers(name)
    with ledger.snapshot(name) as seen:
        return first_threads(seen.begun(), sessions, workers)


def first_threads(
    trials: Iterable[Begun], sessions: Sequence[SessionRecord], workers: Sequence[WorkerRecord]
) -> int | None:
    """Return the threads of the first trial on processors, or those of the first session at work.

    A trial says them when it has ended; before that its session does. A session that no trial names decides
    while it lives, for it may begin one; once it has ended, its threads are in nobody's seconds.

    Args:
        trials: That were begun, by number; no more are read than are needed.
        sessions: In the order in which they began.
        workers: Of these sessions; they tell of one of an earlier version, which did not say it itself.
    """
    told = {session.session_id: _of_session(session, workers) for session in sessions}
    saying = [session for session in sessions if told[session.session_id] is not None]
    for trial in trials:
        if LIMIT in trial.facts:
            continue  # it did not fit into memory, so nobody trained it
        device = str(trial.facts.get("device", ""))
        if device.startswith("GPU"):
            continue
        threads = trial.facts.get(THREADS) or threads_of(device)
        if threads is None:
            threads = told.get(trial.session_id or _holder(trial, saying))
        if isinstance(threads, int):
            return threads
    return next((told[session.session_id] for session in saying if session.is_alive), None)


def _of_session(session: SessionRecord, workers: Sequence[WorkerRecord]) -> int | None:
    """Return the threads of a session's workers; None on GPUs, and where nothing tells."""
    said = session.facts.get(THREADS)
    if isinstance(said, int):
        return None if "gpus" in session.facts else said
    own = (threads_of(worker.device) for worker in workers if worker.session_id == session.session_id)
    return next((threads for threads in own if threads is not None), None)


def _holder(trial: Begun, sessions: Sequence[SessionRecord]) -> str:
    """Return the session at work, the first of several, when a trial was taken that was given back since.

    One that was killed is none of them: it gave nothing back, and nobody knows when it ended.
    """
    for session in sessions:
        ended_utc = session.ended_utc
        is_open = session.is_alive if ended_utc is None else trial.at_utc <= ended_utc
        if session.started_utc <= trial.at_utc and is_open:
            return session.session_id
    return ""
