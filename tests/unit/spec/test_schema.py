"""The JSON Schema: what an editor accepts, refuses and shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tuner.spec import json_schema, parse_spec, schema_text, write_schema
from tuner.spec.catalogue import Catalogue

GOOD = """\
data: {source: reviews, dataset: imdb, split: {column: part, train: [a], validation: 0.1, test: 10}}
task: binary
fixed: {epochs: 5}
space:
  family: [lstm, gru]
  embedding: {choices: [trained, glove], when: {family: [lstm, gru]}}
  units: {low: 16, high: 128, log: true, default: 32, when: {family: lstm}}
  layers: 2
  dropout: {type: float, low: 0.0, high: 0.3, step: 0.1}
  bidirectional: {value: true, when: {all: [{family: lstm}, {any: [{units: 16}, {layers: [1, 2]}]}]}}
  optimizer: [adam, sgd]
  learning_rate: {low: 1e-4, high: 1e-2, log: true, when: {optimizer: adam}}
  rate: {sets: learning_rate, low: 0.01, high: 0.5, when: {optimizer: sgd}}
objectives:
  - {metric: accuracy, direction: maximize}
  - {metric: training_time_s, direction: minimize}
sampler: {name: tpe, startup_trials: 10}
pruner: pareto
budget: {trials: 20, time_limit: 1.5h}
seed: 42
execution: {workers: 2}
repeats: 3
start_with: [{family: lstm, units: 16}, {optimizer: sgd, rate: 0.1}]
test_on: all
tensorboard: true
"""


@pytest.fixture(scope="module")
def validator(catalogue: Catalogue) -> Draft202012Validator:
    schema = json_schema(catalogue)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def yaml_of(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_accepts_what_the_checker_accepts(validator: Draft202012Validator, catalogue: Catalogue) -> None:
    # The layers of 1 make the condition's branch impossible; an editor cannot see that.
    parse_spec(GOOD.replace("{layers: [1, 2]}", "{layers: 2}"), "f", catalogue)
    assert [error.message for error in validator.iter_errors(yaml_of(GOOD))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("task: binary", "task: binery"),
        ("source: reviews", "source: review"),
        ("dataset: imdb", "datset: imdb"),
        ("epochs: 5", "epochs: 0"),
        ("epochs: 5", "epoch: 5"),
        ("family: [lstm, gru]", "family: [lstm, grru]"),
        ("low: 16", "low: 0"),
        ("low: 16", "lwo: 16"),
        ("layers: 2\n", "layers: two\n"),
        ("sets: learning_rate, ", ""),
        ("layers: [1, 2]", "layers: []"),
        ("metric: accuracy", "metric: acuracy"),
        ("direction: maximize", "direction: max"),
        ("name: tpe", "name: tpee"),
        ("repeats: 3", "repeats: 0"),
        ("test_on: all", "test_on: al"),
        ("tensorboard: true", "tensorboard: 1"),
        ("start_with: [{", "start_with: [smal, {"),
        ("{family: lstm, units: 16}", "{}"),
        ("{family: lstm, units: 16}", "{family: lstm, units: 0}"),
        ("startup_trials: 10", "startup: 10"),
        ("pruner: pareto", "pruner: paretto"),
        ("time_limit: 1.5h", "time_limit: soon"),
        ("trials: 20, time_limit: 1.5h", "max_deaths: 2"),
        ("seed: 42", "seed: -1"),
        ("workers: 2", "workers: 0"),
        ("execution:", "executions:"),
    ],
)
def test_refuses_what_the_checker_refuses(validator: Draft202012Validator, old: str, new: str) -> None:
    assert old in GOOD
    assert not validator.is_valid(yaml_of(GOOD.replace(old, new, 1)))


def test_shows_the_catalogue_to_an_editor(catalogue: Catalogue) -> None:
    schema = json_schema(catalogue)
    units = schema["properties"]["space"]["properties"]["units"]
    assert units["description"] == "Width."
    assert schema["properties"]["fixed"]["properties"]["units"]["default"] == 64
    sources = schema["properties"]["data"]["oneOf"]
    assert [source["properties"]["source"]["const"] for source in sources] == ["reviews", "file"]
    assert sources[1]["required"] == ["source", "path"]
    metrics = schema["properties"]["objectives"]["items"]["properties"]["metric"]["oneOf"]
    assert {"const": "accuracy", "description": "The accuracy."} in metrics


def test_a_setting_declared_twice_accepts_what_either_takes(validator: Draft202012Validator) -> None:
    assert validator.is_valid(yaml_of(GOOD.replace("epochs: 5", "dense_units: 0")))
    assert not validator.is_valid(yaml_of(GOOD.replace("epochs: 5", "dense_units: -1")))


def test_writes_the_file_that_editors_read(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    write_schema(catalogue, path)
    text = path.read_text(encoding="utf-8")
    assert text == schema_text(catalogue)
    assert json.loads(text) == json_schema(catalogue)
