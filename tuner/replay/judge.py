"""What a replay saved and what it lost, held against the same study without pruning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuner.replay.simulate import Run, TrialCourse
from tuner.search.pareto import exclusive_hypervolume, front_indices, hypervolume
from tuner.spec.values import Objective

__all__ = ["REACHED", "Judgement", "Truth", "judge", "mean_until", "truth_of"]

REACHED = 0.95
"""The share of the hypervolume whose moment is told."""

_BEYOND_WORST = 0.1
"""How far the reference point lies beyond the worst values, as a share of their range: at the worst values
themselves, the member that is worst in one objective would weigh nothing (Ishibuchi et al. 2018)."""


@dataclass(frozen=True)
class Truth:
    """The study when nobody is pruned.

    Attributes:
        objectives: In declared order.
        values: Of every trial, by number.
        reference: The reference point of all hypervolumes.
        hypervolume: Of all trials.
        own_share: Of each member of the front: the share of the hypervolume that no other trial covers.
        epochs, seconds: Trained over all trials.
    """

    objectives: tuple[Objective, ...]
    values: Mapping[int, tuple[float, ...]]
    reference: tuple[float, ...]
    hypervolume: float
    own_share: Mapping[int, float]
    epochs: int
    seconds: float

    def volume_of(self, numbers: Sequence[int]) -> float:
        """Return the hypervolume of these trials as a share of that of all.

        0 of no trials; else 1 when all cover nothing, as with a reference point that no trial beats.
        """
        if not numbers:
            return 0.0
        directions = [objective.direction for objective in self.objectives]
        volume = hypervolume([self.values[number] for number in numbers], self.reference, directions)
        return volume / self.hypervolume if self.hypervolume > 0.0 else 1.0


def truth_of(
    courses: Sequence[TrialCourse],
    objectives: Sequence[Objective],
    reference: Sequence[float] | None = None,
) -> Truth:
    """Measure the study without pruning.

    Args:
        courses: Every trial; at least one.
        objectives: In declared order.
        reference: One value an objective. Defaults to the worst values and a tenth of their range beyond; of
            a value that all trials share, a tenth of itself, or of 1 where it is 0.
    """
    values = {course.number: course.values for course in courses}
    directions = [objective.direction for objective in objectives]
    point = tuple(reference) if reference is not None else _reference(list(values.values()), objectives)
    numbers, points = list(values), list(values.values())
    whole = hypervolume(points, point, directions)
    own_share = {}
    for index in front_indices(points, directions):
        others = [each for at, each in enumerate(points) if at != index]
        own = exclusive_hypervolume(points[index], others, point, directions)
        own_share[numbers[index]] = own / whole if whole > 0.0 else 0.0
    return Truth(
        tuple(objectives),
        values,
        point,
        whole,
        own_share,
        sum(len(course.curve) for course in courses),
        sum(course.ends_s[-1] for course in courses),
    )


def _reference(points: Sequence[Sequence[float]], objectives: Sequence[Objective]) -> tuple[float, ...]:
    values = np.array(points, dtype=np.float64)  # (n_trials, n_objectives)
    ranges, sizes = values.max(axis=0) - values.min(axis=0), np.abs(values[0])
    # At a value that all share nobody would be better than the point, and nothing that is cut a loss. How far
    # it lies from there is the same for all, and is in no share.
    beyond = _BEYOND_WORST * np.where(ranges > 0.0, ranges, np.where(sizes > 0.0, sizes, 1.0))
    return tuple(
        float(column.min() - more if objective.direction == "maximize" else column.max() + more)
        for column, more, objective in zip(values.T, beyond, objectives, strict=True)
    )


@dataclass(frozen=True)
class Judgement:
    """One replay against the truth.

    Attributes:
        begun: Trials that were begun.
        pruned: Trials that were pruned.
        epochs_saved, seconds_saved: Share of what the same trials train without pruning.
        hypervolume_kept: Share of the whole study's hypervolume that its finished trials cover.
        members_cut: Members of the true front that were pruned, each with its own share of the hypervolume.
        ended_s: When the last trial ended.
        hypervolume_held: The mean over the time of the share that was covered by then: 1 if all were there
            from the start. Up to a moment that is the same for all that are compared.
        reached_s: When :data:`REACHED` of the whole study's hypervolume was covered first; None for never.
    """

    begun: int
    pruned: int
    epochs_saved: float
    seconds_saved: float
    hypervolume_kept: float
    members_cut: Mapping[int, float]
    ended_s: float
    hypervolume_held: float
    reached_s: float | None

    @property
    def largest_cut(self) -> float:
        """The largest own share among the members that were cut; 0 when none was."""
        return max(self.members_cut.values(), default=0.0)


def judge(run: Run, courses: Sequence[TrialCourse], truth: Truth, until_s: float | None = None) -> Judgement:
    """Hold a replay against the study without pruning.

    Args:
        run: The replay.
        courses: Every trial of the study.
        truth: The study without pruning.
        until_s: What is held is measured up to then. Defaults to the seconds that one worker needs for the
            whole study.
    """
    begun = {trial.number for trial in run.finished}
    epochs = sum(len(course.curve) for course in courses if course.number in begun)
    seconds = sum(course.ends_s[-1] for course in courses if course.number in begun)
    completed = [trial.number for trial in run.finished if trial.values is not None]
    course = _covered(run, truth)
    return Judgement(
        begun=len(begun),
        pruned=len(begun) - len(completed),
        epochs_saved=1.0 - run.epochs / epochs if epochs else 0.0,
        seconds_saved=1.0 - run.seconds / seconds if seconds > 0.0 else 0.0,
        hypervolume_kept=truth.volume_of(completed),
        members_cut={number: share for number, share in truth.own_share.items() if number in run.reasons},
        ended_s=run.ended_s,
        hypervolume_held=mean_until(course, truth.seconds if until_s is None else until_s),
        reached_s=next((at_s for at_s, share in course if share >= REACHED), None),
    )


def _covered(run: Run, truth: Truth) -> list[tuple[float, float]]:
    """Return when the covered share of the hypervolume became what, from the first completed trial on."""
    directions = [objective.direction for objective in truth.objectives]
    front: list[int] = []
    covered = 0.0
    found: list[tuple[float, float]] = []
    for trial, at_s in zip(run.finished, run.ends_s, strict=True):
        if trial.values is None:
            continue
        numbers = [*front, trial.number]
        kept = front_indices([truth.values[number] for number in numbers], directions)
        if len(front) not in kept:
            continue  # beaten as it comes: nothing changes, and most trials are
        before = [truth.values[number] for number in front]
        covered += exclusive_hypervolume(truth.values[trial.number], before, truth.reference, directions)
        front = [numbers[index] for index in kept]
        found.append((at_s, covered / truth.hypervolume if truth.hypervolume > 0.0 else 1.0))
    return found


def mean_until(course: Sequence[tuple[float, float]], until_s: float) -> float:
    """Return the mean over ``[0, until_s]`` of a share that is 0 before the first moment of ``course``.

    Args:
        course: When the share became what, in the order of time.
        until_s: Seconds; what comes later does not count.
    """
    if not course or until_s <= 0.0:
        return 0.0
    ends_s = [*(at_s for at_s, _ in course[1:]), until_s]
    return (
        sum(
            share * max(0.0, min(end_s, until_s) - at_s)
            for (at_s, share), end_s in zip(course, ends_s, strict=True)
        )
        / until_s
    )
