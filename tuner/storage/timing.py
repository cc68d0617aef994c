"""A session that times finished trials again: alone, so it begins only while nobody else works here.

It is a row among the sessions, so that whoever begins beside it is told, and no study is deleted under
it. It uses nothing of a study's budget and tells Optuna nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from tuner.errors import InputError
from tuner.storage.additions import write_timing
from tuner.storage.engine import Database
from tuner.storage.leases import Holder, is_over, term_of
from tuner.storage.owners import Owner
from tuner.storage.records import LiveSession, TimingRecord
from tuner.storage.tables import sessions, studies
from tuner.storage.telling import write_event
from tuner.storage.writing import as_json

__all__ = ["TimingSession", "read_live_sessions"]

_FACTS = {"purpose": "timing"}


def read_live_sessions(connection: sa.Connection, me: Owner, now: float) -> list[LiveSession]:
    """Return the sessions of all studies that are at work, in the order in which they began."""
    query = (
        sa.select(sessions, studies.c.name)
        .join_from(sessions, studies, studies.c.study_id == sessions.c.study_id)
        .where(sessions.c.ended_at.is_(None))
        .order_by(sessions.c.started_at)
    )
    found = []
    for row in connection.execute(query):
        term = term_of(row)
        if term.owner is not None and not is_over(term, me, now):
            found.append(LiveSession(row.name, term.owner.host, term.owner.pid, term.owner.shares_clock(me)))
    return found


class TimingSession:
    """A session that times trials again. Made by ``Ledger.begin_timing``; :meth:`finish` ends it.

    Args:
        database: Where.
        name: The study's name.
        holder: This session.

    Raises:
        InputError: While another session works on the study, or on another study on this machine.
    """

    def __init__(self, database: Database, name: str, holder: Holder) -> None:
        self._database = database
        self._holder = holder
        self.host = holder.owner.host
        with database.study_lock("timing"), database.writing() as connection:
            now = database.now(connection)
            _refuse(name, read_live_sessions(connection, holder.owner, now))
            connection.execute(
                sa.insert(sessions).values(
                    study_id=holder.study_id,
                    started_at=now,
                    used_s=0.0,
                    ended_at=None,
                    facts=as_json(_FACTS),
                    **self._terms(now),
                )
            )

    def renew(self) -> None:
        """Put off the end of this session; due every 5 s."""
        self._update(self._terms)

    def finish(self) -> None:
        """End the session."""
        self._update(lambda now: {"ended_at": now})

    def record(self, record: TimingRecord) -> None:
        """Keep a timing beside those taken before."""

        def write() -> None:
            with self._database.writing() as connection:
                write_timing(connection, self._holder.study_id, record, self._database.now(connection))

        self._database.persist(write)

    def record_event(self, number: int, message: str) -> None:
        """Write down why a trial could not be timed."""

        def write() -> None:
            with self._database.writing() as connection:
                now = self._database.now(connection)
                write_event(connection, self._holder.study_id, number, now, "timing", message)

        self._database.persist(write)

    def _terms(self, now: float) -> dict[str, str | float]:
        return {name: value for name, value in self._holder.terms(now).items() if name != "token"}

    def _update(self, columns: Callable[[float], dict[str, str | float]]) -> None:
        def update() -> None:
            with self._database.writing() as connection:
                now = self._database.now(connection)
                mine = sessions.c.session_id == self._holder.session_id
                connection.execute(sa.update(sessions).where(mine).values(**columns(now)))

        self._database.persist(update)


def _refuse(name: str, others: Sequence[LiveSession]) -> None:
    for other in others:
        if other.study == name or other.here:
            raise InputError(
                f"study '{other.study}' is being worked on by process {other.pid} on {other.host},"
                " and trials are timed alone",
                "wait for its end or stop it (Ctrl-C), then time again",
            )
