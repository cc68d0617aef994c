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

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuner.decision import Decision, Rule
from tuner.search.quiet import quiet_optuna
from tuner.search.trials import FinishedTrial
from tuner.spec.values import Objective, Value
from tuner.trial import Ending, EpochReport

__all__ = ["OptunaPruner"]

_NO_BOUND = 1e300
"""A bound of ``threshold`` that was left out."""

_RUNG = "completed_rung_"
"""What Optuna's successive halving marks a trial with, and the rung."""

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
    ) -> Decision | None:
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
        trials = study.get_trials(deepcopy=False)
        if not self._pruner(number).prune(study, trials[-1]):
            return None
        # Asked for again: a trial that comes to a rung is marked while it is judged.
        return self._decision(number, curve, study.get_trials(deepcopy=False))

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

    def _decision(self, number: int, curve: Mapping[int, float], trials: Sequence[FrozenTrial]) -> Decision:
        """Return the decision that Optuna's pruner has taken; ``trials`` as it left them, its own last."""
        numbers: dict[str, Value] = {
            "metric": self._objective.metric,
            "direction": self._objective.direction,
            "epochs": max(curve),
            "value": curve[max(curve)],
        }
        match self._name:
            case "threshold":
                bounds = {name: float(self._options[name]) for name in ("lower", "upper")}
                numbers |= {name: value for name, value in bounds.items() if abs(value) < _NO_BOUND}
            case "successive_halving" | "hyperband":
                numbers |= {
                    "reduction_factor": self._int("reduction_factor"),
                    "bracket": self._bracket(number),
                }
                if not math.isnan(curve[max(curve)]):  # else it is cut before any rung
                    numbers |= self._of_rung(number, trials)
            case _:
                numbers |= self._of_percentile(curve, trials)
        return Decision(Rule(self._name), numbers)

    def _of_percentile(self, curve: Mapping[int, float], trials: Sequence[FrozenTrial]) -> dict[str, Value]:
        """Return what the best value so far was held against, worked out as Optuna does."""
        percentile = float(self._options["percentile"]) if self._name == "percentile" else 50.0
        is_maximized = self._objective.direction == "maximize"
        complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
        numbers: dict[str, Value] = {"completed": len(complete), "percentile": percentile}
        if self._name == "patient":
            numbers |= {"patience": self._int("patience"), "min_delta": float(self._options["min_delta"])}
        own = [value for value in curve.values() if not math.isnan(value)]
        theirs = [trial.intermediate_values.get(max(curve), math.nan) for trial in complete]
        theirs = [value for value in theirs if not math.isnan(value)]
        if own and theirs:
            numbers["best"] = max(own) if is_maximized else min(own)
            numbers["threshold"] = float(
                np.percentile(theirs, 100.0 - percentile if is_maximized else percentile)
            )
        return numbers

    def _of_rung(self, number: int, trials: Sequence[FrozenTrial]) -> dict[str, Value]:
        """Return the rung that a trial did not pass, by the marks that Optuna left on all that came."""
        own = trials[-1].system_attrs
        rung = max(int(mark.removeprefix(_RUNG)) for mark in own if mark.startswith(_RUNG))
        mark = f"{_RUNG}{rung}"
        came = [float(trial.system_attrs[mark]) for trial in trials if mark in trial.system_attrs]
        came.sort(reverse=self._objective.direction == "maximize")
        passing = max(1, len(came) // self._int("reduction_factor"))
        epochs = list(self._rungs(number))[rung]
        return {"rung_epochs": epochs, "came": len(came), "pass": passing, "threshold": came[passing - 1]}


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
        marks[f"{_RUNG}{index}"] = curve[reached[0]]
    return marks
