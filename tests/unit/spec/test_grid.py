"""Studies that visit every point: their budget, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tuner.errors import Problem
from tuner.spec import warnings_for
from tuner.spec.catalogue import Catalogue
from tuner.spec.grid import trials_within
from tuner.spec.values import StudySpec

Reader = Callable[[str], StudySpec]
Problems = Callable[[str], list[Problem]]

GRID = """\
data: {source: reviews}
task: binary
space:
  family: [lstm, tfidf_dense]
  units: {choices: [8, 16], when: {family: lstm}}
  layers: {low: 1, high: 3, when: {family: lstm}}
sampler: grid
repeats: 2
"""


def test_a_grid_study_without_a_budget_takes_the_whole_grid(spec_of: Reader) -> None:
    assert spec_of(GRID).budget.trials == (2 * 3 + 1) * 2


def test_a_time_limit_does_not_shorten_the_grids_budget_of_trials(spec_of: Reader) -> None:
    budget = spec_of(GRID + "budget: {time_limit: 1h}\n").budget
    assert (budget.trials, budget.time_limit_s) == (14, 3600.0)


def test_a_sampled_study_keeps_its_budget(spec_of: Reader) -> None:
    assert spec_of(GRID.replace("grid", "tpe")).budget.trials == 20


def test_a_grid_that_is_smaller_than_the_budget_counts(spec_of: Reader) -> None:
    spec = spec_of(GRID)
    assert [trials_within(spec, budget) for budget in (10, 50, None)] == [10, 14, 14]

    assert trials_within(spec_of(GRID.replace("grid", "tpe")), 50) == 50


@pytest.mark.parametrize(
    ("budget", "sampler", "said"),
    [
        (14, "grid", []),
        (
            10,
            "grid",
            ["budget.trials 10 ends the study early: the whole grid takes 14 (7 points, repeats 2)"],
        ),
        (
            15,
            "grid",
            ["budget.trials 15 is more than there is to run: the whole grid takes 14 (7 points, repeats 2)"],
        ),
        (15, "tpe", ["budget.trials 15 is no multiple of repeats 2: the last point has 1 only"]),
        (16, "tpe", []),
    ],
)
def test_a_budget_that_fits_the_points_badly_is_told(
    spec_of: Reader, catalogue: Catalogue, budget: int, sampler: str, said: list[str]
) -> None:
    text = GRID.replace("grid", sampler) + f"budget: {{trials: {budget}}}\n"
    assert warnings_for(spec_of(text), catalogue) == said


def test_a_grid_that_is_too_large_is_refused_with_its_size(problems_of: Problems) -> None:
    text = GRID.replace("choices: [8, 16]", "low: 1, high: 512").replace("high: 3", "high: 8")
    text = text.replace("sampler", "  dropout: {low: 0.0, high: 0.9, step: 0.01}\nsampler")
    (problem,) = problems_of(text)
    assert str(problem).startswith(
        "study.yaml:8:10: sampler: grid visits every point, and the space has 372,827"
    )
    assert "at most 100,000" in problem.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("0", "repeats: found 0, expected a whole number from 1 to 1000"),
        ("2.5", "repeats: found 2.5, expected a whole number from 1 to 1000"),
        ("many", "repeats: found the text 'many', expected a whole number from 1 to 1000"),
    ],
)
def test_repeats_are_a_whole_number(problems_of: Problems, body: str, said: str) -> None:
    (problem,) = problems_of(GRID.replace("repeats: 2", f"repeats: {body}"))
    assert (problem.line, problem.message) == (8, said)
