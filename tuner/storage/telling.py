"""How a trial ends in the tables: our row first, then Optuna's state, then the mark that both are done.

Whoever dies between two of these leaves a result that is recorded and not told. The next to claim a
trial tells it first; so it is told once, and never lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import optuna
import sqlalchemy as sa
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from tuner.spec.values import Objective, Params, Value
from tuner.storage.engine import Database
from tuner.storage.leases import Lease, drop, holds
from tuner.storage.tables import events, leases, results
from tuner.storage.writing import as_json, as_text
from tuner.trial import LIMIT, NEEDED, Ending, TrialOutcome

__all__ = ["Teller", "checked", "write_event"]

_STATES = {
    Ending.COMPLETE: TrialState.COMPLETE,
    Ending.PRUNED: TrialState.PRUNED,
    Ending.FAILED: TrialState.FAIL,
}
_REASON_LENGTH = 250
"""Of a reason as the dashboard shows it; user attributes are loaded with every look at a study."""


_CONSTRAINT = "constraints:memory"
"""Where ``optuna.Trial.set_constraint`` keeps what it is given; here the trial may be another process's.
TPE ranks a PRUNED trial with one behind all that are feasible, the further the larger it is; of a FAILed
trial no sampler learns anything."""


def checked(
    outcome: TrialOutcome, values: tuple[float, ...] | None, objectives: tuple[Objective, ...]
) -> tuple[TrialOutcome, tuple[float, ...] | None]:
    """Turn a completed trial whose values cannot be compared into a failed one.

    Args:
        outcome: How a trial ended.
        values: One an objective, or None.
        objectives: The study's.
    """
    if outcome.ending is not Ending.COMPLETE:
        return outcome, None
    if values is None or len(values) != len(objectives):
        found = 0 if values is None else len(values)
        reason = f"found {found} values, expected one for each of {len(objectives)} objectives"
        return replace(outcome, ending=Ending.FAILED, reason=reason, decision=None), None
    for objective, value in zip(objectives, values, strict=True):
        if not math.isfinite(value):
            reason = f"objective {objective.metric} is {value}, expected a finite number"
            return replace(outcome, ending=Ending.FAILED, reason=reason, decision=None), None
    return outcome, values


def write_event(
    connection: sa.Connection, study_id: int, number: int | None, now: float, kind: str, message: str
) -> None:
    """Write down what happened, for people."""
    row = {"study_id": study_id, "number": number, "at": now}
    connection.execute(sa.insert(events).values(**row, kind=as_text(kind), message=as_text(message)))


class Teller:
    """Ends trials.

    Args:
        database: Where.
        study: Optuna's study.
        study_id: Its key.
        crash_point: Called between two writes that belong together.
    """

    def __init__(
        self, database: Database, study: optuna.Study, study_id: int, crash_point: Callable[[str], None]
    ) -> None:
        self._database = database
        self._study = study
        self._study_id = study_id
        self._crash_point = crash_point

    def end(
        self, token: str, outcome: TrialOutcome, values: tuple[float, ...] | None, settings: Params | None
    ) -> bool:
        """Record and tell how a trial ended; may be repeated.

        Args:
            token: Of its lease.
            outcome: Its end, not ``RELEASED``.
            values: Checked; None unless it completed.
            settings: Its complete settings, or None when not known.

        Returns:
            False if the lease is lost: then nothing was recorded but an event.
        """
        with self._database.writing() as connection:
            lease = holds(connection, self._study_id, token)
            if lease is not None:
                self._insert(connection, lease, outcome, values, settings)
            elif not self._is_recorded_by(connection, token, outcome.number):
                self._note_late(connection, outcome)
                return False
        self._crash_point("recorded")
        self.tell_recorded()
        return True

    def _insert(
        self,
        connection: sa.Connection,
        lease: Lease,
        outcome: TrialOutcome,
        values: tuple[float, ...] | None,
        settings: Params | None,
    ) -> None:
        row = {
            "study_id": self._study_id,
            "number": lease.number,
            "token": lease.token,
            "ending": outcome.ending.value,
            "values": None if values is None else json.dumps(values),
            "metrics": as_json(outcome.metrics),
            "reason": as_text(outcome.reason),
            "detail": as_text(outcome.detail),
            "model_path": as_text(outcome.model_path),
            "facts": as_json(outcome.facts),
            "settings": None if settings is None else as_json(settings),
            "deaths": lease.deaths,
            "recorded_at": self._database.now(connection),
            "told": False,
            "session_id": lease.session_id,
            "confusion": json.dumps(outcome.confusion),
            "decision": None if outcome.decision is None else as_json(outcome.decision.document()),
        }
        connection.execute(sa.insert(results).values(**row))

    def _is_recorded_by(self, connection: sa.Connection, token: str, number: int) -> bool:
        """Tell whether an earlier attempt of the same session succeeded without its answer being heard."""
        query = sa.select(results.c.token).where(
            results.c.study_id == self._study_id, results.c.number == number
        )
        return connection.scalar(query) == token

    def _note_late(self, connection: sa.Connection, outcome: TrialOutcome) -> None:
        message = (
            f"an outcome ({outcome.ending}) came after another session had taken the trial over: dropped"
        )
        now = self._database.now(connection)
        write_event(connection, self._study_id, outcome.number, now, "late", message)

    def tell_recorded(self) -> None:
        """Tell Optuna every result that is recorded and not told, whoever recorded it."""
        # Until a result is told its trial has a lease: looked up by those few, not among all results.
        leased = sa.select(leases.c.number).where(leases.c.study_id == self._study_id)
        with self._database.reading() as connection:
            numbers = connection.scalars(leased).all()
            query = sa.select(results).where(
                results.c.study_id == self._study_id, results.c.number.in_(numbers), results.c.told.is_(False)
            )
            rows = connection.execute(query).all() if numbers else []
        for row in rows:
            self._tell(row)
            self._crash_point("told")
            with self._database.writing() as connection:
                done = sa.and_(results.c.study_id == self._study_id, results.c.number == row.number)
                connection.execute(sa.update(results).where(done).values(told=True))
                drop(connection, self._study_id, row.number)

    def _tell(self, row: Any) -> None:
        ending = Ending(row.ending)
        excess = _excess(json.loads(row.facts))
        values = None if row.values is None else [float(value) for value in json.loads(row.values)]
        storage = self._database.storage
        with self._database.translated():
            try:
                if row.reason and ending is not Ending.COMPLETE:
                    trial_id = storage.get_trial_id_from_study_id_trial_number(self._study_id, row.number)
                    if excess > 0.0:  # its reason says so
                        storage.set_trial_system_attr(trial_id, _CONSTRAINT, excess)
                    storage.set_trial_user_attr(trial_id, "reason", row.reason[:_REASON_LENGTH])
                    self._crash_point("reason given")
                self._study.tell(row.number, values, _STATES[ending], skip_if_finished=True)
            except UpdateFinishedTrialError:
                return  # another session told the same row in this moment


def _excess(facts: Mapping[str, Value]) -> float:
    """Return by which share of the limit a trial needs too much memory; 0 or less for one that fits."""
    needed, limit = facts.get(NEEDED), facts.get(LIMIT)
    if not isinstance(needed, int | float) or not isinstance(limit, int | float):
        return 0.0
    return needed / max(limit, 1) - 1.0
