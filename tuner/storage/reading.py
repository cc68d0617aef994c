"""Studies, trials, curves and budgets read in plain SQL.

Optuna's own ``get_trials`` takes seconds at ten thousand trials; the same rows take well under one this
way. Every function takes a connection that sees one state throughout (``Database.reading``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from optuna.distributions import BaseDistribution, json_to_distribution

from tuner.decision import Decision
from tuner.search.space import params_of, settings_of
from tuner.search.trials import FinishedTrial
from tuner.spec.values import StudySpec, Value
from tuner.storage.records import Confusion, TrialRecord, TrialStateName
from tuner.storage.tables import epochs, leases, optuna_trials, params, results, values
from tuner.trial import Ending, EpochReport

__all__ = [
    "confusion_of",
    "from_seconds",
    "has_trial",
    "read_curves",
    "read_finished",
    "read_params",
    "read_trials",
    "states_of",
    "stored_params",
    "stored_values",
]

_ENDINGS = {"COMPLETE": Ending.COMPLETE, "PRUNED": Ending.PRUNED, "FAIL": Ending.FAILED}
_FEW = 500
"""Numbers that are put into one query; SQLite takes no more than some thousand."""


def from_seconds(at: float) -> datetime:
    """Return a point in time as our tables keep it."""
    return datetime.fromtimestamp(at, UTC)


@lru_cache(maxsize=1024)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _trial_ids(study_id: int, numbers: Collection[int] | None = None) -> sa.Select[tuple[int]]:
    query = sa.select(optuna_trials.c.trial_id).where(optuna_trials.c.study_id == study_id)
    return query if numbers is None else query.where(optuna_trials.c.number.in_(numbers))


def stored_params(
    connection: sa.Connection, study_id: int, numbers: Collection[int] | None = None
) -> dict[int, dict[str, Value]]:
    """Return the params that Optuna keeps, by ``trial_id``, in the order in which they were asked for."""
    columns = (params.c.trial_id, params.c.param_name, params.c.distribution_json, params.c.param_value)
    query = (
        sa.select(*columns)
        .where(params.c.trial_id.in_(_trial_ids(study_id, numbers)))
        .order_by(params.c.param_id)
    )
    found: dict[int, dict[str, Value]] = defaultdict(dict)
    for trial_id, name, distribution, value in connection.execute(query).all():
        found[trial_id][name] = _distribution(distribution).to_external_repr(value)
    return found


def read_params(connection: sa.Connection, study_id: int, spec: StudySpec, number: int) -> dict[str, Value]:
    """Return the params of one trial, fixed ones included, in declared order."""
    found = stored_params(connection, study_id, (number,))
    return params_of(spec.space, next(iter(found.values()), {}))


def stored_values(
    connection: sa.Connection, study_id: int, numbers: Collection[int] | None = None
) -> dict[int, dict[int, float]]:
    """Return objective values by ``trial_id`` and objective."""
    columns = (values.c.trial_id, values.c.objective, values.c.value_type, values.c.value)
    query = sa.select(*columns).where(values.c.trial_id.in_(_trial_ids(study_id, numbers)))
    infinite = {"INF_POS": float("inf"), "INF_NEG": float("-inf")}
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for trial_id, objective, kind, value in connection.execute(query).all():
        found[trial_id][objective] = infinite.get(kind, value)
    return found


def _as_tuple(found: Mapping[int, float]) -> tuple[float, ...] | None:
    return tuple(found[objective] for objective in sorted(found)) if found else None


def states_of(connection: sa.Connection, study_id: int) -> dict[str, int]:
    """Return how many trials there are of each state."""
    query = (
        sa.select(optuna_trials.c.state, sa.func.count())
        .where(optuna_trials.c.study_id == study_id)
        .group_by(optuna_trials.c.state)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def has_trial(connection: sa.Connection, study_id: int, number: int) -> bool:
    """Tell whether a study has a trial of that number."""
    return connection.scalar(_trial_ids(study_id, (number,))) is not None


def read_trials(connection: sa.Connection, study_id: int, spec: StudySpec) -> list[TrialRecord]:
    """Return every trial of a study, by number."""
    asked = stored_params(connection, study_id)
    told = stored_values(connection, study_id)
    ours = {
        row.number: row
        for row in connection.execute(sa.select(results).where(results.c.study_id == study_id)).all()
    }
    counted = sa.select(leases.c.number, leases.c.deaths).where(leases.c.study_id == study_id)
    deaths = {number: count for number, count in connection.execute(counted).all()}  # noqa: C416
    reached = _last_epochs(connection, study_id)
    query = (
        sa.select(optuna_trials).where(optuna_trials.c.study_id == study_id).order_by(optuna_trials.c.number)
    )
    found = []
    for row in connection.execute(query).all():
        number = row.number
        epochs_run, last_metrics = reached.get(number, (0, "{}"))
        end = ours.get(number)
        metrics = json.loads(last_metrics if end is None else end.metrics)
        ended = {"deaths": deaths.get(number, 0)} if end is None else _of_its_end(end)
        started_utc, finished_utc = _utc(row.datetime_start), _utc(row.datetime_complete)
        seconds = metrics.get("wall_time_s") if finished_utc else None
        if seconds is None and started_utc and finished_utc:
            seconds = (finished_utc - started_utc).total_seconds()
        chosen = params_of(spec.space, asked.get(row.trial_id, {}))
        if end is not None and end.settings:
            settings = json.loads(end.settings)
        else:
            settings = {**spec.fixed, **settings_of(spec.space, chosen)}
        found.append(
            TrialRecord(
                number=number,
                state=cast("TrialStateName", row.state),
                params=chosen,
                settings=settings,
                values=_as_tuple(told.get(row.trial_id, {})) if row.state == "COMPLETE" else None,
                started_utc=started_utc,
                finished_utc=finished_utc,
                seconds=seconds,
                epochs=epochs_run,
                metrics=metrics,
                **ended,
            )
        )
    return found


def _of_its_end(row: Any) -> dict[str, Any]:
    """Return what only the end of a trial tells, as fields of its record."""
    return {
        "test_metrics": json.loads(row.test_metrics) if row.test_metrics else {},
        "reason": row.reason,
        "detail": row.detail,
        "deaths": row.deaths,
        "model_path": row.model_path,
        "facts": json.loads(row.facts),
        "session_id": row.session_id or "",
        "confusion": confusion_of(row.confusion),
        "test_confusion": confusion_of(row.test_confusion),
        "decision": _decision_of(row.decision),
    }


def read_latest_facts(
    connection: sa.Connection, study_id: int, count: int
) -> list[tuple[dict[str, Value], dict[str, Value]]]:
    """Read the settings and the facts of the ``count`` latest ended trials, the newest first."""
    query = (
        sa.select(results.c.settings, results.c.facts)
        .where(results.c.study_id == study_id, results.c.settings.is_not(None))
        .order_by(results.c.number.desc())
        .limit(count)
    )
    return [(json.loads(settings), json.loads(facts)) for settings, facts in connection.execute(query)]


def confusion_of(text: str | None) -> Confusion:
    """Return a confusion matrix as its column keeps it; an empty one for none."""
    return tuple(tuple(row) for row in json.loads(text)) if text else ()


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


def _utc(at: datetime | None) -> datetime | None:
    """Return a time of Optuna's, which it keeps in UTC without saying so."""
    return None if at is None else at.replace(tzinfo=UTC)


def _last_epochs(connection: sa.Connection, study_id: int) -> dict[int, tuple[int, str]]:
    """Return, by trial, how many epochs it has and the metrics of its best one as they are kept."""
    last = (
        sa.select(epochs.c.number, sa.func.max(epochs.c.epoch).label("epoch"))
        .where(epochs.c.study_id == study_id)
        .group_by(epochs.c.number)
        .subquery()
    )
    current, best = epochs.alias("current"), epochs.alias("best")
    query = (
        sa.select(last.c.number, last.c.epoch, best.c.metrics)
        .join_from(last, current, _same_epoch(current, study_id, last.c.number, last.c.epoch))
        .join(best, _same_epoch(best, study_id, last.c.number, current.c.best_epoch))
    )
    return {number: (epoch + 1, metrics) for number, epoch, metrics in connection.execute(query).all()}


def _same_epoch(
    table: Any, study_id: int, number: sa.ColumnElement[int], epoch: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.study_id == study_id, table.c.number == number, table.c.epoch == epoch)


def read_curves(
    connection: sa.Connection,
    study_id: int,
    numbers: Collection[int] | None = None,
    names: Collection[str] | None = None,
) -> dict[int, list[EpochReport]]:
    """Return every recorded epoch of each trial that has any, ascending; of all metrics, or of ``names``."""
    if numbers is not None and len(numbers) > _FEW:
        wanted = set(numbers)
        every = read_curves(connection, study_id, None, names)
        return {number: curve for number, curve in every.items() if number in wanted}
    query = sa.select(epochs).where(epochs.c.study_id == study_id)
    if numbers is not None:
        query = query.where(epochs.c.number.in_(numbers))
    by_trial: dict[int, dict[int, tuple[dict[str, float], int]]] = defaultdict(dict)
    for row in connection.execute(query.order_by(epochs.c.number, epochs.c.epoch)):
        metrics = json.loads(row.metrics)
        if names is not None:  # at once: the whole of a long study would fill the memory
            metrics = {name: metrics[name] for name in names if name in metrics}
        by_trial[row.number][row.epoch] = (metrics, row.best_epoch)
    return {
        number: [
            EpochReport(number, epoch, metrics, best, by_epoch.get(best, (metrics, best))[0])
            for epoch, (metrics, best) in by_epoch.items()
        ]
        for number, by_epoch in by_trial.items()
    }


def read_finished(
    connection: sa.Connection, study_id: int, known: Collection[int], names: Collection[str]
) -> list[FinishedTrial]:
    """Return the ended trials that are not among ``known``, by number, with their curves of these metrics."""
    query = (
        sa.select(optuna_trials.c.trial_id, optuna_trials.c.number, optuna_trials.c.state)
        .where(optuna_trials.c.study_id == study_id, optuna_trials.c.state.in_(tuple(_ENDINGS)))
        .order_by(optuna_trials.c.number)
    )
    fresh = [row for row in connection.execute(query) if row.number not in known]
    if not fresh:
        return []
    numbers = [row.number for row in fresh]
    curves = read_curves(connection, study_id, numbers, names)
    told = stored_values(connection, study_id, numbers if len(numbers) <= _FEW else None)
    return [
        FinishedTrial(
            row.number,
            _ENDINGS[row.state],
            _as_tuple(told.get(row.trial_id, {})) if row.state == "COMPLETE" else None,
            curves.get(row.number, []),
        )
        for row in fresh
    ]
