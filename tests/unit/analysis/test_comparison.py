"""The one-factor table: groups, what they measured, and when a difference is called one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tuner.analysis.comparison import Comparison, Level, compare
from tuner.analysis.measures import direction_of, macro_f1, measured, range_of
from tuner.errors import InputError
from tuner.spec.values import (
    CategoricalParameter,
    DataSpec,
    FloatParameter,
    IntParameter,
    Objective,
    StudySpec,
    Value,
)
from tuner.storage.records import TrialRecord

SPEC = StudySpec(
    DataSpec("file"),
    "multiclass",
    (
        IntParameter("layers", "layers", 1, 3),
        CategoricalParameter("units", "units", (64, 32)),
    ),
)


def trial(number: int, f1: float, /, state: Any = "COMPLETE", **params: Value) -> TrialRecord:
    metrics = {"f1": f1, "accuracy": f1 + 0.01, "parameters": 1000.0, "training_time_s": 3.0}
    settings = {**params, "epochs": 5}
    return TrialRecord(number, state, params=params, settings=settings, values=(f1,), metrics=metrics)


def on_test(record: TrialRecord, f1: float) -> TrialRecord:
    return replace(record, test_metrics={"test_f1": f1, "test_accuracy": f1})


def by_layers(*groups: list[float], spec: StudySpec = SPEC) -> Comparison:
    """Compare trials that differ in layers and seed only: a list of F1 a level, 1 layer first."""
    found = [(layers, f1) for layers, group in enumerate(groups, 1) for f1 in group]
    return compare(
        [trial(number, f1, layers=layers) for number, (layers, f1) in enumerate(found)], spec, ["layers"]
    )


def verdicts(table: Comparison) -> dict[str, str]:
    return {level.label: level.verdict for level in table.levels}


def level(table: Comparison, *values: Value) -> Level:
    return next(each for each in table.levels if each.values == values)


def test_trials_are_grouped_and_each_group_has_mean_and_spread() -> None:
    table = by_layers([0.70, 0.72], [0.60])

    assert [each.label for each in table.levels] == ["layers=1", "layers=2"]
    assert [each.numbers for each in table.levels] == [(0, 1), (2,)]
    assert table.metrics == ("macro_f1", "accuracy", "parameters", "training_time_s")
    spread = level(table, 1).spreads["macro_f1"]
    assert (spread.n, spread.mean) == (2, 0.71)
    assert spread.sd == pytest.approx(0.0141421, abs=1e-6)
    assert level(table, 2).spreads["accuracy"].sd is None


def test_a_difference_beyond_the_spread_between_seeds_is_called_worse() -> None:
    table = by_layers([0.70, 0.71, 0.72], [0.50, 0.51, 0.49])

    assert table.test == "welch"
    assert verdicts(table) == {"layers=1": "best mean", "layers=2": "worse"}
    assert level(table, 2).p == pytest.approx(0.00002, abs=1e-5)


def test_a_difference_within_the_spread_between_seeds_is_not_called_one() -> None:
    table = by_layers([0.70, 0.60, 0.80], [0.69, 0.61, 0.75])

    assert verdicts(table) == {"layers=1": "best mean", "layers=2": "not told apart"}


def test_many_levels_are_held_to_more() -> None:
    two = by_layers([0.70, 0.72, 0.74], [0.66, 0.68, 0.70])
    three = by_layers([0.70, 0.72, 0.74], [0.66, 0.68, 0.70], [0.66, 0.68, 0.70])

    assert three.levels[1].p == pytest.approx(2 * (two.levels[1].p or 0))


def test_trials_of_a_range_are_not_said_to_differ_in_their_seed_only() -> None:
    spec = replace(SPEC, space=(FloatParameter("rate", "learning_rate", 1e-4, 1e-2, log=True),))
    rates = [1e-4 * 1.2**number for number in range(20)]
    trials = [trial(number, 0.5 + number / 50, rate=rate) for number, rate in enumerate(rates)]

    table = compare(trials, spec, ["rate"])

    assert [len(each.numbers) for each in table.levels] == [5, 5, 5, 5]
    assert (table.test, table.also_differ) == ("none", ("rate",))
    assert table.sentences[0].startswith("The trials also differ in rate, and not at the same values")
    assert {each.verdict for each in table.levels} == {"best mean", ""}


def test_single_trials_are_not_tested() -> None:
    table = by_layers([0.70], [0.60])

    assert (table.test, verdicts(table)) == ("none", {"layers=1": "best mean", "layers=2": ""})
    assert "no difference is tested" in table.sentences[0]


def test_at_equal_points_of_other_settings_levels_are_compared_in_pairs() -> None:
    # Units make ten times the difference that layers make, and still it is seen.
    points = {16: (0.20, 0.23), 32: (0.41, 0.44), 64: (0.80, 0.84)}
    trials = [
        trial(units + layers, f1, layers=layers, units=units)
        for units, of_layers in points.items()
        for layers, f1 in enumerate(of_layers, 1)
    ]

    table = compare(trials, SPEC, ["layers"])

    assert (table.test, table.also_differ) == ("paired", ("units",))
    assert verdicts(table) == {"layers=1": "worse", "layers=2": "best mean"}
    assert level(table, 1).p == pytest.approx(0.00990, abs=1e-4)
    assert "also differ in units" in table.sentences[0]


def test_after_an_adaptive_search_the_table_describes_and_tests_nothing() -> None:
    trials = [trial(0, 0.7, layers=1, units=32), trial(1, 0.8, layers=2, units=64)]

    table = compare(trials, SPEC, ["layers"])

    assert (table.test, table.also_differ) == ("none", ("units",))
    assert "no difference is tested" in table.sentences[0]


def test_a_parameter_that_one_level_alone_has_belongs_to_that_level() -> None:
    spec = replace(
        SPEC,
        space=(
            CategoricalParameter("embedding", "embedding", ("trained", "glove")),
            CategoricalParameter("embedding_dimension", "embedding_dimension", (50, 100)),
        ),
    )
    trials = [
        trial(0, 0.7, embedding="trained", embedding_dimension=50),
        trial(1, 0.72, embedding="trained", embedding_dimension=50),
        trial(2, 0.8, embedding="glove"),
        trial(3, 0.82, embedding="glove"),
    ]

    assert compare(trials, spec, ["embedding"]).also_differ == ()


def test_several_factors_are_grouped_by_their_combinations() -> None:
    trials = [
        trial(number, 0.7, layers=layers, units=units)
        for number, (layers, units) in enumerate([(2, 32), (1, 64), (1, 32), (2, 64)])
    ]

    table = compare(trials, SPEC, ["layers", "units"])

    # numbers ascend; `units` are numbers too, whatever the order of the choices
    assert [each.values for each in table.levels] == [(1, 32), (1, 64), (2, 32), (2, 64)]
    assert table.levels[0].label == "layers=1 units=32"


def test_choices_stand_in_declared_order_and_numbers_ascend() -> None:
    space = (CategoricalParameter("optimizer", "optimizer", ("sgd", "adam")),)
    trials = [trial(0, 0.7, optimizer="adam"), trial(1, 0.6, optimizer="sgd")]

    table = compare(trials, replace(SPEC, space=space), ["optimizer"])

    assert [each.values for each in table.levels] == [("sgd",), ("adam",)]


def test_true_and_false_are_levels() -> None:
    space = (CategoricalParameter("bidirectional", "bidirectional", (False, True)),)
    trials = [trial(0, 0.7, bidirectional=True), trial(1, 0.6, bidirectional=False)]

    table = compare(trials, replace(SPEC, space=space), ["bidirectional"])

    assert [each.label for each in table.levels] == ["bidirectional=false", "bidirectional=true"]


def test_a_number_with_many_values_is_put_into_ranges_of_like_many_trials() -> None:
    spec = replace(SPEC, space=(FloatParameter("learning_rate", "learning_rate", 0.001, 0.012),))
    trials = [trial(number, 0.7, learning_rate=0.001 * (number + 1)) for number in range(12)]
    pruned = trial(12, 0.1, "PRUNED", learning_rate=0.0065)

    table = compare([*trials, pruned], spec, ["learning_rate"])

    assert [each.values[0] for each in table.levels] == [
        "0.001 to below 0.004", "0.004 to below 0.0065", "0.0065 to below 0.009", "0.009 to 0.012",
    ]  # fmt: skip
    assert [len(each.numbers) for each in table.levels] == [3, 3, 2, 4]
    assert [each.pruned for each in table.levels] == [0, 0, 1, 0]


def test_a_setting_that_two_parameters_give_is_one_factor() -> None:
    trials = [
        replace(trial(0, 0.7, learning_rate=0.01), settings={"learning_rate": 0.01}),
        replace(trial(1, 0.6, sgd_rate=0.5), settings={"learning_rate": 0.5}),
    ]

    table = compare(trials, SPEC, ["learning_rate"])

    assert [each.values for each in table.levels] == [(0.01,), (0.5,)]


def test_pruned_trials_are_counted_and_not_averaged() -> None:
    trials = [trial(0, 0.7, layers=1), trial(1, 0.6, layers=2), trial(2, 0.1, "PRUNED", layers=2)]

    table = compare(trials, SPEC, ["layers"])

    assert [each.pruned for each in table.levels] == [0, 1]
    assert level(table, 2).spreads["macro_f1"].mean == 0.6
    assert "Pruned trials are not in the means" in table.sentences[-1]


def test_a_level_whose_trials_were_all_pruned_is_shown_without_means() -> None:
    trials = [
        *(trial(number, 0.7 + number / 100, layers=1) for number in range(3)),
        *(trial(3 + number, 0.5 + number / 100, layers=2) for number in range(3)),
        *(trial(6 + number, 0.1, "PRUNED", layers=3) for number in range(2)),
    ]

    table = compare(trials, SPEC, ["layers"])

    assert verdicts(table) == {"layers=1": "best mean", "layers=2": "worse", "layers=3": ""}
    lost = level(table, 3)
    assert (lost.numbers, lost.pruned, lost.spreads, lost.p) == ((), 2, {}, None)
    assert (table.test, table.left_out) == ("welch", 0)
    assert table.sentences[-2].startswith("Pruned trials are not in the means")
    assert table.sentences[-1] == "No trial of layers=3 finished, so there is no mean."


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("macro_f1", (0.0, 1.0)),
        ("accuracy", (0.0, 1.0)),
        ("train_f1", (0.0, 1.0)),
        ("r2", (-math.inf, 1.0)),
        ("train_r2", (-math.inf, 1.0)),
        ("loss", (0.0, math.inf)),
        ("training_time_s", (0.0, math.inf)),
        ("unknown", (-math.inf, math.inf)),
    ],
)
def test_a_metrics_range_is_what_it_can_be(metric: str, expected: tuple[float, float]) -> None:
    assert range_of(metric) == expected


def test_no_interval_leaves_its_metrics_range() -> None:
    spreads = level(by_layers([0.98, 0.20], [0.5]), 1).spreads

    assert (spreads["macro_f1"].low, spreads["macro_f1"].high) == (0.0, 1.0)
    assert (spreads["accuracy"].low, spreads["accuracy"].high) == (0.0, 1.0)


def test_against_levels_without_a_mean_nothing_is_tested() -> None:
    trials = [trial(0, 0.7, layers=1), trial(1, 0.8, layers=1), trial(2, 0.1, "PRUNED", layers=2)]

    table = compare(trials, SPEC, ["layers"])

    assert (table.test, len(table.levels)) == ("none", 2)
    assert (
        table.sentences[0] == "Fewer than two levels have a finished trial: no difference is tested."
    )  # fmt: skip


def test_where_every_trial_was_pruned_the_levels_are_counted() -> None:
    table = compare([trial(number, 0.1, "PRUNED", layers=number) for number in (1, 2)], SPEC, ["layers"])

    assert [(each.numbers, each.pruned) for each in table.levels] == [((), 1), ((), 1)]


def test_a_pruned_trial_alone_makes_no_comparison_of_finished_ones() -> None:
    with pytest.raises(InputError, match=r"--by layers: none of the 1 finished trials has it"):
        compare([trial(0, 0.7, units=32), trial(1, 0.1, "PRUNED", layers=2)], SPEC, ["layers"])


def test_the_values_of_pruned_trials_are_inside_their_range() -> None:
    spec = replace(SPEC, space=(FloatParameter("learning_rate", "learning_rate", 0.0001, 0.012),))
    trials = [trial(number, 0.7, learning_rate=0.001 * (number + 1)) for number in range(12)]

    table = compare([*trials, trial(12, 0.1, "PRUNED", learning_rate=0.0001)], spec, ["learning_rate"])

    assert (table.levels[0].values[0], table.levels[0].pruned) == ("0.0001 to below 0.003", 1)


def test_trials_without_the_factor_are_counted_beside_the_table() -> None:
    trials = [trial(0, 0.7, layers=1), trial(1, 0.6, layers=2), trial(2, 0.9)]

    table = compare(trials, SPEC, ["layers"])

    assert table.left_out == 1
    assert table.sentences[-1] == "1 finished trial has no layers and stands beside the table."


def test_the_test_split_counts_when_all_were_measured_there() -> None:
    trials = [on_test(trial(0, 0.7, layers=1), 0.65), on_test(trial(1, 0.6, layers=2), 0.66)]

    table = compare(trials, SPEC, ["layers"])

    assert table.split == "test"
    assert verdicts(table) == {"layers=1": "", "layers=2": "best mean"}
    assert level(table, 1).spreads["training_time_s"].mean == 3.0
    assert table.sentences[-1].endswith("choose on validation.")


def test_the_validation_split_counts_when_one_was_not_measured_on_the_other() -> None:
    table = compare([on_test(trial(0, 0.7, layers=1), 0.65), trial(1, 0.6, layers=2)], SPEC, ["layers"])

    assert table.split == "validation"
    assert level(table, 1).spreads["macro_f1"].mean == 0.7


def test_another_metric_decides_when_it_is_named() -> None:
    trials = [trial(0, 0.7, layers=1), replace(trial(1, 0.6, layers=2), metrics={"training_time_s": 1.0})]

    table = compare(trials, SPEC, ["layers"], "training_time_s")

    assert (table.metric, table.direction, table.split) == ("training_time_s", "minimize", "validation")
    assert verdicts(table)["layers=2"] == "best mean"


def test_an_unknown_metric_is_named_with_its_nearest() -> None:
    with pytest.raises(InputError, match=r"--metric acuracy: .*did you mean accuracy\?"):
        compare([trial(0, 0.7, layers=1), trial(1, 0.7, layers=2)], SPEC, ["layers"], "acuracy")


def test_an_unknown_factor_is_named_with_its_nearest() -> None:
    with pytest.raises(InputError, match=r"--by layer: .*did you mean layers\?"):
        compare([trial(0, 0.7, layers=1)], SPEC, ["layer"])


def test_a_factor_that_is_the_same_everywhere_says_what_differs() -> None:
    trials = [trial(0, 0.7, layers=1, units=32), trial(1, 0.7, layers=1, units=64)]

    with pytest.raises(
        InputError, match=r"all 2 finished trials have layers=1; finished trials differ in units"
    ):
        compare(trials, SPEC, ["layers"])


def test_a_study_without_a_finished_trial_has_an_empty_table() -> None:
    table = compare([trial(0, 0.5, "RUNNING", layers=1)], SPEC, ["layers"])

    assert (table.levels, table.metric, table.split) == ((), "macro_f1", "validation")


def test_macro_f1_is_the_plain_mean_over_classes() -> None:
    # class 0: 2 of 3 found, 2 of 2 called right -> 0.8; class 1: 1 of 1, 1 of 2 -> 2/3; class 2: never there
    assert macro_f1([[2, 1, 0], [0, 1, 0], [0, 0, 0]]) == pytest.approx((0.8 + 2 / 3 + 0) / 3)


def test_of_a_binary_task_macro_f1_comes_from_the_confusion_matrix_and_never_from_f1() -> None:
    plain = TrialRecord(0, "COMPLETE", metrics={"f1": 0.9})

    assert measured(plain, "macro_f1", "validation", "binary") is None
    whole = replace(plain, confusion=((3, 1), (1, 3)), test_confusion=((1, 1), (1, 1)))
    assert measured(whole, "macro_f1", "validation", "binary") == pytest.approx(0.75)
    assert measured(whole, "macro_f1", "test", "binary") == pytest.approx(0.5)


def test_the_declared_direction_comes_before_the_metrics_own() -> None:
    assert direction_of("parameters", [Objective("parameters", "maximize")]) == "maximize"
    assert direction_of("parameters") == direction_of("loss") == "minimize"
    assert direction_of("macro_f1") == direction_of("accuracy") == "maximize"
