"""What has no meaning in a task is refused with its place; what is left out follows the task."""

from __future__ import annotations

import pytest

from tuner.catalogue import CATALOGUE
from tuner.errors import SpecError
from tuner.spec.load import parse_spec
from tuner.spec.values import DataSpec, Objective, StudySpec, Task, default_objectives


def problems(task: str, *lines: str, data: str = "") -> list[str]:
    """Check a file of a task with further lines; the first of them is line 4."""
    head = [
        f"data: {{source: file, path: a.csv{data}}}",
        f"task: {task}",
        "space: {units: {low: 4, high: 8}}",
    ]
    try:
        parse_spec("\n".join([*head, *lines]), "a.yaml", CATALOGUE)
    except SpecError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("task", "metric"), [("binary", "accuracy"), ("multiclass", "accuracy"), ("regression", "mae")]
)
def test_objectives_that_are_left_out_follow_the_task(task: Task, metric: str) -> None:
    text = f"data: {{source: file, path: a.csv}}\ntask: {task}\nspace: {{units: {{low: 4, high: 8}}}}\n"

    spec = parse_spec(text, "a.yaml", CATALOGUE)

    assert spec.objectives == default_objectives(task)
    assert [each.metric for each in spec.objectives] == [metric, "training_time_s"]
    assert spec.objectives == StudySpec(DataSpec("file"), task, ()).objectives
    for objective in spec.objectives:
        assert task in CATALOGUE.metrics[objective.metric].tasks


def test_declared_objectives_stay_whatever_the_task() -> None:
    declared = (Objective("r2", "maximize"),)

    assert StudySpec(DataSpec("file"), "regression", (), declared).objectives == declared


ACCURACY = "objectives: [{metric: accuracy, direction: maximize}]"
MAE = "objectives: [{metric: mae, direction: minimize}]"


@pytest.mark.parametrize(
    ("task", "line", "said"),
    [
        ("regression", ACCURACY, "4:23: objectives[0].metric: accuracy is not measured in a regression task, "
        "only in binary or multiclass; choose loss, mae, mse, r2"),
        ("binary", MAE, "4:23: objectives[0].metric: mae is not measured in a binary task, only in "
        "regression; choose accuracy, loss"),
        ("regression", "fixed: {class_weights: balanced}", "4:24: fixed.class_weights: has no meaning in a "
        "regression task, only in binary or multiclass; take it out"),
        ("regression", "fixed: {monitor: accuracy}", "4:18: fixed.monitor: accuracy is not measured in a "
        "regression task, only in binary or multiclass; choose loss or mae"),
        ("multiclass", "fixed: {monitor: mae}", "4:18: fixed.monitor: mae is not measured in a multiclass "
        "task, only in regression; choose loss, accuracy or f1"),
        ("regression", "pruner: {name: pareto, floor: 0.6}", "4:31: pruner.floor: is about accuracy unless "
        "floor_metric says else, which is not measured in a regression task; add floor_metric: loss, mae, "),
    ],
)  # fmt: skip
def test_what_has_no_meaning_in_the_task_is_refused(task: str, line: str, said: str) -> None:
    found = problems(task, line)

    assert len(found) == 1
    assert found[0].startswith(f"a.yaml:{said}")


def test_a_searched_setting_without_meaning_is_refused_like_a_fixed_one() -> None:
    text = """\
data: {source: file, path: a.csv}
task: regression
space:
  class_weights: [none, balanced]
  watched: {sets: monitor, choices: [loss, accuracy]}
"""
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "a.yaml", CATALOGUE)

    assert [str(each)[:40] for each in caught.value.problems] == [
        "a.yaml:4:3: class_weights: has no meanin",
        "a.yaml:5:44: watched: accuracy is not me",
    ]


@pytest.mark.parametrize(
    ("task", "data", "said"),
    [
        (
            "multiclass",
            ", threshold: 6",
            "1:46: data.threshold: has no meaning in a multiclass task, only in binary",
        ),
        ("regression", ", positive: good", "1:45: data.positive: has no meaning in a regression task"),
        ("binary", ", positive: good, threshold: 6", "1:45: data.positive: found 'good' beside a threshold"),
        ("binary", ", threshold: six", "1:46: data.threshold: found 'six', expected a number"),
        ("binary", ", threshold: .inf", "1:46: found .inf, expected a finite number"),
    ],
)
def test_options_of_the_data_without_meaning_are_refused(task: str, data: str, said: str) -> None:
    found = problems(task, data=data)

    assert len(found) == 1
    assert found[0].startswith(f"a.yaml:{said}")


@pytest.mark.parametrize(
    ("task", "lines"),
    [
        ("regression", ["fixed: {monitor: mae}", "pruner: {name: pareto, floor: 0.0, floor_metric: r2}"]),
        ("regression", ["objectives: [{metric: train_r2, direction: maximize}]"]),
        (
            "multiclass",
            ["fixed: {monitor: f1, class_weights: balanced}", "pruner: {name: pareto, floor: 0.2}"],
        ),
        ("multiclass", ["objectives: [{metric: train_recall, direction: maximize}]"]),
    ],
)
def test_what_has_a_meaning_in_the_task_is_taken(task: str, lines: list[str]) -> None:
    assert problems(task, *lines) == []


def test_a_threshold_may_be_whole_or_not() -> None:
    assert problems("binary", data=", threshold: 6") == problems("binary", data=", threshold: 5.5") == []


def test_a_task_that_cannot_be_read_makes_nothing_else_wrong() -> None:
    found = problems("ordinal", "fixed: {class_weights: balanced}", data=", threshold: 6")

    assert len(found) == 1
    assert "task: found 'ordinal', expected binary, multiclass or regression" in found[0]
