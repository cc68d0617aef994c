"""What the coordinator has in mind of a trial under way."""

from __future__ import annotations

import pytest

from tuner.execution.standing import Placed
from tuner.storage import Claim
from tuner.trial import EpochReport, TrialRequest


def placed(epochs: int, patience: int, best: list[int]) -> Placed:
    """A trial that has reported so many epochs, with the best one up to each."""
    params = {"epochs": epochs, "patience": patience}
    curve = [EpochReport(1, epoch, {}, best_epoch, {}) for epoch, best_epoch in enumerate(best)]
    return Placed(
        Claim(1, "token", params), TrialRequest("s", 1, params, 1, "binary", "", "", ""), curve, 0.0
    )


@pytest.mark.parametrize(
    ("patience", "best", "left"),
    [
        (2, [], 6),
        (2, [0], 5),
        (2, [0, 0], 4),
        (2, [0, 0, 0], 0),  # two epochs without a better one
        (2, [0, 0, 2], 3),
        (0, [0, 0, 0, 0], 2),  # waits for ever
        (2, [0, 1, 2, 3, 4, 5], 0),
    ],
)
def test_a_trial_whose_patience_has_run_out_trains_no_more(patience: int, best: list[int], left: int) -> None:
    assert placed(6, patience, best).epochs_left == left
