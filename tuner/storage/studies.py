"""A study's own row, its budget, its sessions: reading them, and what may be asked of a name."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tuner.errors import InputError, NotFoundError, StorageRefusedError
from tuner.search.options import nearest
from tuner.spec.record import from_json, to_json
from tuner.spec.values import BudgetSpec, StudySpec
from tuner.storage.leases import is_over, term_of
from tuner.storage.owners import Owner
from tuner.storage.reading import from_seconds, states_of
from tuner.storage.records import BudgetUse, StudyRecord
from tuner.storage.tables import (
    OURS,
    optuna_studies,
    optuna_trials,
    results,
    schema,
    sessions,
    studies,
    study_children,
    trial_children,
    workers,
)
from tuner.storage.urls import CACHE_NAME
from tuner.storage.writing import as_json
from tuner.suggested import command
from tuner.trial import Ending

__all__ = [
    "check_budget",
    "check_name",
    "columns_of",
    "data_differences",
    "delete_rows",
    "find_study",
    "live_sessions",
    "names_of",
    "read_study",
    "use_of_budget",
]

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


def check_name(name: str) -> None:
    """Refuse a name that could be no folder of a study, or another one on another system.

    Raises:
        InputError: Unless it is 1 to 100 of A-Z, a-z, 0-9, ``-``, ``_``, ``.``, the first one no dot, and not
            the name of the folder that all studies share.
    """
    if name.lower() == CACHE_NAME:
        raise InputError(
            f"study name '{name}': the folder of that name keeps what all studies share",
            "give another with --study",
        )
    if not _NAME.fullmatch(name):
        shown = name if len(name) <= 40 else f"{name[:40]}..."
        raise InputError(
            f"study name {shown!r}: expected 1 to 100 letters, digits, '-', '_' or '.', no dot first",
            "give another with --study",
        )


def check_budget(budget: BudgetSpec) -> None:
    """Refuse a budget that can allow nothing.

    Raises:
        InputError: If a part is negative, or not a number.
    """
    if budget.trials is not None and budget.trials < 0:
        raise InputError(f"budget: found {budget.trials} trials, expected 0 or more")
    if budget.time_limit_s is not None and not budget.time_limit_s >= 0.0:
        raise InputError(f"budget: found a time limit of {budget.time_limit_s} s, expected 0 or more")
    for name in ("max_failures_in_a_row", "max_deaths"):
        if getattr(budget, name) < 1:
            raise InputError(f"budget: found {name} {getattr(budget, name)}, expected 1 or more")


def names_of(connection: sa.Connection) -> list[str]:
    """Return the names of all studies, in the order in which they were begun."""
    return list(connection.scalars(sa.select(studies.c.name).order_by(studies.c.study_id)))


def find_study(connection: sa.Connection, name: str) -> Any | None:
    """Return a study's row, or None."""
    return connection.execute(sa.select(studies).where(studies.c.name == name)).one_or_none()


def columns_of(spec: StudySpec) -> dict[str, str]:
    """Return a spec as its columns, without the budget, which has one of its own."""
    return {"spec": as_json(to_json(spec))}


def read_study(connection: sa.Connection, name: str, me: Owner, now: float) -> StudyRecord:
    """Return a study as it is kept.

    Raises:
        NotFoundError: If there is none of that name; names the nearest.
        StorageRefusedError: If its declaration cannot be read, or its name is none that a study can have.
    """
    row = find_study(connection, name)
    if row is None:
        known = names_of(connection)
        hint = (
            nearest(name, known)
            if known
            else f"the database holds none yet; begin one with: {command('run', 'FILE')}"
        )
        raise NotFoundError(f"no study '{name}' in the database", hint)
    try:
        budget = BudgetSpec(**json.loads(row.budget))
        spec = dataclasses.replace(from_json(json.loads(row.spec)), budget=budget)
    except (ValueError, TypeError) as error:
        raise StorageRefusedError(
            f"study '{name}': its stored declaration cannot be read ({error})",
            "use the tuner that made it, or a newer one",
        ) from error
    try:
        check_name(row.name)  # it becomes a folder that is written to and deleted
    except InputError as error:
        raise StorageRefusedError(error.message, "another program changed it; restore a copy") from error
    alive = live_sessions(connection, row.study_id, me, now)
    return StudyRecord(
        name=row.name,
        optuna_id=row.study_id,
        spec=spec,
        spec_hash=row.spec_hash,
        base_dir=Path(row.base_dir),
        fingerprint=row.fingerprint,
        data_summary=json.loads(row.data_summary),
        budget=budget,
        created_utc=from_seconds(row.created_at),
        sessions_alive=len(alive),
        workers_alive=_count_workers(connection, alive),
    )


def live_sessions(connection: sa.Connection, study_id: int, me: Owner, now: float) -> dict[str, Owner]:
    """Return the sessions that are working on a study, with their processes."""
    query = sa.select(sessions).where(sessions.c.study_id == study_id, sessions.c.ended_at.is_(None))
    found = {row.session_id: term_of(row) for row in connection.execute(query)}
    return {
        session_id: term.owner
        for session_id, term in found.items()
        if term.owner is not None and not is_over(term, me, now)
    }


def _count_workers(connection: sa.Connection, alive: Mapping[str, Owner]) -> int:
    query = sa.select(sa.func.count()).where(workers.c.session_id.in_(list(alive)))
    return int(connection.scalar(query) or 0)


def data_differences(
    row: Any, fingerprint: str, summary: Mapping[str, Any], before: StudySpec, after: StudySpec
) -> list[str]:
    """Name what differs between a study's texts and those at hand; empty for the same texts.

    Of another seed the fingerprint is another for that alone, and so are the parts where they are drawn: it
    proves nothing of the texts, and neither do counts that differ by part only.

    Args:
        row: The study's.
        fingerprint, summary: Of the texts at hand.
        before, after: What the study declares, and what is declared now.
    """
    if row.fingerprint == fingerprint:
        return []
    old = json.loads(row.data_summary)
    new = json.loads(json.dumps(dict(summary)))
    is_reseeded = before.seed != after.seed
    found = [
        f"data: {key} {old.get(key)} became {new.get(key)}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
        if not (is_reseeded and key == "counts" and _in_all(old.get(key)) == _in_all(new.get(key)))
    ]
    if found or not is_reseeded:
        return found or ["data: the texts or labels are others"]
    is_drawn = after.data.split.column is None
    return ["data: which texts are for training, validation and test follows from the seed"] * is_drawn


def _in_all(counts: Any) -> Any:
    """Add up counts of texts by class over the parts; what are no such counts stay as they are."""
    try:
        return [sum(each) for each in zip(*counts.values(), strict=True)]
    except (AttributeError, TypeError, ValueError):
        return counts


def use_of_budget(connection: sa.Connection, study_id: int, budget: BudgetSpec) -> BudgetUse:
    """Return what of a study's budget is used up."""
    states = states_of(connection, study_id)
    used_s = connection.scalar(
        sa.select(sa.func.sum(sessions.c.used_s)).where(sessions.c.study_id == study_id)
    )
    return BudgetUse(
        trials=budget.trials,
        time_limit_s=budget.time_limit_s,
        used_s=float(used_s or 0.0),
        complete=states.get("COMPLETE", 0),
        pruned=states.get("PRUNED", 0),
        failed=states.get("FAIL", 0),
        running=states.get("RUNNING", 0),
        waiting=states.get("WAITING", 0),
        failures_in_a_row=_failures_in_a_row(connection, study_id) if states.get("FAIL") else 0,
    )


def _failures_in_a_row(connection: sa.Connection, study_id: int) -> int:
    query = (
        sa.select(results.c.ending)
        .where(results.c.study_id == study_id)
        .order_by(results.c.recorded_at.desc(), results.c.number.desc())
    )
    count = 0
    for ending in connection.scalars(query):
        if ending != Ending.FAILED:
            break
        count += 1
    return count


def delete_rows(connection: sa.Connection, study_id: int) -> None:
    """Delete a study from Optuna's tables and ours; all or nothing, with the caller's transaction."""
    trials = sa.select(optuna_trials.c.trial_id).where(optuna_trials.c.study_id == study_id)
    for table in trial_children:
        connection.execute(sa.delete(table).where(table.c.trial_id.in_(trials)))
    ours: Sequence[sa.Table] = [table for table in OURS.sorted_tables if table is not schema]
    for table in (optuna_trials, *study_children, *ours, optuna_studies):
        connection.execute(sa.delete(table).where(table.c.study_id == study_id))
