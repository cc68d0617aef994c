"""Raw or calibrated seconds, and which of them were disturbed."""

from __future__ import annotations

import pytest

from tuner.analysis.seconds import core_share, disturbed, is_disturbed, on_axis
from tuner.spec.values import Objective
from tuner.storage.records import TrialRecord

AIMS = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


def trial(number: int, **metrics: float) -> TrialRecord:
    return TrialRecord(number, "COMPLETE", values=(0.8, 10.0), metrics={"training_time_s": 10.0, **metrics})


def test_raw_seconds_are_what_was_recorded() -> None:
    trials = [trial(0, calibrated_time_s=4.0)]

    assert on_axis(trials, AIMS, "raw").trials == trials
    assert on_axis(trials, AIMS, "raw").objectives == AIMS


def test_calibrated_seconds_stand_in_the_place_of_raw_ones() -> None:
    axis = on_axis([trial(0, calibrated_time_s=4.0)], AIMS, "calibrated")

    assert axis.trials[0].values == (0.8, 4.0)
    assert axis.objectives == (AIMS[0], Objective("calibrated_time_s", "minimize"))
    assert axis.remark == ""


def test_a_trial_without_calibrated_seconds_is_left_out_and_told() -> None:
    axis = on_axis([trial(0, calibrated_time_s=4.0), trial(3)], AIMS, "calibrated")

    assert axis.trials[1].values is None
    assert axis.remark == "left out, as they were recorded without calibrated seconds: trials 3"


def test_a_study_that_does_not_aim_at_time_keeps_its_values() -> None:
    plain = TrialRecord(0, "COMPLETE", values=(0.8,), metrics={"accuracy": 0.8})

    assert on_axis([plain], AIMS[:1], "calibrated").trials == [plain]


def test_a_pruned_trial_has_no_values_on_any_axis() -> None:
    pruned = TrialRecord(0, "PRUNED", metrics={"training_time_s": 1.0})

    assert on_axis([pruned], AIMS, "calibrated").left_out == ()


def test_the_share_of_the_core_is_what_was_not_waited_for() -> None:
    assert core_share(trial(0, waited_time_s=2.9)) == pytest.approx(0.71)
    assert core_share(trial(0)) is None


@pytest.mark.parametrize(("share", "expected"), [(None, False), (0.95, False), (0.9, False), (0.71, True)])
def test_a_time_is_disturbed_when_a_tenth_of_the_core_is_missing(share: float | None, expected: bool) -> None:
    assert is_disturbed(share) is expected


def test_who_was_disturbed_is_said_with_numbers_and_what_to_do() -> None:
    trials = [trial(0, waited_time_s=2.9), trial(1, waited_time_s=0.1), trial(2)]

    assert disturbed("s", trials) == (
        "times were disturbed: trial 0 71% of the core; take them alone: tuner time s"
    )
    assert disturbed("s", trials[1:]) == ""
