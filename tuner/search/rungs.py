"""Rungs: early cuts by non-dominated rank, as in multi-objective asynchronous successive halving.

Every trial stops at the same epochs, the rungs, and goes on if it is among the best of all that ever came
there, pruned ones included. "Best" is by non-dominated rank; within a rank, trials that lie far apart
come first (an epsilon-net), so that what goes on covers the whole front and not one end of it.

Source: Schmucker et al. 2021, arXiv:2106.12639 (MO-ASHA, selection by epsilon-net); the order of a net by
Clarkson 2005, section 3. Stopping variant: nobody waits at a rung, as in Syne Tune.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.decision import Decision, Rule
from tuner.search.pareto import ranks
from tuner.search.trials import FinishedTrial
from tuner.spec.values import Objective, Value
from tuner.trial import EpochReport

__all__ = ["MoAshaPruner", "Rungs", "spread_order"]


@dataclass(frozen=True)
class Rungs:
    """Where trials are compared, and who goes on.

    Attributes:
        objectives: The study's; those that are not measured every epoch are left out of the comparison.
        min_epochs: Epochs to the first rung; at least 1.
        reduction_factor: Each rung has so many times the epochs of the one before, and one in so many
            trials goes on; at least 2.
    """

    objectives: tuple[Objective, ...]
    min_epochs: int
    reduction_factor: int

    def is_at(self, epochs: int) -> bool:
        """Tell whether a trial of so many epochs stands at a rung."""
        rung = self.min_epochs
        while rung < epochs:
            rung *= self.reduction_factor
        return rung == epochs

    def decide(self, running: Sequence[EpochReport], finished: Sequence[FinishedTrial]) -> Decision | None:
        """Return why a trial does not go on from its rung; None if it does, or stands at none."""
        last = running[-1]
        if not self.is_at(last.epoch + 1):
            return None
        seen = [aim for aim in self.objectives if _is_seen(aim.metric, last)]
        rivals = [
            report
            for trial in finished
            if len(trial.curve) > last.epoch and (report := _at(trial.curve, last.epoch)) is not None
            if all(_is_seen(aim.metric, report) for aim in seen)
        ]
        if not rivals or not seen:
            return None  # the first to come goes on
        points = [[report.metrics[aim.metric] for aim in seen] for report in (*rivals, last)]
        before = _count_before(points, seen)
        if before * self.reduction_factor <= len(points):
            return None
        numbers: dict[str, Value] = {
            "epochs": last.epoch + 1,
            "rank": before + 1,
            "came": len(points),
            "pass": len(points) // self.reduction_factor + 1,
            "reduction_factor": self.reduction_factor,
        }
        for aim, value in zip(seen, points[-1], strict=True):
            numbers |= {f"direction.{aim.metric}": aim.direction, f"value.{aim.metric}": value}
        return Decision(Rule.RUNG, numbers)


class MoAshaPruner:
    """Multi-objective asynchronous successive halving alone."""

    def __init__(self, rungs: Rungs) -> None:
        self._rungs = rungs

    def decide(
        self,
        running: Sequence[EpochReport],
        finished: Sequence[FinishedTrial],
        epochs_left: int | None = None,
    ) -> Decision | None:
        """See ``Pruner``."""
        return None if epochs_left == 0 else self._rungs.decide(running, finished)


def _at(curve: Sequence[EpochReport], epoch: int) -> EpochReport | None:
    """Return the report of an epoch; a curve may lack one, but is never out of order."""
    if curve[epoch].epoch == epoch:
        return curve[epoch]
    return next((report for report in curve if report.epoch == epoch), None)


def _is_seen(metric: str, report: EpochReport) -> bool:
    return not math.isnan(report.metrics.get(metric, math.nan))


def _count_before(points: Sequence[Sequence[float]], objectives: Sequence[Objective]) -> int:
    """Count the points that come before the last one: of a better rank, or earlier in its rank's net."""
    rank = np.array(ranks(points, [aim.direction for aim in objectives]))
    better = int((rank < rank[-1]).sum())
    peers = np.flatnonzero(rank == rank[-1])
    order = spread_order(np.array(points, dtype=np.float64)[peers])
    return better + int(np.flatnonzero(order == len(peers) - 1)[0])


def spread_order(points: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Order points so that each is the farthest from all before it.

    Args:
        points: ``(n_points, n_objectives)``, at least one; each objective is scaled to its range.

    Returns:
        ``(n_points,)`` indices; begins with the point that is least in the first objective, and of
        equally far ones with the first.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    with np.errstate(invalid="ignore"):
        scaled = np.nan_to_num((points - low) / np.where(high > low, high - low, 1.0))
    order = [int(points[:, 0].argmin())]
    distance = np.full(len(points), np.inf)
    for _ in range(len(points) - 1):
        distance = np.minimum(distance, np.linalg.norm(scaled - scaled[order[-1]], axis=1))
        distance[order] = -1.0
        order.append(int(distance.argmax()))
    return np.array(order, dtype=np.intp)
