"""What is expected of a training is nearer to the truth than what it once reached."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.analysis import expected
from tuner.analysis.expected import MIN_TRIALS, expect, is_noisy
from tuner.analysis.shorter import Training, front_of_trainings
from tuner.errors import InputError
from tuner.metrics import METRICS
from tuner.spec.values import Objective

AIMS = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
ERRORS = (Objective("mae", "minimize"), Objective("training_time_s", "minimize"))
EPOCHS = 3


def truth(units: float, epochs: int) -> float:
    """Accuracy without luck: best for 64 units, and rising with the epochs."""
    return float(0.85 - 0.03 * np.log(units / 64) ** 2 - 0.1 * 0.4**epochs)


def drawn(count: int, noise: float = 0.01, errors: bool = False) -> tuple[list[Training], np.ndarray]:
    """Trainings of random units with lucky accuracies (or errors, 1 less), and what they are without luck."""
    draw = np.random.default_rng(1)
    every, true = [], []
    for number in range(count):
        units = float(np.exp(draw.uniform(np.log(16), np.log(256))))
        for epochs in range(1, EPOCHS + 1):
            accuracy = truth(units, epochs)
            measured = accuracy + draw.normal(0.0, noise)
            value, true_value = (1 - measured, 1 - accuracy) if errors else (measured, accuracy)
            params = {"family": "cnn" if number % 2 else "lstm", "units": units}
            every.append(Training(number, epochs, EPOCHS, (value, units * epochs), False, False, params))
            true.append(true_value)
    return every, np.array(true)


def error(values: list[float], true: np.ndarray) -> float:
    return float(np.sqrt(np.mean((np.array(values) - true) ** 2)))


@pytest.mark.parametrize(("aims", "errors"), [(AIMS, False), (ERRORS, True)])
def test_most_of_the_luck_is_taken_out(aims: tuple[Objective, ...], errors: bool) -> None:
    every, true = drawn(40, errors=errors)

    found = expect(every, aims, METRICS)

    assert [each.values for each in found] == [each.values for each in every]
    measured = error([each.values[0] for each in found], true)
    assert error([each.shown[0] for each in found], true) < 0.6 * measured


def test_what_no_chance_decides_stays_as_it_was_measured() -> None:
    every, _ = drawn(MIN_TRIALS)

    assert [each.shown[1] for each in expect(every, AIMS, METRICS)] == [each.values[1] for each in every]
    assert not is_noisy(METRICS["training_time_s"])
    assert not is_noisy(METRICS["parameters"])


def test_the_luckiest_of_many_does_not_push_better_ones_off_the_front() -> None:
    every, _ = drawn(40)
    bad = min((each for each in every if each.epochs == EPOCHS), key=lambda each: each.values[0])
    lucky = Training(bad.number, EPOCHS, EPOCHS, (0.88, 0.5), False, False, bad.params)
    every[every.index(bad)] = lucky

    assert [each.number for each in front_of_trainings(every, AIMS)] == [lucky.number]
    assert len(front_of_trainings(expect(every, AIMS, METRICS), AIMS)) > 3


def test_many_trainings_are_learned_from_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    every, true = drawn(80)
    monkeypatch.setattr(expected, "_FITTED", 60)
    monkeypatch.setattr(expected, "_LEARNED", 120)
    monkeypatch.setattr(expected, "_AT_ONCE", 50)

    found = expect(every, AIMS, METRICS)

    assert error([each.shown[0] for each in found], true) < 0.6 * error(
        [each.values[0] for each in found], true
    )


def alike(values: list[float]) -> list[Training]:
    """Trials of the same truth."""
    draw = np.random.default_rng(2)
    params = [{"units": int(draw.integers(16, 256))} for _ in values]
    return [Training(n, 1, 1, (value, 5.0), True, False, params[n]) for n, value in enumerate(values)]


def test_a_perfect_score_on_few_texts_lifts_nobody_far() -> None:
    measured = np.random.default_rng(3).binomial(200, 0.99, size=100) / 200

    found = expect(alike(measured.tolist()), AIMS, METRICS)

    assert measured.max() == 1.0
    assert all(abs(each.shown[0] - 0.99) < 0.004 for each in found)


def test_small_errors_are_told_apart() -> None:
    measured = [1e-8 * (1 + number % 3) for number in range(30)]

    found = expect(alike(measured), ERRORS, METRICS)

    assert all(1e-8 < each.shown[0] < 3e-8 for each in found)


def test_where_nobody_had_any_luck_all_stays_as_it_is() -> None:
    every = alike(MIN_TRIALS * [1.0])
    assert [each.shown for each in expect(every, AIMS, METRICS)] == [each.values for each in every]


def test_the_same_trainings_have_the_same_expectation() -> None:
    every, _ = drawn(MIN_TRIALS)
    assert expect(every, AIMS, METRICS) == expect(every, AIMS, METRICS)


def test_of_too_few_trials_nothing_is_expected() -> None:
    every, _ = drawn(MIN_TRIALS - 1)
    with pytest.raises(InputError, match=f"{MIN_TRIALS - 1} of at least {MIN_TRIALS} trials"):
        expect(every, AIMS, METRICS)


def test_a_study_of_sizes_alone_has_nothing_to_expect() -> None:
    with pytest.raises(InputError, match="none of the study's objectives is measured on texts"):
        expect(drawn(MIN_TRIALS)[0], (AIMS[1],), METRICS)
