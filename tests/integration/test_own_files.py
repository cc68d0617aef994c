"""A person's own files: checked, declared by ``init``, run to a front. The texts are real ones."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.studies import Study, assert_budget_met_exactly

EIGHT_MISTAKES = """\
data:
  source: movie-revews
task: binary
fixed: {epochs: "5"}
space:
  unts: {low: 4, high: 8}
  embedding: {choices: [trained, glove], when: {family: lstm}}
  family: [lstm, gru]
  dropout: {low: 0.5, high: 0.1}
  learning_rate: {low: 0.0, high: 0.1, log: true}
  batch_size: {low: 16, high: 64, default: 128}
objectives:
  - {metric: acuracy, direction: maximize}
"""

NUSAX = """\
data:
  source: file
  path: {path}
  split: {{column: split, train: train, validation: 0.2, test: valid}}
task: multiclass
fixed: {{epochs: 2, sequence_length: 30, vocabulary_size: 2000}}
space:
  family: [lstm, tfidf_dense]
  units: {{low: 4, high: 16, when: {{family: lstm}}}}
  dense_units: {{low: 8, high: 64, when: {{family: tfidf_dense}}}}
objectives:
  - {{metric: f1, direction: maximize}}
  - {{metric: training_time_s, direction: minimize}}
sampler: random
budget: {{trials: 4}}
"""


def test_check_names_every_mistake_with_its_line_and_creates_nothing(tmp_path: Path) -> None:
    study = Study(tmp_path)
    path = study.declare(EIGHT_MISTAKES)

    done = study.call("check", path.name, code=2)

    for line, found in {
        2: "movie-revews", 4: "epochs", 6: "unts", 7: "family", 9: "low 0.5 is above", 10: "learning_rate",
        11: "128", 13: "acuracy",
    }.items():  # fmt: skip
        told = [each for each in done.stderr.splitlines() if f"{path.name}:{line}:" in each]
        assert told, f"nothing was said of line {line}"
        assert found in told[0]
    assert list(tmp_path.iterdir()) == [path]
    assert done.stdout == ""


@pytest.mark.slow
def test_three_classes_in_indonesian_with_a_split_of_their_own_run_to_a_front(
    shared_data: Path, tmp_path: Path
) -> None:
    study = Study(tmp_path, name="nusax")
    path = study.declare(NUSAX.format(path=shared_data / "nusax_id_dev.csv"))

    study.call("run", path.name)

    assert_budget_met_exactly(study.trials(), 4)
    with (shared_data / "nusax_id_dev.csv").open(encoding="utf-8", newline="") as file:
        declared = Counter(row["label"] for row in csv.DictReader(file) if row["split"] == "valid")
    front = study.json("front")
    assert front
    for member in front:
        sheet = json.loads(study.call("show", "nusax", str(member["number"]), "--format", "json").stdout)
        tested = dict(zip(sheet["classes"], map(sum, sheet["test_confusion"]), strict=True))
        assert tested == declared, "the test split is the declared rows, each once"
        macro = [row["f1"] for row in sheet["test_class_report"] if row["name"] == "macro"]
        assert macro == [pytest.approx(member["test_metrics"]["f1"])]


@pytest.mark.slow
def test_a_csv_goes_through_init_and_check_to_a_front(shared_data: Path, tmp_path: Path) -> None:
    study = Study(tmp_path, name="trec")
    study.call("init", str(shared_data / "trec6_train.csv"), "-o", "trec.yaml")
    checked = study.call("check", "trec.yaml")
    assert "multiclass" in checked.stdout

    study.call("run", "trec.yaml", "--trials", "3")

    assert_budget_met_exactly(study.trials(), 3)
    assert study.json("front")
