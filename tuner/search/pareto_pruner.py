"""The pruner for several objectives: a trial has lost when even its hopeful end is dominated.

A trial's point moves towards more cost, for time only grows, and may still move towards better
accuracy. Its *hopeful end* takes what it will have spent after one more epoch and, of what can still
improve, more than nearly every finished trial still gained from here (``outlook``). If finished trials
dominate that, going on cannot pay. The trial's best point so far must be dominated too, or pruning
would throw away a member of the front.

Rungs (``rungs``) cut more and earlier, by how a trial ranks among all that came so far. They may be wrong
about one that starts slowly, so they never cut a last hope: a trial whose hopeful end is better than
everything finished in at least one objective.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.search.outlook import Outlook, best_of, is_better
from tuner.search.pareto import dominating_indices
from tuner.search.rungs import Rungs
from tuner.search.trials import FinishedTrial
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

    def decide(self, running: Sequence[EpochReport]) -> str | None:
        """Return why a trial is of no use; None if it is, or the floor does not count yet."""
        epochs = running[-1].epoch + 1
        if epochs < self.epochs:
            return None
        best = best_of([report.metrics.get(self.metric) for report in running], self.direction)
        if best is None or not is_better(self.value, best, self.direction):
            return None
        side = "under the floor" if self.direction == "maximize" else "over the ceiling"
        found, bound = _figures(best, self.value)
        return f"{self.metric} {found} is {side} {bound} after {_count(epochs)}"


@dataclass(frozen=True)
class ParetoPruner:
    """Prunes when the hopeful end and the best point so far are both dominated, or under a floor.

    Attributes:
        objectives: The study's objectives.
        outlook: Tells the hopeful end.
        startup_trials: Completed trials before any is pruned.
        grace_epochs: Epochs that every trial gets.
        rungs: Cuts earlier by rank, or None.
        floor: What a trial must reach, or None.
    """

    objectives: tuple[Objective, ...]
    outlook: Outlook
    startup_trials: int
    grace_epochs: int
    rungs: Rungs | None = None
    floor: Floor | None = None

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> str | None:
        """See ``Pruner``."""
        under = self.floor.decide(running) if self.floor else None
        if under is not None or epochs_left == 0:
            return under
        epochs = running[-1].epoch + 1
        complete = [trial for trial in finished if trial.values is not None]
        if epochs <= self.grace_epochs or len(complete) < self.startup_trials:
            return None
        now = tuple(running[-1].best_metrics.get(each.metric, math.nan) for each in self.objectives)
        if not self._dominators(now, complete):
            return None
        hopeful = self.outlook.hopeful(running, complete, epochs_left)
        rivals = self._dominators(hopeful, complete)
        if rivals:
            return self._reason(hopeful, rivals, epochs)
        if self.rungs is None or self._is_last_hope(hopeful, complete):
            return None
        return self.rungs.decide(running, finished)

    def _dominators(self, point: Sequence[float], complete: Sequence[FinishedTrial]) -> list[FinishedTrial]:
        """Return the trials that dominate a point; what is not known of it yet counts for nothing."""
        known = [index for index, value in enumerate(point) if not math.isnan(value)]
        directions = [self.objectives[index].direction for index in known]
        values = [trial.values for trial in complete if trial.values is not None]
        if len(known) < len(point):
            values = [tuple(value[index] for index in known) for value in values]
        indices = dominating_indices(values, [point[index] for index in known], directions) if known else ()
        return [complete[index] for index in indices]

    def _is_last_hope(self, hopeful: Sequence[float], complete: Sequence[FinishedTrial]) -> bool:
        """Tell whether no finished trial is as good as the hopeful end in one of the objectives."""
        return any(
            all(
                not trial.values or is_better(hope, trial.values[index], objective.direction)
                for trial in complete
            )
            for index, (hope, objective) in enumerate(zip(hopeful, self.objectives, strict=True))
        )

    def _reason(self, hopeful: Sequence[float], rivals: Sequence[FinishedTrial], epochs: int) -> str:
        """Put the decision into words, with the rival that has the most of the first objective."""
        sign = -1.0 if self.objectives[0].direction == "maximize" else 1.0
        rival = min(rivals, key=lambda trial: (sign * trial.values[0] if trial.values else 0.0, trial.number))
        ours, theirs = [], []
        for objective, hope, value in zip(self.objectives, hopeful, rival.values or (), strict=True):
            growth = self.outlook.metrics[objective.metric].growth
            mine, other = _figures(hope, value)
            bound = {"constant": "", "grows": " at least" if objective.direction == "minimize" else ""}
            ours.append(_with_name(objective.metric, mine) + bound.get(growth, " at best"))
            theirs.append(_with_name(objective.metric, other))
        hopes = f"after {_count(epochs)} hopes for {', '.join(ours)}"
        return f"{hopes}; trial {rival.number} has {', '.join(theirs).replace(', in ', ' in ')}"


def _with_name(metric: str, figure: str) -> str:
    """Name a figure: ``accuracy 0.71``; the time that studies compare goes without saying: ``in 12 s``."""
    return f"in {figure} s" if metric == "training_time_s" else f"{metric} {figure}"


def _count(epochs: int) -> str:
    return f"{epochs} epoch{'s' * (epochs > 1)}"


def _figures(*values: float) -> list[str]:
    """Write numbers with as many of up to six digits as it takes to tell them apart."""
    for digits in (3, 4, 5, 6):
        written = [_figure(value, digits) for value in values]
        if len(set(written)) == len(set(values)):
            break
    return written


def _figure(value: float, digits: int) -> str:
    written = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e+" in written and abs(value) < 1e15 else written
