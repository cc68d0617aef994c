"""Trials read page by page: however many there are, no more of them are in memory than their reader keeps.

Pages follow each other by Optuna's ``trial_id``. That is the order of the numbers too, for Optuna counts a
trial's number as how many of its study have a lower id; and the id has an index, the number has none.
Every function takes a connection that sees one state throughout (``Database.snapshot``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from heapq import merge
from typing import Any, cast

import sqlalchemy as sa

from tuner.decision import Decision
from tuner.search.space import params_of, settings_of
from tuner.spec.values import StudySpec, Value
from tuner.storage.reading import (
    PAGE,
    among,
    confusion_of,
    from_seconds,
    in_pages,
    stored_params,
    stored_values,
)
from tuner.storage.records import Begun, TrialRecord, TrialStateName, Which
from tuner.storage.tables import epochs, leases, optuna_trials, results
from tuner.trial import LIMIT, WAYS

__all__ = ["count_unfit", "read_begun", "read_pages", "read_these", "read_ways"]

_BRIEF = ("number", "metrics", "test_metrics", "reason", "facts", "decision")
"""Columns of a result that lists show; confusion matrices and tracebacks may be large."""


_WAYS = ("device", WAYS)
"""Facts by which seconds are compared."""


def read_pages(
    connection: sa.Connection, study_id: int, spec: StudySpec, which: Which
) -> Iterator[list[TrialRecord]]:
    """Yield a study's trials by number, at most :data:`~tuner.storage.reading.PAGE` at once.

    Args:
        connection: Sees one state of the database until the last page.
        study_id: The study's key.
        spec: Its declaration.
        which: Of its trials.
    """
    wanted = _wanted(study_id, which)
    query = sa.select(optuna_trials).where(*wanted).order_by(optuna_trials.c.trial_id)
    after, left = _before_last(connection, wanted, which.last), which.limit
    while left is None or left > 0:
        most = PAGE if left is None else min(PAGE, left)
        rows = connection.execute(query.where(optuna_trials.c.trial_id > after).limit(most)).all()
        if not rows:
            return
        yield _records(connection, study_id, spec, rows, which.is_brief)
        after = rows[-1].trial_id
        left = None if left is None else left - len(rows)


def read_these(
    connection: sa.Connection, study_id: int, spec: StudySpec, numbers: Collection[int]
) -> list[TrialRecord]:
    """Return the trials of these numbers, by number."""
    found: list[TrialRecord] = []
    for page in in_pages(sorted(numbers)):
        mine = (optuna_trials.c.study_id == study_id, optuna_trials.c.number.in_(page))
        query = sa.select(optuna_trials).where(*mine).order_by(optuna_trials.c.number)
        found += _records(connection, study_id, spec, connection.execute(query).all(), is_brief=False)
    return found


def count_unfit(connection: sa.Connection, study_id: int) -> int:
    """Return how many trials were not begun because they did not fit into memory."""
    named = results.c.facts.contains(LIMIT, autoescape=True)  # few; which of them have it as a key is read
    query = sa.select(results.c.facts).where(results.c.study_id == study_id, named)
    return sum(LIMIT in json.loads(facts) for facts in connection.scalars(query))


def read_ways(connection: sa.Connection, study_id: int) -> dict[int, dict[str, Value]]:
    """Return, by number, the facts that say what a completed trial's seconds were taken on.

    They are the device and, where it was continued on another, all of them. Thousands of trials have few
    such facts between them, so equal ones are one mapping.
    """
    query = sa.select(results.c.number, results.c.facts).where(
        results.c.study_id == study_id, results.c["values"].is_not(None)
    )
    known: dict[tuple[Value | None, ...], dict[str, Value]] = {}
    found = {}
    for number, text in connection.execute(query):
        facts = json.loads(text)
        way = tuple(facts.get(name) for name in _WAYS)
        found[number] = known.setdefault(way, {name: facts[name] for name in _WAYS if name in facts})
    return found


def read_begun(connection: sa.Connection, study_id: int) -> Iterator[Begun]:
    """Yield the trials that sessions have begun, by number; a page is read when it is asked for."""
    ended = sa.exists().where(results.c.study_id == leases.c.study_id, results.c.number == leases.c.number)
    living = sa.select(leases.c.number, leases.c.taken_at, leases.c.session_id)
    living = living.where(leases.c.study_id == study_id, ~ended)
    held = [
        Begun(row.number, from_seconds(row.taken_at), row.session_id or "")
        for row in connection.execute(living.order_by(leases.c.number))
    ]
    yield from merge(held, _read_ended(connection, study_id), key=lambda trial: trial.number)


def _read_ended(connection: sa.Connection, study_id: int) -> Iterator[Begun]:
    told = (results.c.number, results.c.recorded_at, results.c.session_id, results.c.facts)
    query = sa.select(*told).where(results.c.study_id == study_id).order_by(results.c.number).limit(PAGE)
    last = -1
    while rows := connection.execute(query.where(results.c.number > last)).all():
        for row in rows:
            at_utc, facts = from_seconds(row.recorded_at), json.loads(row.facts)
            yield Begun(row.number, at_utc, row.session_id or "", facts)
        last = rows[-1].number


def _wanted(study_id: int, which: Which) -> list[sa.ColumnElement[bool]]:
    wanted = [optuna_trials.c.study_id == study_id]
    if which.state is not None:
        wanted.append(optuna_trials.c.state == which.state)
    if which.first:
        wanted.append(optuna_trials.c.number >= which.first)
    return wanted


def _before_last(
    connection: sa.Connection, wanted: Sequence[sa.ColumnElement[bool]], last: int | None
) -> int:
    """Return an id after which there are only the last so many of the wanted trials; -1 for all of them."""
    if last is None:
        return -1
    ids = sa.select(optuna_trials.c.trial_id).where(*wanted).order_by(optuna_trials.c.trial_id.desc())
    found = connection.scalar(ids.offset(last).limit(1))
    return -1 if found is None else found


def _records(
    connection: sa.Connection, study_id: int, spec: StudySpec, rows: Sequence[Any], is_brief: bool
) -> list[TrialRecord]:
    """Return the records of some of Optuna's trials."""
    numbers, trial_ids = [row.number for row in rows], [row.trial_id for row in rows]
    asked, told = stored_params(connection, trial_ids), dict(stored_values(connection, study_id, trial_ids))
    columns = [results.c[name] for name in _BRIEF] if is_brief else list(results.c)
    mine = sa.select(*columns).where(results.c.study_id == study_id, among(results.c.number, numbers))
    ends = {row.number: row for row in connection.execute(mine).all()}
    living = [number for number in numbers if number not in ends]
    best_so_far = _best_so_far(connection, study_id, living)
    epochs_run = {} if is_brief else _epochs_run(connection, study_id, numbers)
    deaths = {} if is_brief else _deaths(connection, study_id, living)
    found = []
    for row in rows:
        end = ends.get(row.number)
        metrics = json.loads(best_so_far.get(row.number, "{}") if end is None else end.metrics)
        params = params_of(spec.space, asked.get(row.trial_id, {}))
        fields: dict[str, Any] = {} if end is None else _of_its_end(end)
        if not is_brief:
            fields["settings"] = (
                json.loads(end.settings)
                if end is not None and end.settings
                else {**spec.fixed, **settings_of(spec.space, params)}
            )
            fields["epochs"] = epochs_run.get(row.number, 0)
            fields |= {"deaths": deaths.get(row.number, 0)} if end is None else _details(end)
        started_utc, finished_utc = _utc(row.datetime_start), _utc(row.datetime_complete)
        found.append(
            TrialRecord(
                number=row.number,
                state=cast("TrialStateName", row.state),
                params=params,
                values=told.get(row.number),
                started_utc=started_utc,
                finished_utc=finished_utc,
                seconds=_seconds(metrics, started_utc, finished_utc),
                metrics=metrics,
                **fields,
            )
        )
    return found


def _seconds(
    metrics: dict[str, float], started_utc: datetime | None, finished_utc: datetime | None
) -> float | None:
    """Return the wall seconds of an ended trial's own work where measured, else from its start to its end."""
    seconds = metrics.get("wall_time_s") if finished_utc else None
    if seconds is None and started_utc and finished_utc:
        return (finished_utc - started_utc).total_seconds()
    return seconds


def _of_its_end(row: Any) -> dict[str, Any]:
    """Return what only the end of a trial tells and lists show, as fields of its record."""
    return {
        "test_metrics": json.loads(row.test_metrics) if row.test_metrics else {},
        "reason": row.reason,
        "facts": json.loads(row.facts),
        "decision": _decision_of(row.decision),
    }


def _decision_of(text: str | None) -> Decision | None:
    """Return a decision as its column keeps it; None for none, and for one of a rule that is not known here.

    A newer program may add a rule without a new version of the tables; its sentence is kept beside it.
    """
    if not text:
        return None
    document = json.loads(text)
    try:
        return Decision.of_document(document)
    except ValueError:
        return None


def _details(row: Any) -> dict[str, Any]:
    """Return what only the end of a trial tells and no list shows, as fields of its record."""
    return {
        "detail": row.detail,
        "deaths": row.deaths,
        "model_path": row.model_path,
        "session_id": row.session_id or "",
        "confusion": confusion_of(row.confusion),
        "test_confusion": confusion_of(row.test_confusion),
    }


def _utc(at: datetime | None) -> datetime | None:
    """Return a time of Optuna's, which it keeps in UTC without saying so."""
    return None if at is None else at.replace(tzinfo=UTC)


def _deaths(connection: sa.Connection, study_id: int, numbers: Sequence[int]) -> dict[int, int]:
    """Return how often trials that have not ended have died."""
    mine = (leases.c.study_id == study_id, among(leases.c.number, numbers))
    rows = connection.execute(sa.select(leases.c.number, leases.c.deaths).where(*mine)) if numbers else ()
    return {number: count for number, count in rows}  # noqa: C416 - rows are no pairs to the type checker


def _epochs_run(connection: sa.Connection, study_id: int, numbers: Sequence[int]) -> dict[int, int]:
    """Return how many epochs trials have."""
    query = (
        sa.select(epochs.c.number, sa.func.max(epochs.c.epoch))
        .where(epochs.c.study_id == study_id, among(epochs.c.number, numbers))
        .group_by(epochs.c.number)
    )
    return {number: last + 1 for number, last in connection.execute(query)}


def _best_so_far(connection: sa.Connection, study_id: int, numbers: Sequence[int]) -> dict[int, str]:
    """Return the metrics of the best epoch so far of trials that have not ended, as they are kept."""
    if not numbers:
        return {}
    last = (
        sa.select(epochs.c.number, sa.func.max(epochs.c.epoch).label("epoch"))
        .where(epochs.c.study_id == study_id, among(epochs.c.number, numbers))
        .group_by(epochs.c.number)
        .subquery()
    )
    current, best = epochs.alias("current"), epochs.alias("best")
    query = (
        sa.select(last.c.number, best.c.metrics)
        .join_from(last, current, _same_epoch(current, study_id, last.c.number, last.c.epoch))
        .join(best, _same_epoch(best, study_id, last.c.number, current.c.best_epoch))
    )
    return {number: metrics for number, metrics in connection.execute(query)}  # noqa: C416 - as above


def _same_epoch(
    table: Any, study_id: int, number: sa.ColumnElement[int], epoch: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.study_id == study_id, table.c.number == number, table.c.epoch == epoch)
