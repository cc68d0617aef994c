"""The ledger: every study of a database, for those who look at them, and the door for those who run them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import optuna
import sqlalchemy as sa

from tuner.errors import InputError, NotFoundError, StorageRefusedError, StudyChangedError
from tuner.search.optuna_samplers import StudySampler
from tuner.spec.record import differences, spec_hash
from tuner.spec.values import BudgetSpec, StudySpec, Value
from tuner.storage.additions import (
    read_baselines,
    read_events,
    read_notes,
    read_sessions,
    read_timings,
    read_workers,
    write_baseline,
    write_note,
)
from tuner.storage.engine import Database
from tuner.storage.leases import LEASE_S, Holder
from tuner.storage.owners import Owner, this_owner
from tuner.storage.reading import (
    from_seconds,
    has_trial,
    read_curves,
    read_latest_facts,
    read_params,
    states_of,
)
from tuner.storage.records import (
    BaselineRecord,
    BudgetUse,
    EventRecord,
    LiveSession,
    NoteRecord,
    SessionRecord,
    StudyRecord,
    TimingRecord,
    TrialRecord,
    WorkerRecord,
)
from tuner.storage.running import RunningStudy, Surroundings, nothing_happens
from tuner.storage.snapshot import Snapshot
from tuner.storage.studies import (
    check_budget,
    check_name,
    columns_of,
    data_differences,
    delete_rows,
    find_study,
    live_sessions,
    names_of,
    read_study,
    use_of_budget,
)
from tuner.storage.tables import results, studies
from tuner.storage.telling import write_event
from tuner.storage.timing import TimingSession, read_live_sessions
from tuner.storage.writing import as_json
from tuner.trial import EpochReport
from tuner.wording import counted

__all__ = ["Ledger"]

_Found = TypeVar("_Found")


class Ledger:
    """The studies of one database.

    All names must be those of existing studies unless it says otherwise; else ``NotFoundError`` names
    the nearest ones. Every method may raise ``StorageRefusedError``, ``StorageUnreachableError`` or
    ``NoSpaceError`` for the database's sake.

    Attributes:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._me = replace(this_owner(), database=database.identity)

    # -- studies ---------------------------------------------------------------------------------

    def create_study(
        self, name: str, spec: StudySpec, fingerprint: str, data_summary: Mapping[str, Any], base_dir: Path
    ) -> StudyRecord:
        """Begin a study, or go on with it when it exists and is the same.

        Of one that exists, sampler, pruner and execution become the given ones; its budget stays, see
        :meth:`set_budget`.

        Args:
            name: 1 to 100 letters, digits, ``-``, ``_``, ``.``, not beginning with a dot.
            spec: Its declaration.
            fingerprint: Of its texts.
            data_summary: What was found in them, as JSON can carry it.
            base_dir: The folder that the declaration's relative paths start from.

        Raises:
            InputError: If the name or the budget is none, or another program has a study of that name.
            StudyChangedError: If it was begun with another space, other data or other objectives.
        """
        check_name(name)
        check_budget(spec.budget)
        given = {
            **columns_of(spec),
            "spec_hash": spec_hash(spec),
            "base_dir": str(base_dir.absolute()),
            "fingerprint": fingerprint,
            "data_summary": as_json(data_summary),
        }

        def create() -> None:
            with self.database.study_lock(name):
                with self.database.reading() as connection:
                    row = find_study(connection, name)
                if row is None:
                    self._insert_study(name, spec, given)
                else:
                    self._continue_study(name, spec, row, given)

        self.database.persist(create)
        return self.study(name)

    def _insert_study(self, name: str, spec: StudySpec, given: Mapping[str, str]) -> None:
        study_id = self._optuna_study(name, spec)
        with self.database.writing() as connection:
            connection.execute(
                sa.insert(studies).values(
                    study_id=study_id,
                    name=name,
                    budget=as_json(vars(spec.budget)),
                    created_at=self.database.now(connection),
                    **given,
                )
            )

    def _optuna_study(self, name: str, spec: StudySpec) -> int:
        """Make Optuna's study; take over an untouched one, for whoever made it died before our row."""
        directions = _directions(spec)
        storage = self.database.storage
        with self.database.translated():
            try:
                study_id = storage.get_study_id_from_name(name)
            except KeyError:
                return storage.create_new_study(directions, name)
            same = storage.get_study_directions(study_id) == directions
        with self.database.reading() as connection:
            if same and not states_of(connection, study_id):
                return study_id
        raise InputError(
            f"study '{name}': the database has one of that name that another program made",
            "give this one a name of its own with --study",
        )

    def _continue_study(self, name: str, spec: StudySpec, row: Any, given: Mapping[str, str]) -> None:
        with self.database.reading() as connection:
            before = read_study(connection, name, self._me, self.database.now(connection))
        changed = differences(before.spec, spec)
        summary = json.loads(given["data_summary"])
        changed += data_differences(row, given["fingerprint"], summary, before.spec, spec)
        if changed:
            raise StudyChangedError(name, list(dict.fromkeys(changed)))
        self._check_directions(before)
        with self.database.writing() as connection:
            fresh = {"spec": given["spec"], "base_dir": given["base_dir"]}
            connection.execute(sa.update(studies).where(studies.c.study_id == row.study_id).values(**fresh))

    def _check_directions(self, study: StudyRecord) -> None:
        """Refuse a study whose directions were changed in Optuna's tables: its values would be misread."""
        with self.database.translated():
            found = self.database.storage.get_study_directions(study.optuna_id)
        if found != _directions(study.spec):
            shown = ", ".join(direction.name.lower() for direction in found)
            raise StorageRefusedError(
                f"study '{study.name}': Optuna's tables have the directions {shown}, not the declared ones",
                "another program changed them; restore a copy",
            )

    def study(self, name: str) -> StudyRecord:
        """Return a study."""
        return self._read(lambda _connection, study: study, name)

    def study_names(self) -> list[str]:
        """Return the names of all studies, in the order in which they were begun."""
        with self.database.reading() as connection:
            return names_of(connection)

    def delete_study(self, name: str) -> None:
        """Delete a study's records, in Optuna's tables too. Its files are the caller's.

        Raises:
            InputError: While a session is working on it.
        """
        study = self.study(name)
        with self.database.study_lock(name), self.database.writing() as connection:
            alive = live_sessions(connection, study.optuna_id, self._me, self.database.now(connection))
            if alive:
                owner = next(iter(alive.values()))
                raise InputError(
                    f"study '{name}' is being worked on by process {owner.pid} on {owner.host}",
                    "stop it first (Ctrl-C)",
                )
            delete_rows(connection, study.optuna_id)

    def set_budget(self, name: str, budget: BudgetSpec) -> None:
        """Replace a study's budget, also while it runs; a smaller one lets running trials finish.

        Raises:
            InputError: If a part of it is negative.
        """
        check_budget(budget)
        study = self.study(name)
        if budget == study.budget:
            return
        with self.database.writing() as connection:
            connection.execute(
                sa.update(studies)
                .where(studies.c.study_id == study.optuna_id)
                .values(budget=as_json(vars(budget)))
            )
        self.record_event(name, None, "budget", f"{_shown(study.budget)} became {_shown(budget)}")

    def use_of_budget(self, name: str) -> BudgetUse:
        """Return what of a study's budget is used up, over all sessions and machines."""
        return self._read(lambda c, study: use_of_budget(c, study.optuna_id, study.budget), name)

    def join(
        self,
        name: str,
        sampler: StudySampler,
        owner: Owner,
        lease_s: float = LEASE_S,
        crash_point: Callable[[str], None] = nothing_happens,
        surroundings: Surroundings | None = None,
    ) -> RunningStudy:
        """Begin a session that runs trials of a study.

        Args:
            name: An existing study.
            sampler: Gives new trials their params.
            owner: The process whose death ends the session; :func:`this_owner`.
            lease_s: How long a lease lasts without renewal, in seconds. Defaults to 30.
            crash_point: Called with a name between two writes that belong together; for tests.
            surroundings: Who runs the session, and with what.

        Raises:
            StorageRefusedError: If the study's directions were changed by another program.
        """
        study = self.study(name)
        self._check_directions(study)
        here = replace(owner, database=self.database.identity)
        holder = Holder.new(study.optuna_id, here, lease_s)
        return RunningStudy(self.database, study, sampler, holder, crash_point, surroundings)

    # -- trials ----------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self, name: str) -> Iterator[Snapshot]:
        """Give a study as it stands now, to be read in parts; errors of the block pass as they are."""
        with self.database.snapshot() as connection:
            with self.database.translated():
                study = read_study(connection, name, self._me, self.database.now(connection))
            yield Snapshot(self.database, connection, study)

    def trials(self, name: str) -> list[TrialRecord]:
        """Return every trial of a study, by number."""
        with self.snapshot(name) as seen:
            return [trial for page in seen.pages() for trial in page]

    def curves(
        self, name: str, numbers: Collection[int] | None = None, metrics: Collection[str] | None = None
    ) -> dict[int, list[EpochReport]]:
        """Return every recorded epoch, ascending, of each trial that has any; of all, or of ``numbers``.

        With all metrics, or with these only.
        """
        return self._read(lambda c, study: read_curves(c, study.optuna_id, numbers, metrics), name)

    def latest_facts(self, name: str, count: int) -> list[tuple[dict[str, Value], dict[str, Value]]]:
        """Return the settings and the facts of the ``count`` latest ended trials, the newest first."""
        return self._read(lambda c, study: read_latest_facts(c, study.optuna_id, count), name)

    def params(self, name: str, number: int) -> dict[str, Value]:
        """Return the params of one trial, fixed ones included; empty if there is no such trial."""
        return self._read(lambda c, study: read_params(c, study.optuna_id, study.spec, number), name)

    def record_test_metrics(
        self,
        name: str,
        number: int,
        metrics: Mapping[str, float],
        confusion: Sequence[Sequence[int]] = (),
    ) -> None:
        """Keep what a finished trial's model measured on the test split, with its confusion matrix if any.

        Raises:
            InputError: If the trial has no result.
        """
        study = self.study(name)
        with self.database.writing() as connection:
            done = connection.execute(
                sa.update(results)
                .where(results.c.study_id == study.optuna_id, results.c.number == number)
                .values(test_metrics=as_json(metrics), test_confusion=json.dumps(confusion))
            )
        if not done.rowcount:
            raise InputError(f"study '{name}': trial {number} has no result to add test metrics to")

    # -- events and workers ------------------------------------------------------------------------

    def record_event(self, name: str, number: int | None, kind: str, message: str) -> None:
        """Write down what happened, for people."""
        self._write(lambda c, study, now: write_event(c, study.optuna_id, number, now, kind, message), name)

    def events(self, name: str) -> list[EventRecord]:
        """Return what happened in a study, in order."""
        return self._read(lambda c, study: read_events(c, study.optuna_id), name)

    def workers(self, name: str) -> list[WorkerRecord]:
        """Return every worker that has worked on a study, in the order in which they were ready."""
        return self._read(lambda c, study: read_workers(c, study.optuna_id), name)

    # -- sessions, baselines, notes, timings -------------------------------------------------------

    def sessions(self, name: str) -> list[SessionRecord]:
        """Return every session that has run trials of a study, in the order in which they began."""

        def read(connection: sa.Connection, study: StudyRecord) -> list[SessionRecord]:
            now = self.database.now(connection)
            alive = live_sessions(connection, study.optuna_id, self._me, now)
            return read_sessions(connection, study.optuna_id, alive)

        return self._read(read, name)

    def baselines(self, name: str) -> list[BaselineRecord]:
        """Return a study's baselines, in the order in which they were recorded."""
        return self._read(lambda c, study: read_baselines(c, study.optuna_id), name)

    def record_baseline(self, name: str, record: BaselineRecord) -> None:
        """Keep a baseline in the place of an earlier one of its name."""
        self._write(lambda c, study, now: write_baseline(c, study.optuna_id, record, now), name)

    def notes(self, name: str, number: int | None = None) -> list[NoteRecord]:
        """Return the notes on a study and all its trials, or on one trial, in order."""
        return self._read(lambda c, study: read_notes(c, study.optuna_id, number), name)

    def add_note(self, name: str, number: int | None, author: str, text: str, kind: str = "note") -> None:
        """Keep a note on a trial, or with no number on the study.

        Raises:
            NotFoundError: If the study has no such trial.
        """

        def write(connection: sa.Connection, study: StudyRecord, now: float) -> None:
            if number is not None and not has_trial(connection, study.optuna_id, number):
                raise NotFoundError.of_trial(name, number)
            note = NoteRecord(number, author, kind, text, from_seconds(now))
            write_note(connection, study.optuna_id, note, now)

        self._write(write, name)

    def timings(self, name: str) -> list[TimingRecord]:
        """Return every timing of a study's trials, in the order in which they were taken."""
        return self._read(lambda c, study: read_timings(c, study.optuna_id), name)

    def begin_timing(self, name: str) -> TimingSession:
        """Begin a session that times finished trials again, alone.

        Raises:
            InputError: While another session works on the study, or on another study on this machine.
        """
        return TimingSession(self.database, name, Holder.new(self.study(name).optuna_id, self._me))

    def live_sessions(self) -> list[LiveSession]:
        """Return the sessions of all studies that are at work now."""
        with self.database.reading() as connection:
            return read_live_sessions(connection, self._me, self.database.now(connection))

    def _write(self, write: Callable[[sa.Connection, StudyRecord, float], None], name: str) -> None:
        study = self.study(name)
        with self.database.writing() as connection:
            write(connection, study, self.database.now(connection))

    def _read(self, read: Callable[[sa.Connection, StudyRecord], _Found], name: str) -> _Found:
        with self.database.reading() as connection:
            study = read_study(connection, name, self._me, self.database.now(connection))
            return read(connection, study)


def _directions(spec: StudySpec) -> list[optuna.study.StudyDirection]:
    return [optuna.study.StudyDirection[objective.direction.upper()] for objective in spec.objectives]


def _shown(budget: BudgetSpec) -> str:
    trials = "no limit of trials" if budget.trials is None else counted(budget.trials, "trial")
    return trials if budget.time_limit_s is None else f"{trials} and {budget.time_limit_s:g} s"
