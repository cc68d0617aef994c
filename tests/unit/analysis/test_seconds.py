"""Raw or calibrated seconds, and which of them were disturbed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tuner.analysis.seconds import core_share, disturbed, is_disturbed, on_axis, unlike, unlike_means
from tuner.spec.values import Objective, Value
from tuner.storage.records import Retimed, TrialRecord

AIMS = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


RETIMED = Retimed({}, {}, 9.0, 9.0, 1, "vm", "CPU (core 0)", 2, 2)


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


def test_the_share_of_the_core_is_not_told_where_one_tick_of_the_schedule_is_a_tenth() -> None:
    short = trial(0, training_time_s=0.05, waited_time_s=0.05)

    assert core_share(short) is None
    assert disturbed("s", [short]) == ""
    assert core_share(trial(0, training_time_s=0.1, waited_time_s=0.05)) == pytest.approx(0.5)


@pytest.mark.parametrize(("share", "expected"), [(None, False), (0.95, False), (0.9, False), (0.71, True)])
def test_a_time_is_disturbed_when_a_tenth_of_the_core_is_missing(share: float | None, expected: bool) -> None:
    assert is_disturbed(share) is expected


def test_who_was_disturbed_is_said_with_numbers_and_what_to_do() -> None:
    trials = [trial(0, waited_time_s=2.9), trial(1, waited_time_s=0.1), trial(2)]

    assert disturbed("s", trials) == (
        "times were disturbed: trial 0 71% of the core; take them alone: tuner time s"
    )
    assert disturbed("s", trials[1:]) == ""


def on(number: int, device: str, **facts: Value) -> TrialRecord:
    return replace(trial(number), facts={"device": device, **facts} if device else facts)


def again(record: TrialRecord, device: str) -> TrialRecord:
    """Time it alone."""
    return replace(record, retimed=Retimed({}, {}, 1.0, 1.0, 1, "vm", device, 2, 2))


ONE, TWO, GPU = "CPU (core 1)", "CPU (2 cores)", "GPU (NVIDIA A100)"


def test_seconds_of_unlike_threads_on_one_axis_are_said_with_the_trials() -> None:
    trials = [on(0, ONE), on(1, "CPU (core 0)"), on(2, TWO), on(3, GPU)]

    assert unlike("s", trials, trials, AIMS) == (
        "seconds of unlike kinds stand on one axis: 1 thread (trials 0, 1), 2 threads (trial 2),"
        " GPU (NVIDIA A100) (trial 3); take the front's again, all in one way: tuner time s"
    )


def test_like_threads_are_nothing_to_be_said_whatever_the_core() -> None:
    assert unlike("s", [on(0, ONE), on(1, "CPU (core 0)")], [], AIMS) == ""


def test_a_trial_whose_device_is_not_known_makes_no_mix() -> None:
    assert unlike("s", [on(0, ONE), on(1, ""), on(2, "none")], [], AIMS) == ""


def test_a_trial_that_was_pruned_is_on_no_axis() -> None:
    assert unlike("s", [on(0, ONE), replace(on(1, TWO), values=None)], [], AIMS) == ""


def test_without_a_time_among_the_objectives_there_is_no_such_axis() -> None:
    assert unlike("s", [on(0, ONE), on(1, TWO)], [], AIMS[:1]) == ""
    assert unlike("s", [on(0, ONE), on(1, TWO)], [], (Objective("calibrated_time_s", "minimize"),))


def test_a_front_that_was_timed_again_in_one_way_is_alike() -> None:
    trials = [on(0, ONE), again(on(1, ONE), ONE), again(on(2, TWO), ONE), on(3, TWO)]

    assert unlike("s", trials, trials[1:3], AIMS) == ""
    assert "1 thread (trials 0, 1, 2), 2 threads (trial 3)" in unlike("s", trials, trials[1:], AIMS)
    assert "1 thread (trial 1), 2 threads (trial 2)" in unlike(
        "s", trials, [trials[1], again(on(2, TWO), TWO)], AIMS
    )


def test_a_trial_that_was_continued_in_other_threads_is_of_a_kind_of_its_own() -> None:
    trials = [on(0, TWO), on(1, TWO, trained_in_ways="1 thread, 2 threads")]

    assert "2 threads (trial 0), first 1 thread, then 2 threads (trial 1)" in unlike("s", trials, [], AIMS)


def test_means_of_seconds_of_unlike_kinds_are_said_and_no_timing_is_advised() -> None:
    trials = [on(0, ONE), on(1, TWO)]

    assert unlike_means(trials, ("accuracy", "training_time_s")) == (
        "means are of seconds of unlike kinds: 1 thread (trial 0), 2 threads (trial 1)"
    )
    assert unlike_means(trials[:1], ("accuracy", "training_time_s")) == ""
    assert unlike_means(trials, ("accuracy", "parameters")) == ""


def test_of_very_many_trials_the_first_are_named() -> None:
    trials = [on(0, TWO), *(on(number, ONE) for number in range(1, 15))]

    assert "(trials 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 4 more)" in unlike("s", trials, [], AIMS)


def test_a_gpu_that_another_worker_had_too_disturbs_what_no_clock_tells() -> None:
    trials = [on(0, GPU, device_shared=True), on(1, GPU), on(2, ONE, device_shared=True)]

    assert disturbed("s", trials) == (
        "times were disturbed: trial 0 beside another worker on its GPU; take them alone: tuner time s"
    )
    assert disturbed("s", [again(trials[0], GPU)]) == ""


def test_a_disturbed_time_that_was_taken_alone_is_to_be_taken_again() -> None:
    told, timed = trial(0, waited_time_s=2.9), replace(trial(1, waited_time_s=2.9), retimed=RETIMED)

    assert disturbed("s", [told]).endswith("take them alone: tuner time s")
    assert disturbed("s", [timed]).endswith("take them alone: tuner time s --again")
    assert disturbed("s", [told, timed]).endswith("take them alone: tuner time s --again")
    undisturbed = replace(timed, metrics={"training_time_s": 10.0})
    assert disturbed("s", [told, undisturbed]).endswith("take them alone: tuner time s")
