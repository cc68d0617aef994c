"""What a replay saved and what it lost, held against the same study without pruning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuner.replay.simulate import Run, TrialCourse
from tuner.search.pareto import front_indices, hypervolume
from tuner.spec.values import Objective

__all__ = ["Judgement", "Truth", "judge", "truth_of"]

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
        """Return the hypervolume of these trials as a share of that of all; 1 when all cover nothing."""
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
        reference: One value an objective. Defaults to the worst values and a tenth of their range beyond.
    """
    values = {course.number: course.values for course in courses}
    directions = [objective.direction for objective in objectives]
    point = tuple(reference) if reference is not None else _reference(list(values.values()), objectives)
    numbers, points = list(values), list(values.values())
    whole = hypervolume(points, point, directions)
    own_share = {}
    for index in front_indices(points, directions):
        others = [each for at, each in enumerate(points) if at != index]
        without = hypervolume(others, point, directions) if others else 0.0
        own_share[numbers[index]] = (whole - without) / whole if whole > 0.0 else 0.0
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
    beyond = _BEYOND_WORST * (values.max(axis=0) - values.min(axis=0))
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
    """

    begun: int
    pruned: int
    epochs_saved: float
    seconds_saved: float
    hypervolume_kept: float
    members_cut: Mapping[int, float]
    ended_s: float

    @property
    def largest_cut(self) -> float:
        """The largest own share among the members that were cut; 0 when none was."""
        return max(self.members_cut.values(), default=0.0)


def judge(run: Run, courses: Sequence[TrialCourse], truth: Truth) -> Judgement:
    """Hold a replay against the study without pruning.

    Args:
        run: The replay.
        courses: Every trial of the study.
        truth: The study without pruning.
    """
    begun = {trial.number for trial in run.finished}
    epochs = sum(len(course.curve) for course in courses if course.number in begun)
    seconds = sum(course.ends_s[-1] for course in courses if course.number in begun)
    completed = [trial.number for trial in run.finished if trial.values is not None]
    return Judgement(
        begun=len(begun),
        pruned=len(begun) - len(completed),
        epochs_saved=1.0 - run.epochs / epochs if epochs else 0.0,
        seconds_saved=1.0 - run.seconds / seconds if seconds > 0.0 else 0.0,
        hypervolume_kept=truth.volume_of(completed),
        members_cut={number: share for number, share in truth.own_share.items() if number in run.reasons},
        ended_s=run.ended_s,
    )
