"""The rule that cuts what never learned, on curves of real trials (IMDB and clothing reviews, LSTM)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from tests.decisions import reason_of
from tuner.decision import Numbers, Rule
from tuner.metrics import classification_metrics
from tuner.spec.values import Task
from tuner.training.chance import Chance, ChanceOfNumbers, chance_of, chance_of_counts, never_learned

BALANCED = Chance.of(np.repeat([0, 1], 4000), np.repeat([0, 1], 1000))
SKEWED = Chance.of(np.repeat([0, 1], [725, 3275]), np.repeat([0, 1], [181, 819]))

Epoch = tuple[float, float, float]

SGD_WITHOUT_MOMENTUM = [(0.5060, 0.5064, 0.5044), (0.5015, 0.5170, 0.5105)]
SGD_WITHOUT_MOMENTUM_AGAIN = [(0.4945, 0.5023, 0.5004), (0.5055, 0.4996, 0.5055)]
SGD_WITH_MOMENTUM = [(0.5010, 0.5090, 0.5515), (0.5010, 0.5224, 0.5865)]
REFERENCE = [(0.5072, 0.4908, 0.5005), (0.5046, 0.5013, 0.5125)]
REFERENCE_WITH_MOMENTUM = [(0.5008, 0.5083, 0.5834), (0.5156, 0.5131, 0.6156)]
ADAM_AT_1E_4 = [(0.5740, 0.5353, 0.6045), (0.5830, 0.6005, 0.6413)]
ADAM_WHOSE_FIRST_EPOCH_LOOKS_POOR = [(0.5520, 0.6000, 0.7584), (0.7590, 0.7315, 0.8353)]
SKEWED_SGD_WITHOUT_MOMENTUM = [
    (0.8190, 0.8173, 0.6045),
    (0.8190, 0.8188, 0.6120),
    (0.8190, 0.8188, 0.6188),
    (0.8190, 0.8188, 0.6265),
]
SKEWED_SGD_WITH_MOMENTUM = [
    (0.8190, 0.8167, 0.6597),
    (0.8190, 0.8188, 0.6892),
    (0.8190, 0.8188, 0.7071),
    (0.8190, 0.8188, 0.7226),
]
"""Accuracy, training accuracy and AUC of each epoch."""


def history(*epochs: Epoch, recall: float = 1.0) -> list[Mapping[str, float]]:
    return [
        {"accuracy": accuracy, "train_accuracy": trained, "auc": auc, "recall": recall}
        for accuracy, trained, auc in epochs
    ]


def cut(chance: Chance, epochs: Sequence[Epoch], is_over: bool = False, chance_epochs: int = 2) -> bool:
    return bool(never_learned(chance, history(*epochs), chance_epochs, is_over))


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("curve", [SGD_WITHOUT_MOMENTUM, SGD_WITHOUT_MOMENTUM_AGAIN])
def test_a_trial_at_chance_is_cut_whether_or_not_an_epoch_is_left(curve: list[Epoch], is_over: bool) -> None:
    assert cut(BALANCED, curve, is_over)


@pytest.mark.parametrize("curve", [REFERENCE, REFERENCE_WITH_MOMENTUM])
def test_an_lstm_of_200_units_under_sgd_is_no_result_after_two_epochs(curve: list[Epoch]) -> None:
    chance = Chance.of(np.repeat([0, 1], 10_000), np.repeat([0, 1], 1950))

    assert cut(chance, curve, is_over=True)


def test_the_reason_has_the_numbers() -> None:
    reason = reason_of(never_learned(BALANCED, history(*SGD_WITHOUT_MOMENTUM_AGAIN), 2, is_over=True))

    assert reason == (
        "never learned: accuracy 0.505 after 2 epochs, the commonest class alone gives 0.500, and accident"
        " up to 0.526"
    )


@pytest.mark.parametrize("curve", [ADAM_AT_1E_4, ADAM_WHOSE_FIRST_EPOCH_LOOKS_POOR])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_slow_learner_above_chance_is_never_cut(curve: list[Epoch], is_over: bool) -> None:
    assert not cut(BALANCED, curve, is_over)
    assert not cut(BALANCED, curve[:1], is_over, chance_epochs=1)


def test_signs_of_learning_save_a_trial_as_long_as_it_has_epochs_left() -> None:
    assert not cut(BALANCED, SGD_WITH_MOMENTUM, is_over=False)
    assert cut(BALANCED, SGD_WITH_MOMENTUM, is_over=True)


@pytest.mark.parametrize(
    "last", [(0.5, 0.615, 0.626), (0.5, 0.555, 0.654)], ids=["training texts", "ranking"]
)
def test_a_network_that_gives_all_texts_one_class_is_none(last: Epoch) -> None:
    assert not cut(BALANCED, [(0.5, 0.463, 0.585), last], is_over=False)
    assert cut(BALANCED, [(0.5, 0.463, 0.585), last], is_over=True)


def measured(
    shares: Sequence[float], task: Task, distance: float
) -> tuple[Chance, list[Mapping[str, float]]]:
    """Measure a logistic regression with balanced class weights; a larger distance is less overlap."""
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(1)
    labels = random.choice(len(shares), 6500, p=shares)
    features = random.normal(size=(6500, len(shares)))
    features[np.arange(6500), labels] += distance
    train, validation = np.arange(5000), np.arange(5000, 6500)
    model = LogisticRegression(class_weight="balanced").fit(features[train], labels[train])

    def of(part: npt.NDArray[np.int64]) -> Mapping[str, float]:
        by_class = model.predict_proba(features[part])
        predicted = by_class[:, 1] if task == "binary" else by_class
        return classification_metrics(labels[part], predicted, task)

    epoch = {**of(validation), "train_accuracy": of(train)["accuracy"]}
    return Chance.of(labels[train], labels[validation], task), [epoch] * 2


@pytest.mark.parametrize(
    ("shares", "task", "distance"),
    [
        ((0.55, 0.15, 0.15, 0.15), "multiclass", 0.8),
        ((0.6, 0.1, 0.1, 0.1, 0.1), "multiclass", 1.0),
        ((0.65, 0.35), "binary", 0.33),
        ((0.35, 0.65), "binary", 0.33),
        ((0.65, 0.35), "multiclass", 0.33),
    ],
)
def test_what_finds_some_of_every_class_is_not_cut_for_naming_the_commonest_too_seldom(
    shares: Sequence[float], task: Task, distance: float
) -> None:
    chance, epochs = measured(shares, task, distance)

    assert epochs[0]["accuracy"] <= chance.accuracy, "else this shows nothing"
    assert epochs[0]["auc"] > 0.65, "else it has not learned"
    assert never_learned(chance, epochs, 2, is_over=True) is None


@pytest.mark.parametrize(
    ("texts", "task", "recall"),
    [
        ([400, 600], "binary", 1.0),
        ([600, 400], "binary", 0.0),
        ([600, 400], "multiclass", 0.5),
        ([600, 200, 200], "multiclass", round(1 / 3, 6)),
    ],
)
def test_one_answer_for_all_texts_is_none_whichever_class_is_the_commonest(
    texts: list[int], task: Task, recall: float
) -> None:
    chance = chance_of_counts(texts, texts, task)
    epochs = history((0.6, 0.66, 0.7), (0.6, 0.66, 0.7), recall=recall)

    assert never_learned(chance, epochs, 2, is_over=True)
    assert not never_learned(chance, epochs, 2, is_over=False)


@pytest.mark.parametrize("epochs", [2, 3, 4])
def test_a_growing_ranking_saves_a_trial_of_skewed_classes(epochs: int) -> None:
    assert not cut(SKEWED, SKEWED_SGD_WITH_MOMENTUM[:epochs], is_over=False)
    assert not cut(SKEWED, SKEWED_SGD_WITH_MOMENTUM[:epochs], is_over=True)


def test_naming_the_commonest_of_skewed_classes_to_the_end_is_no_result() -> None:
    assert not cut(SKEWED, SKEWED_SGD_WITHOUT_MOMENTUM[:3], is_over=False)
    assert cut(SKEWED, SKEWED_SGD_WITHOUT_MOMENTUM, is_over=True)


def test_what_was_learned_and_lost_again_is_not_cut() -> None:
    assert not cut(BALANCED, [(0.7, 0.6, 0.8), *SGD_WITHOUT_MOMENTUM])


@pytest.mark.parametrize("better", [(0.53, 0.5, 0.5), (0.5, 0.53, 0.5), (0.5, 0.5, 0.56)])
def test_any_of_the_three_saves_a_trial(better: Epoch) -> None:
    assert cut(BALANCED, [(0.5, 0.5, 0.5), (0.5, 0.5, 0.5)])
    assert not cut(BALANCED, [(0.5, 0.5, 0.5), better])


def test_nothing_is_cut_before_its_time_nor_when_turned_off() -> None:
    assert not cut(BALANCED, SGD_WITHOUT_MOMENTUM[:1])
    assert not cut(BALANCED, SGD_WITHOUT_MOMENTUM[:1], is_over=True)
    assert not cut(BALANCED, SGD_WITHOUT_MOMENTUM, is_over=True, chance_epochs=0)


def test_the_bound_is_one_sided_at_99_percent() -> None:
    """Of trials that guess, one in a hundred lies above it; seen by drawing them."""
    guessed = np.random.default_rng(5).binomial(2000, 0.5, 20_000) / 2000
    above = guessed > BALANCED.accuracy + BALANCED.accuracy_error

    assert above.mean() == pytest.approx(0.01, abs=0.004)


def test_the_bound_of_the_ranking_is_one_sided_at_99_percent() -> None:
    labels = np.repeat([0, 1], [181, 819])
    random = np.random.default_rng(5)
    areas = [classification_metrics(labels, random.random((1000, 1)), "binary")["auc"] for _ in range(1500)]

    assert np.mean(np.array(areas) > 0.5 + SKEWED.auc_error) == pytest.approx(0.01, abs=0.009)


@pytest.mark.parametrize(
    ("texts", "told"), [([17, 17], False), ([18, 18], True), ([90, 9], False), ([100, 0], False)]
)
def test_too_few_texts_tell_nothing(texts: list[int], told: bool) -> None:
    few = np.repeat([0, 1], texts)
    chance = Chance.of(np.repeat([0, 1], 400), few)

    assert chance.can_be_told is told
    share = max(texts) / sum(texts)
    assert cut(chance, [(share, 0.5, 0.5)] * 2, is_over=True) is told
    assert Chance.of(few, np.repeat([0, 1], 400)).can_be_told is told


def test_of_several_classes_chance_is_the_share_of_the_commonest() -> None:
    chance = Chance.of(np.repeat([0, 1, 2], [500, 300, 200]), np.repeat([0, 1, 2], [50, 30, 20]))

    assert chance.accuracy == 0.5
    assert chance.accuracy_error == pytest.approx(2.326 * 0.05)
    assert 0 < chance.auc_error < math.inf
    assert cut(chance, [(0.4, 0.5, 0.55), (0.5, 0.5, 0.52)])


NUMBERS = ChanceOfNumbers(4000, 1000)


def numbers_cut(
    *epochs: tuple[float, float], is_over: bool = False, chance: ChanceOfNumbers = NUMBERS
) -> bool:
    """Ask for a regression; an epoch is its R2 and its training R2."""
    curve = [{"r2": validated, "train_r2": trained} for validated, trained in epochs]
    return bool(never_learned(chance, curve, 2, is_over))


@pytest.mark.parametrize(
    ("curve", "is_cut"),
    [
        ([(0.0028, 0.0008), (0.0070, 0.0059)], False),  # Adam at 1e-4
        ([(0.0893, 0.0206), (0.4241, 0.4152)], False),  # Adam at 1e-3
        ([(-0.0011, -0.0019), (0.0002, -0.0016)], True),  # SGD without momentum at 1e-2
        ([(0.0003, -0.0106), (-0.0122, -0.0034)], True),  # SGD with momentum at 1e-2
    ],
)
@pytest.mark.parametrize("is_over", [False, True])
def test_of_real_curves_of_ratings_those_that_learn_are_told_from_the_others(
    curve: list[tuple[float, float]], is_cut: bool, is_over: bool
) -> None:
    assert numbers_cut(*curve, is_over=is_over) is is_cut


def test_of_numbers_chance_is_what_their_mean_explains() -> None:
    assert numbers_cut((-0.001, -0.9), (0.001, 0.002))
    assert not numbers_cut((-0.4, -0.9), (0.02, -0.1))
    assert not numbers_cut((-0.4, -0.9), (-0.01, 0.02))
    assert numbers_cut((-0.4, -0.9), (-0.01, 0.02), is_over=True)
    assert not numbers_cut((-0.4, -0.9), (-0.01, 0.04), is_over=True)


def test_a_regression_on_its_way_to_the_mean_goes_on_as_long_as_it_can() -> None:
    assert not numbers_cut((-0.9, -1.2), (-0.5, -0.6))
    assert numbers_cut((-0.9, -1.2), (-0.5, -0.6), is_over=True)


def test_a_regression_that_rises_no_more_below_the_mean_is_cut_after_two_such_epochs() -> None:
    rising = [(-0.9, -1.2), (-0.5, -0.6)]

    assert not numbers_cut(*rising, (-0.52, -0.5))
    assert numbers_cut(*rising, (-0.52, -0.5), (-0.51, -0.5))
    assert not numbers_cut(*rising, (-0.52, -0.5), (-0.4, -0.5))


def test_one_epoch_of_a_regression_cannot_rise() -> None:
    assert never_learned(NUMBERS, [{"r2": -0.5, "train_r2": -0.9}], 1, is_over=False)


def test_the_reason_of_a_regression_has_its_numbers() -> None:
    curve = [{"r2": -0.3, "train_r2": -0.5}, {"r2": 0.001, "train_r2": 0.0}]

    reason = reason_of(never_learned(NUMBERS, curve, 2, is_over=True))

    assert reason == "never learned: r2 0.001 after 2 epochs, accident alone gives up to 0.005"


def test_the_bound_of_numbers_is_one_sided_at_99_percent() -> None:
    """Of predictions that know nothing, at the best scale they can have, one in a hundred lies above it."""
    random = np.random.default_rng(5)
    labels, guessed = random.normal(size=(2, 4000, 1000))
    correlation = (labels * guessed).mean(axis=1)

    above = (correlation > 0) & (correlation**2 > 2.326**2 / 1000)

    assert above.mean() == pytest.approx(0.01, abs=0.005)


def test_too_few_numbers_tell_nothing() -> None:
    assert not numbers_cut((-1.0, -1.0), (-1.0, -1.0), chance=ChanceOfNumbers(400, 29))
    assert numbers_cut((-1.0, -1.0), (-1.0, -1.0), chance=ChanceOfNumbers(400, 30))


def test_the_task_decides_which_chance_it_is() -> None:
    labels = np.repeat([0, 1], 400)

    assert chance_of("binary", labels, labels) == Chance.of(labels, labels)
    assert chance_of_counts((400, 400), (400, 400)) == Chance.of(labels, labels)
    assert chance_of_counts((800,), (30,)) == ChanceOfNumbers(800, 30)
    assert chance_of("regression", labels.astype(np.float32), labels[:30]) == ChanceOfNumbers(800, 30)


def is_above_chance(metric: str, numbers: Numbers) -> bool:
    """Take one of the looks again; what has no margin tells nothing."""
    if f"margin.{metric}" not in numbers:
        return False
    above = float(numbers[f"best.{metric}"]) - float(numbers[f"chance.{metric}"])
    return above > float(numbers[f"margin.{metric}"])


@pytest.mark.parametrize("is_last", [False, True])
def test_the_numbers_of_a_cut_show_that_nothing_was_above_chance(is_last: bool) -> None:
    cut = never_learned(BALANCED, history(*SGD_WITHOUT_MOMENTUM), 2, is_last)

    assert cut is not None
    assert cut.rule is Rule.CHANCE
    assert (cut.numbers["epochs"], cut.numbers["chance_epochs"], cut.numbers["is_last"]) == (2, 2, is_last)
    looks = {"accuracy": 0.5060, "train_accuracy": 0.5170, "auc": 0.5105}
    assert {metric: cut.numbers[f"best.{metric}"] for metric in looks} == looks
    assert not any(is_above_chance(metric, cut.numbers) for metric in looks)
    assert cut.numbers["margin.train_accuracy"] == (0.05 if is_last else 0.02)


def test_the_numbers_of_a_network_that_gives_all_texts_one_class_show_its_signs() -> None:
    constant = [(0.5000, 0.5600, 0.7000), (0.5000, 0.5700, 0.7500)]
    cut = never_learned(BALANCED, history(*constant), 2, is_over=True)

    assert cut is not None
    assert is_above_chance("auc", cut.numbers)
    assert cut.numbers["is_last"]
    assert float(cut.numbers["best.accuracy"]) <= float(cut.numbers["chance.accuracy"])
    assert (cut.numbers["best.macro_recall"], cut.numbers["chance.macro_recall"]) == (0.5, 0.5)
    assert "margin.macro_recall" not in cut.numbers


def test_the_numbers_of_a_regression_have_its_rise_while_it_may_still_tell_something() -> None:
    curve = [{"r2": -0.300, "train_r2": -0.5}, {"r2": -0.299, "train_r2": -0.4}]

    early, late = (never_learned(NUMBERS, curve, 2, is_over) for is_over in (False, True))

    assert early is not None
    assert late is not None
    assert early.numbers["best.r2_rise"] == pytest.approx(0.001)
    assert early.numbers["margin.r2_rise"] == 0.02
    assert "margin.r2_rise" not in late.numbers
    for numbers in (early.numbers, late.numbers):
        assert not any(is_above_chance(metric, numbers) for metric in ("r2", "train_r2", "r2_rise"))
