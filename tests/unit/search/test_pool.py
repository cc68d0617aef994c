"""A sampler among recorded trials: the nearest one is begun, and the sampler hears how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tuner.search.optuna_samplers import StudySampler
from tuner.search.pool import Pool
from tuner.search.samplers import make_sampler
from tuner.spec.values import (
    CategoricalParameter,
    ComponentSpec,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Objective,
    Parameter,
    Params,
)

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
SPACE: tuple[Parameter, ...] = (
    CategoricalParameter("family", "family", choices=("lstm", "cnn")),
    IntParameter("units", "units", low=8, high=128, log=True, when=Is("family", ("lstm",))),
    FloatParameter("dropout", "dropout", low=0.0, high=0.5),
    FixedParameter("epochs", "epochs", value=5),
)


def point(family: str, dropout: float, units: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"family": family, "dropout": dropout, "epochs": 5}
    return found if units is None else {**found, "units": units}


class Wishes(StudySampler):
    """Asks for the given points one after another, and remembers how the trials stood each time."""

    def __init__(self, *wishes: Mapping[str, Any]) -> None:
        self.wishes = wishes
        self.seen: list[list[tuple[dict[str, Any], TrialState, list[float] | None]]] = []

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        others = [each for each in study.get_trials(deepcopy=False) if each.number != trial.number]
        self.seen.append([(dict(each.params), each.state, each.values) for each in others])

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(self, *_: Any) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.wishes[trial.number][param_name]


def pool_of(sampler: StudySampler, points: Mapping[int, Params]) -> Pool:
    return Pool(sampler, SPACE, OBJECTIVES, points)


def test_the_nearest_trial_that_waits_is_begun() -> None:
    points = {3: point("lstm", 0.1, 16), 5: point("cnn", 0.1), 9: point("lstm", 0.4, 16)}
    pool = pool_of(Wishes(*[point("lstm", 0.5, 16)] * 3), points)

    begun = [pool.begin() for _ in range(4)]

    assert [each.number if each else None for each in begun] == [9, 3, 5, None]


def test_distances_are_those_of_gower() -> None:
    # The same family; 16 units are a quarter of the way from 8 to 128 on a log scale, 32 are half of it.
    pool = pool_of(Wishes(point("lstm", 0.0, 32)), {0: point("lstm", 0.1, 16), 1: point("cnn", 0.0)})

    begun = pool.begin()

    assert begun is not None
    assert begun.distance == pytest.approx((0 + 0.25 + 0.2) / 3)
    # The other has another family and no units; both count whole, the same dropout nothing.
    assert begun.mean_distance == pytest.approx((begun.distance + 2 / 3) / 2)


def test_of_equally_near_trials_the_first_is_begun() -> None:
    points = {7: point("cnn", 0.2), 2: point("cnn", 0.2), 4: point("cnn", 0.2)}
    pool = pool_of(Wishes(*[point("cnn", 0.2)] * 3), points)

    assert [begun.number for _ in range(3) if (begun := pool.begin())] == [7, 2, 4]


def test_the_sampler_learns_from_what_was_begun_and_not_from_what_it_asked_for() -> None:
    sampler = Wishes(point("lstm", 0.5, 128), point("cnn", 0.5), point("cnn", 0.5))
    pool = pool_of(sampler, {0: point("lstm", 0.1, 16), 1: point("cnn", 0.0), 2: point("cnn", 0.3)})

    first = pool.begin()
    pool.begin()
    assert first is not None
    pool.end(first.number, (0.8, 3.0))
    pool.begin()

    began = {"family": "lstm", "units": 16, "dropout": 0.1}
    assert sampler.seen[1] == [(began, TrialState.RUNNING, None)]
    assert sampler.seen[2] == [
        (began, TrialState.COMPLETE, [0.8, 3.0]),
        ({"family": "cnn", "dropout": 0.3}, TrialState.RUNNING, None),
    ]


def test_the_sampler_hears_of_pruned_trials() -> None:
    sampler = Wishes(*[point("cnn", 0.5)] * 2)
    pool = pool_of(sampler, {0: point("cnn", 0.4), 1: point("cnn", 0.0)})

    pool.begin()
    pool.end(0, None)
    pool.begin()

    assert [state for _, state, _ in sampler.seen[1]] == [TrialState.PRUNED]


def grid_pool(sampler: str, seed: int) -> list[int]:
    space = (
        CategoricalParameter("family", "family", choices=("lstm", "cnn", "gru")),
        IntParameter("units", "units", low=1, high=4),
    )
    points = [
        {"family": family, "units": units} for family in ("lstm", "cnn", "gru") for units in range(1, 5)
    ]
    pool = Pool(make_sampler(ComponentSpec(sampler), space, seed), space, OBJECTIVES, dict(enumerate(points)))
    numbers = []
    while (begun := pool.begin()) is not None:
        assert sampler != "grid" or begun.distance == 0.0
        pool.end(begun.number, (0.5 + 0.01 * begun.number, 1.0))
        numbers.append(begun.number)
    return numbers


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2", "qmc", "grid"])
def test_every_trial_is_begun_once_by_every_sampler(sampler: str) -> None:
    numbers = grid_pool(sampler, seed=1)

    assert sorted(numbers) == list(range(len(GRID_POINTS)))
    assert grid_pool(sampler, seed=1) == numbers, "the same seed, the same order"


GRID = (
    CategoricalParameter("family", "family", choices=("lstm", "cnn", "gru")),
    IntParameter("units", "units", low=1, high=4),
)
GRID_POINTS = [
    {"family": family, "units": units} for family in ("lstm", "cnn", "gru") for units in range(1, 5)
]


def asked_of(sampler: str, options: dict[str, Any], count: int, ends: bool) -> list[FrozenTrial]:
    """Begin so many trials by a sampler; return them as they stand in Optuna's study then."""
    pool = Pool(
        make_sampler(ComponentSpec(sampler, options), GRID, 3), GRID, OBJECTIVES, dict(enumerate(GRID_POINTS))
    )
    for _ in range(count):
        begun = pool.begin()
        assert begun is not None
        if ends:
            pool.end(begun.number, (0.5 + 0.01 * begun.number, 1.0))
    return pool._study.get_trials(deepcopy=False)


def test_generations_are_counted_as_in_a_study() -> None:
    trials = asked_of("nsga2", {"population_size": 3}, 9, ends=True)

    kept = [value for trial in trials for key, value in trial.system_attrs.items() if "generation" in key]
    assert kept == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_sequence_goes_on_as_in_a_study() -> None:
    """What is asked for must not begin anew with each trial; on a fine pool it is nearly what is begun."""
    space = (FloatParameter("dropout", "dropout", low=0.0, high=1.0),)
    points = {number: {"dropout": number / 999} for number in range(1000)}
    sampler = ComponentSpec("qmc")
    pool = Pool(make_sampler(sampler, space, 5), space, OBJECTIVES, points)
    begun = [points[each.number]["dropout"] for _ in range(8) if (each := pool.begin())]

    study = optuna.create_study(sampler=make_sampler(sampler, space, 5), directions=["maximize", "minimize"])
    wanted = [study.ask().suggest_float("dropout", 0.0, 1.0) for _ in range(8)]

    assert begun[1:] == pytest.approx(wanted[1:], abs=1e-3), "the first of a sequence is drawn at random"
    assert len(set(begun)) == 8


def test_no_running_trial_is_seen_with_params_that_were_only_asked_for() -> None:
    trials = asked_of("tpe", {"startup_trials": 1}, 3, ends=True) + asked_of(
        "tpe", {"startup_trials": 1}, 6, ends=False
    )

    assert not [key for trial in trials for key in trial.system_attrs if "relative_params" in key]
    assert all(dict(trial.params) in GRID_POINTS for trial in trials)


def test_a_sampler_that_learns_finds_the_good_ones_sooner_than_chance() -> None:
    space = (FloatParameter("dropout", "dropout", low=0.0, high=1.0),)
    points = {number: {"dropout": number / 99} for number in range(100)}
    objectives = (Objective("accuracy", "maximize"),)

    def found_after(sampler: str, seed: int) -> int:
        pool = Pool(make_sampler(ComponentSpec(sampler), space, seed), space, objectives, points)
        for count in range(1, 101):
            begun = pool.begin()
            assert begun is not None
            pool.end(begun.number, (1.0 - abs(begun.number - 70) / 100,))
            if begun.number == 70:
                return count
        raise AssertionError

    learned, drawn = (sum(found_after(name, seed) for seed in range(8)) for name in ("tpe", "random"))
    assert learned < drawn


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.5), st.integers(8, 128)), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_distances_lie_between_the_same_and_nothing_alike(drawn: list[tuple[bool, float, int]]) -> None:
    points = [
        point("lstm", dropout, units) if lstm else point("cnn", dropout) for lstm, dropout, units in drawn
    ]
    pool = pool_of(Wishes(*points), dict(enumerate(points)))

    for index in range(len(points)):
        begun = pool.begin()
        assert begun is not None
        assert 0.0 <= begun.distance <= begun.mean_distance + 1e-12 <= 1.0 + 1e-11
        if index == 0:
            assert begun.distance == 0.0, "it asks for one that is there"
