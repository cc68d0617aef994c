"""What shorter trainings of the same networks come to: every epoch of a curve is the end of one.

A trial's point is that of its best epoch. Whether the epochs before it were worth their seconds is a
question of its own: a network after two epochs may stand beside the same one after four. Its curve has the
answer, also where the trial was pruned, and nothing needs to be trained for it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.front import best_first
from tuner.search.pareto import front_indices
from tuner.spec.values import Objective, Value
from tuner.training.stopwatch import OF_TRIAL
from tuner.trial import EpochReport

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["Training", "front_of_trainings", "trainings"]


@dataclass(frozen=True)
class Training:
    """A trial's training up to the end of one of its epochs.

    Attributes:
        number: The trial.
        epochs: How many, from 1.
        epochs_run: That the trial ran.
        values: One an objective, in declared order, as measured.
        is_whole: Whether it is a completed trial up to its best epoch: what `tuner front` compares.
        has_model: Whether the study kept its model; it does so of its front only.
        params: The trial's.
        expected: The same values where chance is taken out of them (``analysis.expected``), or None.
    """

    number: int
    epochs: int
    epochs_run: int
    values: tuple[float, ...]
    is_whole: bool
    has_model: bool
    params: Mapping[str, Value]
    expected: tuple[float, ...] | None = None

    @property
    def shown(self) -> tuple[float, ...]:
        """What it is compared by: the expected values where there are any."""
        return self.values if self.expected is None else self.expected


def trainings(
    trials: Sequence[TrialRecord],
    reports: Mapping[int, Sequence[EpochReport]],
    objectives: Sequence[Objective],
    kept: Collection[int] = (),
    shorter: bool = True,
) -> Iterator[Training]:
    """Yield every training that trials have gone through, whole and shorter.

    Args:
        trials: Of one study. Failed ones are left out: their numbers may be those of a network gone wrong.
        reports: A trial's finished epochs in order, by the trial's number.
        objectives: With the metrics that are shown.
        kept: Numbers of the trials whose models the study has kept.
        shorter: Whether whole trainings are compared with shorter ones. Then what a whole one cost in all,
            by the clock on the wall say, is that up to its best epoch: a shorter one is charged no
            epochs after its own either. False: all of the trial, as `tuner front` shows it.

    Yields:
        By number and epoch. Left out is an epoch that lacks one of the objectives, as where it is not
        measured every epoch; but no whole trial that has values. One whose epochs nobody recorded is whole.
    """
    for trial in trials:
        if trial.state == "FAIL":
            continue
        epochs = reports.get(trial.number, ())
        is_complete = trial.state == "COMPLETE"
        best = epochs[-1].best_epoch if epochs and is_complete else None
        whole = trial.values
        if shorter and whole is not None and best is not None:
            at_best = next((report for report in epochs if report.epoch == best), None)
            whole = _up_to(at_best, whole, objectives) if at_best else whole
        ends = [
            (report.epoch, whole if report.epoch == best else _values(trial, report, objectives))
            for report in epochs
        ]
        if is_complete and best not in [epoch for epoch, _ in ends]:
            best = max(trial.epochs, 1) - 1
            ends.append((best, trial.values))
        for epoch, found in ends:
            if found is None or not all(map(math.isfinite, found)):
                continue
            is_whole = epoch == best
            has_model = is_whole and trial.number in kept
            yield Training(trial.number, epoch + 1, len(ends), found, is_whole, has_model, trial.params)


def front_of_trainings(every: Sequence[Training], objectives: Sequence[Objective]) -> list[Training]:
    """Return the trainings that no other one beats, best first objective first.

    Args:
        every: Of one study.
        objectives: As :func:`trainings` had them.
    """
    directions = [aim.direction for aim in objectives]
    members = [every[index] for index in front_indices([each.shown for each in every], directions)]
    return sorted(members, key=lambda each: (*best_first(each.shown, objectives), each.number, each.epochs))


def _values(
    trial: TrialRecord, report: EpochReport, objectives: Sequence[Objective]
) -> tuple[float, ...] | None:
    """Return an epoch's objectives; where seconds were taken again, in proportion to those."""
    if any(aim.metric not in report.metrics for aim in objectives):
        return None
    return tuple(report.metrics[aim.metric] * _times(trial, aim.metric) for aim in objectives)


def _up_to(
    report: EpochReport, whole: tuple[float, ...], objectives: Sequence[Objective]
) -> tuple[float, ...]:
    """Return a whole trial's values with those costs as of an epoch that it has at its end."""
    return tuple(
        report.metrics.get(aim.metric, value) if aim.metric in OF_TRIAL else value
        for aim, value in zip(objectives, whole, strict=True)
    )


def _times(trial: TrialRecord, metric: str) -> float:
    """Return the trial's re-timed seconds over those of the study; 1 where there are none."""
    if trial.retimed is None or not trial.retimed.in_study.get(metric):
        return 1.0
    return trial.retimed.seconds.get(metric, math.nan) / trial.retimed.in_study[metric]
