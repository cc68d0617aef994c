"""Times finished trials again, alone: one after another on one worker, with nothing of ours beside it.

A timing is the trial itself once more: same seed, same settings, same loop and stopwatch, up to the
epoch that was kept. So its seconds are those of the study but for what disturbed them. Only the
timing is kept: no value, no model, nothing that Optuna knows.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tuner.errors import InputError, StudyInterruptedError, TooManyFailuresError
from tuner.execution.coordinator import HEAR_S, RENEW_EVERY_S, SILENT_WORKER_S
from tuner.execution.cores import Cores, busy_shares, cores_here
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
from tuner.execution.standing import disk_error
from tuner.execution.threads import began_with
from tuner.spec.values import Value
from tuner.storage import TimingRecord, TimingSession
from tuner.suggested import command
from tuner.training.gpus import gpus_here
from tuner.training.stopwatch import OF_STEPS
from tuner.trial import (
    EpochReport,
    TrialOutcome,
    TrialRequest,
    Verdict,
    VerdictAction,
    threads_of,
    way_of,
)
from tuner.wording import counted

__all__ = ["Alone", "Stint", "alone_here", "time_alone"]

BUSY = 0.2
"""Share of a core that others use from which on a person is told; below it is what any system does."""


def time_alone(study: OpenStudy, wanted: Sequence[Errand], way: Alone, watch: Watcher) -> None:
    """Time trials one after another, all of them alike.

    Args:
        study: From :func:`~tuner.execution.launch.open_existing`.
        wanted: From :func:`errands`.
        way: From :func:`alone_here`.
        watch: Is told what happens.

    Raises:
        InputError: While a session works on this study, or on another of this database on this machine; and
            where the device is not here that the trials ran on.
        StudyInterruptedError: After a signal; what was timed is kept.
        NoSpaceError, StorageRefusedError: If a timing's files cannot be written; what was timed is kept.
        TooManyFailuresError: If some could not be timed.
    """
    if way.missing:
        raise InputError(way.missing, "time it there")
    timing = study.ledger.begin_timing(study.name)
    try:
        with Interrupts() as interrupts:
            _announce(study, wanted, watch, way.remarks)
            executor = LocalExecutor([_place(way, watch)], study.folder / "logs")
            executor.start()
            try:
                request = partial(_request, study)
                failed = Stint(study.name, request, timing, executor, watch, interrupts).run(wanted)
            finally:
                executor.stop(0.0)
    finally:
        timing.finish()
    if failed:
        number, reason = next(iter(failed.items()))
        trials = counted(len({each.trial.number for each in wanted}), "trial")
        raise TooManyFailuresError(
            f"study '{study.name}': {len(failed)} of {trials} could not be timed, trial {number} because of:"
            f" {reason}",
            f"mend the cause and go on with: {command('time', study.name)}",
        )


def _announce(study: OpenStudy, wanted: Sequence[Errand], watch: Watcher, remarks: Sequence[str]) -> None:
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
    for remark in (*study.remarks, *remarks):
        watch(Notice(remark))


@dataclass(frozen=True)
class Alone:
    """How the trials of a study are timed here: all of them alike, or their seconds could not be compared.

    Attributes:
        threads: Cores of the one worker.
        on_gpu: Whether it has a GPU.
        remarks: What a person should know.
        missing: Why nothing can be timed here, or empty.
    """

    threads: int
    on_gpu: bool
    remarks: tuple[str, ...] = ()
    missing: str = ""

    def took(self, timing: TimingRecord) -> bool:
        """Tell whether a timing was taken in this way."""
        if timing.device.startswith("GPU") or self.on_gpu:
            return timing.device.startswith("GPU") and self.on_gpu
        return threads_of(timing.device) in (None, self.threads)


def alone_here(study: OpenStudy, cores: Cores | None = None, n_gpus: int | None = None) -> Alone:
    """Decide how trials of a study are timed: on the device of its first completed one, with its threads.

    Threads that are declared count only where nothing tells those of the study.

    Args:
        study: From :func:`~tuner.execution.launch.open_existing`.
        cores: Of this process. Defaults to those it has.
        n_gpus: GPUs here. Defaults to those there are.

    Returns:
        The way. It is one that nothing can be timed in (``missing``) where that trial ran on a GPU and there
        is none here; timings that were taken can still be looked at.
    """
    cores = cores or cores_here()
    with study.ledger.snapshot(study.name) as seen:
        ran = [trial for trial in seen.points() if trial.facts.get("device")]
    device = str(ran[0].facts["device"]) if ran else ""
    ways = {way_of(str(trial.facts["device"])) for trial in ran} - {""}
    if device.startswith("GPU"):
        return _on_gpu(ran[0].number, device, ways, cores, gpus_here().count if n_gpus is None else n_gpus)
    wanted = began_with(study.ledger, study.name) or study.spec.execution.threads or 1
    threads = min(wanted, cores.usable)
    if threads < wanted:
        short = (
            f"the study began with {counted(wanted, 'thread')} for each worker, and here are {cores.in_words}"
        )
        return Alone(threads, on_gpu=False, remarks=(short,))
    return Alone(threads, on_gpu=False, remarks=_others(ways, counted(threads, "thread")))


def _on_gpu(number: int, device: str, ways: set[str], cores: Cores, gpus: int) -> Alone:
    missing = "" if gpus else f"trial {number} ran on {device}, and TensorFlow sees no GPU here"
    threads = max(1, cores.usable // max(1, gpus))
    return Alone(threads, on_gpu=True, remarks=_others(ways, device), missing=missing)


def _others(ways: set[str], way: str) -> tuple[str, ...]:
    """Say what other ways the study's trials had."""
    others = " and ".join(sorted(ways - {way}))
    return (f"the study has trials with {others}; all are timed with {way}",) if others else ()


def _place(way: Alone, watch: Watcher) -> Place:
    """Choose the quietest cores; tell who is at work on them."""
    busy = busy_shares(cores_here().numbers)
    place = quiet_place(way.threads, busy, way.on_gpu)
    loud = [f"core {core}: {busy[core]:.0%}" for core in place.cores if busy[core] > BUSY]
    if loud:
        watch(Notice(f"other programs are at work on {', '.join(loud)}; these times will be disturbed"))
    return place


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

    def run(self, wanted: Sequence[Errand]) -> dict[int, str]:
        """Time them in order; return why those failed that did, by number.

        Args:
            wanted: Not empty.

        Raises:
            StudyInterruptedError: After a signal.
            NoSpaceError, StorageRefusedError: If a timing's files cannot be written.
        """
        failed: dict[int, str] = {}
        for turn, errand in enumerate(wanted):
            self._watch(BudgetLeft(turn, len(wanted), 0.0, None))
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
                    f"go on with: {command('time', self._name)}",
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
                        if outcome.session_ends_in:
                            raise disk_error(outcome, command("time", self._name), "what was timed is kept")
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
