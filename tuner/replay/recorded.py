"""A recorded study: the curves of its trials, as numbers only, as a database has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tuner.errors import InputError
from tuner.metrics import METRICS
from tuner.spec.values import Objective, Parameter, Params, Value, accepts, holds
from tuner.storage import Ledger, TrialRecord
from tuner.training.course import Rules
from tuner.trial import EpochReport

__all__ = ["RecordedStudy", "RecordedTrial", "is_measured", "recorded_study", "rules_of", "stray"]


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
        left_out: How many trials of the study cannot be replayed, by reason.
        counts: Texts of each class by split, where they are known.
        space: The parameters that were searched, in declared order; empty where they are not known. Each
            trial's params are a point of it.
        sampler: The name of the sampler that drew them; empty where it is not known.
    """

    name: str
    objectives: tuple[Objective, ...]
    trials: tuple[RecordedTrial, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    space: tuple[Parameter, ...] = ()
    sampler: str = ""

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
    space = study.spec.space
    for record in ledger.trials(name):
        reason = _unusable(record, curves.get(record.number, ()), objectives)
        if reason is None and stray(record.params, space) is not None:
            reason = "outside the space"  # Optuna's dashboard, or a script, can queue any
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            trials.append(_recorded(record, curves[record.number]))
    counts = _counts(study.data_summary.get("counts", {}))
    drawn_by = study.spec.sampler.name
    return RecordedStudy(name, objectives, tuple(trials), left_out, counts, space, drawn_by)


def _unusable(
    record: TrialRecord, curve: Sequence[EpochReport], objectives: Sequence[Objective]
) -> str | None:
    if record.state != "COMPLETE":
        return {"PRUNED": "pruned", "FAIL": "failed"}.get(record.state, "not finished")
    if [report.epoch for report in curve] != list(range(len(curve))) or not curve:
        return "without a whole curve"
    if any(not is_measured(report.metrics, objectives) for report in curve):
        return "without an objective in every epoch"
    return None


def is_measured(metrics: Mapping[str, float], objectives: Sequence[Objective]) -> bool:
    """Tell whether an epoch has a finite value of every objective."""
    return all(math.isfinite(metrics.get(objective.metric, math.nan)) for objective in objectives)


def _recorded(record: TrialRecord, curve: Sequence[EpochReport]) -> RecordedTrial:
    settings = record.settings
    rules = rules_of(
        int(settings.get("epochs", len(curve))),
        int(settings.get("patience", 0)),
        str(settings.get("monitor", "loss")),
    )
    return RecordedTrial(
        record.number, dict(record.params), rules, tuple(dict(report.metrics) for report in curve)
    )


def rules_of(epochs: int, patience: int, monitor: str) -> Rules:
    """Return a trial's rules; those of the learning rate are in its curve already."""
    return Rules(epochs, patience, monitor, plateau_patience=0, learning_rate=0.0)


def _counts(record: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    return {str(part): tuple(int(count) for count in counts) for part, counts in record.items()}


def stray(params: Params, space: Sequence[Parameter]) -> str | None:
    """Return a name by which a trial's params are no point of the space; None if they are one."""
    known: dict[str, Value] = {}
    for parameter in space:
        if not holds(parameter.when, known):
            continue
        if parameter.name not in params or not accepts(parameter, params[parameter.name]):
            return parameter.name
        known[parameter.name] = params[parameter.name]
    return next((name for name in params if name not in known), None)
