"""Whether a trial fits into memory: known before it is begun, so that none is begun only to be killed.

What a trial takes is estimated from its settings (:mod:`tuner.training.memory`), put right by what finished
trials of its family were measured to take, and held against what a worker may have. A trial that does not
fit is never sent to a worker: the coordinator records it as pruned, with the reason, and the sampler learns
by how much it does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from tuner.data.encode import open_dataset
from tuner.decision import Decision, Rule
from tuner.spec.values import Params, Value
from tuner.training.memory import TextFacts, estimate_bytes, estimate_work
from tuner.trial import LIMIT, NEEDED, Ending, TrialOutcome, TrialRequest

__all__ = ["WORKER_BYTES", "MemoryGate", "estimate_for", "work_for"]

ESTIMATE, MEASURED = "memory_estimate_bytes", "memory_measured_bytes"
"""Facts of a trial that ran: what it was thought to take beside its worker, and what it did."""

WORKER_BYTES = 700 << 20
"""A worker before its first trial, where none has said it yet; TensorFlow 2.21 on Linux."""

_LEAST_GROWTH = 0.5
"""Of what a trial took, the share by which its worker grew for it: one that lived on what an earlier trial
had left is not a measure of itself."""

_LEAST_ESTIMATE_BYTES = 128 << 20
"""A ratio of two small numbers tells nothing about large ones."""

_LEAST_RATIOS = 3
_QUANTILE = 0.9
"""Of the ratios of what was measured to what was estimated: one trial in ten may take more."""

_RATIO_BOUNDS = (0.5, 4.0)
"""A ratio beyond them is an accident of measuring and no property of a model."""


@dataclass
class MemoryGate:
    """Judges trials before they are begun, and learns from those that have ended.

    Attributes:
        limit_bytes: What a worker with its trial may have, or None for no limit.
        estimate: Bytes of a trial beside its worker, or None where they cannot be known.
        worker_bytes: The largest worker before its first trial; 0 while none is known.
    """

    limit_bytes: int | None = None
    estimate: Callable[[TrialRequest], int | None] = lambda _: None
    worker_bytes: int = 0
    _ratios: dict[str, list[float]] = field(default_factory=dict)

    def worker_is(self, size_bytes: int) -> None:
        """Learn what a worker takes before its first trial."""
        self.worker_bytes = max(self.worker_bytes, size_bytes)

    def needed_bytes(self, request: TrialRequest) -> int | None:
        """Return what a trial takes with its worker, as far as is known by now, or None if it is not."""
        parts = self._parts(request)
        return None if parts is None else _needed_bytes(*parts)

    def _parts(self, request: TrialRequest) -> tuple[int, int, float] | None:
        """Return a worker's bytes, those a trial is estimated to add, and what one of these stands for."""
        estimate = self.estimate(request)
        if estimate is None:
            return None
        return self.worker_bytes or WORKER_BYTES, estimate, self.ratio(_family(request.params))

    def judge(self, request: TrialRequest) -> TrialOutcome | None:
        """Return how a trial ends that does not fit, or None for one that does."""
        if self.limit_bytes is None:
            return None
        parts = self._parts(request)
        needed = 0 if parts is None else _needed_bytes(*parts)
        if parts is None or needed <= self.limit_bytes:
            return None
        sizes = {"needed_bytes": needed, "limit_bytes": self.limit_bytes}
        made_of = dict(zip(("worker_bytes", "estimate_bytes", "ratio"), parts, strict=True))
        decision = Decision(Rule.MEMORY, {**sizes, **made_of})
        facts: dict[str, Value] = {NEEDED: needed, LIMIT: self.limit_bytes}
        return TrialOutcome(
            request.number, Ending.PRUNED, reason=decision.reason, facts=facts, decision=decision
        )

    def measured(self, request: TrialRequest, outcome: TrialOutcome, before_bytes: int) -> TrialOutcome:
        """Learn from a trial that has ended, and return its outcome with the estimate and the measure.

        Args:
            request: The trial.
            outcome: Its end.
            before_bytes: Its worker's size before it.
        """
        estimate = self.estimate(request)
        peak_bytes = int(outcome.metrics.get("peak_memory_bytes", 0.0))
        if estimate is None or not peak_bytes:
            return outcome
        facts: dict[str, Value] = {**outcome.facts, ESTIMATE: estimate}
        taken_bytes = peak_bytes - self.worker_bytes
        if self.worker_bytes and peak_bytes - before_bytes > _LEAST_GROWTH * taken_bytes > 0:
            facts[MEASURED] = taken_bytes
            self.learn(request.params, facts)
        return replace(outcome, facts=facts)

    def learn(self, settings: Params, facts: Mapping[str, Value]) -> None:
        """Learn from the facts of a finished trial, if it was measured and is large enough to tell.

        Args:
            settings: Its complete settings.
            facts: As :meth:`measured` left them, in this session or an earlier one.
        """
        taken, estimate = facts.get(MEASURED), facts.get(ESTIMATE)
        if isinstance(taken, int) and isinstance(estimate, int) and estimate >= _LEAST_ESTIMATE_BYTES:
            self._ratios.setdefault(_family(settings), []).append(taken / estimate)

    def ratio(self, family: str) -> float:
        """Return what a byte of a family's estimate stands for; 1 until enough of its trials ended."""
        ranked = sorted(self._ratios.get(family, ()))
        if len(ranked) < _LEAST_RATIOS:
            return 1.0
        low, high = _RATIO_BOUNDS
        return min(max(ranked[math.ceil(_QUANTILE * (len(ranked) - 1))], low), high)


def _needed_bytes(worker_bytes: int, estimate_bytes: int, ratio: float) -> int:
    return worker_bytes + int(estimate_bytes * ratio)


def _family(settings: Params) -> str:
    return str(settings.get("family", ""))


def estimate_for(request: TrialRequest) -> int | None:
    """Estimate a trial from its settings and its texts, which are looked at once."""
    return estimate_bytes(request.params, _texts_in(request.dataset_dir))


def work_for(request: TrialRequest) -> float | None:
    """Estimate how long a trial takes against others, from its settings and its texts."""
    return estimate_work(request.params, _texts_in(request.dataset_dir))


@cache
def _texts_in(dataset_dir: str) -> TextFacts:
    dataset = open_dataset(Path(dataset_dir))
    parts = (dataset.train, dataset.validation, dataset.test)
    longest = max(int(np.diff(part.offsets).max(initial=0)) for part in parts)
    outputs = len(dataset.classes) if dataset.task == "multiclass" else 1
    return TextFacts(len(dataset.words), longest, outputs)
