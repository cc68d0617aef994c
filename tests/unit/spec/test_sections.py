"""The sections beside ``space``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tuner.errors import Problem
from tuner.spec.duration import MAX_DURATION_S, duration_text, parse_duration
from tuner.spec.values import (
    BudgetSpec,
    ComponentSpec,
    DataSpec,
    ExecutionSpec,
    Objective,
    SplitSpec,
    StudySpec,
)

Reader = Callable[[str], StudySpec]
Problems = Callable[[str], list[Problem]]

BASE = {
    "data": "{source: reviews}",
    "task": "binary",
    "space": "{units: [8, 16]}",
}


def text_of(**sections: str) -> str:
    return "".join(f"{name}: {body}\n" for name, body in {**BASE, **sections}.items() if body != "-")


def said_of(problems_of: Problems, **sections: str) -> list[str]:
    return [str(problem).removeprefix("study.yaml:") for problem in problems_of(text_of(**sections))]


def test_what_is_left_out_has_its_default(spec_of: Reader) -> None:
    spec = spec_of(text_of())
    assert spec == StudySpec(DataSpec("reviews"), "binary", spec.space)


@pytest.mark.parametrize(
    ("body", "split"),
    [
        ("{train: 4000, validation: 1000, test: 1000}", SplitSpec(4000, 1000, 1000)),
        ("{train: 0.8, validation: 0.1, test: 0.1}", SplitSpec(0.8, 0.1, 0.1)),
        ("{validation: 0.1}", SplitSpec(0.7, 0.1, 0.15)),
        (
            "{column: part, train: train, validation: [valid, dev], test: 0.2}",
            SplitSpec("train", ("valid", "dev"), 0.2, "part"),
        ),
        (
            "{column: part, train: [a], validation: 100, test: b}",
            SplitSpec(("a",), 100, "b", "part"),
        ),
    ],
)
def test_reads_splits(spec_of: Reader, body: str, split: SplitSpec) -> None:
    assert spec_of(text_of(data=f"{{source: reviews, split: {body}}}")).data.split == split


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{train: 0.8}", "data.split: train 0.8 + validation 0.15 + test 0.15 is 1.1, expected at most 1"),
        (
            "{train: 4000}",
            "data.split: found train 4000 beside validation 0.15, test 0.15, expected counts only or shares "
            "only; give train, validation and test alike",
        ),
        ("{train: 0}", "data.split.train: found 0, expected a share below 1.0 or a count of texts"),
        ("{train: -0.5}", "data.split.train: found -0.5, expected a share below 1.0 or a count of texts"),
        (
            "{train: 4000.0}",
            "data.split.train: found 4000.0, expected a share below 1.0 or a count of texts; "
            "write 4000 for a count",
        ),
        (
            "{train: 1.0}",
            "data.split.train: found 1.0, expected a share below 1.0 or a count of texts; "
            "leave something for the other parts",
        ),
        (
            '{train: "0,8"}',
            "data.split.train: found the text '0,8', expected a share below 1.0 or a count of "
            "texts; write 0.8",
        ),
        (
            "{train: train}",
            "data.split.train: found the text 'train', expected a share below 1.0 or a count of texts; "
            "give `column`, the column that holds this value",
        ),
        ("{train: true}", "data.split.train: found true, expected a share below 1.0 or a count of texts"),
        (
            "{column: part}",
            "data.split: `train` names no value of the column; "
            "write train: followed by the column's value for training texts",
        ),
        (
            "{column: part, train: a, validation: [b, a]}",
            "data.split: 'a' stands under train and under validation, "
            "expected values of its own for each part",
        ),
        (
            "{column: part, train: a, validation: 0.5, test: 0.5}",
            "data.split: shares of 1 leave nothing of the training part",
        ),
        ("{column: part, train: []}", "data.split.train: found an empty list, expected values of the column"),
        ("{column: part, train: [1]}", 'data.split.train: found 1, expected a text; write "1"'),
        (
            "{column: 3, train: a}",
            'data.split.column: found 3, expected a text; write "3"',
        ),
        ("{trian: 0.8}", "data.split.trian: unknown key, expected column, train, validation or test; "
         "did you mean 'train'?"),
        ("half", "data.split: found the text 'half', expected a group of `key: value` lines"),
    ],
)  # fmt: skip
def test_names_what_is_wrong_with_a_split(problems_of: Problems, body: str, said: str) -> None:
    (found,) = said_of(problems_of, data=f"{{source: reviews, split: {body}}}")
    assert found.split(": ", 1)[1] == said


def test_reads_everything_else(spec_of: Reader) -> None:
    spec = spec_of(
        text_of(
            objectives="[{metric: loss, direction: minimize}]",
            sampler="{name: tpe, startup_trials: 5}",
            pruner="median",
            budget="{trials: 5, time_limit: 1.5h, max_failures_in_a_row: 2, max_deaths: 1}",
            seed="4294967295",
            fixed="{epochs: 3, note: x}",
            execution="{workers: 2, gpu_memory_limit_mib: 100, worker_memory_limit_mib: 200, "
            "trial_memory_limit_mib: 300}",
        )
    )
    assert spec.objectives == (Objective("loss", "minimize"),)
    assert spec.sampler == ComponentSpec("tpe", {"startup_trials": 5})
    assert spec.pruner == ComponentSpec("median")
    assert spec.budget == BudgetSpec(5, 5400.0, 2, 1)
    assert spec.seed == 2**32 - 1
    assert spec.fixed == {"epochs": 3, "note": "x"}
    assert spec.execution == ExecutionSpec(2, 100, 200, 300)


def test_a_budget_of_time_alone_has_no_limit_of_trials(spec_of: Reader) -> None:
    assert spec_of(text_of(budget="{time_limit: 90}")).budget == BudgetSpec(None, 90.0)


@pytest.mark.parametrize(
    ("section", "body", "said"),
    [
        ("task", "-", "1:1: task is missing, expected binary, multiclass or regression"),
        ("data", "-", "1:1: data is missing, expected where the texts come from"),
        ("space", "-", "1:1: space is missing, expected the parameters to search"),
        ("task", "binery", "2:7: task: found 'binery', expected binary, multiclass or regression; "
        "did you mean 'binary'?"),
        ("task", "true", '2:7: task: found true, expected a text; write "true"'),
        ("data", "reviews", "1:7: data: found the text 'reviews', expected a group of `key: value` lines"),
        ("data", "{dataset: imdb}", "1:1: data.source is missing, expected the name of a data source"),
        ("objectives", "[]", "4:13: objectives: empty, expected at least one; "
         "write - {metric: accuracy, direction: maximize}"),
        ("objectives", "[accuracy]", "4:14: objectives[0]: found the text 'accuracy', expected metric and "
         "direction; write {metric: accuracy, direction: maximize}"),
        ("objectives", "[{metric: loss, direction: min}]", "4:40: objectives[0].direction: found 'min', "
         "expected maximize or minimize; write minimize"),
        ("objectives", "[{metric: loss, direction: down}]", "4:40: objectives[0].direction: found 'down', "
         "expected maximize or minimize"),
        ("objectives", "[{metric: loss}]", "4:14: objectives[0].direction is missing, "
         "expected maximize or minimize"),
        ("sampler", "", "4:1: sampler: found nothing, expected a name; leave it out for the default"),
        ("pruner", "~", "4:9: pruner: found nothing, expected a name; write none"),
        ("pruner", "false", '4:9: pruner: found false, expected a text; write "false"'),
        ("sampler", "{startup_trials: 3}", "4:1: sampler.name is missing, expected the name of a sampler"),
        ("budget", "{}", "4:1: budget: neither trials nor time_limit, expected at least one; "
         "write trials: 20 or time_limit: 10m"),
        ("budget", "{trials: 0}", "4:18: budget.trials: found 0, expected a whole number of at least 1"),
        ("budget", "{trials: 5, time_limit: soon}", "4:33: budget.time_limit: found the text 'soon', "
         "expected a duration such as 90s, 10m, 1.5h or 2d, at most ten years"),
        ("budget", "{time_limit: 0}", "4:22: budget.time_limit: found 0, "
         "expected a duration such as 90s, 10m, 1.5h or 2d, at most ten years"),
        ("budget", "{time_limit: [1]}", "4:22: budget.time_limit: found a list, "
         "expected a duration such as 90s, 10m, 1.5h or 2d"),
        ("budget", "{trials: 5, max_deaths: 0}", "4:33: budget.max_deaths: found 0, "
         "expected a whole number of at least 1"),
        ("seed", "-1", "4:7: seed: found -1, expected a whole number from 0 to 4294967295"),
        ("seed", "4294967296", "4:7: seed: found 4294967296, expected a whole number from 0 to 4294967295"),
        ("seed", "true", "4:7: seed: found true, expected a whole number from 0 to 4294967295"),
        ("seed", '"7"', "4:7: seed: found the text '7', expected a whole number from 0 to 4294967295; "
         "write 7 without quotes"),
        ("execution", "{workers: 0}", "4:22: execution.workers: found 0, "
         "expected a whole number of at least 1"),
        ("execution", "{nice: 1}", "4:13: execution.nice: unknown key, expected workers, threads, "
         "gpu_memory_limit_mib, worker_memory_limit_mib or trial_memory_limit_mib"),
        ("fixed", "{note: [a, b]}", "4:15: fixed.note: found a list, expected one value; "
         "choices belong in `space`"),
        ("fixed", "{epochs: [3, 5]}", "4:17: fixed.epochs: found [3, 5], expected a whole number from 1 to "
         "100; choices belong in `space`"),
        ("fixed", "[epochs]", "4:8: fixed: found a list, expected a group of `key: value` lines"),
        ("objetives", "[]", "4:1: objetives: unknown key, expected data, task, space, sampler, "
        "pruner, fixed, objectives, budget, seed, execution, repeats, start_with, test_on or tensorboard; "
         "did you mean 'objectives'?"),
        ("data", "{source: reviews, splits: {train: 0.5}}", "1:25: data.splits: unknown key, expected split; "
         "did you mean 'split'?"),
    ],
)  # fmt: skip
def test_names_what_is_wrong(problems_of: Problems, section: str, body: str, said: str) -> None:
    assert said in said_of(problems_of, **{section: body})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0), ("2d", 172800.0), ("45", 45.0), (" 10 M ", 600.0)],
)
def test_reads_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "-5m", "0s", "1e3", "10 minutes", "nan", "inf", "9999999d", "1h30m"]
)
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 90s"):
        parse_duration(text)


@pytest.mark.parametrize(
    "seconds", [0.001, 0.25, 1.0, 59.0, 90.0, 600.0, 5400.0, 86400.0, 1234.5678, MAX_DURATION_S]
)
def test_a_duration_is_read_back_as_it_was_written(seconds: float) -> None:
    assert parse_duration(duration_text(seconds)) == seconds


def test_what_is_measured_on_the_test_split_is_declared(spec_of: Reader, problems_of: Problems) -> None:
    assert spec_of(text_of()).test_on == "front"
    assert spec_of(text_of(test_on="all")).test_on == "all"
    assert said_of(problems_of, test_on="al") == [
        "4:10: test_on: found 'al', expected front or all; did you mean 'all'?"
    ]


def test_events_for_tensorboard_are_declared(spec_of: Reader, problems_of: Problems) -> None:
    assert not spec_of(text_of()).tensorboard
    assert spec_of(text_of(tensorboard="true")).tensorboard
    assert said_of(problems_of, tensorboard="yes") == [
        "4:14: tensorboard: found the text 'yes', expected true or false; write true"
    ]
