"""What a replay saved and what it lost, on points whose areas can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.unit.replay.curves import OBJECTIVES, After, recorded, trial
from tuner.errors import InputError
from tuner.metrics import METRICS
from tuner.replay.compare import Conditions, compare, pruner_for
from tuner.replay.judge import Judgement, Truth, judge, truth_of
from tuner.replay.recorded import RecordedStudy
from tuner.replay.simulate import InOrder, courses_of, simulate
from tuner.search.pruning import NoPruner, Pruner
from tuner.spec.values import ComponentSpec, Direction, Objective

# Ends: (0.5, 1 s), (0.75, 2 s), (1.0, 4 s), and (0.5, 3 s), which the second beats.
STUDY = recorded(
    trial(0, [0.5], 1.0),
    trial(1, [0.0, 0.75], 1.0),
    trial(2, [0.0, 1.0], 2.0),
    trial(3, [0.0, 0.0, 0.5], 1.0),
)
REFERENCE = (0.0, 5.0)


def judged(pruner: Pruner, study: RecordedStudy = STUDY) -> tuple[Truth, Judgement]:
    courses = courses_of(study.trials, study.objectives, "training_time_s")
    truth = truth_of(courses, study.objectives, REFERENCE)
    return truth, judge(simulate(InOrder(courses), pruner), courses, truth)


def test_without_pruning_all_is_kept_and_nothing_saved() -> None:
    truth, found = judged(NoPruner())

    # 0.5 for 4 s, a quarter more for 3 s, another quarter for 1 s.
    assert truth.hypervolume == pytest.approx(0.5 * 4 + 0.25 * 3 + 0.25 * 1)
    assert (truth.epochs, truth.seconds) == (8, 10.0)
    # 2 of 3 from 1 s on, 2.75 of 3 from 3 s on, all from 7 s on; 95 % not before.
    assert found.hypervolume_held == pytest.approx((2 / 3 * 2 + 2.75 / 3 * 4 + 3) / 10)
    assert found == Judgement(4, 0, 0.0, 0.0, 1.0, {}, 10.0, found.hypervolume_held, 7.0)


def test_a_member_of_the_front_has_what_no_other_trial_covers() -> None:
    truth, _ = judged(NoPruner())

    assert truth.own_share == {
        0: pytest.approx(0.5 * 1 / 3.0),
        1: pytest.approx(0.25 * 2 / 3.0),
        2: pytest.approx(0.25 * 1 / 3.0),
    }


def test_a_member_that_was_cut_is_told_with_its_share() -> None:
    truth, found = judged(After(1, 1, 3))

    assert found.members_cut == {1: truth.own_share[1]}
    assert found.largest_cut == pytest.approx(0.5 / 3.0)
    assert found.hypervolume_kept == pytest.approx(1 - 0.5 / 3.0)
    assert found.pruned == 2
    assert found.epochs_saved == pytest.approx(3 / 8)
    assert found.seconds_saved == pytest.approx(3 / 10)


def test_a_pruned_trial_that_is_no_member_costs_nothing() -> None:
    _, found = judged(After(2, 3))

    assert (found.hypervolume_kept, found.members_cut, found.largest_cut) == (1.0, {}, 0.0)


def test_the_reference_point_lies_beyond_the_worst_values() -> None:
    courses = courses_of(STUDY.trials, OBJECTIVES, "training_time_s")

    assert truth_of(courses, OBJECTIVES).reference == pytest.approx((0.45, 4.3))


@pytest.mark.parametrize("same", [1000.0, 0.0, -2.0])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_an_objective_that_is_the_same_in_every_trial_hides_no_loss(
    same: float, direction: Direction
) -> None:
    def kept(study: RecordedStudy) -> tuple[float, Mapping[int, float]]:
        courses = courses_of(study.trials, study.objectives, "training_time_s")
        truth = truth_of(courses, study.objectives)
        found = judge(simulate(InOrder(courses), After(1, 2)), courses, truth)
        assert truth.hypervolume > 0.0
        return found.hypervolume_kept, found.members_cut

    trials = tuple(
        replace(each, epochs=tuple({**metrics, "parameters": same} for metrics in each.epochs))
        for each in STUDY.trials
    )
    beside = RecordedStudy("same", (*OBJECTIVES, Objective("parameters", direction)), trials)
    share, cut = kept(STUDY)

    assert share < 0.95
    beside_share, beside_cut = kept(beside)
    assert beside_share == pytest.approx(share)
    assert beside_cut == pytest.approx(cut)


def test_nothing_is_kept_of_a_study_of_which_nothing_completed() -> None:
    """Of a single trial every value is the same in all trials."""
    study = recorded(trial(0, [0.5, 0.6], 1.0))
    courses = courses_of(study.trials, OBJECTIVES, "training_time_s")
    truth = truth_of(courses, OBJECTIVES)
    cut, whole = (
        judge(simulate(InOrder(courses), each), courses, truth) for each in (After(1, 0), NoPruner())
    )

    assert (cut.hypervolume_kept, cut.members_cut, cut.reached_s) == (0.0, {0: 1.0}, None)
    assert (whole.hypervolume_kept, whole.members_cut, whole.reached_s) == (1.0, {}, 2.0)


def test_where_all_trials_cover_nothing_some_are_all_and_none_are_nothing() -> None:
    courses = courses_of(STUDY.trials, OBJECTIVES, "training_time_s")
    truth = truth_of(courses, OBJECTIVES, (1.0, 0.5))

    assert truth.hypervolume == 0.0
    assert (truth.volume_of([0]), truth.volume_of([])) == (1.0, 0.0)


def test_trials_that_never_began_are_not_saved() -> None:
    found = compare(STUDY, [ComponentSpec("none")], METRICS, Conditions(trials=1, reference=REFERENCE))

    (judgement,) = found.outcomes[0].judgements
    assert (judgement.begun, judgement.epochs_saved) == (1, 0.0)
    assert judgement.hypervolume_kept == pytest.approx(2.0 / 3.0)


def test_every_pruner_meets_the_same_shuffles() -> None:
    conditions = Conditions(order="shuffled", seeds=6, time_limit_s=3.5)
    first, second = compare(STUDY, [ComponentSpec("none")] * 2, METRICS, conditions).outcomes

    assert first.judgements == second.judgements
    assert len({judgement.hypervolume_kept for judgement in first.judgements}) > 1


def test_medians_and_extremes_are_over_the_orders() -> None:
    conditions = Conditions(order="shuffled", seeds=5, time_limit_s=3.5)
    (outcome,) = compare(STUDY, [ComponentSpec("none")], METRICS, conditions).outcomes
    kept = sorted(judgement.hypervolume_kept for judgement in outcome.judgements)

    assert outcome.median(lambda each: each.hypervolume_kept) == kept[2]
    assert outcome.least(lambda each: each.hypervolume_kept) == kept[0]
    assert outcome.most(lambda each: each.hypervolume_kept) == kept[-1]


def test_a_pruner_of_one_objective_is_asked_about_the_first() -> None:
    pruner, asked_about = pruner_for(ComponentSpec("median", {"startup_trials": 2}), OBJECTIVES, METRICS)
    slow_and_good = courses_of(
        [trial(number, [0.8, 0.9], 9.0) for number in range(3)], OBJECTIVES, "training_time_s"
    )
    quick_and_poor = courses_of([trial(9, [0.1, 0.1, 0.1], 0.1)], OBJECTIVES, "training_time_s")[0]
    ended = [course.finished for course in slow_and_good]

    assert asked_about == OBJECTIVES[:1]
    assert pruner.decide(quick_and_poor.curve[:2], ended, 1) is not None


@pytest.mark.parametrize(
    ("study", "conditions", "message"),
    [
        (RecordedStudy("s", OBJECTIVES, (), {"pruned": 3}), Conditions(), r"\(3 pruned\); record one"),
        (STUDY, Conditions(workers=0), "at least 1"),
        (STUDY, Conditions(seeds=0), "at least 1"),
        (
            STUDY,
            Conditions(reference=(0.0,)),
            "1 numbers found, one expected for each of: accuracy, training",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    study: RecordedStudy, conditions: Conditions, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        compare(study, [ComponentSpec("none")], METRICS, conditions)


def test_seconds_that_were_not_recorded_are_missed() -> None:
    study = RecordedStudy("s", (Objective("training_cpu_time_s", "minimize"),), STUDY.trials)

    with pytest.raises(InputError, match="training_cpu_time_s was not recorded in every epoch"):
        compare(study, [ComponentSpec("none")], METRICS)


def test_what_is_held_is_measured_up_to_the_time_limit() -> None:
    limited = compare(
        STUDY, [ComponentSpec("none")], METRICS, Conditions(reference=REFERENCE, time_limit_s=2.0)
    )
    (judgement,) = limited.outcomes[0].judgements

    assert limited.until_s == 2.0
    assert judgement.hypervolume_held == pytest.approx(2 / 3 * 1 / 2), "nothing before the first second"
    assert judgement.reached_s is None


def test_workers_hold_more_of_it_sooner() -> None:
    def held(workers: int) -> float:
        conditions = Conditions(workers=workers, reference=REFERENCE, time_limit_s=10.0)
        (outcome,) = compare(STUDY, [ComponentSpec("none")], METRICS, conditions).outcomes
        return outcome.judgements[0].hypervolume_held

    assert held(1) < held(2) < held(4)


def test_of_fewer_trials_what_is_held_is_measured_up_to_what_so_many_take() -> None:
    whole, half = (
        compare(STUDY, [ComponentSpec("none")], METRICS, Conditions(reference=REFERENCE, trials=trials))
        for trials in (None, 2)
    )

    assert (whole.until_s, half.until_s) == (10.0, 5.0)
