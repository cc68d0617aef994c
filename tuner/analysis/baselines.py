"""How a study's front stands against models without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.front import front
from tuner.analysis.retimed import shown_points
from tuner.analysis.wording import duration, noun, title, written
from tuner.search.pareto import dominates
from tuner.spec.values import Objective

if TYPE_CHECKING:
    from tuner.storage import BaselineRecord, Ledger, Snapshot, TrialRecord

__all__ = ["SHOWN", "Standing", "sentence", "standing", "standings", "standings_of"]

SHOWN = ("accuracy", "f1", "auc", "mae", "r2")
"""Metrics that tables of baselines show, of validation and of the test split alike, where they have them."""


@dataclass(frozen=True)
class Standing:
    """A baseline and the front of the study that it belongs to.

    Attributes:
        baseline: As it was recorded.
        objectives: Of the study.
        n_members: Members of the front.
        beaten_by: Members that are better in the first objective, by number.
        beats: Members that are nowhere better than the baseline and somewhere worse, by number; none where
            the baseline lacks one of the objectives.
        worse_in_all: Those of ``beats`` that are worse in every objective, and in none equal.
        equalled_by: Members that equal it in the first objective, by number.
    """

    baseline: BaselineRecord
    objectives: Sequence[Objective]
    n_members: int
    beaten_by: tuple[int, ...]
    beats: tuple[int, ...]
    worse_in_all: tuple[int, ...] = ()
    equalled_by: tuple[int, ...] = ()


def standing(
    baseline: BaselineRecord, members: Sequence[TrialRecord], objectives: Sequence[Objective]
) -> Standing:
    """Compare a baseline with every member of the front.

    Args:
        baseline: Of the same study.
        members: The front.
        objectives: In declared order.
    """
    first = objectives[0]
    own = [baseline.metrics.get(aim.metric) for aim in objectives]
    point = [value for value in own if value is not None]
    beaten_by, beats, worse_in_all, equalled_by = [], [], [], []
    for member in members:
        values = member.values or ()
        if own[0] is not None and values[0] == own[0]:
            equalled_by.append(member.number)
        if own[0] is not None and dominates([values[0]], [own[0]], [first.direction]):
            beaten_by.append(member.number)
        elif len(point) == len(own) and dominates(point, values, [aim.direction for aim in objectives]):
            beats.append(member.number)
            if all(mine != its for mine, its in zip(point, values, strict=True)):
                worse_in_all.append(member.number)
    return Standing(
        baseline,
        objectives,
        len(members),
        *(tuple(sorted(found)) for found in (beaten_by, beats, worse_in_all, equalled_by)),
    )


def standings(ledger: Ledger, name: str) -> list[Standing]:
    """Return how a study's front stands against each of its baselines, in the order they were recorded.

    Args:
        ledger: Of an open database.
        name: An existing study.
    """
    with ledger.snapshot(name) as seen:
        return standings_of(seen)


def standings_of(seen: Snapshot) -> list[Standing]:
    """Return the same of a study as it stands."""
    found = seen.baselines()
    if not found:
        return []
    objectives = seen.study.spec.objectives
    members = front(shown_points(seen), objectives)
    return [standing(baseline, members, objectives) for baseline in found]


def sentence(found: Standing) -> str:
    """Say how the front stands against a baseline, in one line.

    E.g. ``TF-IDF + logistic regression: accuracy 0.8790 in 1.2 s; 3 of 7 front members beat it in accuracy``.
    """
    metrics, metric = found.baseline.metrics, found.objectives[0].metric
    said = f"{found.baseline.name}: "
    if metric not in metrics:
        return f"{said}has no {title(metric)} to be compared by"
    said += f"{noun(metric)} {written(metric, metrics[metric])}"
    if metric != "training_time_s" and "training_time_s" in metrics:
        said += f" in {duration(metrics['training_time_s'])}"
    if not found.n_members:
        return said
    said += f"; {_of(len(found.beaten_by), found.n_members)} it in {noun(metric)}"
    if ties := len(found.equalled_by):
        said += f", {ties} equal{'s' * (ties == 1)} it in {noun(metric)}"
    if len(found.objectives) > 1:
        said += _lost(found)
    return said


def _lost(found: Standing) -> str:
    """Say how many members lose in every objective, and of the others that are nowhere better, how many.

    Those that equal it in the first objective are told already.
    """
    both = len(found.objectives) == 2
    n_all = len(found.worse_in_all)
    n_some = len({*found.beats} - {*found.worse_in_all, *found.equalled_by})
    said = f", {n_all} {_lose(n_all)} to it in {'both' if both else 'all objectives'}" if n_all else ""
    if n_some and both:  # worse in the first, equal in the second
        said += f", {n_some} {_lose(n_some)} to it in {noun(found.objectives[0].metric)} alone"
    elif n_some:
        said += f", {n_some} {'is' if n_some == 1 else 'are'} nowhere better"
    return said


def _lose(count: int) -> str:
    return "loses" if count == 1 else "lose"


def _of(count: int, n_members: int) -> str:
    if count == 0:
        return "no front member beats"
    if n_members == 1:
        return "the one front member beats"
    if count == n_members:
        return f"all {n_members} front members beat"
    return f"{count} of {n_members} front members beat{'s' * (count == 1)}"
