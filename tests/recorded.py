"""A study that is recorded through the real ledger as sessions do it, without training anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.search.samplers import make_sampler
from tuner.spec.values import (
    BudgetSpec,
    CategoricalParameter,
    ComponentSpec,
    DataSpec,
    IntParameter,
    Objective,
    StudySpec,
)
from tuner.storage import Ledger, open_database, this_owner
from tuner.trial import Ending, EpochReport, TrialOutcome

__all__ = ["SPEC", "record_study"]

SPEC = StudySpec(
    data=DataSpec("file", {"path": "reviews.csv", "text": "text", "label": "label"}),
    task="binary",
    space=(
        IntParameter("units", "units", 8, 64),
        CategoricalParameter("bidirectional", "bidirectional", (False, True)),
    ),
    objectives=(Objective("accuracy", "maximize"), Objective("training_time_s", "minimize")),
    sampler=ComponentSpec("random"),
    budget=BudgetSpec(trials=8, time_limit_s=600.0),
    seed=1,
)

COURSES: tuple[tuple[Ending, float, float, str], ...] = (
    (Ending.COMPLETE, 0.80, 4.0, ""),
    (Ending.COMPLETE, 0.86, 11.0, ""),
    (Ending.COMPLETE, 0.78, 6.0, ""),
    (Ending.PRUNED, 0.55, 3.0, "accuracy 0.5500 is below the floor of 0.6 after 2 epochs"),
    (Ending.FAILED, 0.0, 0.0, "loss is NaN <b>&</b>"),
    (Ending.COMPLETE, 0.70, 2.0, ""),
)
"""Ending, last accuracy, training seconds and reason of each trial; 1, 0 and 5 are the front."""


def record_study(
    storage: str, name: str = "reviews", spec: StudySpec = SPEC, devices: Sequence[str] = ()
) -> Ledger:
    """Record six ended trials, three of them the front; the best is measured on the test split.

    Args:
        storage: A database; made when missing.
        name: The study's name.
        spec: Its declaration; with two objectives.
        devices: That trials ran on, in turn. Defaults to none that are known.
    """
    ledger = Ledger(open_database(storage, create=True))
    ledger.create_study(name, spec, "fingerprint", {"classes": ["bad", "good"]}, Path())
    running = ledger.join(name, make_sampler(spec.sampler, spec.space, spec.seed), this_owner())
    for ending, accuracy, time_s, reason in COURSES:
        claim = running.claim()
        assert claim is not None
        metrics: Mapping[str, float] = {}
        if ending is not Ending.FAILED:
            for epoch in (0, 1):
                metrics = {
                    "accuracy": accuracy - 0.1 * (1 - epoch),
                    "training_time_s": time_s / 2 * (epoch + 1),
                    "loss": 1 - accuracy,
                }
                running.record_epoch(claim.token, EpochReport(claim.number, epoch, metrics, epoch, metrics))
        facts = {"device": devices[claim.number % len(devices)]} if devices else {}
        outcome = TrialOutcome(claim.number, ending, metrics, reason, facts=facts)
        values = (accuracy, time_s) if ending is Ending.COMPLETE else None
        assert running.record_outcome(claim.token, outcome, values)
    running.finish_session()
    ledger.record_test_metrics(name, 1, {"test_accuracy": 0.84, "test_f1": 0.83})
    return ledger
