"""What the coordinator has in mind between two messages. All of it may be lost: the ledger has the rest."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tuner.errors import (
    NoSpaceError,
    StorageRefusedError,
    StudyInterruptedError,
    TooManyFailuresError,
    TunerError,
)
from tuner.execution.interrupts import Interrupts
from tuner.execution.messages import Evaluated
from tuner.search.pareto import front_indices
from tuner.search.trials import FinishedTrial
from tuner.spec.values import Objective
from tuner.storage import Claim
from tuner.suggested import command
from tuner.training.course import ran_out
from tuner.trial import EpochReport, TrialOutcome, TrialRequest

__all__ = ["Due", "Front", "Placed", "Stop", "WorkerPlace", "disk_error", "front_of"]

Front: TypeAlias = tuple[tuple[int, tuple[float, ...]], ...]
"""Members by number and values, the best of the first objective first."""

MOST_UNFIT_IN_A_ROW = 50
"""A sampler that learns has left the region by then; one that draws at random has met what fits, if only one
trial in ten does (with a probability of 0.995)."""


def front_of(finished: Collection[FinishedTrial], objectives: Sequence[Objective]) -> Front:
    """Return the front of the complete ones among ended trials."""
    complete = [(trial.number, trial.values) for trial in finished if trial.values is not None]
    directions = [objective.direction for objective in objectives]
    members = [complete[index] for index in front_indices([values for _, values in complete], directions)]
    best_first = -1.0 if directions[0] == "maximize" else 1.0
    return tuple(sorted(members, key=lambda member: (best_first * member[1][0], member[0])))


def disk_error(
    outcome: TrialOutcome | Evaluated,
    go_on: str,
    kept: str = "what was recorded is kept, and trials under way go on from their last checkpoint",
) -> TunerError:
    """Return the error that a session ends in which the disk hindered.

    Args:
        outcome: Of a trial that was given back or not measured for it, with ``session_ends_in``.
        go_on: The command that goes on.
        kept: What is not lost, as a sentence.
    """
    said = f"{outcome.reason}; {kept}"
    if outcome.session_ends_in == NoSpaceError.exit_code:
        return NoSpaceError(said, f"free some space, then go on with: {go_on}")
    return StorageRefusedError(said, f"let it be written to, then go on with: {go_on}")


@dataclass
class Placed:
    """A trial on a worker.

    Attributes:
        claim: Its lease.
        request: As it was sent.
        curve: Its epochs so far.
        placed_s: When that was.
        before_bytes: The worker's size then.
        since_s: When it reported its last epoch there, at first ``placed_s``.
    """

    claim: Claim
    request: TrialRequest
    curve: list[EpochReport]
    placed_s: float
    before_bytes: int = 0
    since_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.since_s = self.placed_s

    @property
    def epochs_left(self) -> int:
        """Epochs that it may still train; none when its patience has run out."""
        epochs, patience = int(self.request.params["epochs"]), int(self.request.params["patience"])
        if not self.curve:
            return epochs
        last = self.curve[-1]
        return 0 if ran_out(patience, last.epoch, last.best_epoch) else epochs - last.epoch - 1


@dataclass
class WorkerPlace:
    """A worker as the coordinator sees it; ``heard_s`` is when it last said or was given something."""

    heard_s: float
    ready: bool = False
    trial: Placed | None = None
    evaluating: int | None = None
    rss_bytes: int = 0

    @property
    def idle(self) -> bool:
        """Whether it can be given something to do."""
        return self.ready and self.trial is None and self.evaluating is None


@dataclass
class Due:
    """When the recurring duties fall due, on the coordinator's clock."""

    renew_s: float = 0.0
    refresh_s: float = 0.0
    claim_s: float = 0.0
    refresh_after_claim: bool = False


@dataclass
class Stop:
    """Whether and why no further trial is begun.

    Attributes:
        failed_before: Trials that had failed before this session: they are forgiven.
        last_failure: Why the last trial of this session failed, or its worker died.
        failures_in_a_row: How many stopped the study; 0 while none have.
        unfit_in_a_row: Trials that did not fit into memory, since the last that did.
        last_unfit: Why the last of them did not.
        hindered: What the disk said when it first hindered a trial or the ledger, or None.
        deadline_s: When workers that still do not answer are stopped at once.
    """

    failed_before: int = 0
    last_failure: str = "no reason was kept"
    failures_in_a_row: int = 0
    unfit_in_a_row: int = 0
    last_unfit: str = ""
    hindered: TunerError | None = None
    deadline_s: float = field(default=math.inf)

    @property
    def is_due(self) -> bool:
        """Whether a disk, or trials that failed or did not fit, stop the study."""
        if self.hindered is not None:
            return True
        return self.failures_in_a_row > 0 or self.unfit_in_a_row >= MOST_UNFIT_IN_A_ROW

    def raise_if_stopped(self, study: str, interrupts: Interrupts) -> None:
        """Say why the study was stopped, if it was.

        Raises:
            NoSpaceError, StorageRefusedError: By the disk; also after a signal, for then not everything was
                kept.
            StudyInterruptedError: By a signal.
            TooManyFailuresError: By trials that failed or did not fit.
        """
        if self.hindered is not None:
            raise self.hindered
        if interrupts.count:
            raise StudyInterruptedError(
                f"study '{study}' was interrupted; every finished trial is kept and"
                " trials under way go on from their last checkpoint",
                f"go on with: {command('resume', study)}",
                interrupts.exit_code,
            )
        if self.failures_in_a_row:
            raise TooManyFailuresError(
                f"study '{study}': {self.failures_in_a_row} trials failed in a row,"
                f" the last with: {self.last_failure}",
                f"see `{command('trials', study)}`, mend the cause, `{command('resume', study)}`",
            )
        if self.is_due:
            raise TooManyFailuresError(
                f"study '{study}': {self.unfit_in_a_row} trials in a row were not begun; the last"
                f" {self.last_unfit}",
                "search smaller models, use fewer --workers, or raise execution: trial_memory_limit_mib",
            )
