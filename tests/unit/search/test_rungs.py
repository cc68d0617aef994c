"""Rules of the rungs: who goes on from one, by rank over several objectives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.decisions import reason_of
from tuner.decision import Decision, Rule
from tuner.search import FinishedTrial, Pruner, make_pruner
from tuner.search.rungs import Rungs, spread_order
from tuner.spec.catalogue import Metric
from tuner.spec.values import ComponentSpec, Objective
from tuner.trial import Ending, EpochReport

BOTH = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
METRICS = {
    name: Metric(name, "", "curve" if name == "accuracy" else "grows", ("binary",), name)
    for name in ("accuracy", "training_time_s")
}


def curve(number: int, accuracies: list[float], epoch_s: float) -> list[EpochReport]:
    rows = [
        {"accuracy": accuracy, "training_time_s": epoch_s * (epoch + 1)}
        for epoch, accuracy in enumerate(accuracies)
    ]
    return [EpochReport(number, epoch, row, epoch, row) for epoch, row in enumerate(rows)]


def pruned(number: int, accuracies: list[float], epoch_s: float) -> FinishedTrial:
    return FinishedTrial(number, Ending.PRUNED, None, curve(number, accuracies, epoch_s))


def mo_asha(min_epochs: int = 1, reduction_factor: int = 2) -> Pruner:
    options = {"min_epochs": min_epochs, "reduction_factor": reduction_factor}
    return make_pruner(ComponentSpec("mo_asha", options), BOTH, METRICS)


AT_ONE_SECOND = [pruned(number, [0.5 + 0.1 * number], 1.0) for number in range(4)]
"""Accuracies of 0.5, 0.6, 0.7 and 0.8 after their first epoch, all in a second."""


@pytest.mark.parametrize(
    ("min_epochs", "factor", "rungs"), [(1, 3, [1, 3, 9]), (2, 2, [2, 4, 8]), (1, 2, [1, 2, 4, 8])]
)
def test_each_rung_has_so_many_times_the_epochs_of_the_one_before(
    min_epochs: int, factor: int, rungs: list[int]
) -> None:
    at = Rungs(BOTH, min_epochs, factor)

    assert [epochs for epochs in range(1, 10) if at.is_at(epochs)] == rungs


def test_one_in_so_many_goes_on_from_a_rung() -> None:
    for accuracy, goes_on in ((0.55, False), (0.65, True), (0.9, True), (0.4, False)):
        assert (mo_asha().decide(curve(9, [accuracy], 1.0), AT_ONE_SECOND) is None) == goes_on
    assert mo_asha(reduction_factor=4).decide(curve(9, [0.75], 1.0), AT_ONE_SECOND) is None
    assert mo_asha(reduction_factor=5).decide(curve(9, [0.75], 1.0), AT_ONE_SECOND) is None
    assert mo_asha(reduction_factor=6).decide(curve(9, [0.75], 1.0), AT_ONE_SECOND) is not None


def test_the_quick_and_the_good_stand_in_one_rank() -> None:
    assert mo_asha().decide(curve(9, [0.45], 0.1), AT_ONE_SECOND) is None
    assert mo_asha().decide(curve(9, [0.45], 1.1), AT_ONE_SECOND) is not None


def test_between_rungs_nobody_is_cut() -> None:
    poor = curve(9, [0.1, 0.1, 0.1, 0.1], 9.0)
    good = [pruned(number, [0.9, 0.9, 0.9, 0.9], 1.0) for number in range(4)]

    verdicts = [
        mo_asha(reduction_factor=3).decide(poor[: epochs + 1], good) is not None for epochs in range(4)
    ]
    assert verdicts == [True, False, True, False]


def test_the_first_to_come_to_a_rung_goes_on() -> None:
    assert mo_asha().decide(curve(9, [0.1], 9.0), []) is None
    assert mo_asha().decide(curve(9, [0.1, 0.1], 9.0), AT_ONE_SECOND) is None


def test_the_last_epoch_is_not_cut_because_it_saves_nothing() -> None:
    assert mo_asha().decide(curve(9, [0.4], 1.0), AT_ONE_SECOND, epochs_left=0) is None


def test_the_reason_tells_rank_and_numbers() -> None:
    reason = reason_of(mo_asha().decide(curve(9, [0.55], 1.5), AT_ONE_SECOND))

    assert reason == (
        "after 1 epoch 4 of 4 trials rank before it (accuracy 0.55, training_time_s 1.5), and the best one"
        " in 2 goes on"
    )


def test_an_objective_that_is_not_measured_every_epoch_is_left_out() -> None:
    objectives = (*BOTH, Objective("size_bytes", "minimize"))
    rungs = Rungs(objectives, 1, 2)
    unknown = [EpochReport(9, 0, {"accuracy": math.nan}, 0, {})]

    assert rungs.decide(curve(9, [0.4], 1.1), AT_ONE_SECOND) is not None
    assert rungs.decide(unknown, AT_ONE_SECOND) is None


def test_a_net_takes_the_farthest_next() -> None:
    line = np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0], [10.0, 10.0], [6.0, 6.0]])

    assert spread_order(line).tolist() == [0, 3, 2, 4, 1]  # 4 and 6 are equally far from both ends
    assert spread_order(np.array([[3.0, 3.0], [3.0, 3.0]])).tolist() == [0, 1]
    assert spread_order(np.array([[1.0, 2.0]])).tolist() == [0]


def test_a_decision_at_a_rung_keeps_rank_comers_and_who_passes() -> None:
    assert mo_asha().decide(curve(9, [0.55], 1.0), AT_ONE_SECOND) == Decision(
        Rule.RUNG,
        {
            "epochs": 1,
            "rank": 4,
            "came": 5,
            "pass": 3,
            "reduction_factor": 2,
            "direction.accuracy": "maximize",
            "value.accuracy": 0.55,
            "direction.training_time_s": "minimize",
            "value.training_time_s": 1.0,
        },
    )


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 6])
def test_who_is_cut_at_a_rung_ranks_behind_those_who_pass(factor: int) -> None:
    """With four before it, and accuracies on either side of theirs."""
    for accuracy in (0.45, 0.55, 0.65, 0.75):
        decision = mo_asha(reduction_factor=factor).decide(curve(9, [accuracy], 1.0), AT_ONE_SECOND)
        rank = sum(other.curve[0].metrics["accuracy"] > accuracy for other in AT_ONE_SECOND) + 1
        assert (decision is not None) == (rank > 5 // factor + 1)
        if decision is not None:
            assert (decision.numbers["rank"], decision.numbers["pass"]) == (rank, 5 // factor + 1)
