"""Studies of numbers, through the command line: run, reported, refused when they are another task's."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.studies import Study, assert_budget_met_exactly

DECLARED = """\
data:
  {{source: file, path: ratings.csv, label: rating{options}, split: {{train: 240, validation: 80, test: 80}}}}
task: {task}
fixed: {{epochs: 2, family: tfidf_dense, tfidf_features: 1000}}
space:
  dense_units: {{low: 16, high: 64}}
  learning_rate: {{low: 3e-3, high: 1e-2, log: true}}
sampler: random
pruner: none
budget: {{trials: 2}}
"""


@pytest.fixture(scope="module")
def ratings(shared_data: Path) -> list[tuple[str, str]]:
    """400 film reviews with a rating from 1 to 4 or 7 to 10."""
    with gzip.open(shared_data / "imdb_dev_10k.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["rating"]) for row in csv.DictReader(file)]
    return rows[:: len(rows) // 400][:400]


def write(folder: Path, rows: Iterable[tuple[str, str]]) -> None:
    with (folder / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "rating"), *rows])


def declared(study: Study, task: str, options: str = "") -> str:
    return study.declare(DECLARED.format(task=task, options=options)).name


@pytest.mark.slow
def test_ratings_run_to_a_front_in_their_own_unit_and_stay_when_the_task_is_changed(
    ratings: list[tuple[str, str]], tmp_path: Path
) -> None:
    study = Study(tmp_path, name="ratings")
    write(tmp_path, ratings)
    file = declared(study, "regression")
    assert "minimize mae, minimize training_time_s" in study.call("check", file).stdout

    study.call("run", file)

    trials = study.trials()
    assert_budget_met_exactly(trials, 2)
    for trial in trials:
        assert trial["state"] == "COMPLETE"
        assert 0.5 < trial["metrics"]["mae"] < 4.0
        assert trial["metrics"]["loss"] == trial["metrics"]["mse"]
        assert "accuracy" not in trial["metrics"]
    member = study.json("front")[0]
    assert 0.5 < member["test_metrics"]["mae"] < 4.0
    assert member["values"][0] == min(trial["metrics"]["mae"] for trial in trials)
    study.call("report", "ratings")
    assert "MAE against training time" in (tmp_path / "studies" / "ratings" / "report.html").read_text(
        "utf-8"
    )

    for task, options, said in (
        ("multiclass", "", "task: regression became multiclass"),
        ("binary", ", threshold: 6", "task: regression became binary"),
        ("binary", "", "labels, but task binary takes two"),
    ):
        refused = study.call("run", declared(study, task, options), code=2)
        assert said in refused.stderr
    assert study.trials() == trials
    study.call("run", declared(study, "regression"))
    assert study.trials() == trials


@pytest.mark.slow
def test_a_threshold_makes_a_binary_study_of_ratings_with_weighted_classes(
    ratings: list[tuple[str, str]], tmp_path: Path
) -> None:
    study = Study(tmp_path, name="liked")
    write(tmp_path, ratings)
    text = DECLARED.format(task="binary", options=", threshold: 8").replace(
        "fixed: {", "fixed: {class_weights: balanced, "
    )
    file = study.declare(text).name
    assert "threshold=8" in study.call("check", file).stdout

    study.call("run", file, "--trials", "1")

    metrics = study.trials()[0]["metrics"]
    assert {"accuracy", "recall", "train_precision", "train_recall"} <= metrics.keys()
    assert study.json("front")


@pytest.mark.parametrize(("task", "options"), [("regression", ""), ("binary", ", threshold: 6")])
def test_a_rating_that_is_a_word_is_refused_with_its_row_and_nothing_is_stored(
    tmp_path: Path, task: str, options: str
) -> None:
    study = Study(tmp_path, name="ratings")
    rows = [(f"this is film number {n}", str(n % 10 + 1)) for n in range(500)]
    rows[15] = (rows[15][0], "good")
    write(tmp_path, rows)

    refused = study.call("run", declared(study, task, options), code=2)

    (line,) = refused.stderr.splitlines()
    assert "ratings.csv:17: rating 'good': expected a number" in line
    assert not (tmp_path / "studies" / "tuner.db").exists()
    assert not (tmp_path / "studies" / "ratings").exists()
