"""Specs in the database: the exact round trip, the hash, and what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tuner.spec import differences, from_json, spec_hash, to_json
from tuner.spec.values import (
    AllOf,
    AnyOf,
    BudgetSpec,
    CategoricalParameter,
    ComponentSpec,
    DataSpec,
    ExecutionSpec,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Objective,
    SplitSpec,
    StudySpec,
)

UNITS = IntParameter("units", "units", 16, 64, log=True, when=Is("family", ("lstm",)))
SPEC = StudySpec(
    data=DataSpec("file", {"path": "a.csv"}, SplitSpec(("a",), "b", 0.1, "part")),
    task="binary",
    space=(
        CategoricalParameter("family", "family", ("lstm", "gru"), default="gru"),
        UNITS,
        FloatParameter("rate", "learning_rate", 1e-4, 1.0, log=True),
        FixedParameter(
            "layers", "layers", 2, AllOf((AnyOf((Is("units", (16, 32)),)), Is("family", ("gru",))))
        ),
    ),
    budget=BudgetSpec(5, 90.0),
    fixed={"epochs": 3, "dropout": 0.5},
    execution=ExecutionSpec(2),
)


def test_a_spec_survives_json() -> None:
    again = from_json(json.loads(json.dumps(to_json(SPEC))))
    assert again == SPEC
    assert spec_hash(again) == spec_hash(SPEC)
    assert isinstance(again.data.split.train, tuple)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {**to_json(SPEC), "space": [{"name": "a"}]},
        {**to_json(SPEC), "space": [{"name": "a", "sets": "a", "type": "odd", "when": None}]},
        {**to_json(SPEC), "budget": {"hours": 3}},
        {**to_json(SPEC), "data": None},
        {**to_json(SPEC), "data": "text"},
    ],
)
def test_a_foreign_record_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a stored spec"):
        from_json(record)


@pytest.mark.parametrize(
    "other",
    [
        replace(SPEC, sampler=ComponentSpec("random")),
        replace(SPEC, pruner=ComponentSpec("none")),
        replace(SPEC, budget=BudgetSpec(500)),
        replace(SPEC, execution=ExecutionSpec()),
        replace(SPEC, tensorboard=True),
        replace(SPEC, space=(SPEC.space[0], SPEC.space[2], SPEC.space[1], SPEC.space[3])),
    ],
)
def test_what_may_change_makes_no_difference(other: StudySpec) -> None:
    assert differences(SPEC, other) == []
    assert spec_hash(SPEC) == spec_hash(other)


def with_units(parameter: IntParameter | FixedParameter) -> StudySpec:
    return replace(SPEC, space=(SPEC.space[0], parameter, *SPEC.space[2:]))


@pytest.mark.parametrize(
    ("other", "sentences"),
    [
        (with_units(replace(UNITS, high=128)), ["space.units: high 64 became 128"]),
        (
            with_units(replace(UNITS, log=False, default=20)),
            ["space.units: default nothing became 20", "space.units: log true became false"],
        ),
        (
            with_units(replace(UNITS, when=None)),
            ["space.units: condition 'family is lstm' became 'always'"],
        ),
        (with_units(FixedParameter("units", "units", 8)), ["space.units: type int became fixed"]),
        (replace(SPEC, space=SPEC.space[:3]), ["space.layers: is no longer there"]),
        (replace(SPEC, task="multiclass"), ["task: binary became multiclass"]),
        (replace(SPEC, seed=7), ["seed: 0 became 7"]),
        (
            replace(SPEC, fixed={"epochs": 4}),
            ["fixed.epochs: 3 became 4", "fixed.dropout: 0.5 is no longer there"],
        ),
        (replace(SPEC, fixed={**SPEC.fixed, "note": "x"}), ["fixed.note: x is new"]),
        (
            replace(SPEC, data=DataSpec("file", {"path": "b.csv", "text": "review"}, SPEC.data.split)),
            ["data.text: review is new"],
        ),
        (
            replace(SPEC, data=replace(SPEC.data, split=SplitSpec(("a", "c"), "b", 0.1, "part"))),
            ["data.split.train: [a] became [a, c]"],
        ),
        (
            replace(SPEC, objectives=(Objective("accuracy", "minimize"),)),
            ["objectives: maximize accuracy, minimize training_time_s became minimize accuracy"],
        ),
    ],
)
def test_names_what_differs(other: StudySpec, sentences: list[str]) -> None:
    assert differences(SPEC, other) == sentences
    assert spec_hash(SPEC) != spec_hash(other)


def test_the_order_of_choices_is_a_difference() -> None:
    turned = replace(
        SPEC, space=(CategoricalParameter("family", "family", ("gru", "lstm"), "gru"), *SPEC.space[1:])
    )
    assert differences(SPEC, turned) == ["space.family: choices [lstm, gru] became [gru, lstm]"]


def test_values_of_another_type_are_a_difference() -> None:
    assert differences(SPEC, replace(SPEC, fixed={"epochs": 3.0, "dropout": 0.5})) == [
        "fixed.epochs: 3 became 3.0"
    ]


def test_conditions_that_read_alike_are_told_apart() -> None:
    one = with_units(replace(UNITS, when=Is("layers", (1,))))
    other = with_units(replace(UNITS, when=Is("layers", ("1",))))
    assert differences(one, other) == ["space.units: condition became another"]


def test_a_file_and_the_same_spec_made_by_hand_have_one_hash(spec_of: Callable[[str], StudySpec]) -> None:
    read = spec_of("data: {source: reviews}\ntask: binary\nspace: {dropout: {low: 0.0, high: 0.5}}\n")
    made = StudySpec(DataSpec("reviews"), "binary", (FloatParameter("dropout", "dropout", 0, 0.5),))
    assert spec_hash(read) == spec_hash(made)


def test_what_is_measured_on_the_test_split_is_no_part_of_the_identity() -> None:
    """No parameter and no pruning depends on it, so it may change when a study goes on."""
    other = replace(SPEC, test_on="all")
    assert differences(SPEC, other) == []
    assert from_json(to_json(other)) == other


def test_a_record_of_an_earlier_version_is_read_with_defaults() -> None:
    added = ("test_on", "repeats", "start_with", "tensorboard")
    record = {key: value for key, value in to_json(SPEC).items() if key not in added}
    assert from_json(record) == SPEC


def test_where_the_texts_lie_is_no_part_of_the_identity() -> None:
    """A study is known by their fingerprint, so that its file can be moved, or named by --data."""
    moved = replace(SPEC, data=replace(SPEC.data, options={"path": "elsewhere/b.csv"}))
    assert differences(SPEC, moved) == []
    assert spec_hash(SPEC) == spec_hash(moved)


def test_repeats_decide_which_trial_has_which_point() -> None:
    assert differences(SPEC, replace(SPEC, repeats=3)) == ["repeats: 1 became 3"]
