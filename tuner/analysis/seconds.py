"""Which seconds are shown, raw or calibrated, which were disturbed by other work, and which are unlike.

Raw seconds are what a person waited. Calibrated ones are those of the reference machine, so that trials of
unlike machines, or of one machine in unlike company, stand on one axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from tuner.metrics import METRICS
from tuner.spec.values import Objective
from tuner.suggested import command
from tuner.trial import SHARED, WAYS, way_of

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = [
    "DISTURBED_BELOW",
    "TELLING_FROM_S",
    "TIME_METRICS",
    "Axis",
    "OnAxis",
    "Seconds",
    "again",
    "axis_of",
    "core_share",
    "disturbed",
    "is_disturbed",
    "left_out_remark",
    "on_axis",
    "unlike",
    "unlike_means",
]

Seconds: TypeAlias = Literal["raw", "calibrated"]

TIME_METRICS: dict[Seconds, str] = {"raw": "training_time_s", "calibrated": "calibrated_time_s"}

DISTURBED_BELOW = 0.9
"""Share of its cores below which a trial's time is called disturbed: it took a tenth longer than alone, more
than timings alone lie apart."""

TELLING_FROM_S = 0.1
"""Training time from which on the share of its cores can be told. Linux divides a core in ticks of up to a
hundredth of a second, and every process waits for one now and then: in less than ten of them a single one is
the tenth that counts as disturbed."""

_MOST_LISTED = 10
"""Trials of a kind that are named; they are for a person to look up."""


@dataclass(frozen=True)
class Axis:
    """What trials are shown by. Made by :func:`axis_of`.

    Attributes:
        declared: The study's objectives.
        objectives: The same with the shown kind of seconds.
    """

    declared: tuple[Objective, ...]
    objectives: tuple[Objective, ...]

    def place(self, trial: TrialRecord) -> TrialRecord:
        """Return a trial with values that go with the shown objectives; without any if it lacks one."""
        if trial.values is None or self.declared == self.objectives:
            return trial
        values = [
            value if aim == shown else trial.metrics.get(shown.metric)
            for aim, shown, value in zip(self.declared, self.objectives, trial.values, strict=True)
        ]
        known = tuple(value for value in values if value is not None)
        return replace(trial, values=known if len(known) == len(values) else None)


def axis_of(objectives: Sequence[Objective], seconds: Seconds) -> Axis:
    """Return an axis of raw or of calibrated seconds.

    Args:
        objectives: As declared; training time among them changes its kind.
        seconds: The kind.
    """
    shown = (replace(aim, metric=TIME_METRICS[seconds]) if _is_raw(aim) else aim for aim in objectives)
    return Axis(tuple(objectives), tuple(shown))


@dataclass(frozen=True)
class OnAxis:
    """Trials as they are shown.

    Attributes:
        trials: With values that go with the objectives.
        objectives: With the shown kind of seconds.
        left_out: Numbers of finished trials that have no such seconds, and so no values.
    """

    trials: Sequence[TrialRecord]
    objectives: tuple[Objective, ...]
    left_out: tuple[int, ...] = ()

    @property
    def remark(self) -> str:
        """What a person should know; an empty string for nothing."""
        return left_out_remark(self.left_out)


def left_out_remark(numbers: Sequence[int]) -> str:
    """Say which finished trials have no seconds of the shown kind; an empty string for none."""
    if not numbers:
        return ""
    listed = ", ".join(str(number) for number in numbers)
    return f"left out, as they were recorded without calibrated seconds: trials {listed}"


def on_axis(trials: Sequence[TrialRecord], objectives: Sequence[Objective], seconds: Seconds) -> OnAxis:
    """Put trials on an axis of raw or of calibrated seconds.

    Args:
        trials: Of one study.
        objectives: As declared; training time among them changes its kind.
        seconds: The kind.
    """
    axis = axis_of(objectives, seconds)
    shown = [axis.place(trial) for trial in trials]
    left_out = [
        trial.number
        for trial, placed in zip(trials, shown, strict=True)
        if trial.values is not None and placed.values is None
    ]
    return OnAxis(shown, axis.objectives, tuple(left_out))


def _is_raw(aim: Objective) -> bool:
    return aim.metric == TIME_METRICS["raw"]


def core_share(trial: TrialRecord) -> float | None:
    """Return the share of its training time in which a trial had its cores; None if that cannot be told.

    It cannot where it was not measured, and in less than :data:`TELLING_FROM_S` of training.
    """
    waited_s, trained_s = trial.metrics.get("waited_time_s"), trial.metrics.get("training_time_s")
    if waited_s is None or trained_s is None or trained_s < TELLING_FROM_S:
        return None
    return 1 - waited_s / trained_s


def disturbed(name: str, trials: Sequence[TrialRecord]) -> str:
    """Say which trials' times were disturbed by other work, and what to do; an empty string for none.

    Args:
        name: Of the study.
        trials: Those that are shown.
    """
    found = {trial.number: told for trial in trials if (told := _disturbance(trial))}
    if not found:
        return ""
    alone = command("time", name, *again([trial for trial in trials if trial.number in found]))
    return f"times were disturbed: {', '.join(found.values())}; take them alone: {alone}"


def again(trials: Sequence[TrialRecord]) -> list[str]:
    """Return what `tuner time` must be told to train trials once more: what was timed is not timed twice."""
    return ["--again"] if any(trial.retimed for trial in trials) else []


def _disturbance(trial: TrialRecord) -> str:
    """Say how a trial's time was disturbed. What workers do to each other on a GPU no clock of ours tells."""
    if is_disturbed(share := core_share(trial)):
        return f"trial {trial.number} {share:.0%} of the core"
    on_gpu = str(trial.facts.get("device", "")).startswith("GPU")
    if trial.retimed is None and on_gpu and trial.facts.get(SHARED) is True:
        return f"trial {trial.number} beside another worker on its GPU"
    return ""


def unlike(
    name: str,
    trials: Sequence[TrialRecord],
    members: Sequence[TrialRecord],
    objectives: Sequence[Objective],
) -> str:
    """Say which trials' seconds were taken in unlike ways, and what to do; an empty string for none.

    A way is a number of threads, or a GPU by its name. Trials whose device is not known are passed over; and
    where all members were timed again, alone, the others do not matter any more.

    Args:
        name: Of the study.
        trials: All of them; those that completed stand on the axis.
        members: Its front.
        objectives: Of the study; without a time among them there is no such axis.
    """
    if not _are_seconds(aim.metric for aim in objectives):
        return ""
    are_timed = bool(members) and all(member.retimed is not None for member in members)
    if not (told := _kinds(members if are_timed else trials)):
        return ""
    return (
        f"seconds of unlike kinds stand on one axis: {told}; take the front's again, all in one way:"
        f" {command('time', name)}"
    )


def unlike_means(trials: Sequence[TrialRecord], metrics: Iterable[str]) -> str:
    """Say which of averaged trials have seconds taken in unlike ways; an empty string for none.

    Means are of the study's own seconds, which no timing replaces.

    Args:
        trials: That are averaged.
        metrics: Of the means; without a time among them no seconds are compared.
    """
    told = _kinds(trials) if _are_seconds(metrics) else ""
    return f"means are of seconds of unlike kinds: {told}" if told else ""


def _are_seconds(metrics: Iterable[str]) -> bool:
    """Tell whether a time is among some metrics."""
    return any(metric in METRICS and METRICS[metric].unit == "s" for metric in metrics)


def _kinds(trials: Iterable[TrialRecord]) -> str:
    """List the ways in which seconds of completed trials were taken, with the trials; empty for one way."""
    groups: dict[str, list[int]] = {}
    for trial in trials:
        if trial.values is not None and (way := _way(trial)):
            groups.setdefault(way, []).append(trial.number)
    told = [f"{way} (trial{'s' * (len(own) > 1)} {_listed(sorted(own))})" for way, own in groups.items()]
    return ", ".join(told) if len(told) > 1 else ""


def _way(trial: TrialRecord) -> str:
    """Return what a trial's seconds were taken on; an empty string where that is not known."""
    if trial.retimed is not None:
        return way_of(trial.retimed.device)
    if several := trial.facts.get(WAYS):
        return f"first {several}".replace(", ", ", then ")
    return way_of(str(trial.facts.get("device", "")))


def _listed(numbers: Sequence[int]) -> str:
    """List trials; of very many the first ones."""
    shown = ", ".join(str(number) for number in numbers[:_MOST_LISTED])
    return shown if len(numbers) <= _MOST_LISTED else f"{shown} and {len(numbers) - _MOST_LISTED} more"


def is_disturbed(share: float | None) -> bool:
    """Tell whether a share of its cores is too small for an undisturbed time."""
    return share is not None and share < DISTURBED_BELOW
