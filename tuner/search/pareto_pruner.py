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

from tuner.decision import Decision, Rule
from tuner.search.outlook import Hope, Outlook, best_of, is_better
from tuner.search.pareto import dominating_indices
from tuner.search.rungs import Rungs
from tuner.search.trials import FinishedTrial
from tuner.spec.values import Direction, Objective, Value
from tuner.training.stopwatch import OF_TRIAL
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
        grows: Whether the metric only grows while a trial runs. Then its last value counts and not its best:
            the least of seconds that add up is the first epoch's.
    """

    metric: str
    value: float
    epochs: int
    direction: Direction
    grows: bool = False

    def decide(self, running: Sequence[EpochReport]) -> Decision | None:
        """Return why a trial is of no use; None if it is, or the floor does not count yet."""
        epochs = running[-1].epoch + 1
        if epochs < self.epochs:
            return None
        measured = [report.metrics.get(self.metric) for report in running]
        best = best_of(measured, "maximize" if self.grows else self.direction)
        if best is None or not is_better(self.value, best, self.direction):
            return None
        numbers: dict[str, Value] = {
            "metric": self.metric,
            "direction": self.direction,
            "best": best,
            "floor": self.value,
            "epochs": epochs,
            "floor_epochs": self.epochs,
        }
        return Decision(Rule.FLOOR, numbers)


@dataclass(frozen=True)
class ParetoPruner:
    """Prunes when the hopeful end and the best point so far are both dominated, or under a floor.

    The best point is what the trial would be recorded with if it ended now.

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
    ) -> Decision | None:
        """See ``Pruner``."""
        under = self.floor.decide(running) if self.floor else None
        if under is not None or epochs_left == 0:
            return under
        epochs = running[-1].epoch + 1
        complete = [trial for trial in finished if trial.values is not None]
        if epochs <= self.grace_epochs or len(complete) < self.startup_trials:
            return None
        now = tuple(_now(running[-1], each.metric) for each in self.objectives)
        above_now = self._dominators(now, complete)
        if not above_now:
            return None
        hopes = self.outlook.hopes(running, complete, epochs_left)
        hopeful = tuple(hope.value for hope in hopes)
        above_hope = self._dominators(hopeful, complete)
        if above_hope:
            numbers: dict[str, Value] = {"epochs": epochs}
            if epochs_left is not None:
                numbers["epochs_left"] = epochs_left
            numbers |= self.outlook.gain_bound.options
            numbers |= self._of_objectives(now, hopes)
            numbers |= self._of_rivals("above_best", above_now)
            return Decision(Rule.NO_HOPE, numbers | self._of_rivals("above_hope", above_hope))
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

    def _of_objectives(self, now: Sequence[float], hopes: Sequence[Hope]) -> dict[str, Value]:
        """Return the best point so far, the hopeful end and what it was made of, of each objective."""
        numbers: dict[str, Value] = {}
        for objective, best, hope in zip(self.objectives, now, hopes, strict=True):
            metric = objective.metric
            numbers[f"direction.{metric}"] = objective.direction
            numbers[f"growth.{metric}"] = self.outlook.metrics[metric].growth
            if not math.isnan(best):
                numbers[f"best.{metric}"] = float(best)
            numbers[f"hope.{metric}"] = hope.value
            numbers |= {f"{what}.{metric}": value for what, value in hope.made_of.items()}
        return numbers

    def _of_rivals(self, what: str, rivals: Sequence[FinishedTrial]) -> dict[str, Value]:
        """Return how many dominate a point, and the one of them with the most of the first objective."""
        sign = -1.0 if self.objectives[0].direction == "maximize" else 1.0
        rival = min(rivals, key=lambda trial: (sign * trial.values[0] if trial.values else 0.0, trial.number))
        numbers: dict[str, Value] = {f"trials_{what}": len(rivals), f"trial_{what}": rival.number}
        for objective, value in zip(self.objectives, rival.values or (), strict=True):
            numbers[f"{what}.{objective.metric}"] = value
        return numbers


def _now(last: EpochReport, metric: str) -> float:
    """Return what a trial would have if it ended now; NaN where that was not measured."""
    measured = last.metrics if metric in OF_TRIAL else last.best_metrics
    return measured.get(metric, math.nan)
