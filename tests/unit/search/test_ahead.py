"""Looking ahead: the point that was seen is the one that is given, and nothing is left of the look."""

from __future__ import annotations

import optuna
import pytest

from tuner.search import make_sampler, suggest
from tuner.search.ahead import choose_attempt, coming_points
from tuner.search.choice import Choice
from tuner.search.optuna_samplers import StudySampler
from tuner.search.samplers import ATTEMPTS
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
    for _, point in coming_points(study, sampler, SPACE):
        seen.append(point)
        if len(seen) == attempt + 1:
            break
    assert len(study.get_trials()) == 22
    assert suggest(study.ask(), SPACE) == seen[-1]


def test_attempts_differ_and_come_to_an_end() -> None:
    study, sampler = begin("tpe", SPACE, 1, 15)
    seen = list(coming_points(study, sampler, SPACE))
    assert [attempt for attempt, _ in seen] == list(range(ATTEMPTS))
    assert len({tuple(point.items()) for _, point in seen}) == ATTEMPTS


@pytest.mark.parametrize(("name", "space", "repeats"), [("grid", GRID, 1), ("random", SPACE, 2)])
def test_a_grid_and_a_repeat_have_no_choice(name: str, space: tuple[Parameter, ...], repeats: int) -> None:
    study, sampler = begin(name, space, repeats, 5)
    ((_, point),) = coming_points(study, sampler, space)
    assert suggest(study.ask(), space) == point


def test_a_trial_that_nobody_began_leaves_no_trace() -> None:
    study, sampler = begin("nsga2", SPACE, 1, 22)
    before = study.get_trials()
    attributes = dict(study._storage.get_study_system_attrs(study._study_id))
    list(coming_points(study, sampler, SPACE))
    assert study.get_trials() == before
    assert study._storage.get_study_system_attrs(study._study_id) == attributes


def test_points_share_the_time_as_the_sampler_shares_the_trials() -> None:
    """One family takes four times as long as the other: it is begun about a fourth as often."""
    sampler = make_sampler(ComponentSpec("random"), SPACE, 5)
    study = optuna.create_study(sampler=sampler, directions=["maximize", "minimize"])
    seconds = {"lstm": 4.0, "dense": 1.0}
    choice = Choice(8, lambda params: 1.0 / seconds[str(params["family"])])
    spent = dict.fromkeys(seconds, 0.0)
    for _ in range(300):
        attempt = choose_attempt(study, sampler, SPACE, choice, study_seed=5)
        assert attempt is not None
        sampler.try_again(attempt)
        family = str(suggest(study.ask(), SPACE)["family"])
        spent[family] += seconds[family]
    assert 0.6 < spent["lstm"] / spent["dense"] < 1.6


def test_what_has_no_weight_is_never_chosen() -> None:
    study, sampler = begin("random", SPACE, 1, 0)
    dense = Choice(3, lambda params: float(params["family"] == "dense"))
    attempt = choose_attempt(study, sampler, SPACE, dense, study_seed=1)
    assert attempt is not None
    sampler.try_again(attempt)
    assert suggest(study.ask(), SPACE)["family"] == "dense"
    assert choose_attempt(study, sampler, SPACE, Choice(3, lambda _: 0.0), study_seed=1) is None


def test_a_choice_is_the_same_whenever_it_is_made() -> None:
    study, sampler = begin("tpe", SPACE, 1, 14)
    choice = Choice(8, lambda params: 1.0 / float(params.get("units", 8)))
    chosen = {choose_attempt(study, sampler, SPACE, choice, study_seed=3) for _ in range(3)}
    assert len(chosen) == 1
