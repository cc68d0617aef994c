"""Leases: who may run a trial, and when that ends. Rows in, decisions out; the caller holds the transaction.

A lease has a token. Whoever writes shows it, and a token that is no longer the lease's is refused:
so a session that was taken for dead and was not can do no harm. Nor does an outage of the database, in which
nobody could renew, cost it its trial: who takes over has watched the lease stand still (:class:`Sightings`).
"""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tuner.storage.owners import Owner, life_of
from tuner.storage.tables import leases, optuna_trials, results

__all__ = [
    "LEASE_S",
    "Holder",
    "Lease",
    "Sightings",
    "Term",
    "drop",
    "give_all_back",
    "give_back",
    "holds",
    "is_over",
    "owner_text",
    "read_leases",
    "renew",
    "take",
    "take_over",
    "term_of",
]

LEASE_S = 30.0
"""How long a lease lasts: six renewals of 5 s, so that one slow disk does not end it."""

_TIMES = ("expires_at", "renewed_monotonic_s", "lease_s")


@dataclass(frozen=True)
class Term:
    """How long a promise of life lasts: of a lease, or of a session.

    Attributes:
        owner: Who gave it, or None when it was given back.
        expires_at: By the database's clock.
        renewed_monotonic_s: By the monotonic clock of the owner's host.
        lease_s: How long it lasts from its renewal.
    """

    owner: Owner | None
    expires_at: float
    renewed_monotonic_s: float
    lease_s: float


@dataclass(frozen=True)
class Holder:
    """A session, as it takes leases.

    Attributes:
        study_id: Key of its study.
        session_id: Its own key.
        owner: Its process.
        lease_s: How long it lets a lease last without renewal.
    """

    study_id: int
    session_id: str
    owner: Owner
    lease_s: float = LEASE_S

    @classmethod
    def new(cls, study_id: int, owner: Owner, lease_s: float = LEASE_S) -> Holder:
        """Return a session that is just beginning."""
        return cls(study_id, uuid.uuid4().hex, owner, lease_s)

    def terms(self, now: float) -> dict[str, str | float]:
        """Return the columns of a lease that is taken now."""
        return {
            "token": uuid.uuid4().hex,
            "session_id": self.session_id,
            "owner": owner_text(self.owner),
            "expires_at": now + self.lease_s,
            "renewed_monotonic_s": time.monotonic(),
            "lease_s": self.lease_s,
        }


@dataclass(frozen=True)
class Lease:
    """A row of leases.

    Attributes:
        number: The trial.
        token: Of its holder, or None when it was given back.
        session_id: Of its holder's session, or None.
        deaths: How often the trial died so far.
        term: How long it holds.
        state: The trial's state in Optuna's tables.
    """

    number: int
    token: str | None
    session_id: str | None
    deaths: int
    term: Term
    state: str


def owner_text(owner: Owner) -> str:
    """Write an owner as it is kept."""
    return json.dumps(dataclasses.asdict(owner))


def term_of(row: Any) -> Term:
    """Read the term of a row of leases or sessions."""
    owner = None if row.owner is None else Owner(**json.loads(row.owner))
    return Term(owner, row.expires_at, row.renewed_monotonic_s, row.lease_s)


def is_over(term: Term, me: Owner, now: float) -> bool:
    """Tell whether a promise of life has ended.

    On the same host the process itself is looked at: it is over at once when the process is gone, and not
    over while it runs, whatever a clock that was set says. One that is halted, or in another
    container, is judged by the host's monotonic clock, which cannot be set. On another host the database's
    clock decides.

    Args:
        term: The promise.
        me: This process.
        now: By the database's clock.
    """
    certain = _is_certainly_over(term, me)
    if certain is not None:
        return certain
    if term.owner is not None and term.owner.shares_clock(me):
        return time.monotonic() > term.renewed_monotonic_s + term.lease_s
    return now > term.expires_at


def _is_certainly_over(term: Term, me: Owner) -> bool | None:
    """Tell whether a promise has ended, as far as that can be looked at from here; None where it cannot."""
    if term.owner is None:
        return True
    life = life_of(term.owner, me)
    return life == "gone" if life in ("gone", "running") else None


@dataclass
class Sightings:
    """What one session has itself seen of others' leases: the ground on which it takes a trial over.

    That a lease has run out says nothing after an outage of the database, in which nobody could renew. So
    where the owner cannot be looked at, its lease is over only once this session has seen it stand still for
    all of its length, while the database was there to renew it in. No clock that can be set has a say.

    Attributes:
        me: This process.
        clock: Seconds on a clock that never steps.
    """

    me: Owner
    clock: Callable[[], float] = time.monotonic
    _since: dict[int, tuple[Lease, float]] = field(default_factory=dict)
    _reached_s: float = 0.0

    def reached(self) -> None:
        """Note that the database has just answered.

        After half a lease or more without an answer all leases of that length are watched anew, so that an
        owner has the other half at least for renewing.
        """
        now_s = self.clock()
        gap_s, self._reached_s = now_s - self._reached_s, now_s
        self._since = {
            number: (lease, since_s)
            for number, (lease, since_s) in self._since.items()
            if gap_s < lease.term.lease_s / 2
        }

    def is_over(self, lease: Lease) -> bool:
        """Tell whether a lease that was read just before the last :meth:`reached` has ended."""
        certain = _is_certainly_over(lease.term, self.me)
        if certain is not None:
            return certain
        seen, since_s = self._since.get(lease.number, (None, 0.0))
        if seen != lease:
            since_s = self._reached_s
            self._since[lease.number] = (lease, since_s)
        return self._reached_s - since_s >= lease.term.lease_s


def read_leases(connection: sa.Connection, study_id: int) -> list[Lease]:
    """Return the leases of trials without a result, by number."""
    query = (
        sa.select(leases, optuna_trials.c.state)
        .join_from(
            leases,
            optuna_trials,
            sa.and_(optuna_trials.c.study_id == leases.c.study_id, optuna_trials.c.number == leases.c.number),
        )
        .where(leases.c.study_id == study_id, ~_has_result())
        .order_by(leases.c.number)
    )
    return [
        Lease(row.number, row.token, row.session_id, row.deaths, term_of(row), row.state)
        for row in connection.execute(query)
    ]


def _has_result() -> sa.Exists:
    return sa.exists().where(results.c.study_id == leases.c.study_id, results.c.number == leases.c.number)


def _of(study_id: int, number: int) -> sa.ColumnElement[bool]:
    return sa.and_(leases.c.study_id == study_id, leases.c.number == number)


def take(connection: sa.Connection, holder: Holder, number: int, now: float) -> str:
    """Write the first lease of a trial; return its token."""
    terms = holder.terms(now)
    row = {"study_id": holder.study_id, "number": number, "taken_at": now, "deaths": 0}
    connection.execute(sa.insert(leases).values(**row, **terms))
    return str(terms["token"])


def take_over(connection: sa.Connection, holder: Holder, lease: Lease, deaths: int, now: float) -> str | None:
    """Take a lease that is over; return the new token, or None if its holder was quicker.

    The row is locked before the result is looked for, in the same order as :func:`holds` and the writing
    of a result, so that of a result and a takeover exactly one happens.
    """
    query = (
        sa.select(leases.c.token, leases.c.renewed_monotonic_s)
        .where(_of(holder.study_id, lease.number))
        .with_for_update()
    )
    row = connection.execute(query).one_or_none()
    if row is None or tuple(row) != (lease.token, lease.term.renewed_monotonic_s):
        return None
    if _is_recorded(connection, holder.study_id, lease.number):
        return None
    terms = holder.terms(now)
    connection.execute(
        sa.update(leases)
        .where(_of(holder.study_id, lease.number))
        .values(taken_at=now, deaths=deaths, **terms)
    )
    return str(terms["token"])


def _is_recorded(connection: sa.Connection, study_id: int, number: int) -> bool:
    query = sa.select(results.c.number).where(results.c.study_id == study_id, results.c.number == number)
    return connection.scalar(query) is not None


def holds(connection: sa.Connection, study_id: int, token: str) -> Lease | None:
    """Lock and return the lease that ``token`` holds, or None if it holds none any more."""
    query = sa.select(leases).where(leases.c.study_id == study_id, leases.c.token == token).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None or _is_recorded(connection, study_id, row.number):
        return None
    return Lease(row.number, row.token, row.session_id, row.deaths, term_of(row), "RUNNING")


def renew(connection: sa.Connection, holder: Holder, tokens: Collection[str], now: float) -> set[str]:
    """Put off the end of leases; return those tokens that hold none any more."""
    mine = sa.and_(leases.c.study_id == holder.study_id, leases.c.token.in_(tokens))
    later = {name: value for name, value in holder.terms(now).items() if name in _TIMES}
    connection.execute(sa.update(leases).where(mine).values(**later))
    return set(tokens) - set(connection.scalars(sa.select(leases.c.token).where(mine)))


def give_back(connection: sa.Connection, study_id: int, token: str, died: bool) -> int | None:
    """End a lease and let anybody take the trial at once.

    Args:
        connection: In a writing transaction.
        study_id: Of the study.
        token: Of the lease.
        died: Whether the trial's worker died of it, which counts.

    Returns:
        The trial's number, or None if the token holds no lease any more.
    """
    lease = holds(connection, study_id, token)
    if lease is None:
        return None
    nobody = {"token": None, "session_id": None, "owner": None, "deaths": lease.deaths + died}
    connection.execute(sa.update(leases).where(_of(study_id, lease.number)).values(**nobody))
    return lease.number


def give_all_back(connection: sa.Connection, holder: Holder) -> None:
    """End every lease of a session."""
    nobody = {"token": None, "session_id": None, "owner": None}
    mine = sa.and_(leases.c.study_id == holder.study_id, leases.c.session_id == holder.session_id)
    connection.execute(sa.update(leases).where(mine).values(**nobody))


def drop(connection: sa.Connection, study_id: int, number: int) -> None:
    """Remove the lease of a trial that has ended."""
    connection.execute(sa.delete(leases).where(_of(study_id, number)))
