"""A study in simulated time: who trains when, what the pruner is shown, what is spent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.replay.curves import OBJECTIVES, TOLD, After, recorded, trial
from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import InOrder, Run, TrialCourse, clock_of, courses_of, simulate
from tuner.search.pruning import NoPruner, Pruner
from tuner.spec.values import Objective
from tuner.training.chance import Chance
from tuner.trial import Ending

STUDY = recorded(
    trial(0, [0.5, 0.6, 0.7], 10.0),
    trial(1, [0.5, 0.8], 1.0),
    trial(2, [0.6, 0.9, 0.8, 0.7], 2.0),
)


def courses(study: RecordedStudy = STUDY) -> list[TrialCourse]:
    return courses_of(study.trials, study.objectives, "training_time_s")


def run(pruner: Pruner | None = None, workers: int = 1, time_limit_s: float | None = None) -> Run:
    return simulate(InOrder(courses()), pruner or NoPruner(), workers, time_limit_s)


def test_without_pruning_every_trial_ends_as_it_was_recorded() -> None:
    found = run()

    assert [(each.number, each.ending, each.values) for each in found.finished] == [
        (0, Ending.COMPLETE, (0.7, 30.0)),
        (1, Ending.COMPLETE, (0.8, 2.0)),
        (2, Ending.COMPLETE, (0.9, 4.0)),  # the kept epoch is the second, though four were trained
    ]
    assert (found.epochs, found.seconds, found.ended_s) == (9, 40.0, 40.0)


def test_workers_train_at_the_same_time_and_take_the_next_trial_when_they_are_free() -> None:
    found = run(workers=2)

    assert [each.number for each in found.finished] == [1, 2, 0]
    assert (found.seconds, found.ended_s) == (40.0, 30.0)


def test_more_workers_than_trials_are_no_harm() -> None:
    assert run(workers=9).ended_s == 30.0


def test_a_pruned_trial_frees_its_worker_and_has_no_values() -> None:
    found = run(After(1, 0))

    first = found.finished[0]
    assert (first.number, first.ending, first.values, len(first.curve)) == (0, Ending.PRUNED, None, 1)
    assert found.reasons == {0: TOLD.reason}
    assert (found.epochs, found.seconds, found.ended_s) == (7, 20.0, 20.0)


def test_the_pruner_is_shown_what_has_ended_by_then_and_the_epochs_left() -> None:
    pruner = After(9)
    run(pruner, workers=2)

    assert pruner.shown == [
        (1, 0, [], 1),
        (1, 1, [], 0),
        (2, 0, [1], 3),
        (2, 1, [1], 2),
        (2, 2, [1], 1),
        (0, 0, [1], 2),  # at 10 s, when trial 2 ends too: who began first is heard first
        (2, 3, [1], 0),
        (0, 1, [1, 2], 1),
        (0, 2, [1, 2], 0),
    ]


def test_a_trial_stops_early_by_its_own_rules() -> None:
    (course,) = courses(recorded(trial(0, [0.6, 0.5, 0.5, 0.9], 1.0, patience=2)))

    assert len(course.curve) == 3
    assert course.values == (0.6, 1.0)
    assert course.epochs == 4


def test_what_counts_over_all_of_a_trial_is_that_at_its_end() -> None:
    """As a study records it: of training steps those up to the kept epoch, of all else everything."""
    objectives = (*OBJECTIVES, Objective("wall_time_s", "minimize"), Objective("epochs_run", "minimize"))
    stopped = trial(0, [0.8, 0.7, 0.7, 0.7, 0.9], 1.0, patience=3)
    epochs = tuple(
        {**metrics, "wall_time_s": 10.0 * (epoch + 1), "epochs_run": epoch + 1.0}
        for epoch, metrics in enumerate(stopped.epochs)
    )
    (course,) = courses_of([replace(stopped, epochs=epochs)], objectives, "training_time_s")

    assert len(course.curve) == 4
    assert course.values == (0.8, 1.0, 40.0, 4.0)


def test_after_a_trial_has_stopped_early_there_is_nothing_left_to_prune() -> None:
    pruner = After(9)
    simulate(InOrder(courses(recorded(trial(0, [0.6, 0.5, 0.5, 0.9], 1.0, patience=2)))), pruner)
    assert [left for *_, left in pruner.shown] == [3, 2, 0]


def test_other_rules_can_be_tried_on_the_same_curves() -> None:
    study = recorded(trial(0, [0.6, 0.5, 0.5, 0.9], 1.0, patience=2))

    assert len(courses(study.with_rules(patience=0))[0].curve) == 4
    assert len(courses(study.with_rules(patience=1))[0].curve) == 2
    assert courses(study.with_rules(patience=0, monitor="loss"))[0].values == (0.9, 4.0)


def test_no_trial_begins_after_the_time_limit() -> None:
    found = run(time_limit_s=30.0)

    assert [each.number for each in found.finished] == [0]
    assert len(run(time_limit_s=30.1).finished) == 2


@pytest.mark.parametrize(
    ("objectives", "clock"),
    [
        (OBJECTIVES, "training_time_s"),
        ((Objective("training_cpu_time_s", "minimize"),), "training_cpu_time_s"),
        ((Objective("accuracy", "maximize"),), "training_time_s"),
    ],
)
def test_seconds_are_those_of_the_objective_that_is_a_time(
    objectives: tuple[Objective, ...], clock: str
) -> None:
    assert clock_of(objectives) == clock


def test_a_trial_that_has_learned_nothing_is_cut_under_every_pruner() -> None:
    labels = np.repeat([0, 1], 500)
    asked = [trial(0, [0.50, 0.51, 0.50, 0.51], 1.0), trial(1, [0.50, 0.70, 0.75, 0.80], 1.0)]
    found = simulate(
        InOrder(courses_of(asked, OBJECTIVES, "training_time_s", Chance.of(labels, labels), chance_epochs=2)),
        NoPruner(),
    )

    assert found.epochs == 2 + 4
    assert list(found.reasons) == [0]
    assert found.reasons[0].startswith("never learned: accuracy 0.510 after 2 epochs")
    assert found.finished[0].ending is Ending.PRUNED
