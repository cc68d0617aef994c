"""Keeping a time limit: how its seconds are shared among trials, which are predicted to end within it, and
which have gone on for too long."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tuner.execution.plan import StudyPlan
from tuner.search.choice import Choice, ChoiceWithin
from tuner.search.samplers import draws_of
from tuner.search.seconds import SecondsModel, TimedTrial
from tuner.spec.values import Params
from tuner.storage import BudgetUse, RunningStudy, TrialRecord
from tuner.trial import EpochReport, TrialRequest

__all__ = ["TimeLeft", "over_limit"]

_FAR_OFF = 3.0
"""Times the longest trial so far: with more time left than that, every trial fits and none is judged."""

_MIDDLING_WORK = 100_000.0
"""Of a family that does not know its own size: a recurrent layer of some 50 units over 100 words."""

_HASTE = 2.0
"""Power of one over its expected seconds in a point's weight while the time limit is whole. It falls to 0 as
the limit is used up: first comes what ends soon, from which sampler and pruner learn and which sets the bar,
at last what the sampler thinks best. Tried on recorded studies against other powers and orders
(``benchmarks/queue_order.py``)."""

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
        work: How long a trial takes against others, or None where that is unknown; it decides as long as few
            trials have ended. Defaults to knowing of none.

    Attributes:
        unused_s: What was left of the time limit when nothing fitted into it any more, else None.
    """

    def __init__(
        self,
        plan: StudyPlan,
        study: RunningStudy,
        work: Callable[[TrialRequest], float | None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._study = study
        self._work_of = work
        self._draws = draws_of(plan.spec.sampler)
        self._learn_at = 0
        self._model: SecondsModel | None = None
        self._longest_s = 0.0
        self.unused_s: float | None = None

    def choice(self, use: BudgetUse) -> ChoiceWithin | None:
        """Return how the next trial's point is chosen, or None where the first that comes is begun.

        Of several points one is begun, early on the likelier the sooner it is expected to end
        (:data:`_HASTE`). Near the limit none is begun that is predicted not to end within it.

        Args:
            use: Of the study's budget, now.
        """
        if use.time_limit_s is None:
            return None
        if use.finished >= self._learn_at:
            self._learn()
            self._learn_at = max(use.finished + 1, math.ceil(use.finished * _STALE))
        haste = _HASTE * max(0.0, 1.0 - use.used_s / use.time_limit_s)
        is_near = self._model is not None and use.time_limit_s - use.used_s < _FAR_OFF * self._longest_s
        if not is_near and self._draws == 1:
            return None

        def within(left_s: float) -> Choice:
            self.unused_s = left_s if is_near else None

            def weight(params: Params) -> float:
                settings = self._plan.settings(params)
                if self._model is None:
                    return float(self._work(settings) ** -haste)
                if is_near and self._model.upper_s(settings) > left_s:
                    return 0.0
                self.unused_s = None
                return float(self._model.expected_s(settings) ** -haste)

            return Choice(self._draws, weight)

        return within

    def _work(self, settings: Params) -> float:
        return self._work_of(self._plan.request_for(0, settings)) or _MIDDLING_WORK

    def _learn(self) -> None:
        timed = [_timed(trial) for trial in self._study.trials()]
        found = [trial for trial in timed if trial is not None]
        self._model = SecondsModel.fit(found, self._work)
        self._longest_s = max((trial.seconds for trial in found), default=0.0)


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
