"""Every epoch is the end of a training that could have been as short as that."""

from __future__ import annotations

import math
from dataclasses import replace

from tuner.analysis.retimed import with_times
from tuner.analysis.shorter import Training, front_of_trainings, trainings
from tuner.spec.values import Objective
from tuner.storage.records import TimingRecord, TrialRecord
from tuner.trial import EpochReport

AIMS = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


def curve(number: int, *points: tuple[float, float]) -> list[EpochReport]:
    """Epochs of these accuracies and seconds; the kept one is that of the best accuracy."""
    best = max(range(len(points)), key=lambda epoch: points[epoch][0])
    metrics = [{"accuracy": accuracy, "training_time_s": time_s} for accuracy, time_s in points]
    return [EpochReport(number, epoch, found, best, metrics[best]) for epoch, found in enumerate(metrics)]


def ended(number: int, state: str, *values: float) -> TrialRecord:
    metrics = dict(zip(("accuracy", "training_time_s"), values, strict=False))
    return TrialRecord(number, state, values=values or None, metrics=metrics)  # type: ignore[arg-type]


SLOW = ended(0, "COMPLETE", 0.9, 8.0)
CURVES = {
    0: curve(0, (0.7, 4.0), (0.9, 8.0), (0.8, 12.0)),
    1: curve(1, (0.75, 3.0), (0.76, 6.0)),
    2: curve(2, (0.99, 1.0)),
    3: curve(3, (0.6, 2.0)),
}
TRIALS = [SLOW, ended(1, "PRUNED"), ended(2, "FAIL"), ended(3, "RUNNING")]


def ends(every: list[Training]) -> list[tuple[int, int]]:
    return [(each.number, each.epochs) for each in every]


def test_every_epoch_counts_but_those_of_failed_trials() -> None:
    every = list(trainings(TRIALS, CURVES, AIMS))

    assert ends(every) == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (3, 1)]
    assert [each.values for each in every[:2]] == [(0.7, 4.0), (0.9, 8.0)]
    assert [each.epochs_run for each in every] == [3, 3, 3, 2, 2, 1]


def test_a_completed_trial_up_to_its_best_epoch_is_a_whole_one() -> None:
    assert ends([each for each in trainings(TRIALS, CURVES, AIMS) if each.is_whole]) == [(0, 2)]


def test_a_model_is_there_of_whole_trials_that_were_kept() -> None:
    assert not any(each.has_model for each in trainings(TRIALS, CURVES, AIMS))
    assert ends([each for each in trainings(TRIALS, CURVES, AIMS, {0, 1}) if each.has_model]) == [(0, 2)]


def test_a_completed_trial_whose_epochs_nobody_recorded_is_whole() -> None:
    (found,) = trainings([SLOW], {}, AIMS)

    assert (found.number, found.epochs, found.values, found.is_whole) == (0, 1, (0.9, 8.0), True)


def test_numbers_that_are_none_are_left_out() -> None:
    every = trainings([SLOW], {0: curve(0, (0.9, 8.0), (math.nan, 9.0), (0.7, math.inf))}, AIMS)
    assert ends(list(every)) == [(0, 1)]


def test_beside_shorter_trainings_a_whole_one_is_charged_no_epochs_after_its_best_either() -> None:
    aims = (AIMS[0], Objective("wall_time_s", "minimize"), AIMS[1])
    rows = [
        {"accuracy": accuracy, "wall_time_s": 10.0 * (epoch + 1), "training_time_s": 9.0 * (epoch + 1)}
        for epoch, accuracy in enumerate([0.8, 0.7, 0.7, 0.7])
    ]
    reports = {0: [EpochReport(0, epoch, row, 0, rows[0]) for epoch, row in enumerate(rows)]}
    whole = TrialRecord(0, "COMPLETE", values=(0.8, 41.0, 8.0), epochs=4)  # seconds of steps taken again

    found = list(trainings([whole], reports, aims))
    alone = [each for each in trainings([whole], reports, aims, shorter=False) if each.is_whole]

    assert [each.values[1] for each in found] == [10.0, 20.0, 30.0, 40.0]
    assert (found[0].is_whole, found[0].values) == (True, (0.8, 10.0, 8.0))
    assert ends(front_of_trainings(found, aims)) == [(0, 1)]
    assert [each.values for each in alone] == [(0.8, 41.0, 8.0)], "as `tuner front` has it"
    assert [each.values[1] for each in trainings([whole], {}, aims)] == [41.0], "more is not known"


def test_the_front_has_the_best_first_objective_first_and_shorter_trainings_beside() -> None:
    members = front_of_trainings(list(trainings(TRIALS, CURVES, AIMS)), AIMS)

    assert ends(members) == [(0, 2), (1, 2), (1, 1), (3, 1)]


def test_no_trial_has_no_front() -> None:
    assert front_of_trainings(list(trainings([], {}, AIMS)), AIMS) == []


def test_an_objective_that_epochs_do_not_have_leaves_whole_trainings() -> None:
    aims = (*AIMS, Objective("model_bytes", "minimize"))
    whole = replace(SLOW, values=(0.9, 8.0, 7.0))

    (found,) = trainings([whole, TRIALS[1]], CURVES, aims)

    assert (found.number, found.epochs, found.values) == (0, 2, (0.9, 8.0, 7.0))


def test_seconds_that_were_taken_again_shorten_every_epoch_alike() -> None:
    timing = TimingRecord(0, 4.0, 0.1, "vm", "CPU (core 1)", {"series": 1, "epochs": 2, "kept_epochs": 2})
    shown = with_times([SLOW], [timing], AIMS)

    assert [each.values for each in trainings(shown, CURVES, AIMS)] == [(0.7, 2.0), (0.9, 4.0), (0.8, 6.0)]
