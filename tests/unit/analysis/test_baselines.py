"""How a front stands against models without a network, in numbers and in words."""

from __future__ import annotations

import pytest

from tuner.analysis.baselines import sentence, standing
from tuner.spec.values import Objective
from tuner.storage import BaselineRecord, TrialRecord

ACCURACY, TIME = Objective("accuracy", "maximize"), Objective("training_time_s", "minimize")
SLOW = TrialRecord(0, "COMPLETE", values=(0.90, 30.0))
FAST = TrialRecord(1, "COMPLETE", values=(0.80, 4.0))
FASTEST = TrialRecord(2, "COMPLETE", values=(0.70, 1.0))
MEMBERS = [SLOW, FAST, FASTEST]


def baseline(accuracy: float, time_s: float) -> BaselineRecord:
    return BaselineRecord("TF-IDF", {"accuracy": accuracy, "training_time_s": time_s})


def test_a_member_beats_a_baseline_by_the_first_objective() -> None:
    assert standing(baseline(0.85, 2.0), MEMBERS, (ACCURACY, TIME)).beaten_by == (0,)
    assert standing(baseline(0.90, 2.0), MEMBERS, (ACCURACY, TIME)).beaten_by == ()


def test_a_baseline_beats_what_it_dominates() -> None:
    assert standing(baseline(0.85, 2.0), MEMBERS, (ACCURACY, TIME)).beats == (1,)
    assert standing(baseline(0.85, 0.5), MEMBERS, (ACCURACY, TIME)).beats == (1, 2)
    assert standing(baseline(0.80, 4.0), MEMBERS, (ACCURACY, TIME)).beats == (), "equal is not beaten"


def test_an_objective_that_is_minimized_is_beaten_from_below() -> None:
    points = [TrialRecord(0, "COMPLETE", values=(3.0, 0.9)), TrialRecord(1, "COMPLETE", values=(1.0, 0.6))]

    assert standing(baseline(0.85, 2.0), points, (TIME, ACCURACY)).beaten_by == (1,)


def test_what_a_baseline_does_not_have_is_not_compared() -> None:
    memory = Objective("peak_memory_bytes", "minimize")

    assert standing(baseline(0.85, 2.0), MEMBERS, (ACCURACY, memory)).beats == ()
    found = standing(baseline(0.85, 2.0), MEMBERS, (memory, ACCURACY))
    assert (found.beaten_by, found.beats) == ((), ())
    assert sentence(found) == "TF-IDF: has no peak memory (bytes) to be compared by"


@pytest.mark.parametrize(
    ("accuracy", "members", "said"),
    [
        (0.85, MEMBERS, "; 1 of 3 front members beats it in accuracy, 1 loses to it in both"),
        (0.75, MEMBERS, "; 2 of 3 front members beat it in accuracy"),
        (0.95, MEMBERS, "; no front member beats it in accuracy, 2 lose to it in both"),
        (0.60, MEMBERS, "; all 3 front members beat it in accuracy"),
        (0.60, [SLOW], "; the one front member beats it in accuracy"),
        (0.60, [], ""),
    ],
)
def test_the_sentence_counts_who_beats_it(accuracy: float, members: list[TrialRecord], said: str) -> None:
    found = standing(baseline(accuracy, 2.0), members, (ACCURACY, TIME))

    assert sentence(found) == f"TF-IDF: accuracy {accuracy:.4f} in 2.0 s{said}"


@pytest.mark.parametrize(
    ("accuracy", "time_s", "said"),
    [
        (0.80, 2.0, "; 1 of 3 front members beats it in accuracy, 1 equals it in accuracy"),
        (0.90, 2.0, "; no front member beats it in accuracy, 1 equals it in accuracy, 1 loses to it in both"),
        (0.85, 4.0, "; 1 of 3 front members beats it in accuracy, 1 loses to it in accuracy alone"),
    ],
)
def test_what_equals_it_in_an_objective_does_not_lose_to_it_in_both(
    accuracy: float, time_s: float, said: str
) -> None:
    found = standing(baseline(accuracy, time_s), MEMBERS, (ACCURACY, TIME))

    assert sentence(found) == f"TF-IDF: accuracy {accuracy:.4f} in {time_s:.1f} s{said}"


def test_of_three_objectives_a_tie_in_one_is_no_loss_in_all() -> None:
    aims = (ACCURACY, TIME, Objective("f1", "maximize"))
    members = [
        TrialRecord(0, "COMPLETE", values=(0.7, 4.0, 0.6)),
        TrialRecord(1, "COMPLETE", values=(0.7, 3.0, 0.5)),
    ]
    usual = BaselineRecord("TF-IDF", {"accuracy": 0.8, "training_time_s": 2.0, "f1": 0.6})

    assert sentence(standing(usual, members, aims)).endswith(
        "; no front member beats it in accuracy, 1 loses to it in all objectives, 1 is nowhere better"
    )


def test_a_study_of_one_objective_is_compared_by_that_alone() -> None:
    best = TrialRecord(0, "COMPLETE", values=(0.80,))

    assert sentence(standing(baseline(0.85, 2.0), [best], (ACCURACY,))) == (
        "TF-IDF: accuracy 0.8500 in 2.0 s; no front member beats it in accuracy"
    )
