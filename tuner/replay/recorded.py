"""A recorded study: the curves of its trials, as numbers only, from a database or from a file.

The file is JSON, gzipped when its name ends in ``.gz``: names of metrics once, then for each trial its
params, its rules and one row of numbers an epoch. It holds no text of the data and nothing that runs.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tuner.errors import InputError, NotFoundError
from tuner.metrics import METRICS
from tuner.spec.record import space_from_json, space_to_json
from tuner.spec.values import Objective, Parameter, Value, accepts, holds
from tuner.storage import Ledger, TrialRecord
from tuner.training.course import Rules
from tuner.trial import EpochReport

__all__ = ["RecordedStudy", "RecordedTrial", "read_recorded", "recorded_study", "write_recorded"]

FORMAT = "tuner-curves-1"

_MAX_SIZE_BYTES = 1 << 28
"""A hundred thousand trials; a file that unpacks to more is not one of ours."""

_SIGNIFICANT_DIGITS = 6
"""Of each number in a file: finer than any metric of some thousand texts, and half the size."""


@dataclass(frozen=True)
class RecordedTrial:
    """One trial that was trained to its own end.

    Attributes:
        number: Its number in its study.
        params: Its parameters.
        rules: Its epochs, patience and monitor; the learning rate's rules are in the curve already.
        epochs: The metrics of each epoch, ascending; at least one.
    """

    number: int
    params: Mapping[str, Value]
    rules: Rules
    epochs: tuple[Mapping[str, float], ...]


@dataclass(frozen=True)
class RecordedStudy:
    """The trials of a study that a replay can run.

    Attributes:
        name: Of the study.
        objectives: In declared order.
        trials: By number, each with all objectives in every epoch.
        left_out: How many trials cannot be replayed, by reason.
        counts: Texts of each class by split, where they are known.
        space: The parameters that were searched, in declared order; empty where they are not known. Each
            trial's params are a point of it.
    """

    name: str
    objectives: tuple[Objective, ...]
    trials: tuple[RecordedTrial, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    space: tuple[Parameter, ...] = ()

    @property
    def monitors(self) -> tuple[str, ...]:
        """The metrics of the validation split that every epoch has, by name: any can choose the kept one."""
        rows = [row for trial in self.trials for row in trial.epochs]
        return tuple(
            name
            for name in (sorted(rows[0]) if rows else ())
            if name in METRICS
            and METRICS[name].growth == "curve"
            and not name.startswith("train_")
            and all(name in row for row in rows)
        )

    def with_rules(self, patience: int | None = None, monitor: str | None = None) -> RecordedStudy:
        """Return the study with other rules of stopping early and of choosing the kept epoch.

        Args:
            patience: As the setting; None to leave it. A curve cannot go on beyond its recorded end.
            monitor: One of :attr:`monitors`; None to leave it.

        Raises:
            InputError: If an epoch lacks the monitor.
        """
        changes: dict[str, Any] = {}
        if patience is not None:
            changes["patience"] = patience
        if monitor is not None and self.trials:
            if monitor not in self.monitors:
                raise InputError(
                    f"--monitor: found '{monitor}', expected a validation metric of every recorded epoch",
                    f"known: {', '.join(self.monitors) or 'none'}",
                )
            changes["monitor"] = monitor
        trials = tuple(replace(trial, rules=replace(trial.rules, **changes)) for trial in self.trials)
        return replace(self, trials=trials)


def recorded_study(ledger: Ledger, name: str) -> RecordedStudy:
    """Read the curves of a study in a database.

    A trial that was pruned, failed or is still under way is left out: what it would have become is not known.

    Args:
        ledger: Of an open database.
        name: An existing study.
    """
    study = ledger.study(name)
    objectives = study.spec.objectives
    curves = ledger.curves(name)
    trials: list[RecordedTrial] = []
    left_out: dict[str, int] = {}
    for record in ledger.trials(name):
        reason = _unusable(record, curves.get(record.number, ()), objectives)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            trials.append(_recorded(record, curves[record.number]))
    counts = _counts(study.data_summary.get("counts", {}))
    space = study.spec.space
    inside = all(_stray(trial, space) is None for trial in trials)  # Optuna's dashboard can add others
    return RecordedStudy(name, objectives, tuple(trials), left_out, counts, space if inside else ())


def _unusable(
    record: TrialRecord, curve: Sequence[EpochReport], objectives: Sequence[Objective]
) -> str | None:
    if record.state != "COMPLETE":
        return {"PRUNED": "pruned", "FAIL": "failed"}.get(record.state, "not finished")
    if [report.epoch for report in curve] != list(range(len(curve))) or not curve:
        return "without a whole curve"
    if any(not _is_measured(report.metrics, objectives) for report in curve):
        return "without an objective in every epoch"
    return None


def _is_measured(metrics: Mapping[str, float], objectives: Sequence[Objective]) -> bool:
    return all(math.isfinite(metrics.get(objective.metric, math.nan)) for objective in objectives)


def _recorded(record: TrialRecord, curve: Sequence[EpochReport]) -> RecordedTrial:
    settings = record.settings
    rules = _rules(
        int(settings.get("epochs", len(curve))),
        int(settings.get("patience", 0)),
        str(settings.get("monitor", "loss")),
    )
    return RecordedTrial(
        record.number, dict(record.params), rules, tuple(dict(report.metrics) for report in curve)
    )


def _rules(epochs: int, patience: int, monitor: str) -> Rules:
    return Rules(epochs, patience, monitor, plateau_patience=0, learning_rate=0.0)


def _counts(record: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    return {str(part): tuple(int(count) for count in counts) for part, counts in record.items()}


# -- the file ------------------------------------------------------------------------------------------


def write_recorded(study: RecordedStudy, path: Path) -> None:
    """Write a recorded study to a file, gzipped when its name ends in ``.gz``; equal studies, equal bytes.

    Args:
        study: What to write.
        path: Where; its folder must exist.

    Raises:
        InputError: If it cannot be written there.
    """
    names = list(dict.fromkeys(name for trial in study.trials for row in trial.epochs for name in row))
    record = {
        "format": FORMAT,
        "study": study.name,
        "objectives": [{"metric": each.metric, "direction": each.direction} for each in study.objectives],
        "counts": {part: list(counts) for part, counts in study.counts.items()},
        "space": space_to_json(study.space),
        "metrics": names,
        "trials": [_trial_record(trial, names) for trial in study.trials],
    }
    written = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    try:
        path.write_bytes(gzip.compress(written, mtime=0) if path.suffix == ".gz" else written)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror})", "name a file in a folder"
        ) from error


def _trial_record(trial: RecordedTrial, names: Sequence[str]) -> dict[str, Any]:
    rules = trial.rules
    return {
        "number": trial.number,
        "params": dict(trial.params),
        "rules": {"epochs": rules.epochs, "patience": rules.patience, "monitor": rules.monitor},
        "epochs": [[_short(row.get(name)) for name in names] for row in trial.epochs],
    }


def _short(value: float | None) -> float | None:
    """Return a number of few digits; None for what JSON cannot carry."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def read_recorded(path: Path) -> RecordedStudy:
    """Read a file that :func:`write_recorded` wrote.

    Raises:
        NotFoundError: If there is no such file.
        InputError: If it holds anything else.
    """
    hint = "write one with `tuner replay STUDY --save FILE`"
    try:
        packed = path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file", hint) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", hint) from error
    try:
        with packed, gzip.open(packed) if path.suffix == ".gz" else packed as stream:
            content = stream.read(_MAX_SIZE_BYTES + 1)
        if len(content) > _MAX_SIZE_BYTES:
            raise ValueError(f"more than {_MAX_SIZE_BYTES >> 20} MiB")
        return _study_of(json.loads(content))
    except (
        OSError,
        EOFError,
        zlib.error,
        RecursionError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        raise InputError(f"{path}: expected recorded curves, found something else ({found})", hint) from error


def _study_of(record: Any) -> RecordedStudy:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"no mapping with format {FORMAT}")
    objectives = tuple(Objective(str(each["metric"]), each["direction"]) for each in record["objectives"])
    if not objectives or any(each.direction not in ("maximize", "minimize") for each in objectives):
        raise ValueError("objectives are a metric with a direction, maximize or minimize")
    trials = tuple(_trial_of(each, record["metrics"]) for each in record["trials"])
    for trial in trials:
        if not trial.epochs or not all(_is_measured(row, objectives) for row in trial.epochs):
            raise ValueError(f"trial {trial.number} lacks an objective")
    if len({trial.number for trial in trials}) < len(trials):
        raise ValueError("a trial's number stands there twice")
    counts = _counts(record.get("counts", {}))
    space = space_from_json(record.get("space", ()))  # files of before have none
    for trial in trials:
        stray = _stray(trial, space) if space else None
        if stray is not None:
            raise ValueError(f"trial {trial.number} has a {stray} that the space does not allow")
    return RecordedStudy(str(record["study"]), objectives, trials, counts=counts, space=space)


def _stray(trial: RecordedTrial, space: Sequence[Parameter]) -> str | None:
    """Return a name by which a trial's params are no point of the space; None if they are one."""
    known: dict[str, Value] = {}
    for parameter in space:
        if not holds(parameter.when, known):
            continue
        if parameter.name not in trial.params or not accepts(parameter, trial.params[parameter.name]):
            return parameter.name
        known[parameter.name] = trial.params[parameter.name]
    return next((name for name in trial.params if name not in known), None)


def _trial_of(record: Mapping[str, Any], names: Sequence[str]) -> RecordedTrial:
    rules = record["rules"]
    epochs = tuple(
        {str(name): float(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in record["epochs"]
    )
    monitor = str(rules["monitor"])
    if any(monitor not in row for row in epochs):
        raise ValueError(f"a trial without its monitor, {monitor}")
    return RecordedTrial(
        int(record["number"]),
        dict(record["params"]),
        _rules(int(rules["epochs"]), int(rules["patience"]), monitor),
        epochs,
    )
