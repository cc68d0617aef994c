"""What a study gathers beside its trials, from events to timings. Rows in and values out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from tuner.spec.values import Value
from tuner.storage.leases import term_of
from tuner.storage.reading import confusion_of, from_seconds
from tuner.storage.records import (
    BaselineRecord,
    EventRecord,
    NoteRecord,
    SessionRecord,
    TimingRecord,
    WorkerRecord,
)
from tuner.storage.tables import baselines, events, notes, sessions, timings, workers
from tuner.storage.writing import as_json, as_text

__all__ = [
    "read_baselines",
    "read_events",
    "read_notes",
    "read_sessions",
    "read_timings",
    "read_workers",
    "write_baseline",
    "write_note",
    "write_timing",
]


def read_events(connection: sa.Connection, study_id: int) -> list[EventRecord]:
    """Return what happened in a study, in order."""
    query = sa.select(events).where(events.c.study_id == study_id).order_by(events.c.event_id)
    return [
        EventRecord(from_seconds(row.at), row.kind, row.message, row.number)
        for row in connection.execute(query)
    ]


def read_workers(connection: sa.Connection, study_id: int) -> list[WorkerRecord]:
    """Return every worker that has worked on a study, in the order in which they were ready."""
    query = sa.select(workers).where(workers.c.study_id == study_id)
    return [
        WorkerRecord(
            worker=row.worker,
            host=row.host,
            cpu=row.cpu,
            device=row.device,
            calibration_s=row.calibration_s,
            versions=json.loads(row.versions),
            started_utc=from_seconds(row.started_at),
            session_id=row.session_id,
        )
        for row in connection.execute(query.order_by(workers.c.started_at))
    ]


def read_sessions(connection: sa.Connection, study_id: int, alive: Collection[str]) -> list[SessionRecord]:
    """Return every session of a study, in the order in which they began; of these some are alive."""
    query = sa.select(sessions).where(sessions.c.study_id == study_id).order_by(sessions.c.started_at)
    found = []
    for row in connection.execute(query):
        owner = term_of(row).owner
        found.append(
            SessionRecord(
                session_id=row.session_id,
                researcher=row.researcher or "",
                host=owner.host if owner else "",
                started_utc=from_seconds(row.started_at),
                ended_utc=None if row.ended_at is None else from_seconds(row.ended_at),
                used_s=row.used_s,
                facts=json.loads(row.facts) if row.facts else {},
                is_alive=row.session_id in alive,
            )
        )
    return found


def read_baselines(connection: sa.Connection, study_id: int) -> list[BaselineRecord]:
    """Return a study's baselines, in the order in which they were recorded."""
    query = sa.select(baselines).where(baselines.c.study_id == study_id)
    return [
        BaselineRecord(
            name=_name_today(row.name, facts),
            metrics=json.loads(row.metrics),
            test_metrics=json.loads(row.test_metrics),
            confusion=confusion_of(row.confusion),
            test_confusion=confusion_of(row.test_confusion),
            facts=facts,
            recorded_utc=from_seconds(row.recorded_at),
        )
        for row in connection.execute(query.order_by(baselines.c.recorded_at, baselines.c.name))
        for facts in (json.loads(row.facts),)
    ]


def _name_today(name: str, facts: Mapping[str, Value]) -> str:
    """Return what a baseline is called now.

    While there was one TF-IDF only, of pairs of words and without the fact ``weighting``, it was called as
    the usual one is now. Measured again, the usual one takes that row's place.
    """
    is_older = "strength" in facts and "weighting" not in facts
    return f"strong {name}" if is_older and name.startswith("TF-IDF + ") else name


def write_baseline(connection: sa.Connection, study_id: int, record: BaselineRecord, now: float) -> None:
    """Keep a baseline in the place of an earlier one of its name."""
    same = sa.and_(baselines.c.study_id == study_id, baselines.c.name == record.name)
    connection.execute(sa.delete(baselines).where(same))
    connection.execute(
        sa.insert(baselines).values(
            study_id=study_id,
            name=record.name,
            metrics=as_json(record.metrics),
            test_metrics=as_json(record.test_metrics),
            confusion=json.dumps(record.confusion),
            test_confusion=json.dumps(record.test_confusion),
            facts=as_json(record.facts),
            recorded_at=now,
        )
    )


def read_notes(connection: sa.Connection, study_id: int, number: int | None = None) -> list[NoteRecord]:
    """Return the notes on a study and all its trials, or on one trial, in order."""
    query = sa.select(notes).where(notes.c.study_id == study_id)
    if number is not None:
        query = query.where(notes.c.number == number)
    return [
        NoteRecord(row.number, row.author, row.kind, row.text, from_seconds(row.at))
        for row in connection.execute(query.order_by(notes.c.note_id))
    ]


def write_note(connection: sa.Connection, study_id: int, note: NoteRecord, now: float) -> None:
    """Keep a note; its own time is not looked at."""
    connection.execute(
        sa.insert(notes).values(
            study_id=study_id,
            number=note.number,
            at=now,
            author=as_text(note.author),
            kind=as_text(note.kind),
            text=as_text(note.text),
        )
    )


def read_timings(
    connection: sa.Connection, study_id: int, numbers: Collection[int] | None = None
) -> list[TimingRecord]:
    """Return the timings of a study's trials, or of some hundred of them, in the order they were taken in."""
    query = sa.select(timings).where(timings.c.study_id == study_id).order_by(timings.c.timing_id)
    if numbers is not None:
        query = query.where(timings.c.number.in_(numbers))
    return [
        TimingRecord(
            number=row.number,
            training_time_s=row.training_time_s,
            calibration_s=row.calibration_s,
            host=row.host,
            device=row.device,
            facts=json.loads(row.facts),
            at_utc=from_seconds(row.at),
        )
        for row in connection.execute(query)
    ]


def write_timing(connection: sa.Connection, study_id: int, record: TimingRecord, now: float) -> None:
    """Keep a timing beside those taken before."""
    connection.execute(
        sa.insert(timings).values(
            study_id=study_id,
            number=record.number,
            at=now,
            training_time_s=record.training_time_s,
            calibration_s=record.calibration_s,
            host=as_text(record.host),
            device=as_text(record.device),
            facts=as_json(record.facts),
        )
    )
