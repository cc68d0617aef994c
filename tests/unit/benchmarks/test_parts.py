"""What parts bring is told by the studies' own figures, and a variation declares what its name says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.front.parts import PARTS, methods_of, summary_of
from benchmarks.front.record import Found
from benchmarks.front.run import METHODS, record_of
from benchmarks.front.score import Run
from benchmarks.front.settings import FULL, OURS, SAID, SPACE_FILE
from benchmarks.front.tuner_study import VARIATIONS, varied
from tuner.catalogue import CATALOGUE
from tuner.spec import load_spec
from tuner.spec.values import ComponentSpec

TEN_S = replace(FULL, seconds=10.0)


def found(at_s: float, accuracy: float, seconds: float) -> Found:
    return Found(at_s, {"units": round(100 * accuracy)}, 1, accuracy, seconds)


def test_who_has_the_same_front_sooner_holds_more() -> None:
    # A quarter of the box each: half of the accuracies, half of the seconds.
    soon, late = (Run(name, 0, [found(at_s, 0.75, 30.0)]) for name, at_s in (("soon", 2.0), ("late", 6.0)))

    rows = summary_of([soon, late], TEN_S)["rows"]

    assert [row["final"] for row in rows] == pytest.approx([0.25, 0.25])
    assert [row["mean_held"] for row in rows] == pytest.approx([0.25 * 0.8, 0.25 * 0.4])


def test_a_row_has_the_medians_of_its_seeds_and_every_one_of_them() -> None:
    runs = [Run("same", seed, [found(0.0, accuracy, 0.0)]) for seed, accuracy in enumerate((0.6, 1.0, 0.8))]

    document = summary_of(runs, TEN_S)

    (row,) = document["rows"]
    assert row["finals"] == pytest.approx([0.2, 1.0, 0.6])
    assert row["final"] == row["mean_held"] == pytest.approx(0.6)
    assert document["settings"]["seeds"] == 3


def test_a_run_that_found_nothing_counts_as_nothing() -> None:
    (row,) = summary_of([Run("empty", 0, [])], TEN_S)["rows"]

    assert (row["final"], row["mean_held"], row["networks"]) == (0.0, 0.0, 0)


@pytest.mark.parametrize("name", list(VARIATIONS))
def test_a_variation_is_another_declaration_of_the_same_space(tmp_path: Path, name: str) -> None:
    spec, other = load_spec(SPACE_FILE, CATALOGUE), load_spec(varied(SPACE_FILE, name, tmp_path), CATALOGUE)

    assert other != spec
    assert replace(other, sampler=spec.sampler, pruner=spec.pruner) == spec
    assert name in SAID


def test_as_it_is_are_the_runs_of_the_comparison_itself() -> None:
    (method, comparison), *varied = methods_of(VARIATIONS)

    ours = next(each for each in METHODS if each.name == OURS)
    assert (method.stem, comparison) == (ours.stem, FULL)
    assert [each for _, each in varied] == [PARTS] * len(VARIATIONS)
    assert record_of(varied[0][0], PARTS, 0) != record_of(method, FULL, 0)


def test_what_a_variation_leaves_out() -> None:
    spec = load_spec(SPACE_FILE, CATALOGUE)

    assert VARIATIONS["draws_1"](spec).sampler == ComponentSpec("tpe", {"draws": 1})
    assert VARIATIONS["no_pruner"](spec).pruner == ComponentSpec("none")
