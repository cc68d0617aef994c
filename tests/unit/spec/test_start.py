"""Start points: presets made to fit, own points checked whole, one line a mistake."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest

from tuner.errors import Problem, SpecError
from tuner.spec import differences, dump_spec, from_json, parse_spec, to_json
from tuner.spec.catalogue import Catalogue, Preset
from tuner.spec.start import start_warnings
from tuner.spec.values import StartPoint, StudySpec, Value

SPACE = """\
data: {source: reviews}
task: binary
fixed: {epochs: 8}
space:
  family: [lstm, gru, tfidf_dense]
  units: {low: 8, high: 128, when: {family: [lstm, gru]}}
  bidirectional: {choices: [false, true], when: {family: [lstm, gru]}}
  dropout: {low: 0.0, high: 0.5, step: 0.1}
  layers: {value: 2, when: {family: gru}}
  optimizer: [adam, sgd]
  learning_rate: {low: 1e-4, high: 1e-2, log: true, when: {optimizer: adam}}
  sgd_rate: {sets: learning_rate, low: 0.001, high: 0.5, log: true, when: {optimizer: sgd}}
"""

Reader = Callable[[str], StudySpec]


@pytest.fixture(scope="module")
def catalogue(catalogue: Catalogue) -> Catalogue:
    small: dict[str, Value] = {
        "family": "lstm",
        "units": 64,
        "dropout": 0.2,
        "optimizer": "adam",
        "learning_rate": 1e-3,
    }
    presets = {
        "small": Preset("small", "Quick.", {**small, "epochs": 10, "batch_size": 16}),
        "large": Preset("large", "Slow.", {**small, "units": 256, "bidirectional": True}),
    }
    return dataclasses.replace(catalogue, presets=presets)


@pytest.fixture
def spec_of(catalogue: Catalogue) -> Reader:
    return lambda text: parse_spec(SPACE + text, "study.yaml", catalogue)


@pytest.fixture
def problems_of(catalogue: Catalogue) -> Callable[[str], list[Problem]]:
    def problems(text: str) -> list[Problem]:
        with pytest.raises(SpecError, match=r"study\.yaml") as caught:
            parse_spec(SPACE + text, "study.yaml", catalogue)
        return caught.value.problems

    return problems


def test_a_preset_gives_values_to_what_is_searched_and_leaves_the_rest(spec_of: Reader) -> None:
    (point,) = spec_of("start_with: [small]\n").start_with
    assert point.preset == "small"
    assert dict(point.params) == {
        "family": "lstm", "units": 64, "dropout": 0.2, "optimizer": "adam", "learning_rate": 1e-3,
    }  # fmt: skip


def test_what_a_preset_cannot_change_is_told(spec_of: Reader, catalogue: Catalogue) -> None:
    assert start_warnings(spec_of("start_with: [small]\n"), catalogue) == [
        "start_with[0]: of preset small is not taken: epochs 10 (fixed to 8), "
        "batch_size 16 (not declared: 32)"
    ]


def test_an_own_point_has_the_types_of_its_parameters(spec_of: Reader) -> None:
    (point,) = spec_of("start_with: [{family: gru, units: 16, dropout: 0, layers: 2}]\n").start_with
    assert point == StartPoint({"family": "gru", "units": 16, "dropout": 0.0, "layers": 2})
    assert isinstance(point.params["dropout"], float)


def test_points_keep_their_order(spec_of: Reader) -> None:
    points = spec_of("start_with:\n- {family: tfidf_dense}\n- small\n- {dropout: 0.5}\n").start_with
    assert [point.preset for point in points] == ["", "small", ""]


def test_a_list_without_points_is_none(spec_of: Reader) -> None:
    assert spec_of("start_with: []\n").start_with == ()


def test_what_a_point_leaves_to_chance_is_told(spec_of: Reader, catalogue: Catalogue) -> None:
    spec = spec_of("start_with: [{units: 64, sgd_rate: 0.1, optimizer: sgd}]\n")
    assert start_warnings(spec, catalogue) == [
        "start_with[0]: units may have no effect: units counts only when family is lstm or gru, "
        "which the point leaves open"
    ]


def test_more_points_than_the_budget_has_are_told(spec_of: Reader, catalogue: Catalogue) -> None:
    spec = spec_of("start_with: [{dropout: 0.1}, {dropout: 0.2}]\nrepeats: 2\nbudget: {trials: 3}\n")
    assert start_warnings(spec, catalogue) == [
        "start_with has 4 trials with their repeats, more than budget.trials 3",
    ]


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("smal", "start_with[0]: found 'smal', expected small or large, or a point such as {units: 64}; "
         "did you mean 'small'?"),
        ("large", "start_with[0]: preset large has units 256, but units goes from 8 to 128; "
         "raise high to 256, or write a point of your own"),
        ("3", "start_with[0]: found 3, expected a preset or a point; "
         "write a preset's name, or {units: 64, layers: 1}"),
        ("[small]", "start_with[0]: found a list, expected a preset or a point; "
         "write a preset's name, or {units: 64, layers: 1}"),
        ("{}", "start_with[0]: empty, expected at least one parameter with its value"),
        ("{unitz: 3}", "start_with[0].unitz: no parameter of this space; did you mean 'units'?"),
        ("{epochs: 3}", "start_with[0].epochs: epochs is fixed to 8 in every trial; leave it out"),
        ("{units: 129, family: lstm}", "start_with[0].units: found 129, but units goes from 8 to 128; "
         "raise high to 129"),
        ("{units: 4, family: lstm}", "start_with[0].units: found 4, but units goes from 8 to 128; "
         "lower low to 4"),
        ("{units: 8.5, family: lstm}", "start_with[0].units: found 8.5, but units goes from 8 to 128; "
         "write a whole number"),
        ("{units: many, family: lstm}", "start_with[0].units: found 'many', but units goes from 8 to 128; "
         "write a whole number"),
        ("{dropout: 0.25}", "start_with[0].dropout: found 0.25, but dropout goes from 0.0 to 0.5 in steps of "
         "0.1; choose a step that reaches 0.25"),
        ("{dropout: true}", "start_with[0].dropout: found true, but dropout goes from 0.0 to 0.5 in steps of "
         "0.1; write a number"),
        ("{family: cnn}", "start_with[0].family: found 'cnn', but family is lstm, gru or tfidf_dense; "
         "add 'cnn' to its choices"),
        ("{family: gru, layers: 3}", "start_with[0].layers: found 3, but layers is always 2; leave it out"),
        ("{family: tfidf_dense, units: 8}", "start_with[0]: units counts only when family is lstm or gru, "
         "which this point is not; leave units out"),
        ("{optimizer: adam, sgd_rate: 0.1}", "start_with[0]: sgd_rate counts only when optimizer is sgd, "
         "which this point is not; leave sgd_rate out"),
        ("{sgd_rate: 0.1, learning_rate: 1e-3}", "start_with[0]: sgd_rate counts only when optimizer is sgd, "
         "which this point is not; leave sgd_rate out"),
    ],
)  # fmt: skip
def test_a_point_that_cannot_be_is_refused_with_its_line(
    problems_of: Callable[[str], list[Problem]], point: str, said: str
) -> None:
    (problem,) = problems_of(f"start_with: [{point}]\n")
    assert problem.line == 13
    assert str(problem).split(": ", 1)[1] == said


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (
            "[{units: 8, family: lstm}, {family: lstm, units: 8}]",
            "start_with[1]: the same point in this space as one before it",
        ),
        ("[small, small]", "start_with[1]: the same point in this space as the preset small"),
    ],
)
def test_a_point_stands_there_once(
    problems_of: Callable[[str], list[Problem]], points: str, said: str
) -> None:
    (problem,) = problems_of(f"start_with: {points}\n")
    assert problem.message == said
    assert problem.hint == "leave one out; `repeats: 2` runs every point twice"


def test_a_grid_needs_no_start(problems_of: Callable[[str], list[Problem]]) -> None:
    messages = [str(problem) for problem in problems_of("sampler: grid\nstart_with: [small]\n")]
    assert any("start_with: the sampler grid visits every point anyway" in message for message in messages)


def test_a_preset_of_nothing_that_is_searched_is_refused(catalogue: Catalogue) -> None:
    text = "data: {source: reviews}\ntask: binary\nspace: {note: [a, b]}\nstart_with: [small]\n"
    with pytest.raises(SpecError, match="preset small sets nothing that this study searches"):
        parse_spec(text, "study.yaml", catalogue)


def test_every_mistake_of_every_point_is_told(problems_of: Callable[[str], list[Problem]]) -> None:
    found = problems_of("start_with:\n- {unitz: 3, dropout: 7}\n- smal\n- {epochs: 1}\n")
    assert [problem.line for problem in found] == [14, 14, 15, 16]


def test_points_survive_the_file_and_the_database(spec_of: Reader, catalogue: Catalogue) -> None:
    spec = spec_of("start_with: [small, {family: gru, units: 16}]\n")
    assert parse_spec(dump_spec(spec), "again.yaml", catalogue) == spec
    assert "start_with: [small, {family: gru, units: 16}]\n" in dump_spec(spec)
    assert from_json(json.loads(json.dumps(to_json(spec)))) == spec


def test_points_are_no_part_of_the_identity(spec_of: Reader) -> None:
    assert differences(spec_of(""), spec_of("start_with: [small]\n")) == []
