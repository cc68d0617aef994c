"""Keeping a time limit: which trials are predicted to end within it, and which have gone on for too long."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuner.execution.plan import StudyPlan
from tuner.search.seconds import SecondsModel, TimedTrial
from tuner.spec.values import Params
from tuner.storage import BudgetUse, RunningStudy, TrialRecord
from tuner.trial import EpochReport

__all__ = ["TimeLeft", "over_limit"]

_FAR_OFF = 3.0
"""Times the longest trial so far: with more time left than that, every trial fits and none is judged."""

_OVERRUN = 0.1
"""Share of a time limit by which a trial under way may end after it: most do, and are worth it."""

_STALE = 1.05
"""Times the trials that were learned from: only so many more say anything new, and reading them all takes a
while when there are thousands."""


class TimeLeft:
    """Judges trials before they begin. A study without a time limit costs nothing here.

    Args:
        plan: Completes params to settings.
        study: Tells what has ended.
    """

    def __init__(self, plan: StudyPlan, study: RunningStudy) -> None:
        self._plan = plan
        self._study = study
        self._learn_at = 0
        self._model: SecondsModel | None = None
        self._longest_s = 0.0
        self.unused_s: float | None = None

    def is_near(self, use: BudgetUse) -> bool:
        """Tell whether the limit is so near that trials are to be judged, and can be."""
        if use.time_limit_s is None:
            return False
        if use.finished >= self._learn_at:
            self._learn()
            self._learn_at = max(use.finished + 1, math.ceil(use.finished * _STALE))
        return self._model is not None and use.time_limit_s - use.used_s < _FAR_OFF * self._longest_s

    def _learn(self) -> None:
        timed = [_timed(trial) for trial in self._study.trials()]
        found = [trial for trial in timed if trial is not None]
        self._model = SecondsModel.fit(found)
        self._longest_s = max((trial.seconds for trial in found), default=0.0)

    def fits(self, params: Params, left_s: float) -> bool:
        """Tell whether a trial of these params is predicted to end within ``left_s``.

        Remembers in ``unused_s`` what was left when the last one did not; None when it did.
        """
        upper_s = 0.0 if self._model is None else self._model.upper_s(self._plan.settings(params))
        self.unused_s = left_s if upper_s > left_s else None
        return self.unused_s is None


def over_limit(use: BudgetUse, curve: Sequence[EpochReport], epochs_left: int) -> str:
    """Tell why a trial under way is finished with the epochs that it has; an empty string if it goes on.

    Args:
        use: Of the study's budget, now.
        curve: The trial's epochs so far, at least one.
        epochs_left: Epochs that it may still train.
    """
    if use.time_limit_s is None or use.used_s < use.time_limit_s or not epochs_left:
        return ""
    epochs = curve[-1].epoch + 1
    rest_s = curve[-1].metrics.get("wall_time_s", 0.0) / epochs * epochs_left
    if use.used_s + rest_s <= (1.0 + _OVERRUN) * use.time_limit_s:
        return ""
    return f"the time limit was reached after {epochs} of {epochs + epochs_left} epochs"


def _timed(trial: TrialRecord) -> TimedTrial | None:
    if trial.state not in ("COMPLETE", "PRUNED") or not trial.seconds or trial.epochs < 1:
        return None
    return TimedTrial(trial.settings, trial.seconds, trial.epochs, trial.state == "COMPLETE")
