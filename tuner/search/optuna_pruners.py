"""Optuna's pruners for one objective, asked about our curves.

They are written for a study that keeps the curves itself. Here each decision builds such a study in
memory out of the curves at hand, asks, and throws it away: nothing is written behind Optuna's back,
and the answer depends on the curves only. Steps are counted from 1: step 3 is the end of the third epoch.
"""

from __future__ import annotations

import binascii
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuner.search.quiet import quiet_optuna
from tuner.search.trials import FinishedTrial
from tuner.spec.values import Objective, Value
from tuner.trial import Ending, EpochReport

__all__ = ["OptunaPruner"]

_STATES = {
    Ending.COMPLETE: TrialState.COMPLETE,
    Ending.PRUNED: TrialState.PRUNED,
    Ending.FAILED: TrialState.FAIL,
    Ending.RELEASED: TrialState.FAIL,
}


class OptunaPruner:
    """Asks one of Optuna's pruners.

    Args:
        name: As in ``PRUNERS``.
        options: All of its options.
        objective: The study's only one.
    """

    def __init__(self, name: str, options: Mapping[str, Value], objective: Objective) -> None:
        quiet_optuna()
        self._name = name
        self._options = options
        self._objective = objective

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> str | None:
        """See ``Pruner``."""
        curve = self._values(running)
        if not curve or epochs_left == 0:
            return None
        number, last = running[-1].number, max(curve)
        rivals, rungs = self._rivals(number, finished), list(self._rungs(number))
        study = optuna.create_study(direction=self._objective.direction)
        study.add_trials([_frozen(trial, self._values(trial.curve), rungs) for trial in rivals])
        passed = _rung_values(curve, [rung for rung in rungs if rung < last])
        study.add_trial(
            create_trial(state=TrialState.RUNNING, intermediate_values=curve, system_attrs=passed)
        )
        trial = study.get_trials(deepcopy=False)[-1]
        if not self._pruner(number).prune(study, trial):
            return None
        return self._reason(curve, sum(trial.values is not None for trial in rivals))

    def _values(self, curve: Sequence[EpochReport]) -> dict[int, float]:
        """Return the objective by step, where it was measured."""
        return {
            report.epoch + 1: report.metrics[self._objective.metric]
            for report in curve
            if self._objective.metric in report.metrics
        }

    def _int(self, option: str) -> int:
        return int(self._options[option])

    def _pruner(self, number: int) -> BasePruner:
        match self._name:
            case "median":
                return optuna.pruners.MedianPruner(
                    self._int("startup_trials"), self._int("warmup_epochs") + 1
                )
            case "percentile":
                return optuna.pruners.PercentilePruner(
                    float(self._options["percentile"]),
                    self._int("startup_trials"),
                    self._int("warmup_epochs") + 1,
                )
            case "threshold":
                lower, upper = float(self._options["lower"]), float(self._options["upper"])
                return optuna.pruners.ThresholdPruner(lower, upper, self._int("warmup_epochs") + 1)
            case "patient":
                median = optuna.pruners.MedianPruner(
                    self._int("startup_trials"), self._int("warmup_epochs") + 1
                )
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ExperimentalWarning)
                    return optuna.pruners.PatientPruner(
                        median, self._int("patience"), float(self._options["min_delta"])
                    )
            case _:
                return optuna.pruners.SuccessiveHalvingPruner(
                    self._int("min_epochs"), self._int("reduction_factor"), self._bracket(number)
                )

    def _bracket(self, number: int) -> int:
        """Return the bracket of a trial; plain successive halving has one.

        As in Optuna's ``HyperbandPruner``, which finds it in its own state: brackets are filled in the
        proportion of Li et al. 2018, algorithm 1, by a checksum of the trial's number.
        """
        if self._name != "hyperband":
            return 0
        factor = self._int("reduction_factor")
        ratio = max(1.0, self._int("max_epochs") / self._int("min_epochs"))
        n_brackets = math.floor(math.log(ratio, factor)) + 1
        shares = [
            math.ceil(n_brackets * factor ** (n_brackets - 1 - bracket) / (n_brackets - bracket))
            for bracket in range(n_brackets)
        ]
        left = binascii.crc32(f"trial_{number}".encode()) % sum(shares)
        for bracket, share in enumerate(shares):
            left -= share
            if left < 0:
                return bracket
        return n_brackets - 1

    def _rungs(self, number: int) -> Iterator[int]:
        """Yield the steps of a trial's rungs, for the two pruners that have rungs."""
        if self._name in ("successive_halving", "hyperband"):
            for rung in range(32):
                yield self._int("min_epochs") * self._int("reduction_factor") ** (
                    self._bracket(number) + rung
                )

    def _rivals(self, number: int, finished: Sequence[FinishedTrial]) -> list[FinishedTrial]:
        bracket = self._bracket(number)
        return [trial for trial in finished if self._bracket(trial.number) == bracket]

    def _reason(self, curve: Mapping[int, float], n_complete: int) -> str:
        last = max(curve)
        epochs = f"{last} epoch{'s' * (last > 1)}"
        found = f"{self._objective.metric} {curve[last]:.4g} after {epochs}"
        if self._name == "threshold":
            bounds = [
                f"{word} {float(self._options[bound]):.4g}"
                for word, bound in (("below", "lower"), ("above", "upper"))
                if abs(float(self._options[bound])) < 1e300
            ]
            return f"{found} is out of bounds (pruned {' or '.join(bounds)})"
        rivals = f"{n_complete} completed trial{'s' * (n_complete != 1)}"
        match self._name:
            case "median":
                return f"{found} is worse than the median of {rivals}"
            case "percentile":
                best = f"the best {float(self._options['percentile']):g} percent"
                return f"{found} is not among {best} of {rivals}"
            case "patient":
                patience = self._int("patience")
                waited = f"no better for {patience} epoch{'s' * (patience != 1)}"
                return f"{found} is {waited} and worse than the median of {rivals}"
            case _:
                return f"{found} is not among the best 1 in {self._int('reduction_factor')} at its rung"


def _frozen(trial: FinishedTrial, curve: dict[int, float], rungs: Sequence[int]) -> FrozenTrial:
    state = _STATES[trial.ending]
    if state is TrialState.COMPLETE and trial.values is None:
        state = TrialState.FAIL
    return create_trial(
        state=state,
        values=trial.values if state is TrialState.COMPLETE else None,
        intermediate_values=curve,
        system_attrs=_rung_values(curve, rungs),
    )


def _rung_values(curve: Mapping[int, float], rungs: Sequence[int]) -> dict[str, float]:
    """Return the marks that Optuna's successive halving leaves on a trial that has come past ``rungs``."""
    marks: dict[str, float] = {}
    for index, rung in enumerate(rungs):
        reached = [step for step in sorted(curve) if step >= rung]
        if not reached:
            break
        marks[f"completed_rung_{index}"] = curve[reached[0]]
    return marks
