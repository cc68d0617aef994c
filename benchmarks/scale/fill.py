"""A study of many trials, written in bulk: as a long search leaves it, in seconds, without training."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa
from optuna.distributions import distribution_to_json

from benchmarks.scale import NAME
from tuner.catalogue import CATALOGUE
from tuner.search.space import settings_of, suggest
from tuner.spec import load_spec
from tuner.spec.values import BudgetSpec, ComponentSpec, Params, StudySpec
from tuner.storage import Ledger, open_database
from tuner.storage.tables import epochs, optuna_trials, params, results, values
from tuner.storage.writing import as_json

__all__ = ["EPOCHS", "SPACE_FILE", "curve_of", "fill", "spec_of"]

EPOCHS = 5
SPACE_FILE = Path(__file__).resolve().parents[1] / "front" / "space.yaml"
_ROWS = 500
"""Rows of one statement."""


def spec_of(sampler: str = "tpe") -> StudySpec:
    """Return the study of the comparison with other tools, without a budget that could end it."""
    spec = load_spec(SPACE_FILE, CATALOGUE)
    return replace(spec, sampler=ComponentSpec(sampler), budget=BudgetSpec(trials=1_000_000))


def fill(storage: str, trials: int, seed: int = 0) -> None:
    """Make a database with a study of so many finished trials, each with five epochs.

    What the statements write is what the ledger writes for a trial: ``test_fill`` holds both together.

    Args:
        storage: A path or URL of a database that is not there, or is empty.
        trials: How many.
        seed: Of params and curves.
    """
    spec = spec_of()
    database = open_database(storage, create=True)
    ledger = Ledger(database)
    study = ledger.create_study(NAME, spec, "fingerprint", {"counts": {}}, Path())
    drawn = _points(spec, trials, seed)
    began = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=60 * trials)
    key = {"study_id": study.optuna_id}
    with database.writing() as connection:
        _insert(
            connection,
            optuna_trials,
            (
                {
                    **key,
                    "number": number,
                    "state": "COMPLETE",
                    "datetime_start": began + timedelta(seconds=60 * number),
                    "datetime_complete": began + timedelta(seconds=60 * number + 50),
                }
                for number in range(trials)
            ),
        )
        ids = dict(connection.execute(sa.select(optuna_trials.c.number, optuna_trials.c.trial_id)).all())
        _insert(connection, params, (row for each in drawn for row in _param_rows(each, ids[each.number])))
        chance = random.Random(seed)
        curves = {each.number: curve_of(each.params, chance) for each in drawn}
        _insert(
            connection,
            values,
            (
                {"trial_id": ids[number], "objective": index, "value": value, "value_type": "FINITE"}
                for number, curve in curves.items()
                for index, value in enumerate(_values(spec, curve[-1]))
            ),
        )
        _insert(
            connection,
            epochs,
            (
                {**key, "number": number, "epoch": epoch, "metrics": as_json(metrics), "best_epoch": epoch}
                for number, curve in curves.items()
                for epoch, metrics in enumerate(curve)
            ),
        )
        _insert(connection, results, (_result(spec, study.optuna_id, each, curves) for each in drawn))
    database.close()


def _points(spec: StudySpec, trials: int, seed: int) -> list[optuna.trial.FrozenTrial]:
    """Draw points of the space at random, as Optuna's trials in memory."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    directions = [objective.direction for objective in spec.objectives]
    drawn = optuna.create_study(directions=directions, sampler=optuna.samplers.RandomSampler(seed=seed))
    found = []
    for _ in range(trials):
        trial = drawn.ask()
        suggest(trial, spec.space)
        found.append(drawn._storage.get_trial(trial._trial_id))
    return found


def _param_rows(trial: optuna.trial.FrozenTrial, trial_id: int) -> Iterable[Mapping[str, Any]]:
    for name, distribution in trial.distributions.items():
        yield {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distribution.to_internal_repr(trial.params[name]),
            "distribution_json": distribution_to_json(distribution),
        }


def curve_of(point: Params, chance: random.Random) -> list[dict[str, float]]:
    """Make up a curve: larger networks take longer and get further, and chance has its part.

    Args:
        point: Its params.
        chance: Where chance comes from.

    Returns:
        The metrics of each epoch, as many of them as a real trial records.
    """
    size = float(point.get("units", point.get("filters", 64))) * (2 if point.get("bidirectional") else 1)
    epoch_s = 0.02 * size * float(point.get("layers", 0.2)) * chance.uniform(0.9, 1.1)
    rate = abs(math.log10(float(point["learning_rate"])) + 2.7)
    end = 0.85 - 0.08 * rate - 2.0 / size + chance.gauss(0.0, 0.01)
    curve = []
    for epoch in range(EPOCHS):
        accuracy = min(max(end - 0.3 * math.exp(-1.2 * (epoch + 1)), 0.5), 0.99)
        spent = epoch_s * (epoch + 1)
        learned = dict.fromkeys(("accuracy", "precision", "recall", "f1", "auc"), accuracy)
        seconds = dict.fromkeys(("training_time_s", "training_cpu_time_s", "wall_time_s"), spent)
        others = dict.fromkeys(("validation_time_s", "compile_time_s", "checkpoint_time_s"), spent / 10)
        more = {"loss": 1 - accuracy, "train_loss": 0.9 - accuracy, "train_accuracy": accuracy}
        sizes = {"epochs": epoch + 1.0, "peak_memory_bytes": 8e8, "parameters": 1e4 * size}
        curve.append({**learned, **more, **seconds, **others, **sizes})
    return curve


def _values(spec: StudySpec, metrics: Mapping[str, float]) -> list[float]:
    return [metrics[objective.metric] for objective in spec.objectives]


def _result(
    spec: StudySpec,
    study_id: int,
    trial: optuna.trial.FrozenTrial,
    curves: Mapping[int, list[dict[str, float]]],
) -> Mapping[str, Any]:
    metrics = curves[trial.number][-1]
    settings = CATALOGUE.complete({**spec.fixed, **settings_of(spec.space, trial.params)})
    return {
        "study_id": study_id,
        "number": trial.number,
        "token": f"token {trial.number}",
        "ending": "complete",
        "values": json.dumps(_values(spec, metrics)),
        "metrics": as_json(metrics),
        "reason": "",
        "detail": "",
        "model_path": "model.weights.h5",
        "facts": as_json({"kernel": "plain", "device": "CPU (core 0)", "tensorflow": "2.21.0"}),
        "settings": as_json(settings),
        "deaths": 0,
        "recorded_at": 1.7e9 + 60.0 * trial.number,
        "told": True,
        "session_id": "session",
        "confusion": "[[400, 100], [100, 400]]",
    }


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    waiting: list[Mapping[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _ROWS:
            connection.execute(sa.insert(table), waiting)
            waiting = []
    if waiting:
        connection.execute(sa.insert(table), waiting)


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]))
