"""The forms of a parameter, and what is wrong with one by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    StudySpec,
)

Space = Callable[..., StudySpec]
Said = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("line", "parameter"),
    [
        ("layers: 2", FixedParameter("layers", "layers", 2)),
        ("layers: {value: 2}", FixedParameter("layers", "layers", 2)),
        ("layers: {type: fixed, value: 2}", FixedParameter("layers", "layers", 2)),
        (
            "bidirectional: [false, true]",
            CategoricalParameter("bidirectional", "bidirectional", (False, True)),
        ),
        (
            "layers: {choices: [1, 2], default: 2}",
            CategoricalParameter("layers", "layers", (1, 2), default=2),
        ),
        ("units: {low: 16, high: 128}", IntParameter("units", "units", 16, 128)),
        (
            "units: {low: 16, high: 128, log: true, default: 64}",
            IntParameter("units", "units", 16, 128, log=True, default=64),
        ),
        ("units: {low: 8, high: 32, step: 8}", IntParameter("units", "units", 8, 32, step=8)),
        ("units: {low: 8, high: 8}", IntParameter("units", "units", 8, 8)),
        (
            "learning_rate: {low: 1e-4, high: 1e-2, log: true, default: 1e-3}",
            FloatParameter("learning_rate", "learning_rate", 1e-4, 1e-2, log=True, default=1e-3),
        ),
        ("dropout: {low: 0, high: 0.5}", FloatParameter("dropout", "dropout", 0.0, 0.5)),
        ("dropout: {type: float, low: 0, high: 0}", FloatParameter("dropout", "dropout", 0.0, 0.0)),
        (
            "dropout: {low: 0.0, high: 0.3, step: 0.1}",
            FloatParameter("dropout", "dropout", 0.0, 0.3, step=0.1),
        ),
        (
            "rate: {sets: learning_rate, low: 0.1, high: 0.5}",
            FloatParameter("rate", "learning_rate", 0.1, 0.5),
        ),
    ],
)
def test_reads_every_form(space_of: Space, line: str, parameter: Parameter) -> None:
    (found,) = space_of(line).space
    assert found == parameter
    assert type(found) is type(parameter)


def test_bounds_with_a_dot_give_floats_all_through(space_of: Space) -> None:
    (found,) = space_of("dropout: {low: 0, high: 0.5, default: 0}").space
    assert isinstance(found, FloatParameter)
    assert isinstance(found.low, float)
    assert isinstance(found.default, float)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("units: {low: 128, high: 16}", "4:16: units: low 128 is above high 16; swap them?"),
        (
            "units: {low: 0, high: 16, log: true}",
            "4:16: units: low 0 cannot stand on a log scale, expected more than 0; raise low or drop log",
        ),
        (
            "dropout: {low: 0.1, high: 0.5, log: true, step: 0.1}",
            "4:51: dropout: log and step cannot stand together; drop one of them",
        ),
        ("units: {low: 8, high: 16, step: 0}", "4:35: units: step 0, expected more than 0"),
        ("units: {low: 8, high: 16, step: -8}", "4:35: units: step -8, expected more than 0"),
        ("units: {low: 8, high: 16, step: 9}", "4:35: units: step 9 is over the range from 8 to 16"),
        (
            "units: {low: 8, high: 16, step: 3}",
            "4:35: units: step 3 does not divide the range up to high 16; write high: 14 or high: 17",
        ),
        (
            "dropout: {low: 0.0, high: 0.5, step: 0.2}",
            "4:40: dropout: step 0.2 does not divide the range up to high 0.5; write high: 0.4 or high: 0.6",
        ),
        (
            "dropout: {low: 0.0, high: 0.5, step: 1e-300}",
            "4:40: dropout: step 1e-300 divides the range into more values than can be counted",
        ),
        ("units: {low: 8, high: 16, default: 17}", "4:38: units: default 17 is outside 8 to 16"),
        (
            "units: {low: 8, high: 16, step: 4, default: 9}",
            "4:47: units: default 9 is not low plus a multiple of the step",
        ),
        (
            "units: {choices: [8, 16], default: 9}",
            "4:38: units: default 9 is not among the choices 8 or 16; choose one of them, or "
            "leave `default` out",
        ),
        ("units: []", "4:10: units: choices are empty, expected at least one"),
        ("units: [8, 16, 8]", "4:18: units: choices: 8 stands here twice; leave one out"),
        (
            "units: [1, true]",
            "4:14: units: choices: 1 and true are the same to a sampler; leave one out",
        ),
        ("units: [[x], 16]", "4:11: units: choices: found a list, expected a number, a text, true or false"),
        ("units: [8, null]", "4:14: units: choices: found nothing, expected a number, a text, true or false"),
        (
            "units: {choices: 8}",
            "4:20: units.choices: found 8, expected a list; write [a, b]",
        ),
        ("units: {low: 8}", "4:3: units.high is missing, expected a number"),
        ("units: {high: 8}", "4:3: units.low is missing, expected a number"),
        (
            'units: {low: "8", high: 16}',
            "4:16: units.low: found the text '8', expected a whole number; write 8 without quotes",
        ),
        (
            "units: {low: 0,1, high: 16}",
            "4:18: units: found the comma of 0,1 as the end of a value; write 0.1",
        ),
        (
            "units: {low: 8, high: 16, log: yes}",
            "4:34: units.log: found the text 'yes', expected true or false; write true",
        ),
        (
            "units: {type: int, low: 8.0, high: 16}",
            "4:27: units.low: found 8.0, expected a whole number; write 8",
        ),
        (
            "units: {low: 8, high: 16, default: 9.5}",
            "4:38: units.default: found 9.5, expected a whole number",
        ),
        (
            "units: {low: 8, hihg: 16}",
            "4:19: units.hihg: unknown key, expected type, sets, low, high, log, step, default or when; "
            "did you mean 'high'?",
        ),
        (
            "units: {choices: [8], low: 8}",
            "4:25: units.low: a categorical parameter has only type, sets, choices, default and when",
        ),
        (
            "units: {value: 8, default: 8}",
            "4:21: units.default: a fixed parameter has only type, sets, value and when",
        ),
        (
            "units: {type: integer, low: 8, high: 9}",
            "4:17: units.type: found 'integer', expected float, int, categorical or fixed",
        ),
        (
            "units: {step: 8}",
            "4:3: units: found neither low and high, nor choices, nor value; "
            "write {low: 1, high: 8}, {choices: [a, b]} or {value: 2}",
        ),
        (
            "units:",
            "4:3: units: found nothing, expected a range, choices or a value; "
            "write [a, b], {low: 1, high: 8}, or one value",
        ),
        ("units: {sets: 5, value: 8}", '4:17: units.sets: found 5, expected a text; write "5"'),
        (
            '"a b": 1',
            "4:3: space: found the parameter name 'a b', expected letters, digits and _",
        ),
        (
            "all: 1",
            "4:3: space: found the parameter name 'all', expected letters, digits and _; "
            "`all` and `any` are words of conditions",
        ),
    ],
)
def test_names_what_is_wrong_with_a_parameter(space_problems: Said, line: str, said: str) -> None:
    assert said in space_problems(line)


def test_names_every_mistake_of_one_parameter(space_problems: Said) -> None:
    said = space_problems("units: {low: 4, high: 16, step: 5, default: 99, lgo: true}")
    assert len(said) == 3


def test_a_step_of_one_may_stand_beside_log(space_of: Space) -> None:
    assert space_of("units: {low: 8, high: 16, log: true, step: 1}").space[0] == IntParameter(
        "units", "units", 8, 16, log=True
    )


def test_an_empty_space_is_refused(space_problems: Said) -> None:
    assert space_problems(" {}") == ["3:1: space: empty, expected at least one parameter"]


def test_more_parameters_than_can_be_checked_are_refused(space_problems: Said) -> None:
    said = space_problems(*(f"p{index}: {{sets: note, value: x}}" for index in range(201)))
    assert "3:1: space: found 201 parameters, expected up to 200" in said
