"""What coordinator and workers say to each other, and how it is written: one JSON object a line.

JSON and not pickle, because a line that came from a worker must never run code in the coordinator.
The local executor sends these lines over a socket; another executor may carry them as it likes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tuner.decision import Decision
from tuner.trial import Ending, EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction

__all__ = [
    "Down",
    "Evaluate",
    "Evaluated",
    "Progress",
    "Ready",
    "Shutdown",
    "StopTrial",
    "Up",
    "decode",
    "encode",
]


@dataclass(frozen=True)
class StopTrial:
    """Down: give trial ``number`` back at the next step; its last checkpoint stays."""

    number: int
    reason: str = ""


@dataclass(frozen=True)
class Evaluate:
    """Down: measure a finished trial's kept model, a file of its trial folder, on the test split."""

    request: TrialRequest
    model_path: str


@dataclass(frozen=True)
class Shutdown:
    """Down: end in good order."""


@dataclass(frozen=True)
class Ready:
    """Up: the worker has imported its libraries and taken its device.

    Attributes:
        pid: Of the worker process.
        device: E.g. ``CPU (core 1)`` or ``GPU 0 (NVIDIA ...)``.
        import_time_s: What starting cost.
        calibration_s: Seconds of a fixed piece of recurrent work on this worker.
        versions: Of the libraries that decide results.
        rss_bytes: Its resident memory before its first trial.
    """

    pid: int
    device: str
    import_time_s: float
    calibration_s: float
    versions: dict[str, str] = field(default_factory=dict)
    rss_bytes: int = 0


@dataclass(frozen=True)
class Progress:
    """Up: a sign of life from inside an epoch or a pass over the test split, at most about one a second.

    Attributes:
        number: The trial.
        epoch: 0-based epoch under way.
        step, steps: Training steps done and in all, of this epoch; 0 outside of one.
        rss_bytes: Resident memory of the worker.
    """

    number: int
    epoch: int
    step: int
    steps: int
    rss_bytes: int


@dataclass(frozen=True)
class Evaluated:
    """Up: the test split's metrics and confusion matrix of a finished trial, or why there are none.

    Attributes:
        number: The trial.
        metrics: By name; empty if they could not be measured.
        reason: Why not.
        confusion: As of :func:`~tuner.metrics.confusion_matrix`.
        session_ends_in: As of a ``TrialOutcome``: the disk hindered it, and would hinder the next.
    """

    number: int
    metrics: dict[str, float]
    reason: str = ""
    confusion: Sequence[Sequence[int]] = ()
    session_ends_in: int = 0


Down: TypeAlias = TrialRequest | Verdict | StopTrial | Evaluate | Shutdown
Up: TypeAlias = Ready | Progress | EpochReport | TrialOutcome | Evaluated

_DOWN: tuple[type[Any], ...] = (TrialRequest, Verdict, StopTrial, Evaluate, Shutdown)
_UP: tuple[type[Any], ...] = (Ready, Progress, EpochReport, TrialOutcome, Evaluated)
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (*_DOWN, *_UP)}


def encode(message: Down | Up) -> bytes:
    """Write a message as one line of JSON, ending in a line feed."""
    body = {"kind": type(message).__name__, **dataclasses.asdict(message)}
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Down | Up:
    """Read a message back.

    Raises:
        ValueError: If the line is not a message of this version.
    """
    try:
        body = json.loads(line)
        kind = _KINDS[body.pop("kind")]
        if "confusion" in body:
            body["confusion"] = tuple(tuple(row) for row in body["confusion"])
        if body.get("decision") is not None:
            body["decision"] = Decision.of_document(body["decision"])
        if kind is Verdict:
            body["action"] = VerdictAction(body["action"])
        elif kind is TrialOutcome:
            body["ending"] = Ending(body["ending"])
        elif kind is Evaluate:
            body["request"] = TrialRequest(**body["request"])
        message: Down | Up = kind(**body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a message: {line[:200]!r}") from error
    return message
