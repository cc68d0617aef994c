"""Which seconds are shown, raw or calibrated, and which of them were disturbed by other work.

Raw seconds are what a person waited. Calibrated ones are those of the reference machine, so that trials of
unlike machines, or of one machine in unlike company, stand on one axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from tuner.spec.values import Objective

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = [
    "DISTURBED_BELOW",
    "TIME_METRICS",
    "OnAxis",
    "Seconds",
    "core_share",
    "disturbed",
    "is_disturbed",
    "on_axis",
]

Seconds: TypeAlias = Literal["raw", "calibrated"]

TIME_METRICS: dict[Seconds, str] = {"raw": "training_time_s", "calibrated": "calibrated_time_s"}

DISTURBED_BELOW = 0.9
"""Share of its cores below which a trial's time is called disturbed: it took a tenth longer than alone, more
than timings alone lie apart."""


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
        if not self.left_out:
            return ""
        listed = ", ".join(str(number) for number in self.left_out)
        return f"left out, as they were recorded without calibrated seconds: trials {listed}"


def on_axis(trials: Sequence[TrialRecord], objectives: Sequence[Objective], seconds: Seconds) -> OnAxis:
    """Put trials on an axis of raw or of calibrated seconds.

    Args:
        trials: Of one study.
        objectives: As declared; training time among them changes its kind.
        seconds: The kind.
    """
    if seconds == "raw":
        return OnAxis(trials, tuple(objectives))
    metric = TIME_METRICS[seconds]
    aims = tuple(replace(aim, metric=metric) if _is_raw(aim) else aim for aim in objectives)
    shown, left_out = [], []
    for trial in trials:
        found = trial.metrics.get(metric)
        if trial.values is None or not any(_is_raw(aim) for aim in objectives):
            shown.append(trial)
        elif found is None:
            left_out.append(trial.number)
            shown.append(replace(trial, values=None))
        else:
            pairs = zip(objectives, trial.values, strict=True)
            values = tuple(found if _is_raw(aim) else value for aim, value in pairs)
            shown.append(replace(trial, values=values))
    return OnAxis(shown, aims, tuple(left_out))


def _is_raw(aim: Objective) -> bool:
    return aim.metric == TIME_METRICS["raw"]


def core_share(trial: TrialRecord) -> float | None:
    """Return the share of its training time in which a trial had its cores; None if not measured."""
    waited_s, trained_s = trial.metrics.get("waited_time_s"), trial.metrics.get("training_time_s")
    return None if waited_s is None or not trained_s else 1 - waited_s / trained_s


def disturbed(name: str, trials: Sequence[TrialRecord]) -> str:
    """Say which trials' times were disturbed by other work, and what to do; an empty string for none.

    Args:
        name: Of the study.
        trials: Those that are shown.
    """
    shares = [(trial.number, core_share(trial)) for trial in trials]
    found = [f"trial {number} {share:.0%}" for number, share in shares if is_disturbed(share)]
    if not found:
        return ""
    return f"times were disturbed: {', '.join(found)} of the core; take them alone: tuner time {name}"


def is_disturbed(share: float | None) -> bool:
    """Tell whether a share of its cores is too small for an undisturbed time."""
    return share is not None and share < DISTURBED_BELOW
