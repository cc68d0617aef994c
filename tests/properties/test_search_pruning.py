"""What always holds of the pruners for several objectives."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st

from tests.decisions import assert_no_hope_follows, point_of
from tuner.decision import Rule
from tuner.metrics import METRICS
from tuner.search import FinishedTrial, Pruner, dominates, make_pruner
from tuner.search.packed import packed
from tuner.spec.values import ComponentSpec, Direction, Objective
from tuner.trial import Ending, EpochReport

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
DIRECTIONS: tuple[Direction, ...] = ("maximize", "minimize")
PRUNERS: tuple[Pruner, ...] = tuple(
    make_pruner(spec, OBJECTIVES, METRICS)
    for spec in (
        ComponentSpec("pareto", {"startup_trials": 2}),
        ComponentSpec("pareto", {"startup_trials": 2, "rungs": True}),
        ComponentSpec("mo_asha"),
    )
)
OF_OPTUNA: tuple[Pruner, ...] = tuple(
    make_pruner(spec, OBJECTIVES[:1], METRICS)
    for spec in (ComponentSpec("median", {"startup_trials": 2}), ComponentSpec("successive_halving"))
)
ACCURACIES = st.lists(st.integers(1, 19).map(lambda twentieth: twentieth / 20), min_size=1, max_size=5)


@st.composite
def curves(draw: st.DrawFn, number: int) -> list[EpochReport]:
    accuracies, epoch_s = draw(ACCURACIES), draw(st.integers(1, 9))
    rows = [
        {"accuracy": accuracy, "training_time_s": float(epoch_s * (epoch + 1))}
        for epoch, accuracy in enumerate(accuracies)
    ]
    best = [max(range(epoch + 1), key=lambda at: rows[at]["accuracy"]) for epoch in range(len(rows))]
    return [
        EpochReport(number, epoch, row, at, rows[at])
        for epoch, (row, at) in enumerate(zip(rows, best, strict=True))
    ]


@st.composite
def ended(draw: st.DrawFn, number: int) -> FinishedTrial:
    curve = draw(curves(number))
    if draw(st.integers(0, 3)) == 0:
        return FinishedTrial(number, Ending.PRUNED, None, curve)
    best = curve[-1].best_metrics
    return FinishedTrial(number, Ending.COMPLETE, (best["accuracy"], best["training_time_s"]), curve)


@st.composite
def studies(draw: st.DrawFn) -> list[FinishedTrial]:
    return [draw(ended(number)) for number in range(draw(st.integers(0, 8)))]


@given(curves(99), studies(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_decision_does_not_depend_on_the_order_of_the_finished_trials(
    running: list[EpochReport], finished: list[FinishedTrial], left: int, draw: random.Random
) -> None:
    shuffled = finished.copy()
    draw.shuffle(shuffled)

    for pruner in PRUNERS:
        assert pruner.decide(running, finished, left) == pruner.decide(running, shuffled, left)


@given(curves(99), studies(), st.integers(0, 5))
def test_nobody_is_dominated_who_stands_on_the_front(
    running: list[EpochReport], finished: list[FinishedTrial], left: int
) -> None:
    best = running[-1].best_metrics
    now = (best["accuracy"], best["training_time_s"])
    on_front = not any(trial.values and dominates(trial.values, now, DIRECTIONS) for trial in finished)

    for pruner in PRUNERS[:2]:
        if on_front:
            assert pruner.decide(running, finished, left) is None


@given(st.integers(0, 99).flatmap(curves), studies(), st.integers(0, 5))
def test_packed_curves_are_decided_upon_as_plain_ones(
    running: list[EpochReport], finished: list[FinishedTrial], left: int
) -> None:
    small = [replace(trial, curve=packed(trial.curve)) for trial in finished]

    for pruner in PRUNERS:
        assert pruner.decide(running, small, left) == pruner.decide(running, finished, left)
    first = [replace(trial, values=trial.values and trial.values[:1]) for trial in finished]
    for pruner in OF_OPTUNA:
        few = [replace(trial, curve=packed(trial.curve)) for trial in first]
        assert pruner.decide(running, few, left) == pruner.decide(running, first, left)


@given(curves(99), studies())
def test_nothing_is_saved_by_pruning_in_the_last_epoch(
    running: list[EpochReport], finished: list[FinishedTrial]
) -> None:
    for pruner in PRUNERS:
        assert pruner.decide(running, finished, 0) is None


@given(curves(99), studies(), st.integers(0, 5))
def test_a_decision_without_hope_follows_from_its_numbers(
    running: list[EpochReport], finished: list[FinishedTrial], left: int
) -> None:
    for pruner in PRUNERS:
        decision = pruner.decide(running, finished, left)
        if decision is not None and decision.rule is Rule.NO_HOPE:
            assert_no_hope_follows(decision)


THREE = (
    Objective("peak_memory_bytes", "minimize"),
    Objective("accuracy", "maximize"),
    Objective("parameters", "minimize"),
)
"""One that grows, one that moves, one that stands."""


def with_sizes(curve: list[EpochReport], grows: Sequence[int], parameters: int) -> list[EpochReport]:
    """Give a curve's epochs a memory that grows and a number of parameters."""
    rows = [
        {
            "accuracy": report.metrics["accuracy"],
            "peak_memory_bytes": float(sum(grows[: epoch + 1])),
            "parameters": float(parameters),
        }
        for epoch, report in enumerate(curve)
    ]
    return [
        replace(report, metrics=row, best_metrics=rows[report.best_epoch])
        for report, row in zip(curve, rows, strict=True)
    ]


def recorded(curve: list[EpochReport]) -> tuple[float, ...]:
    """Return what a trial is recorded with that ends here: its peak of memory is that of all its epochs."""
    peak = curve[-1].metrics["peak_memory_bytes"]
    return tuple({**curve[-1].best_metrics, "peak_memory_bytes": peak}[aim.metric] for aim in THREE)


@st.composite
def sized_curves(draw: st.DrawFn, number: int) -> list[EpochReport]:
    grows = draw(st.lists(st.integers(0, 3), min_size=5, max_size=5))
    return with_sizes(draw(curves(number)), grows, draw(st.integers(1, 3)))


@st.composite
def sized_studies(draw: st.DrawFn) -> list[FinishedTrial]:
    trials = []
    for number in range(draw(st.integers(2, 8))):
        curve = draw(sized_curves(number))
        values = recorded(curve)
        trials.append(FinishedTrial(number, Ending.COMPLETE, values, curve))
    return trials


@given(sized_curves(99), sized_studies(), st.integers(1, 5), st.booleans())
def test_of_three_objectives_only_what_is_dominated_in_all_is_without_hope(
    running: list[EpochReport], finished: list[FinishedTrial], left: int, rungs: bool
) -> None:
    directions = [aim.direction for aim in THREE]
    pruner = make_pruner(ComponentSpec("pareto", {"startup_trials": 2, "rungs": rungs}), THREE, METRICS)
    decision = pruner.decide(running, finished, left)
    now = recorded(running)
    on_front = not any(trial.values and dominates(trial.values, now, directions) for trial in finished)
    event(f"{'on the front' if on_front else 'beaten'}: {'goes on' if decision is None else decision.rule}")

    if on_front:
        assert decision is None
    elif decision is not None and decision.rule is Rule.NO_HOPE:
        assert_no_hope_follows(decision)
        rivals = {trial.number: trial.values for trial in finished}
        for above in ("above_hope", "above_best"):
            values = rivals[int(decision.numbers[f"trial_{above}"])]
            assert values == tuple(point_of(above, decision.numbers))
