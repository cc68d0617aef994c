from __future__ import annotations

import random
from collections.abc import Sequence

import optuna
import pytest

from tuner.search.ahead import choose_attempt
from tuner.search.choice import Choice
from tuner.search.history import PartOfStudy, TellingTrials, lasting_numbers, telling_numbers
from tuner.search.pareto import Point, front_indices, ranks
from tuner.search.samplers import make_sampler
from tuner.search.space import suggest
from tuner.spec.values import ComponentSpec, Direction, FloatParameter

BOTH = (True, False)


def points(count: int) -> list[tuple[int, tuple[float, float]]]:
    chance = random.Random(count)
    return [(number, (chance.random(), chance.random())) for number in range(count)]


def test_all_trials_are_chosen_while_they_are_few() -> None:
    assert telling_numbers(range(20), points(20), BOTH, most=20) == set(range(20))


def test_the_front_is_always_chosen() -> None:
    values = points(300)

    chosen = telling_numbers(range(300), values, BOTH, most=50)

    assert len(chosen) == 50
    assert set(front_indices([value for _, value in values], ["maximize", "minimize"])) <= chosen


def test_what_is_not_the_best_is_the_latest() -> None:
    values = [(number, (float(-number), 1.0)) for number in range(100)]  # ever worse

    assert telling_numbers(range(100), values, BOTH, most=10) == {0, 1, 2, 3, 4, 95, 96, 97, 98, 99}


def test_pruned_trials_are_chosen_for_being_late_only() -> None:
    values = [(number, (0.5, 1.0)) for number in range(50)]

    chosen = telling_numbers(range(100), values, BOTH, most=20)

    assert chosen == {*range(40, 50), *range(90, 100)}


@pytest.mark.parametrize("more", [0, 1, 5, 50])
@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_among_the_lasting_the_same_are_chosen_as_among_all_also_when_more_have_ended(
    objectives: int, more: int
) -> None:
    """Half of the trials are pruned; a part of the values is alike."""
    maximize, chance = [True, False, False][:objectives], random.Random(more)
    for _ in range(20):
        values = {
            number: [round(chance.random(), 2) for _ in range(objectives)]
            for number in range(400 + more)
            if chance.random() < 0.5
        }
        before = [each for each in values.items() if each[0] < 400]
        lasting = {*lasting_numbers(range(400), before, maximize, most=80), *range(400, 400 + more)}

        among_these = [each for each in values.items() if each[0] in lasting]

        assert telling_numbers(lasting, among_these, maximize, most=80) == telling_numbers(
            range(400 + more), list(values.items()), maximize, most=80
        )


def test_a_trial_that_beats_the_best_lets_others_move_up_and_they_are_at_hand() -> None:
    """Ten are of the first rank, ten of the second, beaten by number 0 only; what is new beats nine."""
    first = [(0, (0.5, 0.1)), *((number, (0.9 + number / 1000, 5.0 + number)) for number in range(1, 10))]
    second = [(number, (0.4 + number / 1000, 0.2 + number / 100)) for number in range(10, 20)]
    new = (100, (0.95, 4.0))
    values = [*first, *second, new]
    assert telling_numbers(range(100), values[:-1], BOTH, most=20) == {*range(10), *range(90, 100)}

    lasting = lasting_numbers(range(100), values[:-1], BOTH, most=20)
    at_hand = [each for each in values if each[0] in {*lasting, 100}]
    chosen = telling_numbers({*lasting, 100}, at_hand, BOTH, most=20)

    assert chosen == telling_numbers(range(101), values, BOTH, most=20)
    assert chosen == {0, *range(12, 20), *range(90, 101)}


@pytest.fixture
def long_study() -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)), 120)
    return study


def test_a_part_of_a_study_shows_every_running_trial(long_study: optuna.Study) -> None:
    running = long_study.ask()
    part = PartOfStudy(long_study, TellingTrials(50))

    shown = part.get_trials()

    assert len(shown) == 51
    assert running.number in {trial.number for trial in shown}
    assert part.directions == long_study.directions


def test_trials_are_chosen_once_for_all_points_that_are_looked_at_and_anew_when_another_has_ended(
    long_study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked: list[int] = []

    def count(points: Sequence[Point], directions: Sequence[Direction]) -> list[int]:
        ranked.append(len(points))
        return ranks(points, directions)

    monkeypatch.setattr("tuner.search.history.ranks", count)
    space = (FloatParameter("x", "dropout", 0.0, 1.0), FloatParameter("y", "dropout", 0.0, 1.0))
    sampler = make_sampler(ComponentSpec("tpe", {"history": 60}), space, study_seed=3)
    long_study.sampler = sampler

    def begin() -> optuna.Trial:
        attempt = choose_attempt(long_study, sampler, space, Choice(8, lambda _: 1.0), 3)
        sampler.try_again(attempt or 0)
        trial = long_study.ask()
        suggest(trial, space)
        return trial

    trial = begin()
    assert ranked == [120]
    begin()
    assert ranked == [120], "a trial that has begun says nothing yet"
    long_study.tell(trial, (2.0, -1.0))
    begin()
    assert ranked == [120, 121]
    assert trial.number in {each.number for each in PartOfStudy(long_study, TellingTrials(60)).get_trials()}


def test_what_was_chosen_of_one_study_is_not_taken_for_another(long_study: optuna.Study) -> None:
    """Their trials have the same numbers and other values."""
    other = optuna.create_study(directions=["maximize", "minimize"])
    other.add_trials(
        [
            optuna.trial.create_trial(values=[-value for value in trial.values])
            for trial in long_study.get_trials()
        ]
    )
    telling = TellingTrials(50)

    for study in (long_study, other):
        alone = PartOfStudy(study, TellingTrials(50)).get_trials()
        assert PartOfStudy(study, telling).get_trials() == alone


def test_tpe_is_shown_as_many_trials_as_declared(
    long_study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    compute = optuna.samplers.TPESampler._build_parzen_estimator

    def count(self, study, space, trials, handle_below):  # type: ignore[no-untyped-def]
        counted.append(len(trials))
        return compute(self, study, space, trials, handle_below)

    monkeypatch.setattr(optuna.samplers.TPESampler, "_build_parzen_estimator", count)
    space = (FloatParameter("x", "dropout", 0.0, 1.0), FloatParameter("y", "dropout", 0.0, 1.0))
    long_study.sampler = make_sampler(ComponentSpec("tpe", {"history": 60}), space, study_seed=3)

    trial = long_study.ask()
    trial.suggest_float("x", 0, 1)

    assert sum(counted) == 60
