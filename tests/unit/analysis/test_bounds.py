"""Searched parameters moved: on their own steps and scale, and never beyond what the setting takes."""

from __future__ import annotations

import pytest

from tuner.analysis.bounds import Side, ends_of, reaching, widened
from tuner.catalogue import CATALOGUE
from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
)

SETTINGS = CATALOGUE.settings()


def units(low: int, high: int, log: bool = False, step: int = 1) -> IntParameter:
    return IntParameter("units", "units", low, high, log, step)


def dropout(low: float, high: float, step: float | None = None) -> FloatParameter:
    return FloatParameter("dropout", "dropout", low, high, step=step)


def choices(*values: Value, name: str = "units") -> CategoricalParameter:
    return CategoricalParameter(name, name, values)


@pytest.mark.parametrize(
    ("parameter", "value", "target", "expected"),
    [
        (units(8, 64, log=True), 8, 16, units(16, 64, log=True)),
        (units(8, 64, log=True), 64, 128, units(8, 128, log=True)),
        (units(8, 64, log=True), 64, 32, units(8, 32, log=True)),
        (units(32, 64), 32, 16, units(16, 64)),
        (units(10, 100, step=30), 10, 20, units(40, 100, step=30)),
        (units(10, 100, step=30), 100, 120, units(10, 130, step=30)),
        (units(10, 100, step=30), 70, 60, units(10, 40, step=30)),
        (dropout(0.0, 0.5, 0.1), 0.2, 0.3, dropout(0.3, 0.5, 0.1)),
        (dropout(0.2, 0.3), 0.2, 0.1, dropout(0.1, 0.3)),
        (choices(16, 32, 64), 16, 32, choices(32, 64)),
        (choices(16, 32, 64), 64, 128, choices(16, 32, 64, 128)),
        (choices(16, 32, 64), 32, 24, choices(16, 24)),
        (choices(16, 64), 64, 32, choices(16, 32)),
        (choices(16, 64), 16, 32, choices(32, 64)),
        (choices(32, 64), 32, 16, choices(16, 32, 64)),
        (choices(32, 64), 32, 64, choices(64)),
        (choices("sgd", "adam", name="optimizer"), "sgd", "adam", choices("adam", name="optimizer")),
        (choices("a", "b"), "a", "c", choices("a", "b", "c")),
        (choices(False, True, name="bidirectional"), True, False, choices(False, name="bidirectional")),
        (units(1, 2), 1, 2, choices(2)),
    ],
)  # fmt: skip
def test_a_parameter_is_widened_to_a_target_beyond_and_narrowed_to_one_inside(
    parameter: Parameter, value: Value, target: Value, expected: Parameter
) -> None:
    if isinstance(expected, CategoricalParameter) and len(expected.choices) == 1:
        expected = FixedParameter(expected.name, expected.sets, expected.choices[0])
    assert reaching(parameter, value, target, SETTINGS[parameter.sets]) == expected


def rate(low: float, high: float, default: float | None = None) -> FloatParameter:
    return FloatParameter("rate", "learning_rate", low, high, log=True, default=default)


@pytest.mark.parametrize(
    ("parameter", "side", "expected"),
    [
        (rate(1.2345e-4, 0.0098765, 0.00987), "low", rate(6.17e-5, 0.0098765, 0.00987)),
        (rate(1.2345e-4, 0.0098765), "high", rate(1.2345e-4, 0.0198)),
        (dropout(0.0625, 0.4375, 0.0625), "high", dropout(0.0625, 0.625, 0.0625)),
        (dropout(0.1875, 0.4375, 0.0625), "low", dropout(0.0625, 0.4375, 0.0625)),
        (dropout(0.3, 0.6, 0.1), "low", dropout(0.1, 0.6, 0.1)),
    ],
)
def test_going_out_leaves_the_other_end_and_the_steps_as_they_were_declared(
    parameter: Parameter, side: Side, expected: Parameter
) -> None:
    assert widened(parameter, side, SETTINGS[parameter.sets], 2.0, 0.5) == expected


@pytest.mark.parametrize(
    ("parameter", "value", "target", "expected"),
    [
        (rate(1.2345e-4, 0.0098765), 0.005, 0.0031234, rate(1.2345e-4, 0.00312)),
        (rate(1.2345e-4, 0.0098765), 0.005, 0.0061234, rate(0.00612, 0.0098765)),
        (dropout(0.0625, 0.4375, 0.0625), 0.0625, 0.1625, dropout(0.1875, 0.4375, 0.0625)),
        (dropout(0.0625, 0.4375, 0.0625), 0.4375, 0.2, dropout(0.0625, 0.1875, 0.0625)),
        (dropout(0.3, 0.6, 0.1), 0.3, 0.0, dropout(0.0, 0.6, 0.1)),
    ],
)
def test_going_to_a_target_leaves_the_other_end_and_the_steps_as_they_were_declared(
    parameter: Parameter, value: Value, target: Value, expected: Parameter
) -> None:
    assert reaching(parameter, value, target, SETTINGS[parameter.sets]) == expected


def test_an_end_that_is_typed_shorter_does_not_pass_the_other_one() -> None:
    parameter = rate(1e-4, 0.0098765)
    assert reaching(parameter, 0.005, 0.0098761, SETTINGS["learning_rate"]) == rate(0.0098761, 0.0098765)


def test_a_single_step_that_is_left_is_fixed_as_it_is() -> None:
    parameter = dropout(0.0625, 0.4375, 0.0625)
    assert reaching(parameter, 0.25, 0.4, SETTINGS["dropout"]) == FixedParameter("dropout", "dropout", 0.4375)


def test_a_target_beyond_the_settings_own_bounds_is_not_reached() -> None:
    assert reaching(units(64, 4096), 4096, 8192, SETTINGS["units"]) is None


def test_a_default_that_is_no_longer_inside_is_dropped() -> None:
    parameter = IntParameter("units", "units", 8, 64, default=8)
    assert reaching(parameter, 8, 16, SETTINGS["units"]) == units(16, 64)


@pytest.mark.parametrize(
    ("parameter", "side", "expected"),
    [
        (units(8, 64, log=True), "high", units(8, 128, log=True)),
        (units(8, 64), "high", units(8, 92)),
        (units(8, 64, log=True), "low", units(4, 64, log=True)),
        (units(1, 64), "low", None),
        (units(64, 4096), "high", None),
        (units(64, 4000, log=True), "high", units(64, 4096, log=True)),
        (dropout(0.0, 0.5, 0.1), "high", dropout(0.0, 0.8, 0.1)),
        (dropout(0.0, 0.5), "low", None),
        (dropout(0.5, 0.9, 0.1), "high", None),
        (choices(16, 32, 64), "high", choices(16, 32, 64, 128)),
        (choices(16, 32, 64), "low", choices(8, 16, 32, 64)),
        (choices(16, 32), "low", None),
    ],
)
def test_an_end_goes_out_as_far_as_the_setting_lets_it(
    parameter: Parameter, side: Side, expected: Parameter | None
) -> None:
    assert widened(parameter, side, SETTINGS[parameter.sets], 2.0, 0.5) == expected


def test_ranges_and_three_numbers_have_ends() -> None:
    assert ends_of(units(8, 64)) == (8.0, 64.0)
    assert ends_of(choices(64, 16, 32)) == (16.0, 64.0)


@pytest.mark.parametrize(
    "parameter",
    [
        choices(16, 32),
        choices(False, True),
        choices("a", "b", "c", name="optimizer"),
        FixedParameter("units", "units", 8),
    ],
)
def test_two_numbers_words_and_single_values_have_none(parameter: Parameter) -> None:
    assert ends_of(parameter) is None
