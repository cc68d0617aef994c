"""What a running study lets its watchers know. Watchers only watch: nothing here can be answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tuner.spec.values import Objective, Value
from tuner.trial import EpochReport

__all__ = [
    "BudgetLeft",
    "EpochEnded",
    "Event",
    "FrontChanged",
    "Notice",
    "StudyOpened",
    "TrialEnded",
    "TrialPlaced",
    "TrialProgress",
    "Watcher",
    "WorkerLost",
    "WorkerReady",
]


@dataclass(frozen=True)
class StudyOpened:
    """The study is open and about to run.

    Attributes:
        name: The study's name.
        storage: The database, without its password.
        objectives: In declared order.
        workers: Worker processes that are being started.
        epochs: Epochs a trial trains at most, or None when they are searched.
        finished: Trials that had already ended before this session.
        continued: Whether the study existed before.
        timings: Where finished trials are timed again, how many timings are to be taken; else 0.
        placed: How many workers there are and what each has, in words.
    """

    name: str
    storage: str
    objectives: tuple[Objective, ...]
    workers: int
    epochs: int | None
    finished: int
    continued: bool
    timings: int = 0
    placed: str = ""


@dataclass(frozen=True)
class WorkerReady:
    """A worker has taken its device.

    Attributes:
        worker: Its place, from 0.
        device: E.g. ``CPU (core 1)``.
        start_s: Seconds that importing and setting up took.
    """

    worker: int
    device: str
    start_s: float


@dataclass(frozen=True)
class WorkerLost:
    """A worker process ended; another takes its place unless the study ends."""

    worker: int
    reason: str


@dataclass(frozen=True)
class TrialPlaced:
    """A trial was given to a worker, with its sampled parameters; ``continued`` after a stop or a death."""

    worker: int
    number: int
    params: Mapping[str, Value]
    continued: bool


@dataclass(frozen=True)
class TrialProgress:
    """A worker is inside an epoch; ``step`` of ``steps``, ``epoch`` from 0."""

    worker: int
    number: int
    epoch: int
    step: int
    steps: int


@dataclass(frozen=True)
class EpochEnded:
    """A trial finished an epoch."""

    worker: int
    report: EpochReport


@dataclass(frozen=True)
class TrialEnded:
    """A trial ended and is recorded.

    Attributes:
        worker: Where it ran.
        number: The trial.
        state: ``COMPLETE``, ``PRUNED``, ``FAIL``, ``RELEASED`` (kept to go on later), or ``TIMED``.
        values: One an objective in declared order, or None without any.
        reason: Why, when it did not complete; may be empty.
        wall_s: Seconds since it was placed in this session.
    """

    worker: int
    number: int
    state: str
    values: tuple[float, ...] | None
    reason: str
    wall_s: float


@dataclass(frozen=True)
class FrontChanged:
    """The front's members as ``(trial number, values)``, best first objective first."""

    members: tuple[tuple[int, tuple[float, ...]], ...]


@dataclass(frozen=True)
class BudgetLeft:
    """What is left of the study's budget; None where there is no such limit.

    Attributes:
        trials_finished: Ended so far, whatever the end.
        trials: The budget of trials.
        used_s: Session seconds used so far.
        time_limit_s: The budget of seconds.
    """

    trials_finished: int
    trials: int | None
    used_s: float
    time_limit_s: float | None


@dataclass(frozen=True)
class Notice:
    """A sentence for the person who watches, e.g. that a signal was heard and what happens now."""

    message: str


Event: TypeAlias = (
    StudyOpened
    | WorkerReady
    | WorkerLost
    | TrialPlaced
    | TrialProgress
    | EpochEnded
    | TrialEnded
    | FrontChanged
    | BudgetLeft
    | Notice
)

Watcher: TypeAlias = Callable[[Event], None]
