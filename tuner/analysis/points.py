"""Stored trials as the points and curves that pictures show."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.spec.values import Objective, Value
from tuner.trial import EpochReport

if TYPE_CHECKING:
    from tuner.storage import BaselineRecord, TrialRecord

__all__ = [
    "KINDS",
    "Axes",
    "EpochPoint",
    "Point",
    "Rival",
    "axes_of",
    "epoch_points",
    "has_place",
    "kind_of",
    "points",
    "rivals_of",
]

KINDS = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}
"""What a person calls the ends of a trial."""


@dataclass(frozen=True)
class Axes:
    """What a picture of a study shows.

    Attributes:
        x, y: A metric and the direction in which it is better.
        joined: Whether x and y are all of the study's objectives, so that its front is a line here.
    """

    x: Objective
    y: Objective
    joined: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A trial's place in a picture.

    Attributes:
        number: The trial.
        kind: As :func:`kind_of` says.
        x, y: NaN where it has none; of a pruned trial what it had reached.
        params: What it was asked to be.
        reason: Why it ended early; empty otherwise.
    """

    number: int
    kind: str
    x: float
    y: float
    params: Mapping[str, Value]
    reason: str


@dataclass(frozen=True, slots=True)
class Rival:
    """The place of a model without a network in a picture."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class EpochPoint:
    """A finished epoch's place in a picture of curves; ``epoch`` counts from 0, ``kind`` is its trial's."""

    number: int
    kind: str
    epoch: int
    x: float
    y: float


def axes_of(objectives: Sequence[Objective], time_metric: str = "training_time_s") -> Axes:
    """Choose a study's picture: the first objective over the second, or over time when there is no second."""
    y = objectives[0]
    x = objectives[1] if len(objectives) > 1 else Objective(time_metric, "minimize")
    return Axes(x=x, y=y, joined=len(objectives) == 2)


def kind_of(trial: TrialRecord, members: Collection[int]) -> str:
    """Return ``front``, ``finished``, ``pruned``, ``failed``, or a living trial's state."""
    if trial.number in members:
        return "front"
    return KINDS.get(trial.state, str(trial.state).lower())


def points(trials: Sequence[TrialRecord], members: Sequence[TrialRecord], axes: Axes) -> list[Point]:
    """Give every trial its place in the picture.

    Args:
        trials: Of one study.
        members: Its front.
        axes: What x and y are.

    Returns:
        One point a trial, by number.
    """
    numbers = {trial.number for trial in members}
    # The objectives of a finished trial are among its metrics.
    return [
        Point(
            trial.number,
            kind_of(trial, numbers),
            _number(trial.metrics, axes.x.metric),
            _number(trial.metrics, axes.y.metric),
            trial.params,
            trial.reason,
        )
        for trial in sorted(trials, key=lambda trial: trial.number)
    ]


def rivals_of(baselines: Sequence[BaselineRecord], axes: Axes) -> list[Rival]:
    """Give every model without a network its place in the picture.

    Args:
        baselines: Of one study.
        axes: What x and y are.

    Returns:
        One a baseline that has both, lowest ``y`` first.
    """
    places = [
        Rival(each.name, _number(each.metrics, axes.x.metric), _number(each.metrics, axes.y.metric))
        for each in baselines
    ]
    return sorted((each for each in places if has_place(each)), key=lambda each: each.y)


def epoch_points(
    reports: Mapping[int, Sequence[EpochReport]],
    trials: Sequence[TrialRecord],
    members: Sequence[TrialRecord],
    axes: Axes,
) -> list[EpochPoint]:
    """Give every finished epoch its place in a picture of curves.

    Args:
        reports: A trial's finished epochs in order, by the trial's number.
        trials: Of one study.
        members: Its front.
        axes: What x and y are.

    Returns:
        One point an epoch, by trial and epoch; NaN where it was not measured.
    """
    numbers = {trial.number for trial in members}
    kinds = {trial.number: kind_of(trial, numbers) for trial in trials}
    return [
        EpochPoint(
            number,
            kinds[number],
            report.epoch,
            _number(report.metrics, axes.x.metric),
            _number(report.metrics, axes.y.metric),
        )
        for number, epochs in sorted(reports.items())
        if number in kinds
        for report in epochs
    ]


def has_place(point: Point | Rival | EpochPoint) -> bool:
    """Tell whether a point can be drawn: whether it has both coordinates."""
    return not (math.isnan(point.x) or math.isnan(point.y))


def _number(metrics: Mapping[str, float], metric: str) -> float:
    value = metrics.get(metric)
    return math.nan if value is None else value
