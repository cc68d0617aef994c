"""Looking ahead: the point that was seen is the one that is given, and nothing is left of the look."""

from __future__ import annotations

import optuna
import pytest

from tuner.search import make_sampler, suggest
from tuner.search.ahead import ATTEMPTS, coming_points
from tuner.search.optuna_samplers import StudySampler
from tuner.spec.values import CategoricalParameter, ComponentSpec, FloatParameter, IntParameter, Is, Parameter

SPACE: tuple[Parameter, ...] = (
    CategoricalParameter("family", "family", ("lstm", "dense")),
    IntParameter("units", "units", 16, 128, log=True, when=Is("family", ("lstm",))),
    FloatParameter("rate", "rate", 1e-4, 1e-2, log=True),
)
GRID: tuple[Parameter, ...] = (IntParameter("units", "units", 1, 9),)


def begin(
    name: str, space: tuple[Parameter, ...], repeats: int, trials: int
) -> tuple[optuna.Study, StudySampler]:
    """Begin a study in which every third trial is pruned and the last one still runs."""
    sampler = make_sampler(ComponentSpec(name), space, 3, repeats)
    study = optuna.create_study(sampler=sampler, directions=["maximize", "minimize"])
    for _ in range(trials):
        trial = study.ask()
        params = suggest(trial, space)
        if trial.number % 3 == 2:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif trial.number < trials - 1:
            study.tell(trial, [0.5, float(params.get("units", 8))])
    return study, sampler


@pytest.mark.parametrize("name", ["random", "tpe", "nsga2", "qmc"])
@pytest.mark.parametrize("attempt", [0, 3])
def test_what_was_seen_is_what_is_given(name: str, attempt: int) -> None:
    study, sampler = begin(name, SPACE, 1, 22)
    seen = []
    for point in coming_points(study._storage, study._study_id, sampler, SPACE):
        seen.append(point)
        if len(seen) == attempt + 1:
            break
    assert len(study.get_trials()) == 22
    assert suggest(study.ask(), SPACE) == seen[-1]


def test_attempts_differ_and_come_to_an_end() -> None:
    study, sampler = begin("tpe", SPACE, 1, 15)
    seen = list(coming_points(study._storage, study._study_id, sampler, SPACE))
    assert len(seen) == ATTEMPTS
    assert len({tuple(point.items()) for point in seen}) == ATTEMPTS


@pytest.mark.parametrize(("name", "space", "repeats"), [("grid", GRID, 1), ("random", SPACE, 2)])
def test_a_grid_and_a_repeat_have_no_choice(name: str, space: tuple[Parameter, ...], repeats: int) -> None:
    study, sampler = begin(name, space, repeats, 5)
    (point,) = coming_points(study._storage, study._study_id, sampler, space)
    assert suggest(study.ask(), space) == point
