"""What a person who watches a study needs to know, folded from its events; pure values, no drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tuner.execution.events import (
    BudgetLeft,
    EpochEnded,
    Event,
    FrontChanged,
    Notice,
    StudyOpened,
    TrialEnded,
    TrialPlaced,
    TrialProgress,
    WorkerLost,
    WorkerReady,
)
from tuner.spec.values import Value

__all__ = ["LAST_ENDED", "EndedTrial", "Watched", "WatchedWorker", "expected_left_s", "fold"]

LAST_ENDED = 6
"""Ended trials that stay in sight: enough to see why trials are pruned, few enough for a small terminal."""


@dataclass(frozen=True)
class WatchedWorker:
    """One worker and the trial it is at.

    Attributes:
        device: Where it runs, or an empty string while it starts.
        number: Its trial, or None when idle.
        params: The trial's sampled parameters.
        epoch: 0-based epoch under way.
        step, steps: Inside that epoch; 0 before the first sign of life.
        metrics: As of the last finished epoch.
        since_s: Clock reading when the trial was placed.
        note: What it is doing when it has no trial.
    """

    device: str = ""
    number: int | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    epoch: int = 0
    step: int = 0
    steps: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    since_s: float = 0.0
    note: str = "is starting"


@dataclass(frozen=True)
class EndedTrial:
    """A trial that ended, with the metrics of its last epoch, which tell where a pruned one stood."""

    event: TrialEnded
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Watched:
    """A study as it stands.

    Attributes:
        opened: How the study was opened, or None before.
        opened_at_s: Clock reading then.
        workers: By place.
        ended: The last ended trials, newest last; released ones are none.
        ended_here: Trials that ended in this session.
        counts: Ended trials of this session by state.
        front: ``(trial number, values)``, best first objective first.
        budget: As last told.
        budget_at_s: Clock reading then.
    """

    opened: StudyOpened | None = None
    opened_at_s: float = 0.0
    workers: Mapping[int, WatchedWorker] = field(default_factory=dict)
    ended: tuple[EndedTrial, ...] = ()
    ended_here: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    front: tuple[tuple[int, tuple[float, ...]], ...] = ()
    budget: BudgetLeft | None = None
    budget_at_s: float = 0.0


def fold(seen: Watched, event: Event, now_s: float) -> Watched:
    """Return what is known after ``event``.

    Args:
        seen: What was known before.
        event: What happened.
        now_s: The clock's reading; any monotonic clock.
    """
    match event:
        case StudyOpened():
            waiting = {place: WatchedWorker() for place in range(event.workers)}
            return replace(seen, opened=event, opened_at_s=now_s, workers=waiting)
        case FrontChanged(members):
            return replace(seen, front=members)
        case BudgetLeft():
            return replace(seen, budget=event, budget_at_s=now_s)
        case Notice():
            return seen
        case TrialEnded():
            return _ended(seen, event)
        case _:
            place = event.worker
            before = seen.workers.get(place, WatchedWorker())
            return _with_worker(seen, place, _worker_after(before, event, now_s))


def _worker_after(
    before: WatchedWorker,
    event: WorkerReady | WorkerLost | TrialPlaced | TrialProgress | EpochEnded,
    now_s: float,
) -> WatchedWorker:
    match event:
        case WorkerReady():
            return WatchedWorker(device=event.device, note="waits for a trial")
        case WorkerLost():
            return WatchedWorker(note=f"was lost ({event.reason}) and starts anew")
        case TrialPlaced():
            return WatchedWorker(
                device=before.device, number=event.number, params=event.params, since_s=now_s, note=""
            )
        case TrialProgress():
            return replace(
                before, number=event.number, epoch=event.epoch, step=event.step, steps=event.steps, note=""
            )
        case EpochEnded(report=report):
            return replace(
                before, number=report.number, epoch=report.epoch + 1, step=0, metrics=report.metrics, note=""
            )


def _ended(seen: Watched, event: TrialEnded) -> Watched:
    worker = seen.workers.get(event.worker, WatchedWorker())
    metrics: Mapping[str, float] = {}
    if worker.number == event.number:  # else it was lost before, and is starting anew
        metrics = worker.metrics
        idle = WatchedWorker(device=worker.device, note="waits for a trial")
        seen = _with_worker(seen, event.worker, idle)
    if event.state == "RELEASED":
        return seen
    budget = seen.budget
    if budget is not None:  # the ledger's own count follows, but this trial's line is written now
        budget = replace(budget, trials_finished=budget.trials_finished + 1)
    return replace(
        seen,
        ended=(*seen.ended, EndedTrial(event, metrics))[-LAST_ENDED:],
        ended_here=seen.ended_here + 1,
        counts={**seen.counts, event.state: seen.counts.get(event.state, 0) + 1},
        budget=budget,
    )


def _with_worker(seen: Watched, place: int, worker: WatchedWorker) -> Watched:
    return replace(seen, workers=dict(sorted({**seen.workers, place: worker}.items())))


def expected_left_s(seen: Watched, now_s: float) -> float | None:
    """Estimate the seconds until the budget is used up, or None while nothing can be said.

    Trials left are counted at the pace of this session's ended trials; the time limit caps it. The
    pace begins with the first trial's end, so the estimate is coarse until several have ended.
    """
    budget = seen.budget
    if budget is None:
        return None
    limits: list[float] = []
    if budget.trials is not None and seen.ended_here:
        pace_s = (now_s - seen.opened_at_s) / seen.ended_here
        limits.append(pace_s * max(budget.trials - budget.trials_finished, 0))
    if budget.time_limit_s is not None:
        used_s = budget.used_s + (now_s - seen.budget_at_s)
        limits.append(max(budget.time_limit_s - used_s, 0.0))
    return min(limits) if limits else None
