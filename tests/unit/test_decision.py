"""A decision: its numbers, the sentence that they make, and its way through JSON."""

from __future__ import annotations

import json

import pytest

from tuner.decision import Decision, Numbers, Rule
from tuner.spec.values import Value

_FOUND: dict[str, Value] = {"metric": "accuracy", "direction": "maximize", "epochs": 2, "value": 0.5}

KEPT: dict[Rule, tuple[dict[str, Value], str]] = {
    Rule.FLOOR: (
        {**_FOUND, "best": 0.512, "floor": 0.6, "floor_epochs": 2},
        "accuracy 0.512 is under the floor 0.6 after 2 epochs",
    ),
    Rule.NO_HOPE: (
        {
            "epochs": 2,
            "direction.accuracy": "maximize",
            "growth.accuracy": "curve",
            "hope.accuracy": 0.6851,
            "direction.training_time_s": "minimize",
            "growth.training_time_s": "grows",
            "hope.training_time_s": 60.0,
            "direction.parameters": "minimize",
            "growth.parameters": "constant",
            "hope.parameters": 20_000.0,
            "trial_above_hope": 2,
            "above_hope.accuracy": 0.88,
            "above_hope.training_time_s": 3.0,
            "above_hope.parameters": 900.0,
        },
        "after 2 epochs hopes for accuracy 0.685 at best, in 60 s at least, parameters 20,000; "
        "trial 2 has accuracy 0.88 in 3 s, parameters 900",
    ),
    Rule.RUNG: (
        {"epochs": 1, "rank": 4, "came": 6, "pass": 3, "reduction_factor": 3, "value.accuracy": 0.5501},
        "after 1 epoch 3 of 5 trials rank before it (accuracy 0.55), and the best one in 3 goes on",
    ),
    Rule.MEDIAN: (
        {**_FOUND, "completed": 1, "percentile": 50.0},
        "accuracy 0.5 after 2 epochs is worse than the median of 1 completed trial",
    ),
    Rule.PERCENTILE: (
        {**_FOUND, "completed": 4, "percentile": 25.0},
        "accuracy 0.5 after 2 epochs is not among the best 25 percent of 4 completed trials",
    ),
    Rule.SUCCESSIVE_HALVING: (
        {**_FOUND, "reduction_factor": 4, "bracket": 0},
        "accuracy 0.5 after 2 epochs is not among the best 1 in 4 at its rung",
    ),
    Rule.HYPERBAND: (
        {**_FOUND, "reduction_factor": 3, "bracket": 1},
        "accuracy 0.5 after 2 epochs is not among the best 1 in 3 at its rung",
    ),
    Rule.THRESHOLD: (
        {**_FOUND, "lower": 0.6, "upper": 0.9},
        "accuracy 0.5 after 2 epochs is out of bounds (pruned below 0.6 or above 0.9)",
    ),
    Rule.PATIENT: (
        {**_FOUND, "completed": 4, "patience": 1, "min_delta": 0.0},
        "accuracy 0.5 after 2 epochs is no better for 1 epoch and worse than the median of 4 completed"
        " trials",
    ),
    Rule.CHANCE: (
        {"epochs": 2, "best.accuracy": 0.5055, "chance.accuracy": 0.5},
        "never learned: accuracy 0.505 after 2 epochs, the commonest class alone gives 0.500",
    ),
    Rule.MEMORY: (
        {"needed_bytes": 1_572_864_000, "limit_bytes": 900_000_000},
        "does not fit into memory: about 1.57 GB with its worker, which may have 900 MB; not begun",
    ),
    Rule.TIME_LIMIT: (
        {"epochs": 2, "epochs_left": 6},
        "the time limit was reached after 2 of 8 epochs",
    ),
}
"""As databases keep them, for good: every rule has a sentence, and it says what it said."""


def chance(metric: str, best: float, of_one_answer: float, margin: float) -> str:
    numbers: Numbers = {
        "epochs": 2, f"best.{metric}": best, f"chance.{metric}": of_one_answer, f"margin.{metric}": margin,
    }  # fmt: skip
    return Decision(Rule.CHANCE, numbers).reason


def test_above_what_one_answer_gives_the_bound_of_accident_is_said() -> None:
    assert chance("r2", 0.014, 0.0, 0.0301) == (
        "never learned: r2 0.014 after 2 epochs, accident alone gives up to 0.030"
    )
    assert chance("accuracy", 0.513, 0.5, 0.026) == (
        "never learned: accuracy 0.513 after 2 epochs, the commonest class alone gives 0.500, and accident"
        " up to 0.526"
    )


def test_at_or_below_what_one_answer_gives_accident_explains_nothing() -> None:
    assert chance("r2", -0.2, 0.0, 0.03).endswith("after 2 epochs, the mean alone gives 0")
    assert chance("accuracy", 0.5, 0.5, 0.026).endswith("the commonest class alone gives 0.500")


def test_every_rule_is_among_those_that_are_kept() -> None:
    assert set(KEPT) == set(Rule)


@pytest.mark.parametrize("rule", Rule)
def test_the_sentence_is_made_from_the_numbers(rule: Rule) -> None:
    numbers, sentence = KEPT[rule]

    assert Decision(rule, numbers).reason == sentence


@pytest.mark.parametrize("rule", Rule)
def test_a_decision_comes_back_from_json_with_its_sentence(rule: Rule) -> None:
    decision = Decision(rule, KEPT[rule][0])
    found = Decision.of_document(json.loads(json.dumps(decision.document())))

    assert found == decision
    assert found.reason == decision.reason
    assert isinstance(found.rule, Rule)


def test_other_numbers_are_another_sentence() -> None:
    numbers = {**KEPT[Rule.FLOOR][0], "direction": "minimize", "best": 0.7}

    assert Decision(Rule.FLOOR, numbers).reason == "accuracy 0.7 is over the ceiling 0.6 after 2 epochs"


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'horoscope' is not a valid Rule"):
        Decision.of_document({"rule": "horoscope", "numbers": {}})
