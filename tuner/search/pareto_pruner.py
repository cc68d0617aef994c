"""The pruner for several objectives: a trial has lost when even its hopeful end is dominated.

A trial's point moves towards more cost, for time only grows, and may still move towards better
accuracy. Its *hopeful end* takes what it has already spent and, of what can still improve, more than
nearly every finished trial still gained from this epoch on. If a finished trial dominates that, going
on cannot pay. The trial's best point so far must be dominated too, or pruning would throw away a
member of the front.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tuner.search.pareto import dominating_indices
from tuner.search.trials import FinishedTrial
from tuner.spec.catalogue import Metric
from tuner.spec.values import Direction, Objective
from tuner.trial import EpochReport

__all__ = ["Floor", "ParetoPruner"]


@dataclass(frozen=True)
class Floor:
    """What a trial must have reached.

    Attributes:
        metric: Its name.
        value: The least that is of use (the greatest, under ``minimize``).
        epochs: After how many epochs it counts.
        direction: In which the metric is better.
    """

    metric: str
    value: float
    epochs: int
    direction: Direction


@dataclass(frozen=True)
class ParetoPruner:
    """Prunes when the hopeful end and the best point so far are both dominated, or under a floor.

    Attributes:
        objectives: The study's objectives.
        metrics: Every metric by name.
        startup_trials: Completed trials before any is pruned.
        grace_epochs: Epochs that every trial gets.
        quantile: Of the gains that finished trials still made, in [0, 1].
        margin: Added to that gain, as a share of it.
        least_gain: Gain that every trial is credited with, as a share of what is left to gain.
        floor: What a trial must reach, or None.
    """

    objectives: tuple[Objective, ...]
    metrics: Mapping[str, Metric]
    startup_trials: int = 4
    grace_epochs: int = 1
    quantile: float = 0.9
    margin: float = 0.25
    least_gain: float = 0.1
    floor: Floor | None = None

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> str | None:
        """See ``Pruner``."""
        under = self._under_floor(running)
        if under is not None or epochs_left == 0:
            return under
        return self._hopeless(running, finished)

    def _under_floor(self, running: Sequence[EpochReport]) -> str | None:
        epochs = running[-1].epoch + 1
        if self.floor is None or epochs < self.floor.epochs:
            return None
        best = _best([report.metrics.get(self.floor.metric) for report in running], self.floor.direction)
        if best is None or not _better(self.floor.value, best, self.floor.direction):
            return None
        side = "under the floor" if self.floor.direction == "maximize" else "over the ceiling"
        found, bound = _figures(best, self.floor.value)
        return f"{self.floor.metric} {found} is {side} {bound} after {epochs} epoch{'s' * (epochs > 1)}"

    def _hopeless(self, running: Sequence[EpochReport], finished: Sequence[FinishedTrial]) -> str | None:
        epochs = running[-1].epoch + 1
        complete = [trial for trial in finished if trial.values is not None]
        if epochs <= self.grace_epochs or len(complete) < self.startup_trials:
            return None
        hopeful = tuple(self._hopeful(index, running, complete) for index in range(len(self.objectives)))
        rivals = self._dominators(hopeful, complete)
        if not rivals or not self._dominators(self._so_far(running[-1], hopeful), complete):
            return None
        return self._reason(hopeful, rivals[0], epochs)

    def _hopeful(
        self, index: int, running: Sequence[EpochReport], complete: Sequence[FinishedTrial]
    ) -> float:
        """Return the most hopeful value that objective ``index`` can end with."""
        objective = self.objectives[index]
        metric = self.metrics[objective.metric]
        unknown = _utmost(metric, objective.direction)
        current = running[-1].metrics.get(metric.name)
        if current is None or math.isnan(current) or metric.growth == "final":
            return unknown
        if metric.growth == "constant" or (metric.growth == "grows" and objective.direction == "minimize"):
            return current
        if metric.growth == "grows":
            return unknown
        best = _best([report.metrics.get(metric.name) for report in running], objective.direction)
        gain = self._gain(index, running[-1].epoch, complete)
        if best is None or gain is None:
            return unknown
        # A share of the way to the utmost where there is one: the nearer, the harder each step.
        room = abs(unknown - best) if math.isfinite(unknown) else 1.0
        step = max(gain * (1.0 + self.margin), self.least_gain) * room
        return min(best + step, unknown) if objective.direction == "maximize" else max(best - step, unknown)

    def _gain(self, index: int, epoch: int, complete: Sequence[FinishedTrial]) -> float | None:
        """Return the quantile of what finished trials still gained after ``epoch``.

        Looks at the latest epoch, not after ``epoch``, that enough of them reached: an earlier epoch had
        more to gain, so this errs towards hope. None when too few have curves.
        """
        curves = [trial for trial in complete if trial.curve]
        lasts = sorted((trial.curve[-1].epoch for trial in curves), reverse=True)
        if len(lasts) < self.startup_trials:
            return None
        at = min(epoch, lasts[self.startup_trials - 1])
        gains = [self._gain_of(index, at, trial) for trial in curves if trial.curve[-1].epoch >= at]
        known = [gain for gain in gains if gain is not None]
        return float(np.quantile(known, self.quantile, method="higher")) if known else None

    def _gain_of(self, index: int, epoch: int, trial: FinishedTrial) -> float | None:
        """Return what ``trial`` gained after ``epoch``, at least 0, as a share of what was left to gain."""
        objective = self.objectives[index]
        name, direction = objective.metric, objective.direction
        seen = [report.metrics.get(name) for report in trial.curve if report.epoch <= epoch]
        before = _best(seen, direction)
        if before is None or trial.values is None:
            return None
        final = trial.values[index]
        gain = max(0.0, final - before if direction == "maximize" else before - final)
        utmost = _utmost(self.metrics[name], direction)
        if not math.isfinite(utmost):
            return gain
        room = abs(utmost - before)
        return gain / room if room > 0.0 else 0.0

    def _so_far(self, last: EpochReport, hopeful: Sequence[float]) -> tuple[float, ...]:
        """Return the trial's point if it ended now; what is known at the end only stays hopeful."""
        found = (last.best_metrics.get(objective.metric, math.nan) for objective in self.objectives)
        return tuple(hope if math.isnan(value) else value for value, hope in zip(found, hopeful, strict=True))

    def _dominators(self, point: Sequence[float], complete: Sequence[FinishedTrial]) -> list[FinishedTrial]:
        directions = [objective.direction for objective in self.objectives]
        values = [trial.values for trial in complete if trial.values is not None]
        return [complete[index] for index in dominating_indices(values, point, directions)]

    def _reason(self, hopeful: Sequence[float], rival: FinishedTrial, epochs: int) -> str:
        ours, theirs = [], []
        for objective, hope, value in zip(self.objectives, hopeful, rival.values or (), strict=True):
            mine, other = _figures(hope, value)
            ours.append(f"{objective.metric} {mine}")
            theirs.append(f"{objective.metric} {other}")
        after = f"after {epochs} epoch{'s' * (epochs > 1)}"
        return f"{after} hopes for {', '.join(ours)} at best; trial {rival.number} has {', '.join(theirs)}"


def _utmost(metric: Metric, direction: Direction) -> float:
    """Return the best value that ``metric`` can have in ``direction``; infinite where it has no bound there.

    ``Metric.best`` is meant the way the metric is good: 1 for accuracy, which goes up, 0 for seconds, which
    go down. A study may declare the other direction, and then nothing bounds it.
    """
    if metric.best is not None and (metric.best > 0.0) == (direction == "maximize"):
        return metric.best
    return math.inf if direction == "maximize" else -math.inf


def _better(first: float, second: float, direction: Direction) -> bool:
    return first > second if direction == "maximize" else first < second


def _best(values: Sequence[float | None], direction: Direction) -> float | None:
    """Return the best of the measured values; NaN is no measurement."""
    measured = [value for value in values if value is not None and not math.isnan(value)]
    if not measured:
        return None
    return max(measured) if direction == "maximize" else min(measured)


def _figures(*values: float) -> list[str]:
    """Write numbers with as many of up to six digits as it takes to tell them apart."""
    for digits in (3, 4, 5, 6):
        written = [f"{value:.{digits}g}" for value in values]
        if len(set(written)) == len(set(values)):
            break
    return written
