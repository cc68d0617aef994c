"""A session on a study of many trials: all is real but the workers, which train nothing.

python -m benchmarks.scale.session STORAGE TRIALS    # prints what it measured as JSON
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.scale import NAME
from benchmarks.scale.fill import EPOCHS, curve_of
from tuner.catalogue import CATALOGUE
from tuner.decision import Decision
from tuner.execution.coordinator import Coordinator
from tuner.execution.executor import Heard
from tuner.execution.interrupts import Interrupts
from tuner.execution.messages import Down, Ready
from tuner.execution.plan import StudyPlan
from tuner.search.pruning import make_pruner
from tuner.search.samplers import make_sampler
from tuner.storage import Ledger, open_database, this_owner
from tuner.trial import Ending, EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction

__all__ = ["AnsweringExecutor", "Laps", "measure"]


class AnsweringExecutor:
    """An executor whose workers answer at once, with curves that are made up."""

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers
        self._heard: deque[Heard] = deque()
        self._running: dict[int, tuple[TrialRequest, list[dict[str, float]], int]] = {}
        self._chance = random.Random(1)

    @property
    def places(self) -> Sequence[str]:
        """See ``Executor``."""
        return [f"place {worker}" for worker in range(self._workers)]

    def start(self) -> None:
        """Say that all workers are ready."""
        for worker in range(self._workers):
            self._heard.append(Heard(worker, Ready(worker + 1, "none", 0.0, 0.1, {})))

    def send(self, worker: int, message: Down) -> None:
        """Answer a request, or a verdict after an epoch."""
        match message:
            case TrialRequest():
                self._running[worker] = (message, curve_of(message.params, self._chance), 0)
                self._go_on(worker)
            case Verdict(action=VerdictAction.CONTINUE):
                self._go_on(worker)
            case Verdict(action=action, reason=reason, decision=decision):
                ending = Ending.PRUNED if action is VerdictAction.PRUNE else Ending.RELEASED
                self._end(worker, ending, reason, decision)
            case _:
                pass

    def _go_on(self, worker: int) -> None:
        request, curve, epoch = self._running[worker]
        if epoch == EPOCHS:
            self._end(worker, Ending.COMPLETE, "")
            return
        self._running[worker] = (request, curve, epoch + 1)
        report = EpochReport(request.number, epoch, curve[epoch], epoch, curve[epoch])
        self._heard.append(Heard(worker, report))

    def _end(self, worker: int, ending: Ending, reason: str, decision: Decision | None = None) -> None:
        request, curve, epoch = self._running.pop(worker)
        outcome = TrialOutcome(request.number, ending, curve[epoch - 1], reason, decision=decision)
        self._heard.append(Heard(worker, outcome))

    def hear(self, timeout_s: float) -> list[Heard]:  # noqa: ARG002 - of the contract; nothing is waited for
        """Return the next answer."""
        return [self._heard.popleft()] if self._heard else []

    def replace(self, worker: int) -> None:
        """Do nothing: no worker grows or hangs."""

    def stop(self, grace_s: float) -> None:
        """Do nothing: there is no process."""


class Laps:
    """Seconds of a method's calls, taken by standing in front of it."""

    def __init__(self, owner: object, name: str) -> None:
        self.seconds: list[float] = []
        self._called: Callable[..., Any] = getattr(owner, name)
        setattr(owner, name, self)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        began_s = time.perf_counter()
        try:
            return self._called(*arguments, **named)
        finally:
            self.seconds.append(time.perf_counter() - began_s)


def measure(storage: str, trials: int) -> dict[str, float]:
    """Run a session of so many trials more and return what it took.

    Args:
        storage: A database that ``fill`` has made.
        trials: How many; at least 10.
    """
    began_s = time.perf_counter()
    database = open_database(storage, create=False)
    ledger = Ledger(database)
    begun = ledger.use_of_budget(NAME).begun
    ledger.set_budget(NAME, replace(ledger.study(NAME).budget, trials=begun + trials))
    spec = ledger.study(NAME).spec
    running = ledger.join(NAME, make_sampler(spec.sampler, spec.space, spec.seed), this_owner())
    asked, told = Laps(running, "claim"), Laps(running, "record_outcome")
    executor = AnsweringExecutor()
    with tempfile.TemporaryDirectory() as folder, Interrupts() as interrupts:
        plan = StudyPlan(
            NAME, spec, CATALOGUE, {"moderate": Path(folder)}, Path(folder), Path(folder), Path(folder)
        )
        pruner = make_pruner(spec.pruner, spec.objectives, CATALOGUE.metrics)
        executor.start()
        Coordinator(plan, running, executor, pruner, lambda _: None, interrupts).run()
    whole_s = time.perf_counter() - began_s
    running.finish_session()
    database.close()
    # The first claim also reads what is there; the last ones find the budget used up.
    both = [ask + tell for ask, tell in zip(asked.seconds[1:trials], told.seconds[1:], strict=False)]
    return {
        "first_ask_s": asked.seconds[0],
        "ask_p50_s": statistics.median(asked.seconds[1:trials]),
        "tell_p50_s": statistics.median(told.seconds[1:]),
        "ask_tell_p50_s": statistics.median(both),
        "ask_tell_p95_s": statistics.quantiles(both, n=20)[-1],
        "a_trial_s": whole_s / trials,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
