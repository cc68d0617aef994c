"""A study as one session runs it: claim a trial, report its epochs, record its end."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import optuna
import sqlalchemy as sa
from optuna.exceptions import UpdateFinishedTrialError

from tuner.search.choice import ChoiceWithin
from tuner.search.optuna_samplers import StudySampler
from tuner.search.trials import FinishedTrial
from tuner.spec.values import Params, Value
from tuner.storage.cache import remember_only, share_distributions
from tuner.storage.claiming import Claimer
from tuner.storage.engine import Database
from tuner.storage.leases import (
    Holder,
    Sightings,
    give_all_back,
    give_back,
    holds,
    renew,
)
from tuner.storage.pages import read_pages
from tuner.storage.reading import measured_on_test, read_curves, read_finished, read_params
from tuner.storage.records import BudgetUse, Claim, StudyRecord, TrialRecord, Which
from tuner.storage.tables import epochs, results, sessions, workers
from tuner.storage.telling import Teller, checked, write_event
from tuner.storage.writing import as_json, as_text
from tuner.trial import Ending, EpochReport, TrialOutcome

__all__ = ["ReadyWorker", "RunningStudy", "Surroundings", "nothing_happens"]

_Found = TypeVar("_Found")
_EVERY = Which()


class ReadyWorker(Protocol):
    """What is kept of a worker; ``execution.messages.Ready`` has it."""

    @property
    def device(self) -> str:
        """E.g. ``CPU (core 1)``."""

    @property
    def calibration_s(self) -> float:
        """Seconds of a fixed piece of work."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the libraries that decide results."""


@dataclass(frozen=True)
class Surroundings:
    """Who runs a session, and with what.

    Attributes:
        researcher: A name; may be empty.
        facts: The file it was started with, that file's commit, versions, the machine.
    """

    researcher: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)


def nothing_happens(_name: str) -> None:
    """Pass a crash point."""


class RunningStudy:
    """One session of a study. Made by ``Ledger.join``; :meth:`finish_session` ends it.

    Every method waits while the database is locked or away, up to its ``timeout_s``, and may then raise
    ``StorageUnreachableError``, or ``StorageRefusedError`` and ``NoSpaceError`` at once. What it had
    acknowledged before is kept.

    Args:
        database: Where.
        study: Its record.
        sampler: Gives new trials their params.
        holder: This session.
        crash_point: Called with a name between two writes that belong together; for tests.
        surroundings: Who runs the session, and with what; kept for people.
    """

    def __init__(
        self,
        database: Database,
        study: StudyRecord,
        sampler: StudySampler,
        holder: Holder,
        crash_point: Callable[[str], None] = nothing_happens,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._surroundings = surroundings or Surroundings()
        self._database = database
        self._record = study
        self._holder = holder
        self._begun_s = time.monotonic()
        self._recorded_s = 0.0
        with database.translated():
            optuna_study = optuna.load_study(study_name=study.name, storage=database.storage, sampler=sampler)
            if sampler.history is not None:
                maximize = [objective.direction == "maximize" for objective in study.spec.objectives]
                with database.reading() as connection:
                    remember_only(optuna_study, connection, study.optuna_id, maximize, sampler.history)
                share_distributions(optuna_study)
        self._teller = Teller(database, optuna_study, study.optuna_id, crash_point)
        self._claimer = Claimer(
            database=database,
            name=study.name,
            study=optuna_study,
            sampler=sampler,
            holder=holder,
            teller=self._teller,
            crash_point=crash_point,
            unrecorded_s=self._unrecorded_s,
            sightings=Sightings(holder.owner),
        )
        self._begin_session()

    # -- the session -------------------------------------------------------------------------------

    def _begin_session(self) -> None:
        self._database.keep_reserve()
        with self._database.writing() as connection:
            now = self._database.now(connection)
            row = {name: value for name, value in self._holder.terms(now).items() if name != "token"}
            connection.execute(
                sa.insert(sessions).values(
                    study_id=self._holder.study_id,
                    started_at=now,
                    used_s=0.0,
                    ended_at=None,
                    researcher=as_text(self._surroundings.researcher),
                    facts=as_json(self._surroundings.facts),
                    **row,
                )
            )

    def _unrecorded_s(self) -> float:
        return time.monotonic() - self._begun_s - self._recorded_s

    def _record_session(self, connection: sa.Connection, ended: bool) -> None:
        used_s = time.monotonic() - self._begun_s
        now = self._database.now(connection)
        term = {
            name: value
            for name, value in self._holder.terms(now).items()
            if name not in ("token", "session_id", "owner")
        }
        mine = sessions.c.session_id == self._holder.session_id
        connection.execute(
            sa.update(sessions).where(mine).values(used_s=used_s, ended_at=now if ended else None, **term)
        )
        self._recorded_s = used_s

    def finish_session(self) -> None:
        """End the session: its leases are given back, so that others may go on with them at once.

        Also on a full disk, for which room was kept: a lease that stays is a death of its trial.
        """

        def finish() -> None:
            with self._database.writing() as connection:
                give_all_back(connection, self._holder)
                self._record_session(connection, ended=True)

        self._database.persist_if_full(finish)
        self._claimer.held.clear()

    # -- claiming and leases -------------------------------------------------------------------------

    def claim(self, choice: ChoiceWithin | None = None) -> Claim | None:
        """Return a trial to run, or None when there is nothing to begin or to go on with now.

        In this order: results that were recorded and not told are told; a trial whose lease is over, or
        whose asker died before it had one, goes on; a queued trial begins; a new one begins. The last two
        only while the study's budget has room, and the sampler points. Where the owner of a lease cannot be
        looked at, that it is over shows only in several claims, with renewals of this session between them.

        Args:
            choice: How one of several points that the sampler draws is chosen for a new trial; where none
                has a weight, nothing begins. What others queued is begun without asking. Defaults to the
                sampler's first point.
        """
        return self._database.persist(lambda: self._claimer.claim(choice))

    def renew(self, tokens: Collection[str]) -> set[str]:
        """Put off the end of this session's leases and of the session itself; due every 5 s.

        Returns:
            The tokens among ``tokens`` that hold no lease any more: their trials must be stopped.
        """

        def put_off() -> set[str]:
            with self._database.writing() as connection:
                lost = renew(connection, self._holder, tokens, self._database.now(connection))
                self._record_session(connection, ended=False)
            return lost

        lost = self._database.persist(put_off)
        self._claimer.sightings.reached()
        self._claimer.held -= lost
        return lost

    def release(self, token: str, died: str = "") -> bool:
        """Give a trial back, to be gone on with by anybody at once.

        Args:
            token: Of its lease; one that holds nothing any more is ignored.
            died: How its worker died, if it did: this counts as a death of the trial.

        Returns:
            False if the lease was lost before.
        """

        def give() -> bool:
            with self._database.writing() as connection:
                number = give_back(connection, self._holder.study_id, token, bool(died))
                if number is not None and died:
                    now = self._database.now(connection)
                    write_event(connection, self._holder.study_id, number, now, "death", died)
            return number is not None

        held = self._database.persist(give)
        self._claimer.held.discard(token)
        return held

    # -- what trials report --------------------------------------------------------------------------

    def record_epoch(self, token: str, report: EpochReport) -> bool:
        """Keep a finished epoch; it replaces this and later epochs of an earlier run of the trial.

        Returns:
            False if the lease is lost; nothing was recorded then.
        """

        def record() -> bool:
            with self._database.writing() as connection:
                lease = holds(connection, self._holder.study_id, token)
                if lease is None:
                    return False
                self._write_epoch(connection, report)
            self._show_in_dashboard(report)
            return True

        return self._database.persist(record)

    def _write_epoch(self, connection: sa.Connection, report: EpochReport) -> None:
        mine = sa.and_(epochs.c.study_id == self._holder.study_id, epochs.c.number == report.number)
        connection.execute(sa.delete(epochs).where(mine, epochs.c.epoch >= report.epoch))
        key = {"study_id": self._holder.study_id, "number": report.number, "best_epoch": report.best_epoch}
        rows = [{**key, "epoch": report.epoch, "metrics": as_json(report.metrics)}]
        best = sa.select(epochs.c.epoch).where(mine, epochs.c.epoch == report.best_epoch)
        if report.best_epoch != report.epoch and connection.scalar(best) is None:
            # Its own report was lost with an earlier session.
            rows.append({**key, "epoch": report.best_epoch, "metrics": as_json(report.best_metrics)})
        connection.execute(sa.insert(epochs), rows)

    def _show_in_dashboard(self, report: EpochReport) -> None:
        """Give Optuna the curve where there is one objective; with several, TPE breaks on it."""
        objectives = self._record.spec.objectives
        value = report.metrics.get(objectives[0].metric)
        if len(objectives) > 1 or value is None:
            return
        storage = self._database.storage
        with self._database.translated():
            trial_id = storage.get_trial_id_from_study_id_trial_number(self._holder.study_id, report.number)
            try:
                storage.set_trial_intermediate_value(trial_id, report.epoch, value)
            except UpdateFinishedTrialError:
                return  # told by another program meanwhile

    def record_outcome(
        self,
        token: str,
        outcome: TrialOutcome,
        values: tuple[float, ...] | None,
        settings: Params | None = None,
    ) -> bool:
        """Record and tell how a trial ended.

        Args:
            token: Of its lease.
            outcome: Its end; ``RELEASED`` gives it back.
            values: One an objective if it completed; with a missing or not finite one it is failed instead.
            settings: Its complete settings, to be kept beside its params; None when not at hand.

        Returns:
            False if the lease is lost: the outcome is dropped, and an event says so.
        """
        if outcome.ending is Ending.RELEASED:
            self.release(token)
            return True
        outcome, values = checked(outcome, values, self._record.spec.objectives)
        kept = self._database.persist(lambda: self._teller.end(token, outcome, values, settings))
        self._claimer.held.discard(token)
        return kept

    def record_test_metrics(
        self, number: int, metrics: Mapping[str, float], confusion: Sequence[Sequence[int]] = ()
    ) -> None:
        """Keep what a finished trial's model measured on the test split, with its confusion matrix if any."""

        def record() -> None:
            measured = {"test_metrics": as_json(metrics), "test_confusion": json.dumps(confusion)}
            with self._database.writing() as connection:
                mine = sa.and_(results.c.study_id == self._holder.study_id, results.c.number == number)
                connection.execute(sa.update(results).where(mine).values(**measured))

        self._database.persist(record)

    def record_event(self, number: int | None, kind: str, message: str) -> None:
        """Write down what happened, for people."""

        def record() -> None:
            with self._database.writing() as connection:
                now = self._database.now(connection)
                write_event(connection, self._holder.study_id, number, now, kind, message)

        self._database.persist(record)

    def record_worker(self, worker: int, ready: ReadyWorker) -> None:
        """Keep which machine works on the study and how fast it is.

        Args:
            worker: Its place in this session, from 0; a later one in the same place replaces it.
            ready: What it said of itself.
        """

        def record() -> None:
            mine = sa.and_(workers.c.session_id == self._holder.session_id, workers.c.worker == worker)
            with self._database.writing() as connection:
                connection.execute(sa.delete(workers).where(mine))
                connection.execute(
                    sa.insert(workers).values(
                        session_id=self._holder.session_id,
                        worker=worker,
                        study_id=self._holder.study_id,
                        host=self._holder.owner.host,
                        cpu=as_text(_cpu_name()),
                        device=as_text(ready.device),
                        calibration_s=ready.calibration_s,
                        versions=as_json(ready.versions),
                        started_at=self._database.now(connection),
                    )
                )

        self._database.persist(record)

    # -- what is known ---------------------------------------------------------------------------------

    def curve(self, number: int) -> list[EpochReport]:
        """Return the recorded epochs of a trial, ascending."""
        return self._read(
            lambda connection: read_curves(connection, self._holder.study_id, (number,)).get(number, [])
        )

    def params(self, number: int) -> dict[str, Value]:
        """Return the params of a trial, fixed ones included."""
        spec = self._record.spec
        return self._read(lambda connection: read_params(connection, self._holder.study_id, spec, number))

    def over_trials(self, fold: Callable[[Iterator[TrialRecord]], _Found], which: Which = _EVERY) -> _Found:
        """Return what ``fold`` makes of the study's trials, by number.

        Args:
            fold: Is handed the trials one by one, so that only what it keeps stays in memory; and again from
                the first on where the database was away.
            which: Of the trials. Defaults to all of them.
        """
        spec = self._record.spec

        def read(connection: sa.Connection) -> _Found:
            pages = read_pages(connection, self._holder.study_id, spec, which)
            return fold(trial for page in pages for trial in page)

        return self._read(read)

    def finished_since(self, known: Collection[int]) -> list[FinishedTrial]:
        """Return the ended trials whose numbers are not among ``known``, with the objectives' curves."""
        names = [objective.metric for objective in self._record.spec.objectives]
        return self._read(lambda connection: read_finished(connection, self._holder.study_id, known, names))

    def measured_on_test(self) -> set[int]:
        """Return the numbers of the trials that have test metrics."""
        return self._read(lambda connection: measured_on_test(connection, self._holder.study_id))

    def use_of_budget(self) -> BudgetUse:
        """Return what of the study's budget is used up, over all sessions and machines."""
        return self._database.persist(self._claimer.budget_use)

    def _read(self, read: Callable[[sa.Connection], _Found]) -> _Found:
        def once() -> _Found:
            with self._database.reading() as connection:
                return read(connection)

        return self._database.persist(once)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
