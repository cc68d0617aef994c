"""Members of the front one by one: the tables behind their pictures."""

from __future__ import annotations

import pytest

from tuner.analysis.members import Confused, LearnedEpoch, confused, learning, learning_metrics, spread
from tuner.spec.values import Objective
from tuner.storage import TrialRecord
from tuner.trial import EpochReport

ACCURACY = Objective("accuracy", "maximize")
VALIDATION, TEST = ((8, 2), (1, 9)), ((7, 3), (0, 10))


def epoch(number: int, index: int, best: int, **metrics: float) -> EpochReport:
    return EpochReport(number, index, metrics, best, metrics)


@pytest.mark.parametrize(
    ("count", "most", "numbers"),
    [
        (0, 4, []),
        (3, 4, [0, 1, 2]),
        (4, 4, [0, 1, 2, 3]),
        (7, 4, [0, 2, 4, 6]),
        (40, 4, [0, 13, 26, 39]),
        (5, 2, [0, 4]),
    ],
)
def test_both_ends_and_others_between_stand_for_a_front(count: int, most: int, numbers: list[int]) -> None:
    members = [TrialRecord(number, "COMPLETE") for number in range(count)]
    assert [each.number for each in spread(members, most)] == numbers


def test_the_test_split_is_shown_where_it_was_measured() -> None:
    members = [
        TrialRecord(4, "COMPLETE", confusion=VALIDATION, test_confusion=TEST),
        TrialRecord(2, "COMPLETE", confusion=VALIDATION),
        TrialRecord(1, "COMPLETE"),
    ]

    found = confused(members, ["bad", "good"])

    assert [(each.number, each.split, each.counts) for each in found] == [
        (4, "test", TEST),
        (2, "validation", VALIDATION),
    ]


def test_numbers_of_a_matrix_are_shares_of_its_rows() -> None:
    found = Confused(0, "test", ("bad", "good", "none"), ((3, 1, 0), (2, 4, 0), (0, 0, 0)))

    assert found.n_texts == 10
    assert found.accuracy == pytest.approx(0.7)
    assert found.shares == ((0.75, 0.25, 0.0), (2 / 6, 4 / 6, 0.0), (0.0, 0.0, 0.0))
    assert [row.name for row in found.rows] == ["bad", "good", "none", "macro", "weighted"]
    assert (found.rows[0].precision, found.rows[0].recall, found.rows[0].support) == (0.6, 0.75, 4)


def test_names_that_do_not_fit_a_matrix_give_way_to_numbers() -> None:
    (found,) = confused([TrialRecord(0, "COMPLETE", confusion=VALIDATION)], ["a", "b", "c"])
    assert found.classes == ("0", "1")


def test_a_regression_has_no_matrix() -> None:
    assert confused([TrialRecord(0, "COMPLETE")], []) == []


@pytest.mark.parametrize(
    ("first", "measured", "metrics"),
    [
        ("f1", ("f1", "train_f1", "accuracy", "train_accuracy", "loss", "train_loss"), ["f1", "loss"]),
        ("auc", ("auc", "accuracy", "train_accuracy", "loss", "train_loss"), ["accuracy", "loss"]),
        ("loss", ("accuracy", "train_accuracy", "loss", "train_loss"), ["loss"]),
        ("mae", ("mae", "train_mae", "loss", "train_loss"), ["mae", "loss"]),
        ("accuracy", ("accuracy", "loss"), []),
    ],
)
def test_what_epochs_have_of_both_parts_is_shown(
    first: str, measured: tuple[str, ...], metrics: list[str]
) -> None:
    reports = {0: [epoch(0, 0, 0, **dict.fromkeys(measured, 0.5))]}
    assert learning_metrics(reports, Objective(first, "maximize")) == metrics


def test_training_stands_beside_validation_and_the_kept_epoch_is_known() -> None:
    values = [(0.6, 0.5), (0.8, 0.7), (0.9, 0.6)]
    reports = {
        7: [
            epoch(7, at, min(at, 1), train_accuracy=train, accuracy=validation)
            for at, (train, validation) in enumerate(values)
        ]
    }

    assert learning(reports, ["accuracy"]) == [
        LearnedEpoch(7, "accuracy", 0, 0.6, 0.5, kept=False),
        LearnedEpoch(7, "accuracy", 1, 0.8, 0.7, kept=True),
        LearnedEpoch(7, "accuracy", 2, 0.9, 0.6, kept=False),
    ]
    assert learning({}, ["accuracy"]) == []
    assert learning(reports, []) == []
