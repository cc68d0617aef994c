"""What is begun by the seconds that it is expected to take: how a time limit is shared among trials, which
of them are predicted to end within it, which have gone on for too long, and what ends when all others do."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tuner.decision import Decision, Rule
from tuner.execution.plan import StudyPlan
from tuner.execution.standing import Placed
from tuner.search.choice import Choice, ChoiceWithin
from tuner.search.packed import PackedParams
from tuner.search.samplers import ATTEMPTS, draws_of
from tuner.search.seconds import SecondsModel, TimedTrial
from tuner.spec.values import CategoricalParameter, Params, Value
from tuner.storage import BudgetUse, RunningStudy, TrialRecord, Which
from tuner.trial import EpochReport, TrialRequest

__all__ = ["TimeLeft", "over_limit"]

_FAR_OFF = 3.0
"""Times the longest trial so far: with more time left than that, a trial that is not predicted to fit is
begun only where no other is drawn, and the study does not end for want of one that fits."""

_UNFIT = 1e-300
"""Weight of such a trial: less than any other's."""

_MIDDLING_WORK = 100_000.0
"""Of a family that does not know its own size: a recurrent layer of some 50 units over 100 words."""

_HASTE = 2.0
"""Power of one over its expected seconds in a point's weight while the time limit is whole. It falls to 0 as
the limit is used up: first comes what ends soon, from which sampler and pruner learn and which sets the bar,
at last what the sampler thinks best. Tried on recorded studies against other powers and orders
(``benchmarks/queue_order.py``)."""

_NEW = 1e6
"""Times the weight of a point with a choice that no trial had, say of a family, once the study has
gone on for as long as that trial is expected to take: it goes before all others, and among such points the
quickest is still the likeliest. Without it studies of five minutes tried no slow family at all, and nobody
learned what that is worth. Tried at once, it had a worker for most of the first minute, and went on for
longer: the pruner had learned from too few to judge it."""

_ALIKE = 0.02
"""Of the longest trial's seconds: so much less waiting makes one of the last trials likelier by a factor of
e, so that of some points the one that fits best comes nearly always."""

_STEEP = 600.0
"""Factors of e that a weight may fall by: nearly as small as a float can be. Beyond them it falls slowly."""

_OVERRUN = 0.1
"""Share of a time limit by which a trial under way may end after it: most do, and are worth it."""

_STALE = 1.05
"""Times the trials that were learned from: only so many more say anything new, and reading them all takes a
while when there are thousands."""

_Choice: TypeAlias = tuple[str, Value]
"""A parameter's name and one of its choices."""


class TimeLeft:
    """Judges trials before they begin.

    A study without a time limit costs nothing here until its last trials are begun.

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
        self._choices = [
            each.name
            for each in plan.spec.space
            if self._draws > 1
            and isinstance(each, CategoricalParameter)
            and any(isinstance(choice, str | bool) for choice in each.choices)  # not of numbers
        ]
        self._tried: set[_Choice] = set()
        self._at_trial: dict[int, set[_Choice]] = {}
        self._looked_at: tuple[int, int] | None = None
        self._look_from = 0
        self.unused_s: float | None = None

    def choice(
        self, use: BudgetUse, under_way: Sequence[Placed] = (), now_s: float = 0.0
    ) -> ChoiceWithin | None:
        """Return how the next trial's point is chosen, or None where the first that comes is begun.

        Args:
            use: Of the study's budget, now.
            under_way: Trials of this session.
            now_s: On the clock that they were placed by.
        """
        to_begin = 0 if use.trials is None else use.trials - use.begun
        # Not more than workers: those beside this one are at a trial, or have just been given one.
        is_last = self._draws > 1 and under_way and 0 < to_begin <= len(under_way) + 1
        if use.time_limit_s is None and not is_last:
            return None
        self._look(use)
        last = self._ending_together(under_way, now_s) if is_last else None
        if use.time_limit_s is None:
            return last
        is_trying = any(not choices <= self._tried for choices in self._at_trial.values())
        return self._within(use, use.time_limit_s, last, tries_new=not is_trying)

    def _within(
        self, use: BudgetUse, time_limit_s: float, last: ChoiceWithin | None, tries_new: bool
    ) -> ChoiceWithin | None:
        """Of several points begin one, early on the likelier the sooner it ends (:data:`_HASTE`).

        What no trial has tried goes before when it is due (:data:`_NEW`), while no other worker is at such a
        trial. Near the limit none is begun that is predicted not to end within it; before, the last trials of
        a number are chosen as without a limit.
        """
        haste = _HASTE * max(0.0, 1.0 - use.used_s / time_limit_s)
        is_near = self._model is not None and use.left_s < _FAR_OFF * self._longest_s
        if not is_near and (last is not None or self._draws == 1):
            return last

        def within(left_s: float) -> Choice:
            self.unused_s = left_s if is_near else None

            def weight(params: Params) -> float:
                settings = self._plan.settings(params)
                if self._model is None:
                    return float(self._work(settings) ** -haste)
                expected_s = self._model.expected_s(settings)
                is_due = tries_new and expected_s <= use.used_s and self._is_new(params)
                # Of what nobody has tried no upper bound is known that is worth much.
                needed_s = expected_s if is_due and not is_near else self._model.upper_s(settings)
                if needed_s > left_s:
                    return 0.0 if is_near else _UNFIT
                self.unused_s = None
                return float((_NEW if is_due else 1.0) * expected_s**-haste)

            return Choice(self._draws, weight)

        return within

    def _ending_together(self, under_way: Sequence[Placed], now_s: float) -> ChoiceWithin | None:
        """Of the last trials begin those that end when the others do, so that workers wait little for them.

        A trial is one of the last when no more are to be begun than there are workers. One that ends sooner
        than the others lets its own worker wait; one that ends later lets all others wait. What is costly is
        therefore best tried now, as long as it keeps nobody. To plan what comes after it as well was tried:
        with two workers it gained nothing, with eight it lost, for it trusts what is thought of trials that
        nobody has drawn yet.

        Args:
            under_way: The trials of the other workers, at least one.
            now_s: As :meth:`choice` has it.
        """
        model = self._model
        if model is None:
            return None
        longest_s = max(_rest_s(placed, model, now_s) for placed in under_way)
        alike_s = _ALIKE * self._longest_s

        def weight(params: Params) -> float:
            late_s = model.expected_s(self._plan.settings(params)) - longest_s
            waited_s = -late_s if late_s < 0 else late_s * len(under_way)
            return _falling(waited_s / alike_s)

        # A point takes some 20 ms to draw, and the others' epochs wait meanwhile.
        draws = max(2, min(ATTEMPTS, int(self._longest_s)))
        return lambda _: Choice(draws, weight)

    def _is_new(self, params: Params) -> bool:
        """Tell whether a point has a choice that no ended trial had."""
        return not self._choices_of(params) <= self._tried

    def _choices_of(self, params: Params) -> set[_Choice]:
        return {(name, params[name]) for name in self._choices if name in params}

    def _work(self, settings: Params) -> float:
        return self._work_of(self._plan.request_for(0, settings)) or _MIDDLING_WORK

    def _look(self, use: BudgetUse) -> None:
        """See what was begun or has ended since the last look, and learn from all trials when it is time.

        Which choices were tried must be known at once, or the same is tried again and again. For it only the
        trials are read that run or are new: a few.
        """
        is_due = use.finished >= self._learn_at
        if not is_due and (not self._choices or self._looked_at == (use.finished, use.running)):
            return
        self._looked_at = (use.finished, use.running)
        if not is_due:
            seen = self._study.over_trials(self._fold, Which(first=self._look_from, is_brief=True))
            running = self._study.over_trials(self._fold, Which(state="RUNNING", is_brief=True))
            is_due = self._keep(seen, running)
        if is_due:  # what a choice costs that no trial had is known when the first that had it has ended
            seen = self._study.over_trials(self._fold, Which())
            self._keep(seen, seen)
            self._learn_at = max(use.finished + 1, math.ceil(use.finished * _STALE))
            self._model = SecondsModel.fit(seen.timed, self._work)
            self._longest_s = max((trial.seconds for trial in seen.timed), default=0.0)

    def _keep(self, seen: _Seen, running: _Seen) -> bool:
        """Keep what was tried, and what is being tried; tell whether any of it had not been tried before."""
        before = len(self._tried)
        ran = self._at_trial | seen.at_trial
        self._tried.update(seen.tried, *(ran[number] for number in ran.keys() - running.at_trial.keys()))
        self._at_trial = running.at_trial
        self._look_from = min(seen.first_waiting, max(seen.after, self._look_from))
        return len(self._tried) > before

    def _fold(self, trials: Iterable[TrialRecord]) -> _Seen:
        """Keep of trials the choices that they have, and what was timed of them; nothing else."""
        seen = _Seen()
        for trial in trials:
            seen.after = trial.number + 1
            if trial.state == "WAITING":
                seen.first_waiting = min(seen.first_waiting, trial.number)
            elif trial.state == "RUNNING":
                seen.at_trial[trial.number] = self._choices_of(trial.params)
            else:
                seen.tried |= self._choices_of(trial.params)
                seen.timed += _timed(trial)
        return seen


@dataclass
class _Seen:
    """What is kept of trials that were read.

    Attributes:
        tried: Choices of those that have ended.
        at_trial: Choices of those that run, in any session, by their numbers.
        timed: Those that can be learned from.
        first_waiting: The least number of a queued one; all numbers are less where none is.
        after: The number after the last one's.
    """

    tried: set[_Choice] = field(default_factory=set)
    at_trial: dict[int, set[_Choice]] = field(default_factory=dict)
    timed: list[TimedTrial] = field(default_factory=list)
    first_waiting: int = sys.maxsize
    after: int = 0


def over_limit(use: BudgetUse, curve: Sequence[EpochReport], epochs_left: int) -> Decision | None:
    """Tell why a trial under way is finished with the epochs that it has; None if it goes on.

    Args:
        use: Of the study's budget, now. What the trial still takes, each of its sessions uses of the limit.
        curve: The trial's epochs so far, at least one.
        epochs_left: Epochs that it may still train.
    """
    if use.time_limit_s is None or use.used_s < use.time_limit_s or not epochs_left:
        return None
    latest_s = (1.0 + _OVERRUN) * use.time_limit_s
    epoch_s = _epoch_s(curve)
    if use.used_s + epoch_s * epochs_left * use.sessions <= latest_s:
        return None
    numbers: dict[str, Value] = {
        "epochs": curve[-1].epoch + 1,
        "epochs_left": epochs_left,
        "epoch_s": epoch_s,
        "used_s": use.used_s,
        "sessions": use.sessions,
        "time_limit_s": use.time_limit_s,
        "latest_s": latest_s,
    }
    return Decision(Rule.TIME_LIMIT, numbers)


def _epoch_s(curve: Sequence[EpochReport]) -> float:
    """Return the seconds of one of a trial's epochs, validation and checkpoints included."""
    metrics = curve[-1].metrics
    once_s = metrics.get("compile_time_s", 0.0)
    return max(0.0, metrics.get("wall_time_s", 0.0) - once_s) / (curve[-1].epoch + 1)


def _rest_s(placed: Placed, model: SecondsModel, now_s: float) -> float:
    """Return how long a trial under way is thought to go on: by its own epochs, before any as predicted.

    It is thought to stop early as others do.
    """
    if placed.curve:
        epochs_left = min(placed.epochs_left, max(0.0, model.epochs - placed.curve[-1].epoch - 1))
        expected_s = _epoch_s(placed.curve) * epochs_left
    else:
        expected_s = model.expected_s(placed.request.params)
    return max(0.0, expected_s - (now_s - placed.since_s))


def _falling(share: float) -> float:
    """Return ``exp(-share)``, and where that would be 0, something that is none and goes on falling."""
    return math.exp(-share) if share < _STEEP else math.exp(-_STEEP) * (_STEEP / share) ** 8


def _timed(trial: TrialRecord) -> list[TimedTrial]:
    """Return an ended trial as the model learns from it; nothing if it cannot."""
    if trial.state not in ("COMPLETE", "PRUNED") or not trial.seconds or trial.epochs < 1:
        return []
    if not trial.session_id:
        return []  # told by another program, which keeps no settings
    settings = PackedParams(trial.settings)
    return [TimedTrial(settings, trial.seconds, trial.epochs, trial.state == "COMPLETE")]
