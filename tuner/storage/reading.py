"""Studies, trials, curves and budgets read in plain SQL.

Optuna's own ``get_trials`` takes seconds at ten thousand trials; the same rows take well under one this
way. Every function takes a connection that sees one state throughout (``Database.reading``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from optuna.distributions import BaseDistribution, json_to_distribution

from tuner.search.packed import packed
from tuner.search.space import params_of
from tuner.search.trials import FinishedTrial
from tuner.spec.values import StudySpec, Value
from tuner.storage.records import Confusion
from tuner.storage.tables import epochs, optuna_trials, params, results, values
from tuner.trial import Ending, EpochReport

__all__ = [
    "PAGE",
    "among",
    "confusion_of",
    "from_seconds",
    "has_trial",
    "in_pages",
    "measured_on_test",
    "read_curves",
    "read_finished",
    "read_latest_facts",
    "read_params",
    "states_of",
    "stored_params",
    "stored_values",
]

_Each = TypeVar("_Each")

_ENDINGS = {"COMPLETE": Ending.COMPLETE, "PRUNED": Ending.PRUNED, "FAIL": Ending.FAILED}
_INFINITE = {"INF_POS": float("inf"), "INF_NEG": float("-inf")}

PAGE = 250
"""Trials that are read at once: their records take some megabytes, and SQLite takes no more than some
thousand numbers in one query."""


def in_pages(all_of_them: Sequence[_Each]) -> Iterator[Sequence[_Each]]:
    """Cut a sequence into pieces of :data:`PAGE`."""
    return (all_of_them[start : start + PAGE] for start in range(0, len(all_of_them), PAGE))


def among(column: sa.ColumnElement[int], keys: Sequence[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of some ascending numbers.

    Without gaps they are a range, which a database answers from its index in one go; hundreds of numbers
    one by one take PostgreSQL several times as long.
    """
    if keys and keys[-1] - keys[0] + 1 == len(keys):
        return column.between(keys[0], keys[-1])
    return column.in_(keys)


def _in_parts(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
    """Yield rows one by one that are fetched some at once: neither each by itself nor all of them."""
    return chain.from_iterable(connection.execute(query).partitions(PAGE))


def from_seconds(at: float) -> datetime:
    """Return a point in time as our tables keep it."""
    return datetime.fromtimestamp(at, UTC)


@lru_cache(maxsize=1024)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _trial_id(study_id: int, number: int) -> sa.Select[tuple[int]]:
    return sa.select(optuna_trials.c.trial_id).where(
        optuna_trials.c.study_id == study_id, optuna_trials.c.number == number
    )


def stored_params(
    connection: sa.Connection, trial_ids: Sequence[int] | sa.Select[tuple[int]]
) -> dict[int, dict[str, Value]]:
    """Return the params that Optuna keeps, by ``trial_id``, in the order in which they were asked for.

    Args:
        connection: Sees one state of the database.
        trial_ids: Of these trials, ascending; or a query for them.
    """
    columns = (params.c.trial_id, params.c.param_name, params.c.distribution_json, params.c.param_value)
    wanted = (
        params.c.trial_id.in_(trial_ids)
        if isinstance(trial_ids, sa.Select)
        else among(params.c.trial_id, trial_ids)
    )
    query = sa.select(*columns).where(wanted).order_by(params.c.param_id)
    found: dict[int, dict[str, Value]] = defaultdict(dict)
    for trial_id, name, distribution, value in connection.execute(query).all():
        found[trial_id][name] = _distribution(distribution).to_external_repr(value)
    return found


def read_params(connection: sa.Connection, study_id: int, spec: StudySpec, number: int) -> dict[str, Value]:
    """Return the params of one trial, fixed ones included, in declared order."""
    found = stored_params(connection, _trial_id(study_id, number))
    return params_of(spec.space, next(iter(found.values()), {}))


def stored_values(
    connection: sa.Connection, study_id: int, trial_ids: Sequence[int] | None = None
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Yield the number and the objective values of each trial that completed, by number.

    Args:
        connection: Sees one state of the database.
        study_id: The study's key.
        trial_ids: Of these trials only, ascending, at most :data:`PAGE`; None for all.
    """
    query = (
        sa.select(optuna_trials.c.number, values.c.value_type, values.c.value)
        .join_from(optuna_trials, values, values.c.trial_id == optuna_trials.c.trial_id)
        .where(optuna_trials.c.study_id == study_id, optuna_trials.c.state == "COMPLETE")
        .order_by(optuna_trials.c.number, values.c.objective)
    )
    if trial_ids is not None:
        query = query.where(among(optuna_trials.c.trial_id, trial_ids))
    for number, rows in groupby(_in_parts(connection, query), attrgetter("number")):
        yield number, tuple(_INFINITE.get(row.value_type, row.value) for row in rows)


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
    return connection.scalar(_trial_id(study_id, number)) is not None


def measured_on_test(connection: sa.Connection, study_id: int) -> set[int]:
    """Return the numbers of the trials that have test metrics."""
    query = sa.select(results.c.number).where(
        results.c.study_id == study_id, results.c.test_metrics.is_not(None)
    )
    return set(connection.scalars(query))


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


def read_curves(
    connection: sa.Connection,
    study_id: int,
    numbers: Collection[int] | None = None,
    names: Collection[str] | None = None,
) -> dict[int, list[EpochReport]]:
    """Return every recorded epoch of each trial that has any, ascending; of all metrics, or of ``names``."""
    if numbers is None:
        return dict(_curves(connection, study_id, None, names))
    found: dict[int, list[EpochReport]] = {}
    for few in in_pages(sorted(numbers)):
        found.update(_curves(connection, study_id, few, names))
    return found


def _curves(
    connection: sa.Connection,
    study_id: int,
    numbers: Collection[int] | None,
    names: Collection[str] | None,
) -> Iterator[tuple[int, list[EpochReport]]]:
    query = sa.select(epochs).where(epochs.c.study_id == study_id)
    if numbers is not None:
        query = query.where(epochs.c.number.in_(numbers))
    rows = _in_parts(connection, query.order_by(epochs.c.number, epochs.c.epoch))
    for number, of_trial in groupby(rows, attrgetter("number")):
        by_epoch: dict[int, tuple[dict[str, float], int]] = {}
        for row in of_trial:
            metrics = json.loads(row.metrics)
            if names is not None:  # at once: the whole of a long study would fill the memory
                metrics = {name: metrics[name] for name in names if name in metrics}
            by_epoch[row.epoch] = (metrics, row.best_epoch)
        yield (
            number,
            [
                EpochReport(number, epoch, metrics, best, by_epoch.get(best, (metrics, best))[0])
                for epoch, (metrics, best) in by_epoch.items()
            ],
        )


def read_finished(
    connection: sa.Connection, study_id: int, known: Collection[int], names: Collection[str]
) -> list[FinishedTrial]:
    """Return the ended trials that are not among ``known``, by number, with their curves of these metrics."""
    query = (
        sa.select(optuna_trials.c.trial_id, optuna_trials.c.number, optuna_trials.c.state)
        .where(optuna_trials.c.study_id == study_id, optuna_trials.c.state.in_(tuple(_ENDINGS)))
        .order_by(optuna_trials.c.number)
    )
    fresh = [row for row in _in_parts(connection, query) if row.number not in known]
    found = []
    for page in in_pages(fresh):  # the curves of a page are packed before the next one is read
        curves = dict(_curves(connection, study_id, [row.number for row in page], names))
        told = dict(stored_values(connection, study_id, [row.trial_id for row in page]))
        found += [
            FinishedTrial(
                row.number, _ENDINGS[row.state], told.get(row.number), packed(curves.get(row.number, []))
            )
            for row in page
        ]
    return found
