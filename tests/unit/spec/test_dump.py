"""Specs written as files: canonical, and read back the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tuner.errors import SpecError
from tuner.spec import dump_spec, parse_spec
from tuner.spec.catalogue import Catalogue
from tuner.spec.dump import flow_text
from tuner.spec.load import reread
from tuner.spec.values import (
    BudgetSpec,
    CategoricalParameter,
    DataSpec,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    SplitSpec,
    StudySpec,
)

CANONICAL = """\
data:
  source: reviews
  dataset: imdb
  split: {column: part, train: [a, b], validation: 0.2, test: "0.1"}
task: binary
fixed: {epochs: 5, note: "no"}
space:
  family: [lstm, gru]
  layers: 2
  bidirectional: {choices: [false, true], when: {family: lstm}}
  units: {low: 16, high: 128, log: true, default: 64}
  dropout: {low: 0.0, high: 0.5, step: 0.1}
  rate: {sets: learning_rate, low: 1e-05, high: 0.01, log: true}
objectives:
  - {metric: accuracy, direction: maximize}
  - {metric: training_time_s, direction: minimize}
sampler: {name: tpe, startup_trials: 10}
pruner: {name: none}
budget: {trials: 20, time_limit: 10m, max_failures_in_a_row: 5, max_deaths: 3}
seed: 42
execution: {workers: 2, worker_memory_limit_mib: 4096}
repeats: 1
start_with: []
test_on: front
tensorboard: false
"""


def test_writes_the_canonical_form(spec_of: Callable[[str], StudySpec]) -> None:
    assert dump_spec(spec_of(CANONICAL)) == CANONICAL


def test_a_wide_entry_takes_several_lines_and_reads_back(spec_of: Callable[[str], StudySpec]) -> None:
    wide = "  note: [" + ", ".join(f"note{index}" for index in range(40)) + "]\n"
    spec = spec_of(f"data: {{source: reviews}}\ntask: binary\nspace:\n{wide}")
    text = dump_spec(spec)
    assert max(map(len, text.splitlines())) <= 100
    assert "  note:\n    - note0\n" in text
    assert spec_of(text) == spec


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("../data/a.csv", '"../data/a.csv"'),
        ("data/a-b.csv", "data/a-b.csv"),
        ("10m", "10m"),
        ("no", '"no"'),
        ("NULL", '"NULL"'),
        ("", '""'),
        ("5", '"5"'),
        ("1e5", '"1e5"'),
        ("9" * 30, '"' + "9" * 30 + '"'),
        ("a: b", '"a: b"'),
        ('say "x" \\', '"say \\"x\\" \\\\"'),
        ("tab\tline\n", '"tab\\x09line\\x0a"'),
        ("\x85\u2028\U000e0001", '"\\x85\\u2028\\U000e0001"'),
        ("ümläut", '"ümläut"'),
        (True, "true"),
        (3, "3"),
        (1.0, "1.0"),
        (1e-7, "1e-07"),
        ([1, [2]], "[1, [2]]"),
        ({"a": 1}, "{a: 1}"),
    ],
)
def test_writes_values_that_keep_their_type(value: object, text: str) -> None:
    assert flow_text(value) == text


def test_ranges_made_with_whole_bounds_are_written_as_real_ones() -> None:
    space = (FloatParameter("dropout", "dropout", 0, 1, default=0),)
    text = dump_spec(StudySpec(DataSpec("reviews"), "binary", space))
    assert "  dropout: {low: 0.0, high: 1.0, default: 0.0}\n" in text


def test_what_is_none_is_not_written() -> None:
    space = (
        IntParameter("units", "units", 1, 9, step=4, when=Is("a", (1, 2))),
        FixedParameter("layers", "layers", 2, when=Is("a", (1,))),
        CategoricalParameter("a", "note", ("x",), default="x"),
    )
    spec = StudySpec(
        DataSpec("reviews", {}, SplitSpec()), "binary", space, budget=BudgetSpec(time_limit_s=0.5)
    )
    text = dump_spec(spec)
    assert "units: {low: 1, high: 9, step: 4, when: {a: [1, 2]}}" in text
    assert "layers: {value: 2, when: {a: 1}}" in text
    assert "a: {sets: note, choices: [x], default: x}" in text
    assert "budget: {time_limit: 0.5s, max_failures_in_a_row: 5, max_deaths: 3}" in text
    assert "column" not in text


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2**53 + 1},
        {"fixed": {"note": "half \ud800"}},
        {"fixed": {"units": 64, "layers": "two"}},
        {"task": "none of them"},
        {"space": (CategoricalParameter("units", "no_such_setting", (1, 2)),)},
    ],
    ids=str,
)
def test_a_spec_is_refused_without_its_text_as_it_is_with_it(
    changed: dict[str, Any], spec_of: Callable[[str], StudySpec], catalogue: Catalogue
) -> None:
    spec = replace(spec_of(CANONICAL), **changed)

    with pytest.raises(SpecError) as by_text:
        parse_spec(dump_spec(spec), "study.yaml", catalogue)
    with pytest.raises(SpecError) as by_nodes:
        reread(spec, "study.yaml", catalogue)

    assert said(by_nodes.value) == said(by_text.value)


def said(error: SpecError) -> list[str]:
    """Return what is wrong, without where."""
    return sorted(re.sub(r"line \d+", "a line", each.message) for each in error.problems)
