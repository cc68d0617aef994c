"""The front: finished trials that no other finished one beats, best first objective first."""

from __future__ import annotations

import random

from tuner.analysis.front import front
from tuner.spec.values import Objective
from tuner.storage.records import TrialRecord

ACCURACY_AND_TIME = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


def finished(number: int, *values: float) -> TrialRecord:
    return TrialRecord(number, "COMPLETE", values=values)


def numbers(trials: list[TrialRecord], objectives: tuple[Objective, ...] = ACCURACY_AND_TIME) -> list[int]:
    return [member.number for member in front(trials, objectives)]


def test_beaten_trials_are_no_members() -> None:
    assert numbers([finished(0, 0.8, 10.0), finished(1, 0.7, 12.0), finished(2, 0.75, 5.0)]) == [0, 2]


def test_the_best_first_objective_comes_first_whatever_the_order_of_numbers() -> None:
    trials = [finished(number, 0.5 + number / 100, 1.0 + number) for number in range(10)]
    random.Random(3).shuffle(trials)

    assert numbers(trials) == list(range(9, -1, -1))


def test_a_minimized_first_objective_comes_smallest_first() -> None:
    objectives = (Objective("training_time_s", "minimize"), Objective("accuracy", "maximize"))

    assert numbers([finished(0, 9.0, 0.9), finished(1, 2.0, 0.7), finished(2, 5.0, 0.8)], objectives) == [
        1,
        2,
        0,
    ]


def test_equal_trials_are_all_members_by_number() -> None:
    assert numbers([finished(4, 0.8, 5.0), finished(1, 0.8, 5.0), finished(2, 0.9, 9.0)]) == [2, 1, 4]


def test_only_completed_trials_can_be_members() -> None:
    pruned = TrialRecord(0, "PRUNED", metrics={"accuracy": 0.99, "training_time_s": 0.1})
    failed = TrialRecord(1, "FAIL")
    running = TrialRecord(2, "RUNNING", metrics={"accuracy": 0.99, "training_time_s": 0.1})

    assert numbers([pruned, failed, running, finished(3, 0.6, 9.0)]) == [3]


def test_one_objective_has_the_best_alone() -> None:
    assert numbers([finished(0, 0.7), finished(1, 0.9), finished(2, 0.8)], ACCURACY_AND_TIME[:1]) == [1]


def test_no_finished_trial_has_no_front() -> None:
    assert numbers([]) == []
    assert numbers([TrialRecord(0, "FAIL")]) == []
