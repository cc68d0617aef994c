"""Every decision of a replay of real curves, taken again from its numbers; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.decisions import assert_no_hope_follows, metrics_of, point_of
from tuner.decision import Decision, Rule
from tuner.metrics import METRICS
from tuner.replay.curves_file import read_recorded
from tuner.replay.simulate import InOrder, Run, TrialCourse, clock_of, courses_of, simulate
from tuner.search import FinishedTrial, Pruner, front_indices, make_pruner
from tuner.spec.values import ComponentSpec, Objective
from tuner.trial import EpochReport

CURVES = Path(__file__).resolve().parents[2] / "benchmarks" / "curves"

ACCURACY = Objective("accuracy", "maximize")
TIME = Objective("training_cpu_time_s", "minimize")
PARAMETERS = Objective("parameters", "minimize")
MEMORY = Objective("peak_memory_bytes", "minimize")


class Remembering:
    """Asks a pruner, and remembers what it decided."""

    def __init__(self, pruner: Pruner) -> None:
        self._pruner = pruner
        self.decisions: list[Decision] = []

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> Decision | None:
        decision = self._pruner.decide(running, finished, epochs_left)
        if decision is not None:
            self.decisions.append(decision)
        return decision


def replayed(objectives: tuple[Objective, ...]) -> tuple[list[TrialCourse], Run, list[Decision]]:
    """Replay 64 trials in recorded order; return them, what came of it, and every decision."""
    study = read_recorded(CURVES / "reviews_64.json.gz")
    courses = courses_of(study.trials, objectives, clock_of(study.objectives))
    pruner = Remembering(make_pruner(ComponentSpec("pareto"), objectives, METRICS))
    return courses, simulate(InOrder(courses), pruner, workers=2), pruner.decisions


def named(objectives: Sequence[Objective]) -> str:
    return "-".join(each.metric for each in objectives)


@pytest.mark.parametrize(
    "objectives",
    [(ACCURACY,), (ACCURACY, TIME), (ACCURACY, TIME, PARAMETERS), (TIME, MEMORY, ACCURACY)],
    ids=named,
)
def test_every_decision_follows_from_its_numbers(objectives: tuple[Objective, ...]) -> None:
    courses, run, decisions = replayed(objectives)

    assert len(decisions) == len(run.reasons) >= len(courses) // 5
    assert [decision.reason for decision in decisions] == list(run.reasons.values())
    values = {course.number: course.values for course in courses}
    for decision in decisions:
        assert decision.rule is Rule.NO_HOPE
        assert metrics_of(decision.numbers) == [each.metric for each in objectives]
        assert_no_hope_follows(decision)
        for above in ("above_hope", "above_best"):
            named_trial = int(decision.numbers[f"trial_{above}"])
            assert tuple(point_of(above, decision.numbers)) == values[named_trial]
            assert named_trial not in run.reasons, "only a trial that completed has values"


@pytest.mark.parametrize("objectives", [(ACCURACY, TIME), (ACCURACY, TIME, PARAMETERS)], ids=named)
def test_with_a_third_objective_the_larger_front_is_kept_too(objectives: tuple[Objective, ...]) -> None:
    courses, run, _ = replayed(objectives)
    front = front_indices([course.values for course in courses], [each.direction for each in objectives])

    assert not {courses[index].number for index in front} & set(run.reasons)
