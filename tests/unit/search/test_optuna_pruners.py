"""Optuna's pruners asked about our curves must decide as they do inside an Optuna study."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping

import optuna
import pytest

from tests.decisions import reason_of
from tuner.decision import Decision
from tuner.errors import InputError
from tuner.search import FinishedTrial, make_pruner
from tuner.spec.catalogue import Metric
from tuner.spec.values import ComponentSpec, Objective, Value
from tuner.trial import Ending, EpochReport

METRICS = {
    "accuracy": Metric("accuracy", "", "curve", ("binary",), "", 1.0),
    "size_bytes": Metric("size_bytes", "bytes", "final", ("binary",), "", 0.0),
}
ACCURACY = (Objective("accuracy", "maximize"),)


def reports(number: int, values: list[float]) -> list[EpochReport]:
    return [
        EpochReport(number, epoch, {"accuracy": value}, epoch, {"accuracy": value})
        for epoch, value in enumerate(values)
    ]


def complete(number: int, values: list[float]) -> FinishedTrial:
    return FinishedTrial(number, Ending.COMPLETE, (max(values),), reports(number, values))


def assert_is_worse_than_its_threshold(decision: Decision) -> None:
    numbers = decision.numbers
    threshold = numbers["lower"] if decision.rule == "threshold" else numbers["threshold"]
    assert float(numbers.get("best", numbers["value"])) < float(threshold)


@pytest.mark.parametrize(
    ("name", "options", "stock"),
    [
        ("median", {"startup_trials": 3, "warmup_epochs": 1}, optuna.pruners.MedianPruner(3, 2)),
        (
            "percentile",
            {"percentile": 40.0, "startup_trials": 3, "warmup_epochs": 0},
            optuna.pruners.PercentilePruner(40.0, 3, 1),
        ),
        ("threshold", {"lower": 0.4, "warmup_epochs": 1}, optuna.pruners.ThresholdPruner(0.4, None, 2)),
        (
            "successive_halving",
            {"min_epochs": 1, "reduction_factor": 2},
            optuna.pruners.SuccessiveHalvingPruner(1, 2),
        ),
    ],
)
def test_decides_as_inside_an_optuna_study(
    name: str, options: Mapping[str, Value], stock: optuna.pruners.BasePruner
) -> None:
    ours = make_pruner(ComponentSpec(name, options), ACCURACY, METRICS)
    study = optuna.create_study(direction="maximize", pruner=stock)
    draw = random.Random(3)
    finished: list[FinishedTrial] = []
    decisions = []
    for number in range(25):
        trial, values = study.ask(), []
        level = draw.random()
        for epoch in range(6):
            values.append(level + 0.05 * draw.random())
            trial.report(values[-1], epoch + 1)
            expected = trial.should_prune()
            decision = ours.decide(reports(number, values), finished)
            assert (decision is not None) == expected, f"trial {number} epoch {epoch}"
            if decision is not None:
                assert_is_worse_than_its_threshold(decision)
            decisions.append(expected)
            if expected:
                break
        ending = Ending.PRUNED if decisions[-1] else Ending.COMPLETE
        study.tell(
            trial,
            None if decisions[-1] else max(values),
            state=optuna.trial.TrialState.PRUNED if decisions[-1] else optuna.trial.TrialState.COMPLETE,
        )
        told = None if decisions[-1] else (max(values),)
        finished.append(FinishedTrial(number, ending, told, reports(number, values)))
    assert any(decisions)
    assert not all(decisions)


def test_hyperband_spreads_trials_over_brackets_of_different_patience() -> None:
    options = {"min_epochs": 1, "max_epochs": 9, "reduction_factor": 3}
    pruner = make_pruner(ComponentSpec("hyperband", options), ACCURACY, METRICS)
    finished = [complete(number, [0.9] * 9) for number in range(40)]
    cut_at = []
    for number in range(40, 90):
        values = reports(number, [0.1] * 9)
        cut_at.append(
            next((k for k in range(1, 10) if pruner.decide(values[:k], finished) is not None), None)
        )
    assert set(cut_at) == {1, 3, 9}
    assert cut_at.count(1) > cut_at.count(9)


def test_patient_waits_while_a_trial_improves() -> None:
    pruner = make_pruner(
        ComponentSpec("patient", {"patience": 1, "startup_trials": 2, "warmup_epochs": 0}), ACCURACY, METRICS
    )
    finished = [complete(number, [0.8] * 6) for number in range(4)]
    assert pruner.decide(reports(9, [0.1, 0.2, 0.3, 0.4]), finished) is None
    reason = reason_of(pruner.decide(reports(9, [0.3, 0.2, 0.2, 0.1]), finished))
    assert reason == (
        "accuracy 0.1 after 4 epochs is no better for 1 epoch and worse than the median of 4 completed trials"
    )


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        (
            "median",
            {"startup_trials": 2},
            "accuracy 0.5 after 2 epochs is worse than the median of 4 completed",
        ),
        ("percentile", {"startup_trials": 2}, "is not among the best 25 percent of 4 completed trials"),
        ("threshold", {"lower": 0.6}, r"accuracy 0.5 after 2 epochs is out of bounds \(pruned below 0.6\)"),
        ("successive_halving", {"reduction_factor": 2}, "is not among the best 1 in 2 at its rung"),
    ],
)
def test_the_reason_names_its_numbers(name: str, options: Mapping[str, Value], reason: str) -> None:
    pruner = make_pruner(ComponentSpec(name, options), ACCURACY, METRICS)
    finished = [complete(number, [0.8, 0.9]) for number in range(4)]
    found = reason_of(pruner.decide(reports(9, [0.5, 0.5]), finished))
    assert re.search(reason, found), found


def test_asking_twice_gives_the_same_answer() -> None:
    pruner = make_pruner(ComponentSpec("successive_halving"), ACCURACY, METRICS)
    finished = [complete(number, [0.8] * 4) for number in range(4)]
    running = reports(9, [0.5, 0.5, 0.5, 0.5])
    assert pruner.decide(running, finished) == pruner.decide(running, finished) is not None


def test_an_unmeasured_objective_is_not_judged() -> None:
    pruner = make_pruner(ComponentSpec("median"), ACCURACY, METRICS)
    assert pruner.decide([EpochReport(0, 0, {}, 0, {})], []) is None


@pytest.mark.parametrize(
    ("spec", "objectives", "message"),
    [
        (ComponentSpec("median"), (Objective("size_bytes", "minimize"),), "not measured every epoch"),
        (ComponentSpec("threshold"), ACCURACY, "neither lower nor upper"),
        (ComponentSpec("hyperband"), ACCURACY, "option max_epochs is missing"),
    ],
)
def test_a_wrong_declaration_is_refused(
    spec: ComponentSpec, objectives: tuple[Objective, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_pruner(spec, objectives, METRICS)


@pytest.mark.parametrize(
    ("name", "options", "kept"),
    [
        (
            "median",
            {"startup_trials": 2},
            {"completed": 4, "percentile": 50.0, "best": 0.6, "threshold": 0.8},
        ),
        (
            "percentile",
            {"startup_trials": 2, "percentile": 25.0},
            {"completed": 4, "percentile": 25.0, "best": 0.6, "threshold": 0.85},
        ),
        ("threshold", {"lower": 0.7}, {"lower": 0.7}),
        (
            "patient",
            {"startup_trials": 2, "patience": 0, "warmup_epochs": 0},
            {
                "completed": 4,
                "percentile": 50.0,
                "patience": 0,
                "min_delta": 0.0,
                "best": 0.6,
                "threshold": 0.8,
            },
        ),
        (
            "successive_halving",
            {"reduction_factor": 2, "min_epochs": 2},
            {
                "reduction_factor": 2,
                "bracket": 0,
                "rung_epochs": 2,
                "came": 5,
                "pass": 2,
                "threshold": 0.7 + 2 / 15,  # the second best
            },
        ),
    ],
)
def test_a_decision_keeps_what_its_value_was_held_against(
    name: str, options: Mapping[str, Value], kept: Mapping[str, object]
) -> None:
    pruner = make_pruner(ComponentSpec(name, options), ACCURACY, METRICS)
    finished = [complete(number, [0.5, 0.7 + number / 15]) for number in range(4)]  # 0.7, ... 0.9
    decision = pruner.decide(reports(9, [0.6, 0.5]), finished)

    assert decision is not None
    found = {"metric": "accuracy", "direction": "maximize", "epochs": 2, "value": 0.5}
    assert decision.rule == name
    assert decision.numbers == pytest.approx({**found, **kept})


def test_a_value_that_is_none_is_cut_at_no_rung() -> None:
    pruner = make_pruner(ComponentSpec("successive_halving", {"min_epochs": 1}), ACCURACY, METRICS)
    decision = pruner.decide(reports(9, [0.6, math.nan, math.nan, math.nan]), [])

    assert decision is not None
    assert set(decision.numbers) >= {"reduction_factor", "bracket"}
    assert not {"rung_epochs", "threshold"} & set(decision.numbers)
