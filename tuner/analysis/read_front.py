"""A stored study's front, read by what decides about it: the values of all trials, and all of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.front import front
from tuner.analysis.retimed import each_shown, with_times
from tuner.analysis.seconds import Axis, Seconds, axis_of
from tuner.spec.values import Objective
from tuner.storage.records import TrialRecord, Which

if TYPE_CHECKING:
    from tuner.storage import Snapshot

__all__ = ["StoredFront", "read_front"]


@dataclass(frozen=True)
class StoredFront:
    """A front as it is shown.

    Attributes:
        members: Best first objective first, whole, with values that go with the objectives.
        objectives: With the shown kind of seconds.
        left_out: Numbers of finished trials that have no such seconds, and so no values.
        told: The trials that completed with the values that they were told with, and nothing else of them.
        shown: The same with re-timed seconds among their values.
    """

    members: Sequence[TrialRecord]
    objectives: tuple[Objective, ...]
    left_out: tuple[int, ...]
    told: Sequence[TrialRecord]
    shown: Sequence[TrialRecord]


def read_front(seen: Snapshot, seconds: Seconds) -> StoredFront:
    """Read a study's front on an axis of raw or of calibrated seconds.

    Args:
        seen: The study as it stands.
        seconds: The kind.
    """
    axis = axis_of(seen.study.spec.objectives, seconds)
    told = seen.points()
    timings = seen.timings()
    shown = with_times(told, timings, axis.declared)
    placed, left_out = (shown, []) if axis.declared == axis.objectives else _placed(seen, axis)
    order = [member.number for member in front(placed, axis.objectives)]
    whole = with_times(seen.these(order), timings, axis.declared)
    by_number = {trial.number: axis.place(trial) for trial in whole}
    return StoredFront([by_number[number] for number in order], axis.objectives, tuple(left_out), told, shown)


def _placed(seen: Snapshot, axis: Axis) -> tuple[list[TrialRecord], list[int]]:
    """Return completed trials with values read of their metrics, and the numbers of those without."""
    placed, left_out = [], []
    for trial in each_shown(seen, Which("COMPLETE", is_brief=True)):
        values = axis.place(trial).values
        if values is None:
            left_out.append(trial.number)
        else:
            placed.append(TrialRecord(trial.number, trial.state, values=values))
    return placed, left_out
