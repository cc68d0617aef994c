"""A study run again in simulated time: workers take trials from a queue, trials spend their recorded seconds.

A discrete-event simulation. After each epoch the pruner is asked exactly as the coordinator asks it: with
the trial's curve, the trials that have ended by that moment, and the epochs left. What is left out is what
a recording does not have: start-up, tracing, validation, waiting, deaths.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Protocol

from tuner.replay.recorded import RecordedTrial
from tuner.search.pruning import FinishedTrial, Pruner
from tuner.spec.values import Objective
from tuner.training.chance import Chance, ChanceOfNumbers, never_learned
from tuner.training.course import Course
from tuner.training.stopwatch import OF_TRIAL
from tuner.trial import Ending, EpochReport

__all__ = ["CLOCKS", "InOrder", "Queue", "Run", "TrialCourse", "clock_of", "courses_of", "simulate"]

CLOCKS = ("training_time_s", "training_cpu_time_s")
"""Metrics that can tell how long an epoch took."""


def clock_of(objectives: Sequence[Objective]) -> str:
    """Return the metric that tells a trial's seconds: the objective that is one, or ``training_time_s``."""
    return next((each.metric for each in objectives if each.metric in CLOCKS), CLOCKS[0])


@dataclass(frozen=True)
class TrialCourse:
    """How a trial goes when nobody prunes it.

    Attributes:
        number: The trial's.
        curve: Its epochs up to its own end, by its rules.
        ends_s: Seconds from its start to the end of each epoch.
        epochs: The most that its rules allow.
        values: One an objective, as a study records them: of the kept epoch, and costs of all of the trial
            (:data:`~tuner.training.stopwatch.OF_TRIAL`) of its last one.
        never_learned: The epochs after which it is pruned for having learned nothing, and why; None when
            it learns, or is not asked.
    """

    number: int
    curve: tuple[EpochReport, ...]
    ends_s: tuple[float, ...]
    epochs: int
    values: tuple[float, ...]
    never_learned: tuple[int, str] | None = None

    @cached_property
    def finished(self) -> FinishedTrial:
        """The trial after its own end."""
        return FinishedTrial(self.number, Ending.COMPLETE, self.values, self.curve)


def courses_of(
    trials: Sequence[RecordedTrial],
    objectives: Sequence[Objective],
    clock: str,
    chance: Chance | ChanceOfNumbers | None = None,
    chance_epochs: int = 0,
) -> list[TrialCourse]:
    """Let every trial run to its end by its own rules (:class:`~tuner.training.course.Course`).

    Args:
        trials: Recorded ones.
        objectives: Whose values a trial ends with.
        clock: The metric that tells seconds.
        chance: What a trial of the study reaches that has learned nothing; None to ask no trial.
        chance_epochs: As the setting; 0 to ask no trial.
    """
    courses = [_course_of(trial, objectives, clock) for trial in trials]
    if chance is None or not chance_epochs:
        return courses
    return [replace(course, never_learned=_cut(course, chance, chance_epochs)) for course in courses]


def _cut(course: TrialCourse, chance: Chance | ChanceOfNumbers, chance_epochs: int) -> tuple[int, str] | None:
    """Return when a trial is cut for having learned nothing, and why; as the trial itself asks."""
    history = [report.metrics for report in course.curve]
    for epochs in range(1, len(history) + 1):
        cut = never_learned(chance, history[:epochs], chance_epochs, epochs == len(history))
        if cut:
            return epochs, cut.reason
    return None


def _course_of(trial: RecordedTrial, objectives: Sequence[Objective], clock: str) -> TrialCourse:
    course = Course(trial.rules)
    curve: list[EpochReport] = []
    for epoch, metrics in enumerate(trial.epochs):
        if course.is_over:
            break
        course = course.with_epoch(metrics)
        curve.append(EpochReport(trial.number, epoch, metrics, course.best_epoch, course.best_metrics))
    return TrialCourse(
        trial.number,
        tuple(curve),
        tuple(report.metrics[clock] for report in curve),
        trial.rules.epochs,
        tuple(
            (course.history[-1] if objective.metric in OF_TRIAL else course.best_metrics)[objective.metric]
            for objective in objectives
        ),
    )


class Queue(Protocol):
    """Trials that are not begun yet. One queue serves one replay."""

    def begin(self, now_s: float) -> TrialCourse | None:
        """Return the trial to begin at this moment, which then waits no more; None when none is left."""
        ...

    def end(self, trial: FinishedTrial) -> None:
        """Hear how a trial ended that was begun."""
        ...


class InOrder:
    """Gives trials in the order of ``courses``, whatever becomes of them; a ``Queue``."""

    def __init__(self, courses: Sequence[TrialCourse]) -> None:
        self._waiting = list(reversed(courses))

    def begin(self, now_s: float) -> TrialCourse | None:  # noqa: ARG002 - any moment is as good
        """See ``Queue``."""
        return self._waiting.pop() if self._waiting else None

    def end(self, trial: FinishedTrial) -> None:
        """See ``Queue``."""


@dataclass(frozen=True)
class Run:
    """What a replay came to.

    Attributes:
        finished: Every trial that was begun, in the order of their ends; pruned ones with what they trained.
        ends_s: When each of them ended.
        seconds: Training seconds spent, over all workers.
        epochs: Epochs trained.
        ended_s: When the last trial ended.
        reasons: Why each pruned trial was pruned, by number.
    """

    finished: tuple[FinishedTrial, ...]
    ends_s: tuple[float, ...]
    seconds: float
    epochs: int
    ended_s: float
    reasons: dict[int, str]


def simulate(queue: Queue, pruner: Pruner, workers: int = 1, time_limit_s: float | None = None) -> Run:
    """Run trials again.

    Args:
        queue: Gives the trials; is asked for one whenever a worker is free.
        pruner: Is asked after each epoch.
        workers: At least 1.
        time_limit_s: No trial begins after it, running ones finish; None for no limit.
    """
    ended: list[FinishedTrial] = []
    ends_s: list[float] = []
    reasons: dict[int, str] = {}
    seconds, epochs, now_s = 0.0, 0, 0.0
    # The end of an epoch: when, who came first among equals, the trial, its epoch, when it began.
    due: list[tuple[float, int, TrialCourse, int, float]] = []
    turns = count()

    def begin_one() -> None:
        course = queue.begin(now_s)
        if course is not None:
            heapq.heappush(due, (now_s + course.ends_s[0], next(turns), course, 0, now_s))

    for _ in range(workers):
        begin_one()
    while due:
        now_s, _, course, epoch, began_s = heapq.heappop(due)
        epochs += 1
        curve = course.curve[: epoch + 1]
        is_last = epoch + 1 == len(course.curve)  # its patience may have run out before its epochs
        decision = pruner.decide(curve, ended, 0 if is_last else course.epochs - epoch - 1)
        reason = decision.reason if decision else ""
        if not reason and course.never_learned is not None and course.never_learned[0] == epoch + 1:
            reason = course.never_learned[1]
        if not reason and not is_last:
            heapq.heappush(due, (began_s + course.ends_s[epoch + 1], next(turns), course, epoch + 1, began_s))
            continue
        if reason:
            reasons[course.number] = reason
            ended.append(FinishedTrial(course.number, Ending.PRUNED, None, curve))
        else:
            ended.append(course.finished)
        ends_s.append(now_s)
        queue.end(ended[-1])
        seconds += course.ends_s[epoch]
        if time_limit_s is None or now_s < time_limit_s:
            begin_one()
    return Run(tuple(ended), tuple(ends_s), seconds, epochs, now_s, reasons)
