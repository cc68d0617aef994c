"""What the coordinator has in mind between two messages. All of it may be lost: the ledger has the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tuner.storage import Claim
from tuner.trial import EpochReport, TrialRequest

__all__ = ["Due", "Placed", "Stop", "WorkerPlace"]


@dataclass
class Placed:
    """A trial on a worker."""

    claim: Claim
    request: TrialRequest
    curve: list[EpochReport]
    placed_s: float


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
        deadline_s: When workers that still do not answer are stopped at once.
    """

    failed_before: int = 0
    last_failure: str = "no reason was kept"
    failures_in_a_row: int = 0
    deadline_s: float = field(default=math.inf)
