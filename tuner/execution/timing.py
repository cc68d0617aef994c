"""Times finished trials again, alone: one after another on one worker, with nothing of ours beside it.

A timing is the trial itself once more: same seed, same settings, same loop and stopwatch, up to the
epoch that was kept. So its seconds are those of the study but for what disturbed them. Only the
timing is kept: no value, no model, nothing that Optuna knows.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import psutil

from tuner.errors import InputError, StudyInterruptedError, TooManyFailuresError
from tuner.execution.coordinator import HEAR_S, RENEW_EVERY_S, SILENT_WORKER_S
from tuner.execution.errands import Errand, cut_to
from tuner.execution.events import (
    BudgetLeft,
    EpochEnded,
    Notice,
    StudyOpened,
    TrialEnded,
    TrialPlaced,
    TrialProgress,
    Watcher,
    WorkerLost,
    WorkerReady,
)
from tuner.execution.executor import Died, Executor
from tuner.execution.interrupts import Interrupts
from tuner.execution.launch import OpenStudy, request_of
from tuner.execution.local import LocalExecutor
from tuner.execution.messages import Progress, Ready
from tuner.execution.placement import Place, quiet_place
from tuner.spec.values import Value
from tuner.storage import TimingRecord, TimingSession, TrialRecord
from tuner.training.gpus import count_gpus
from tuner.training.stopwatch import OF_STEPS
from tuner.trial import EpochReport, TrialOutcome, TrialRequest, Verdict, VerdictAction

__all__ = ["Stint", "time_alone"]

BUSY = 0.2
"""Share of a core that others use from which on a person is told; below it is what any system does."""

LOOK_S = 1.0
"""How long the cores are watched to find the quietest."""


def time_alone(study: OpenStudy, wanted: Sequence[Errand], watch: Watcher) -> None:
    """Time trials one after another, each on as many cores as it had in the study.

    Args:
        study: From :func:`~tuner.execution.launch.open_existing`.
        wanted: From :func:`errands`.
        watch: Is told what happens.

    Raises:
        InputError: While a session works on this study, or on another of this database on this machine, or
            if a trial ran on a GPU and there is none here.
        StudyInterruptedError: After a signal; what was timed is kept.
        TooManyFailuresError: If some could not be timed.
    """
    timing = study.ledger.begin_timing(study.name)
    try:
        with Interrupts() as interrupts:
            failed: dict[int, str] = {}
            done = 0
            _announce(study, wanted, watch)
            for place, share in _by_place(wanted, watch):
                executor = LocalExecutor([place], study.folder / "logs")
                executor.start()
                try:
                    stint = Stint(study.name, partial(_request, study), timing, executor, watch, interrupts)
                    failed |= stint.run(share, done, len(wanted))
                finally:
                    executor.stop(0.0)
                done += len(share)
    finally:
        timing.finish()
    if failed:
        number, reason = next(iter(failed.items()))
        raise TooManyFailuresError(
            f"study '{study.name}': {len(failed)} of {len({each.trial.number for each in wanted})} trials"
            f" could not be timed, trial {number} because of: {reason}",
            f"mend the cause and go on with: tuner time {study.name}",
        )


def _announce(study: OpenStudy, wanted: Sequence[Errand], watch: Watcher) -> None:
    watch(
        StudyOpened(
            name=study.name,
            storage=study.database.safe_url,
            objectives=study.spec.objectives,
            workers=1,
            epochs=None,
            finished=0,
            continued=study.continued,
            timings=len(wanted),
        )
    )
    for remark in study.remarks:
        watch(Notice(remark))


def _by_place(wanted: Sequence[Errand], watch: Watcher) -> list[tuple[Place, list[Errand]]]:
    """Put errands together that run with the same threads on the same kind of device."""
    cores = sorted(os.sched_getaffinity(0))
    busy = _busy_shares(cores)
    n_gpus = count_gpus()
    groups: dict[tuple[int, bool], list[Errand]] = {}
    for errand in wanted:
        groups.setdefault(_device_of(errand.trial, len(cores), n_gpus), []).append(errand)
    found = []
    for (threads, on_gpu), share in groups.items():
        place = quiet_place(threads, busy, on_gpu)
        if threads > len(cores):
            watch(Notice(f"{threads} threads were used in the study, and here are {len(cores)} cores"))
        loud = [f"core {core}: {busy[core]:.0%}" for core in place.cores if busy[core] > BUSY]
        if loud:
            watch(Notice(f"other programs are at work on {', '.join(loud)}; these times will be disturbed"))
        found.append((place, share))
    return found


def _device_of(trial: TrialRecord, cores: int, n_gpus: int) -> tuple[int, bool]:
    """Return the threads that a trial had in the study, and whether it had a GPU."""
    device = str(trial.facts.get("device", ""))
    if device.startswith("GPU"):
        if not n_gpus:
            raise InputError(
                f"trial {trial.number} ran on {device}, and TensorFlow sees no GPU here", "time it there"
            )
        return max(1, cores // n_gpus), True
    several = re.fullmatch(r"CPU \((\d+) cores\)", device)
    return (int(several[1]) if several else 1), False


def _busy_shares(cores: Sequence[int]) -> dict[int, float]:
    """Watch for a moment how busy each core is, from 0 to 1."""
    shares = psutil.cpu_percent(interval=LOOK_S, percpu=True)
    return {core: shares[core] / 100 if core < len(shares) else 0.0 for core in cores}


class Stint:
    """Times one errand after another on the one worker of an executor.

    Args:
        name: The study's name.
        request: Writes down what the worker needs, with a folder of the timing's own.
        timing: Keeps what was timed.
        executor: With one place.
        watch: Is told what happens.
        interrupts: Counts the signals that were heard.
        clock: Seconds on a clock that never steps.
    """

    def __init__(
        self,
        name: str,
        request: Callable[[Errand], TrialRequest],
        timing: TimingSession,
        executor: Executor,
        watch: Watcher,
        interrupts: Interrupts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._request = request
        self._timing = timing
        self._executor = executor
        self._watch = watch
        self._interrupts = interrupts
        self._clock = clock
        self._ready: Ready | None = None
        self._renewed_s = clock()

    def run(self, wanted: Sequence[Errand], done: int = 0, total: int | None = None) -> dict[int, str]:
        """Time them in order; return why those failed that did, by number.

        Args:
            wanted: Not empty.
            done: Timings taken before, for those who watch.
            total: Timings in all; defaults to those wanted.

        Raises:
            StudyInterruptedError: After a signal.
        """
        failed: dict[int, str] = {}
        for turn, errand in enumerate(wanted):
            self._watch(BudgetLeft(done + turn, total or len(wanted), 0.0, None))
            number = errand.trial.number
            if number in failed:
                continue
            request = self._request(errand)
            shutil.rmtree(request.trial_dir, ignore_errors=True)  # of one that was killed here
            try:
                reason = self._time(errand, request)
            finally:
                shutil.rmtree(request.trial_dir, ignore_errors=True)
            if reason:
                failed[number] = reason
                self._timing.record_event(number, f"not timed: {reason}")
        return failed

    def _time(self, errand: Errand, request: TrialRequest) -> str:
        """Run one errand and keep its seconds; return why that failed, or an empty string."""
        began_s = heard_s = self._clock()
        last: EpochReport | None = None
        is_sent = False
        while True:
            if self._interrupts.count:
                raise StudyInterruptedError(
                    f"timing of study '{self._name}' was interrupted; what was timed is kept",
                    f"go on with: tuner time {self._name}",
                    self._interrupts.exit_code,
                )
            if self._ready is not None and not is_sent:
                is_sent, began_s = True, self._clock()
                self._executor.send(0, request)
                self._watch(TrialPlaced(0, request.number, errand.trial.params, continued=False))
            for heard in self._executor.hear(HEAR_S):
                heard_s = self._clock()
                match heard.message:
                    case Ready() as ready:
                        self._ready = ready
                        self._watch(WorkerReady(0, ready.device, ready.import_time_s))
                    case Progress() as told if told.steps:
                        self._watch(TrialProgress(0, told.number, told.epoch, told.step, told.steps))
                    case EpochReport() as last:
                        self._watch(EpochEnded(0, last))
                        self._executor.send(0, _verdict(errand, last))
                    case TrialOutcome() as outcome:
                        return self._end(errand, last, outcome.reason, began_s)
                    case Died(reason=reason):
                        self._ready = None
                        self._watch(WorkerLost(0, reason))
                        if is_sent:
                            return f"its worker was {reason}"
            if self._clock() - heard_s > SILENT_WORKER_S:
                self._ready = None
                self._executor.replace(0)
                return f"silent for {SILENT_WORKER_S:.0f} s and killed"
            self._renew()

    def _end(self, errand: Errand, last: EpochReport | None, reason: str, began_s: float) -> str:
        number = errand.trial.number
        wall_s = self._clock() - began_s
        if last is None or last.epoch + 1 < errand.epochs or self._ready is None:
            self._watch(TrialEnded(0, number, "FAIL", None, reason, wall_s))
            return reason or "it ended before its last epoch"
        record = _record(errand, last.metrics, self._ready, self._timing.host)
        self._timing.record(record)
        before_s = errand.trial.metrics.get("training_time_s", 0.0)
        scaled = "" if errand.epochs == errand.kept_epochs else f", scaled from {errand.epochs} epochs"
        said = f"training time {record.training_time_s:.2f} s alone, {before_s:.2f} s in the study{scaled}"
        self._watch(TrialEnded(0, number, "TIMED", None, said, wall_s))
        return ""

    def _renew(self) -> None:
        if self._clock() - self._renewed_s > RENEW_EVERY_S:
            self._renewed_s = self._clock()
            self._timing.renew()


def _request(study: OpenStudy, errand: Errand) -> TrialRequest:
    return cut_to(errand, request_of(study, errand.trial), study.folder / "timing")


def _verdict(errand: Errand, report: EpochReport) -> Verdict:
    """End the trial at its last epoch as pruned: then it keeps no model."""
    is_last = report.epoch + 1 >= errand.epochs
    action = VerdictAction.PRUNE if is_last else VerdictAction.CONTINUE
    return Verdict(report.number, action, "timed" if is_last else "")


def _record(errand: Errand, metrics: Mapping[str, float], ready: Ready, host: str) -> TimingRecord:
    scale = errand.kept_epochs / errand.epochs
    seconds = {name: metrics[name] * scale for name in OF_STEPS if name in metrics}
    facts: dict[str, Value] = {
        "series": errand.series,
        "epochs": errand.epochs,
        "kept_epochs": errand.kept_epochs,
        **seconds,
        **ready.versions,
    }
    number = errand.trial.number
    return TimingRecord(
        number, metrics["training_time_s"] * scale, ready.calibration_s, host, ready.device, facts
    )
