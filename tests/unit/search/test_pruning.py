"""Rules of pruning: who is given up, who is not, and what is said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.decisions import assert_no_hope_follows, reason_of
from tuner.analysis.wording import unit
from tuner.decision import Decision, Rule
from tuner.errors import InputError
from tuner.search import PRUNERS, FinishedTrial, Pruner, make_pruner
from tuner.spec.catalogue import Growth, Metric
from tuner.spec.values import ComponentSpec, Direction, Objective, Value
from tuner.trial import Ending, EpochReport

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


def _metric(name: str, growth: Growth, best: float | None = None) -> Metric:
    return Metric(name, unit(name), growth, ("binary",), name, best)


METRICS = {
    metric.name: metric
    for metric in (
        _metric("accuracy", "curve", 1.0),
        _metric("loss", "curve", 0.0),
        _metric("skill", "curve"),
        _metric("training_time_s", "grows", 0.0),
        _metric("wall_time_s", "grows", 0.0),
        _metric("parameters", "constant", 0.0),
        _metric("size_bytes", "final", 0.0),
    )
}


def curve(number: int, accuracies: list[float], epoch_s: float, **extra: float) -> list[EpochReport]:
    """A trial whose best epoch is the one of the highest accuracy so far."""
    reports: list[EpochReport] = []
    every: list[dict[str, float]] = []
    for epoch, accuracy in enumerate(accuracies):
        every.append(
            {"accuracy": accuracy, "loss": 1 - accuracy, "training_time_s": epoch_s * (epoch + 1), **extra}
        )
        best = max(range(epoch + 1), key=lambda index: every[index]["accuracy"])
        reports.append(EpochReport(number, epoch, every[epoch], best, every[best]))
    return reports


def finished(number: int, accuracies: list[float], epoch_s: float) -> FinishedTrial:
    reports = curve(number, accuracies, epoch_s)
    best = reports[-1].best_metrics
    return FinishedTrial(number, Ending.COMPLETE, (best["accuracy"], best["training_time_s"]), reports)


FINISHED = [
    finished(0, [0.70, 0.80, 0.84, 0.85], 10.0),
    finished(1, [0.72, 0.81, 0.85, 0.86], 12.0),
    finished(2, [0.80, 0.87, 0.88, 0.88], 1.0),
    finished(3, [0.60, 0.75, 0.80, 0.82], 15.0),
]


def pareto(**options: Value) -> Pruner:
    return make_pruner(ComponentSpec("pareto", options), OBJECTIVES, METRICS)


def test_prunes_when_hopeful_end_is_dominated() -> None:
    reason = reason_of(pareto().decide(curve(9, [0.60, 0.65], 20.0), FINISHED))
    assert reason == (
        "after 2 epochs hopes for accuracy 0.685 at best, in 60 s at least; trial 2 has accuracy 0.88 in 3 s"
    )


def test_other_costs_are_told_by_name() -> None:
    objectives = (Objective("accuracy", "maximize"), Objective("parameters", "minimize"))
    pruner = make_pruner(ComponentSpec("pareto"), objectives, METRICS)
    trials = [FinishedTrial(t.number, t.ending, ((t.values or (0.0,))[0], 100.0), t.curve) for t in FINISHED]
    reason = reason_of(pruner.decide(curve(9, [0.51, 0.51], 1.0, parameters=2000.0), trials))

    assert reason.endswith(" at best, parameters 2,000; trial 2 has accuracy 0.88, parameters 100")


def test_goes_on_while_the_hopeful_end_is_above_the_front() -> None:
    assert pareto().decide(curve(9, [0.80, 0.86], 20.0), FINISHED) is None


def test_goes_on_while_cheaper_than_every_better_trial() -> None:
    assert pareto().decide(curve(9, [0.50, 0.55], 0.5), FINISHED) is None


def test_goes_on_when_its_best_point_so_far_is_on_the_front() -> None:
    # After one epoch it stood at 0.6 in half a second, which nothing beats; it has gone down since.
    falling = curve(9, [0.60, 0.30, 0.30, 0.30], 0.9)
    late = [finished(number, [0.70, 0.80, 0.85, 0.85], 0.95) for number in range(4)]
    assert pareto().decide(falling, late) is None


def test_what_it_has_cost_by_now_counts_and_not_only_up_to_its_best_epoch() -> None:
    """Of seconds by the clock on the wall; of training steps a study records those up to the kept epoch."""

    def walled(reports: list[EpochReport]) -> list[EpochReport]:
        rows = [
            {"accuracy": each.metrics["accuracy"], "wall_time_s": each.metrics["training_time_s"]}
            for each in reports
        ]
        return [
            replace(each, metrics=row, best_metrics=rows[each.best_epoch])
            for each, row in zip(reports, rows, strict=True)
        ]

    objectives = (Objective("accuracy", "maximize"), Objective("wall_time_s", "minimize"))
    pruner = make_pruner(ComponentSpec("pareto"), objectives, METRICS)
    curves = [curve(number, [0.6, 0.7, 0.8, 0.9], 5.0 + number) for number in range(4)]
    beside = [
        FinishedTrial(number, Ending.COMPLETE, (0.9, 4 * (5.0 + number)), walled(reports))
        for number, reports in enumerate(curves)
    ]
    flat = curve(9, [0.5] * 12, 4.0)
    decision = decided(pruner, walled(flat), beside, 3)

    assert_no_hope_follows(decision)
    assert decision.numbers["best.accuracy"] == 0.5
    assert decision.numbers["best.wall_time_s"] == 48.0
    assert decision.numbers["trials_above_best"] == 4
    of_steps = [replace(trial, curve=reports) for trial, reports in zip(beside, curves, strict=True)]
    assert pareto().decide(flat, of_steps, 3) is None, "its best epoch took 4 s of training"


def test_grace_epochs_are_given_to_every_trial() -> None:
    hopeless = curve(9, [0.51, 0.51, 0.51], 30.0)
    assert pareto().decide(hopeless[:1], FINISHED) is None
    assert pareto(grace_epochs=2).decide(hopeless[:2], FINISHED) is None
    assert pareto(grace_epochs=2).decide(hopeless, FINISHED) is not None


def test_nothing_is_pruned_before_enough_trials_completed() -> None:
    hopeless = curve(9, [0.51, 0.51, 0.51], 30.0)
    pruned = FinishedTrial(8, Ending.PRUNED, None, curve(8, [0.9, 0.9], 0.1))
    assert pareto().decide(hopeless, [*FINISHED[:3], pruned]) is None
    assert pareto(startup_trials=3).decide(hopeless, FINISHED[:3]) is not None


def test_credits_what_finished_trials_still_gained() -> None:
    running = curve(9, [0.55, 0.60], 20.0)
    late_bloomers = [finished(number, [0.5, 0.5, 0.5, 0.9], 1.0) for number in range(4)]
    assert pareto().decide(running, late_bloomers) is None
    early = [finished(number, [0.9, 0.9, 0.9, 0.9], 1.0) for number in range(4)]
    assert pareto().decide(running, early) is not None


def test_past_the_longest_curves_an_earlier_epoch_tells_what_was_gained() -> None:
    beyond = curve(9, [0.50, 0.52, 0.53, 0.53, 0.53, 0.53, 0.53], 20.0)
    assert pareto().decide(beyond, FINISHED) is not None


def test_finished_trials_without_curves_tell_nothing() -> None:
    bare = [FinishedTrial(t.number, t.ending, t.values, []) for t in FINISHED]
    assert pareto().decide(curve(9, [0.51, 0.51], 30.0), bare) is None


def test_a_metric_known_at_the_end_only_stays_hopeful() -> None:
    objectives = (Objective("accuracy", "maximize"), Objective("size_bytes", "minimize"))
    pruner = make_pruner(ComponentSpec("pareto"), objectives, METRICS)
    small = [FinishedTrial(t.number, t.ending, (0.99, 10.0), t.curve) for t in FINISHED]
    assert pruner.decide(curve(9, [0.1, 0.1, 0.1], 9.0), small) is None


def test_a_constant_counts_as_it_is() -> None:
    objectives = (Objective("accuracy", "maximize"), Objective("parameters", "minimize"))
    pruner = make_pruner(ComponentSpec("pareto"), objectives, METRICS)
    trials = [FinishedTrial(t.number, t.ending, ((t.values or (0.0,))[0], 100.0), t.curve) for t in FINISHED]
    assert pruner.decide(curve(9, [0.51, 0.51], 1.0, parameters=200.0), trials) is not None
    assert pruner.decide(curve(9, [0.51, 0.51], 1.0, parameters=50.0), trials) is None


def test_one_objective_that_falls() -> None:
    pruner = make_pruner(ComponentSpec("pareto"), (Objective("loss", "minimize"),), METRICS)
    trials = [FinishedTrial(t.number, t.ending, (1 - (t.values or (0.0,))[0],), t.curve) for t in FINISHED]
    assert pruner.decide(curve(9, [0.50, 0.51], 1.0), trials) is not None
    assert pruner.decide(curve(9, [0.80, 0.87], 1.0), trials) is None


def test_a_metric_that_was_not_measured_is_hoped_for() -> None:
    running = [EpochReport(9, epoch, {"training_time_s": 99.0}, epoch, {}) for epoch in range(3)]
    assert pareto().decide(running, FINISHED) is None


def test_a_trial_under_the_floor_is_pruned_with_its_numbers() -> None:
    pruner = pareto(floor=0.6, floor_epochs=2, floor_metric="accuracy")
    never_learned = curve(9, [0.5, 0.512], 0.1)
    assert (
        reason_of(pruner.decide(never_learned, [])) == "accuracy 0.512 is under the floor 0.6 after 2 epochs"
    )
    assert pruner.decide(never_learned[:1], []) is None
    assert pruner.decide(curve(9, [0.61, 0.55], 0.1), []) is None


def test_a_floor_on_a_metric_that_falls_is_a_ceiling() -> None:
    pruner = pareto(floor=0.5, floor_epochs=1, floor_metric="loss")
    assert (
        reason_of(pruner.decide(curve(9, [0.3], 0.1), [])) == "loss 0.7 is over the ceiling 0.5 after 1 epoch"
    )
    assert pruner.decide(curve(9, [0.6], 0.1), []) is None


@pytest.mark.parametrize("metric", ["training_time_s", "wall_time_s"])
def test_a_floor_on_what_grows_is_a_ceiling_on_all_until_now(metric: str) -> None:
    running = curve(9, [0.5] * 6, 50.0)
    rows = [{**each.metrics, "wall_time_s": each.metrics["training_time_s"]} for each in running]
    running = [
        replace(each, metrics=row, best_metrics=rows[0]) for each, row in zip(running, rows, strict=True)
    ]
    asked = pareto(floor=120.0, floor_epochs=2, floor_metric=metric)

    assert asked.decide(running[:2], []) is None, "100 s"
    decision = decided(asked, running[:3], [], 3)
    assert decision.reason == f"{metric} 150 is over the ceiling 120 after 3 epochs"
    assert decision.numbers["best"] == 150.0
    lower = pareto(floor=40.0, floor_epochs=2, floor_metric=metric)
    assert reason_of(lower.decide(running, [])) == f"{metric} 300 is over the ceiling 40 after 6 epochs"


def test_of_what_grows_what_was_not_measured_changes_nothing() -> None:
    running = curve(9, [0.5, 0.5], 50.0)
    unmeasured = replace(running[1], epoch=2, metrics={"accuracy": 0.5, "training_time_s": math.nan})
    asked = pareto(floor=60.0, floor_epochs=2, floor_metric="training_time_s")

    assert reason_of(asked.decide([*running, unmeasured], [])).startswith("training_time_s 100 is over")


def test_a_floor_says_enough_digits_to_tell_it_apart() -> None:
    reason = reason_of(pareto(floor=0.6, floor_epochs=1).decide(curve(9, [0.59996], 0.1), []))
    assert reason == "accuracy 0.59996 is under the floor 0.6 after 1 epoch"


def test_without_a_declared_floor_there_is_none() -> None:
    assert pareto().decide(curve(9, [0.0, 0.0, 0.0], 0.1), []) is None


def test_none_lets_every_trial_run() -> None:
    pruner = make_pruner(ComponentSpec("none"), OBJECTIVES, METRICS)
    assert pruner.decide(curve(9, [0.1, 0.1, 0.1], 99.0), FINISHED) is None


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("paretto", {}, "unknown pruner 'paretto'; did you mean pareto"),
        ("pareto", {"grace_epoch": 1}, "unknown option grace_epoch; did you mean grace_epochs"),
        ("pareto", {"floor": 0.6, "floor_metric": "acuracy"}, "unknown floor_metric 'acuracy'; did you mean"),
        ("pareto", {"floor": 0.6, "floor_metric": "size_bytes"}, "known at a trial's end only"),
        ("pareto", {"floor": 0.6, "floor_metric": "skill"}, "has no best value"),
        ("median", {}, "knows one objective, and this study has 2"),
    ],
)
def test_a_wrong_declaration_is_refused(name: str, options: Mapping[str, Value], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_pruner(ComponentSpec(name, options), OBJECTIVES, METRICS)


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(InputError, match="unknown metric 'acuracy'; did you mean accuracy"):
        make_pruner(ComponentSpec("none"), (Objective("acuracy", "maximize"),), METRICS)


def test_every_option_says_what_it_does() -> None:
    for name, registered in PRUNERS.items():
        assert registered.component.name == name
        assert all(setting.summary for setting in registered.component.settings)


def test_a_trial_that_has_no_epochs_left_is_not_pruned_for_being_dominated() -> None:
    running = curve(9, [0.60, 0.65], 20.0)

    assert pareto().decide(running, FINISHED, epochs_left=1) is not None
    assert pareto().decide(running, FINISHED, epochs_left=0) is None


def test_the_floor_holds_in_the_last_epoch_too() -> None:
    assert pareto(floor=0.6, floor_epochs=2).decide(curve(9, [0.5, 0.5], 0.1), [], epochs_left=0) is not None


def test_finished_trials_that_gained_nothing_leave_a_little_hope() -> None:
    flat = [finished(number, [0.80, 0.80, 0.80, 0.80], 1.0) for number in range(3)]
    flat.append(finished(3, [0.70, 0.78, 0.80, 0.80], 1.0))
    running = curve(9, [0.798, 0.798], 2.0)

    assert pareto(least_pace=0.0).decide(running, flat, epochs_left=2) is not None
    assert pareto(least_pace=0.1).decide(running, flat, epochs_left=2) is None


QUICK_OR_GOOD = [
    *(finished(number, [0.50, 0.58, 0.60, 0.60], 1.0) for number in range(3)),
    finished(3, [0.60, 0.70, 0.80, 0.95], 30.0),
]
"""Between them a trial of 40 s may still extend the front, though at neither end."""

BETTER_THERE = [
    FinishedTrial(number, Ending.PRUNED, None, curve(number, [0.5, 0.7], 5.0)) for number in range(10, 16)
]


def test_rungs_cut_by_rank_what_is_not_dominated() -> None:
    running = curve(9, [0.50, 0.60], 20.0)

    assert pareto().decide(running, QUICK_OR_GOOD + BETTER_THERE, epochs_left=2) is None
    reason = reason_of(pareto(rungs=True).decide(running, QUICK_OR_GOOD + BETTER_THERE, epochs_left=2))
    assert reason.startswith("after 2 epochs 9 of 10 trials rank before it")


def test_rungs_never_cut_the_last_hope() -> None:
    dearest = [trial for trial in QUICK_OR_GOOD if trial.number < 3]
    quickest = curve(9, [0.40, 0.45], 0.5)
    best = curve(9, [0.50, 0.60], 20.0)

    for running in (quickest, best):
        assert pareto(rungs=True, startup_trials=3).decide(running, dearest + BETTER_THERE, 2) is None


def decided(pruner: Pruner, running: list[EpochReport], trials: list[FinishedTrial], left: int) -> Decision:
    decision = pruner.decide(running, trials, left)
    assert decision is not None
    return decision


def test_a_decision_without_hope_can_be_taken_again_from_its_numbers() -> None:
    decision = decided(pareto(), curve(9, [0.60, 0.65], 20.0), FINISHED, 2)

    assert_no_hope_follows(decision)
    kept = {
        "epochs": 2, "epochs_left": 2, "quantile": 0.8,
        "best.accuracy": 0.65, "best.training_time_s": 40.0, "hope.training_time_s": 60.0,
        "reached.accuracy": 0.65, "bound.accuracy": 1.0, "least_pace.accuracy": 0.02, "epochs.accuracy": 2,
        "last.training_time_s": 40.0, "step.training_time_s": 20.0,
        "trials_above_best": 2, "trial_above_best": 2,
        "trials_above_hope": 4, "trial_above_hope": 2,
        "above_hope.accuracy": 0.88, "above_hope.training_time_s": 3.0,
    }  # fmt: skip
    assert {name: decision.numbers[name] for name in kept} == kept


def test_even_the_best_value_that_there_is_can_be_dominated_by_a_cheaper_one_of_it() -> None:
    perfect = [FinishedTrial(number, Ending.COMPLETE, (1.0, 1.0), []) for number in range(4)]
    decision = decided(pareto(), curve(9, [0.60, 0.65], 20.0), perfect, 2)

    assert_no_hope_follows(decision)
    assert decision.numbers["hope.accuracy"] == decision.numbers["bound.accuracy"] == 1.0
    assert "factor.accuracy" not in decision.numbers


def test_who_is_above_the_best_point_is_named_beside_who_is_above_the_hopeful_end() -> None:
    """At its best epoch it was cheaper than the best trial of all; by now it is not."""
    trials = [finished(number, [0.70, 0.71, 0.71, 0.71], 1.0) for number in range(3)]
    trials.append(finished(3, [0.80, 0.85, 0.90, 0.95], 6.0))
    decision = decided(pareto(), curve(9, [0.50, 0.49, 0.49], 10.0), trials, 1)

    assert_no_hope_follows(decision)
    numbers = decision.numbers
    assert (numbers["best.training_time_s"], numbers["hope.training_time_s"]) == (10.0, 40.0)
    assert (numbers["trial_above_best"], numbers["trial_above_hope"]) == (0, 3)


def test_a_floor_keeps_what_it_asked_for() -> None:
    decision = decided(pareto(floor=0.6, floor_epochs=2), curve(9, [0.5, 0.512], 0.1), [], 3)

    assert decision == Decision(
        Rule.FLOOR,
        {
            "metric": "accuracy",
            "direction": "maximize",
            "best": 0.512,
            "floor": 0.6,
            "epochs": 2,
            "floor_epochs": 2,
        },
    )


@pytest.mark.parametrize(
    ("metric", "direction"), [("accuracy", "maximize"), ("loss", "minimize"), ("skill", "maximize")]
)
def test_a_single_objective_is_pruned_by_its_own_curve_alone(metric: str, direction: Direction) -> None:
    pruner = make_pruner(ComponentSpec("pareto"), (Objective(metric, direction),), METRICS)
    sign = 1.0 if direction == "maximize" else -1.0

    def measured(number: int, goods: list[float]) -> list[EpochReport]:
        rows = [{metric: 0.5 + sign * good, "training_time_s": 1.0 + at} for at, good in enumerate(goods)]
        best = [max(range(end + 1), key=lambda at: sign * rows[at][metric]) for end in range(len(rows))]
        return [
            EpochReport(number, end, row, at, rows[at])
            for end, (row, at) in enumerate(zip(rows, best, strict=True))
        ]

    trials = []
    for number, last in enumerate([0.30, 0.31, 0.32, 0.33]):
        reports = measured(number, [0.10, 0.20, 0.28, last])
        trials.append(FinishedTrial(number, Ending.COMPLETE, (reports[-1].best_metrics[metric],), reports))

    poor = pruner.decide(measured(9, [0.05, 0.06]), trials, 2)
    assert poor is not None
    assert_no_hope_follows(poor)
    assert poor.numbers["trial_above_hope"] == 3
    assert pruner.decide(measured(9, [0.10, 0.30]), trials, 2) is None, "it may still be the best"
    assert pruner.decide(measured(9, [0.05, 0.34]), trials, 2) is None, "it is the best"


THREE = (
    Objective("accuracy", "maximize"),
    Objective("training_time_s", "minimize"),
    Objective("parameters", "minimize"),
)


def test_of_three_objectives_one_in_which_nothing_is_as_good_saves_a_trial() -> None:
    pruner = make_pruner(ComponentSpec("pareto"), THREE, METRICS)
    trials = [FinishedTrial(t.number, t.ending, (*(t.values or ()), 1000.0), t.curve) for t in FINISHED]

    def asked(accuracies: list[float], epoch_s: float, parameters: float) -> Decision | None:
        return pruner.decide(curve(9, accuracies, epoch_s, parameters=parameters), trials, 2)

    hopeless = asked([0.60, 0.65], 20.0, 1001.0)
    assert hopeless is not None
    assert_no_hope_follows(hopeless)
    assert hopeless.reason.endswith(", parameters 1,001; trial 2 has accuracy 0.88 in 3 s, parameters 1,000")
    assert asked([0.60, 0.65], 20.0, 1000.0) is not None, "as small as the others is not smaller"
    assert asked([0.60, 0.65], 20.0, 999.0) is None
    assert asked([0.60, 0.65], 0.5, 1001.0) is None
    assert asked([0.80, 0.86], 20.0, 1001.0) is None
