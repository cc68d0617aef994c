"""Re-timed seconds stand in the place of the study's, and both are kept."""

from __future__ import annotations

from tuner.analysis.front import front
from tuner.analysis.retimed import changes, retimed_of, standing_of_times, with_times
from tuner.spec.values import Objective
from tuner.storage.records import TimingRecord, TrialRecord

AIMS = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


def trial(number: int, accuracy: float, time_s: float) -> TrialRecord:
    metrics = {"accuracy": accuracy, "training_time_s": time_s, "training_cpu_time_s": time_s}
    return TrialRecord(number, "COMPLETE", values=(accuracy, time_s), metrics=metrics)


def timing(number: int, time_s: float, series: int = 1, host: str = "vm", epochs: int = 2) -> TimingRecord:
    facts = {"series": series, "epochs": epochs, "kept_epochs": 2, "training_cpu_time_s": time_s / 2}
    return TimingRecord(number, time_s, 0.1, host, "CPU (core 1)", facts)


GOOD, FAST, BEATEN = trial(0, 0.9, 8.0), trial(1, 0.8, 4.0), trial(2, 0.8, 5.0)
TRIALS = [GOOD, FAST, BEATEN]


def members(trials: list[TrialRecord]) -> list[int]:
    return [member.number for member in front(trials, AIMS)]


def test_the_median_of_the_runs_counts() -> None:
    shown = with_times(TRIALS, [timing(0, 3.0), timing(0, 9.0), timing(0, 4.0)], AIMS)

    assert shown[0].values == (0.9, 4.0)
    assert shown[0].metrics["training_time_s"] == 4.0
    assert shown[0].metrics["training_cpu_time_s"] == 2.0
    assert shown[0].retimed is not None
    assert (shown[0].retimed.low_s, shown[0].retimed.high_s, shown[0].retimed.runs) == (3.0, 9.0, 3)


def test_what_the_study_measured_is_kept_beside() -> None:
    (shown,) = with_times([GOOD], [timing(0, 3.0)], AIMS)

    assert shown.retimed is not None
    assert shown.retimed.in_study == {"training_time_s": 8.0, "training_cpu_time_s": 8.0}


def test_a_later_series_takes_the_place_of_earlier_ones() -> None:
    found = retimed_of(GOOD, [timing(0, 30.0), timing(0, 40.0), timing(0, 3.0, series=2)])

    assert found is not None
    assert found.seconds["training_time_s"] == 3.0
    assert found.runs == 1


def test_trials_that_were_not_timed_again_stay_as_they_are() -> None:
    assert with_times(TRIALS, [timing(0, 3.0)], AIMS)[1:] == TRIALS[1:]


def test_a_study_without_time_among_its_objectives_keeps_its_values() -> None:
    plain = TrialRecord(0, "COMPLETE", values=(0.9,), metrics={"accuracy": 0.9, "training_time_s": 8.0})
    (shown,) = with_times([plain], [timing(0, 3.0)], AIMS[:1])

    assert shown.values == (0.9,)
    assert shown.metrics["training_time_s"] == 3.0


def test_a_member_that_re_timed_seconds_beat_leaves_the_front_and_that_is_said() -> None:
    shown = with_times(TRIALS, [timing(0, 3.0), timing(1, 3.5)], AIMS)

    assert (members(TRIALS), members(shown)) == ([0, 1], [0])
    assert changes(TRIALS, shown, AIMS) == ["trial 1 left the front by re-timed seconds: trial 0 beats it"]


def test_one_that_comes_onto_the_front_is_said() -> None:
    shown = with_times(TRIALS, [timing(1, 6.0)], AIMS)

    assert members(shown) == [0, 2]
    assert changes(TRIALS, shown, AIMS) == [
        "trial 1 left the front by re-timed seconds: trial 2 beats it",
        "trial 2 came onto the front by re-timed seconds",
    ]


def test_a_mixed_front_is_told() -> None:
    shown = with_times(TRIALS, [timing(0, 7.0)], AIMS)

    assert standing_of_times(front(shown, AIMS)) == (
        "re-timed: 1 of 2 members, alone on vm; the others' seconds are the study's, taken beside other work"
    )
    assert standing_of_times(TRIALS) == ""


def test_a_front_that_was_timed_on_two_machines_says_so() -> None:
    shown = with_times(TRIALS, [timing(0, 7.0), timing(1, 4.0, host="other")], AIMS)

    assert standing_of_times(front(shown, AIMS)) == "re-timed: 2 of 2 members, on 2 machines: other, vm"
