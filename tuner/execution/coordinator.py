"""The coordinator: asks, places, hears, decides, tells. It alone writes, and it never trains.

It knows a study's ledger, an executor and a pruner by their contracts, and nothing of Optuna, Keras,
processes or terminals. Everything it must not lose is in the ledger before it acts on it; it may be
killed at any line and another one goes on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tuner.errors import NoSpaceError, TunerError
from tuner.execution.events import (
    BudgetLeft,
    EpochEnded,
    FrontChanged,
    Notice,
    TrialEnded,
    TrialPlaced,
    TrialProgress,
    Watcher,
    WorkerLost,
    WorkerReady,
)
from tuner.execution.executor import Died, Executor, Heard
from tuner.execution.interrupts import Interrupts
from tuner.execution.memory import MemoryGate
from tuner.execution.messages import Evaluate, Evaluated, Progress, Ready, StopTrial
from tuner.execution.objectives import with_values
from tuner.execution.plan import StudyPlan
from tuner.execution.standing import Due, Front, Placed, Stop, WorkerPlace, disk_error, front_of
from tuner.execution.time_left import TimeLeft, over_limit
from tuner.execution.trial_files import TrialFiles
from tuner.search.pruning import FinishedTrial, Pruner
from tuner.search.trials import reduced
from tuner.spec.grid import trials_within
from tuner.storage import BudgetUse, Claim, RunningStudy
from tuner.suggested import command
from tuner.training.kept_model import MODEL_FILE
from tuner.trial import Ending, EpochReport, TrialOutcome, Verdict, VerdictAction
from tuner.wording import counted

__all__ = ["Coordinator"]

HEAR_S = 0.5
"""Longest wait for a message: how late a signal, an expired lease or a used-up budget may be noticed."""

RENEW_EVERY_S = 5.0
REFRESH_EVERY_S = 5.0
"""How late this coordinator learns what others on the same study have finished."""

CLAIM_AGAIN_S = 1.0
SILENT_WORKER_S = 900.0
"""A worker that starts, trains or measures and says nothing for so long hangs; word2vec on 100,000 long
texts takes half of it."""

RELEASE_GRACE_S = 30.0
"""How long a stop waits for workers to give their trials back before it kills them."""


class Coordinator:
    """Runs one session of a study.

    Args:
        plan: What stays the same.
        study: The study's ledger, joined by this session.
        executor: Keeps the workers.
        pruner: Decides after each epoch.
        watch: Is told what happens.
        interrupts: Counts the signals that were heard.
        clock: Seconds on a clock that never steps.
        memory: Judges whether trials fit. Defaults to one that lets all pass.
        time_left: Chooses trials by what they are expected to take. Defaults to one that has only ended
            trials to learn from.
    """

    def __init__(
        self,
        plan: StudyPlan,
        study: RunningStudy,
        executor: Executor,
        pruner: Pruner,
        watch: Watcher,
        interrupts: Interrupts,
        clock: Callable[[], float] = time.monotonic,
        memory: MemoryGate | None = None,
        time_left: TimeLeft | None = None,
    ) -> None:
        self._plan = plan
        self._study = study
        self._executor = executor
        self._pruner = pruner
        self._watch = watch
        self._interrupts = interrupts
        self._clock = clock
        self._places = [WorkerPlace(clock()) for _ in executor.places]
        self._finished: dict[int, FinishedTrial] = {}
        self._front: Front = ()
        self._exhausted = False
        self._unmeasured: set[int] = set()
        self._files = TrialFiles(plan)
        self._time_left = time_left or TimeLeft(plan, study)
        self._memory = memory or MemoryGate()
        self._due = Due()
        self._stop = Stop()

    # -- the session, from the first trial to the last -------------------------------------------

    def run(self) -> None:
        """Run trials until the budget is used up, then measure on the test split those that are declared.

        Raises:
            StudyInterruptedError: A signal was heard, also while the test split is measured; every trial was
                given back with its checkpoint.
            TooManyFailuresError: The declared number of trials failed in a row.
            StorageUnreachableError, StorageRefusedError, NoSpaceError: From the ledger; the last two also
                where a trial's files could not be written. Without space, once every trial was stopped.
        """
        self._stop.failed_before = self._study.use_of_budget().failed
        self._refresh()
        while True:
            self._heed_signals()
            with self._stopping_where_full():
                self._place_trials()
            self._hear_and_do_duties()
            if self._is_over():
                break
        self._stop.raise_if_stopped(self._plan.name, self._interrupts)
        if self._time_left.unused_s is not None:
            unused = f"the last {self._time_left.unused_s:.0f} s of the time limit were not used"
            self._watch(Notice(f"{unused}: no trial that was tried was predicted to end in them"))
        self._measure_on_test()
        self._stop.raise_if_stopped(self._plan.name, self._interrupts)

    def _is_over(self) -> bool:
        if self._under_way:
            return False
        # Not only those of other sessions: a trial that was given back after the last claim runs nowhere.
        return self._is_stopping or (self._exhausted and not self._study.use_of_budget().running)

    @property
    def _under_way(self) -> list[Placed]:
        return [place.trial for place in self._places if place.trial]

    @property
    def _is_stopping(self) -> bool:
        return self._interrupts.count > 0 or self._stop.is_due

    # -- ask and place -----------------------------------------------------------------------------

    def _place_trials(self) -> None:
        if self._is_stopping or self._clock() < self._due.claim_s:
            return
        for worker, place in enumerate(self._places):
            if not place.idle or self._is_stopping:
                continue
            claim = self._claim()
            if self._due.refresh_after_claim:  # it may have ended a trial that died too often
                self._due.refresh_s, self._due.refresh_after_claim = 0.0, False
            self._exhausted = claim is None
            if claim is None:
                # Another session's trial may still die and need a worker: ask again, but not in a rush.
                self._due.claim_s = self._clock() + CLAIM_AGAIN_S
                return
            self._place(worker, claim)

    def _claim(self) -> Claim | None:
        """Claim a trial; one of several where that saves time, near a time limit only one that fits."""
        choice = self._time_left.choice(self._study.use_of_budget(), self._under_way, self._clock())
        return self._study.claim(choice)

    def _place(self, worker: int, claim: Claim) -> None:
        now = self._clock()
        curve = self._study.curve(claim.number) if claim.continued else []
        request = self._plan.request(claim.number, claim.params)
        placed = Placed(claim, request, curve, now, self._places[worker].rss_bytes)
        unfit = None if curve else self._memory.judge(request)  # what has run here or elsewhere goes on
        if unfit is not None:
            self._tell(worker, placed, unfit)
            self._heed_unfit(unfit)
            return
        self._stop.unfit_in_a_row = 0
        self._places[worker].trial = placed
        self._places[worker].heard_s = now
        self._executor.send(worker, request)
        self._watch(TrialPlaced(worker, claim.number, claim.params, claim.continued))

    # -- hear --------------------------------------------------------------------------------------

    def _hear_and_do_duties(self) -> None:
        for heard in self._executor.hear(HEAR_S):
            with self._stopping_where_full():
                self._take(heard)
        with self._stopping_where_full():
            self._do_duties()

    @contextmanager
    def _stopping_where_full(self) -> Iterator[None]:
        """Begin to stop where the ledger's disk is full: workers are to write their checkpoints, if they can.

        What could not be written down was acknowledged to nobody. Leases that were not given back for it are
        given back when the session is finished.
        """
        try:
            yield
        except NoSpaceError as full:
            self._hinder(full)

    def _take(self, heard: Heard) -> None:
        place = self._places[heard.worker]
        place.heard_s = self._clock()
        match heard.message:
            case Ready() as ready:
                place.ready, place.rss_bytes = True, ready.rss_bytes
                self._memory.worker_is(ready.rss_bytes)
                self._study.record_worker(heard.worker, ready)
                self._watch(WorkerReady(heard.worker, ready.device, ready.import_time_s))
            case Progress() as progress:
                place.rss_bytes = progress.rss_bytes
                if progress.steps:
                    at = (progress.number, progress.epoch, progress.step, progress.steps)
                    self._watch(TrialProgress(heard.worker, *at))
            case EpochReport() as report:
                self._hear_epoch(heard.worker, report)
            case TrialOutcome() as outcome:
                self._hear_outcome(heard.worker, outcome)
            case Evaluated() as evaluated:
                self._hear_test(heard.worker, evaluated)
            case Died(reason=reason):
                self._hear_death(heard.worker, reason)

    def _hear_epoch(self, worker: int, report: EpochReport) -> None:
        placed = self._places[worker].trial
        if placed is None or placed.claim.number != report.number:
            self._executor.send(
                worker, Verdict(report.number, VerdictAction.RELEASE, "no longer this worker's")
            )
            return
        # A trial that goes on from an older checkpoint repeats epochs: the repeated ones count.
        placed.curve = [earlier for earlier in placed.curve if earlier.epoch < report.epoch] + [report]
        placed.since_s = self._clock()
        try:
            held = self._study.record_epoch(placed.claim.token, report)
        except NoSpaceError:  # its worker waits for an answer
            self._executor.send(worker, Verdict(report.number, VerdictAction.RELEASE, "the disk is full"))
            raise
        self._executor.send(worker, self._decide(placed, held))
        self._watch(EpochEnded(worker, report))

    # -- decide ------------------------------------------------------------------------------------

    def _decide(self, placed: Placed, held: bool) -> Verdict:
        number = placed.claim.number
        if not held:
            return Verdict(number, VerdictAction.RELEASE, "another session has taken this trial over")
        if self._is_stopping:
            return Verdict(number, VerdictAction.RELEASE, "the study is being stopped")
        pruned = self._pruner.decide(placed.curve, list(self._finished.values()), placed.epochs_left)
        if pruned:
            return Verdict(number, VerdictAction.PRUNE, pruned.reason, pruned)
        over = over_limit(self._study.use_of_budget(), placed.curve, placed.epochs_left)
        if over:
            return Verdict(number, VerdictAction.FINISH, over.reason, over)
        return Verdict(number, VerdictAction.CONTINUE)

    # -- tell --------------------------------------------------------------------------------------

    def _hear_outcome(self, worker: int, outcome: TrialOutcome) -> None:
        placed = self._places[worker].trial
        if placed is None or placed.claim.number != outcome.number:
            return
        self._places[worker].trial = None
        if outcome.ending is Ending.RELEASED:
            held = self._study.release(placed.claim.token)
            self._watch(self._ended(worker, placed, "RELEASED", None, outcome.reason))
            if held:  # else who has it now may have deleted its folder
                self._heed_disk(outcome)
        else:
            self._tell(worker, placed, self._memory.measured(placed.request, outcome, placed.before_bytes))
        self._replace_if_grown(worker)

    def _tell(self, worker: int, placed: Placed, outcome: TrialOutcome) -> None:
        outcome, values = with_values(outcome, self._plan.spec.objectives)
        if not self._study.record_outcome(placed.claim.token, outcome, values, placed.request.params):
            self._watch(Notice(f"trial {outcome.number} came too late: another session has taken it over"))
            return
        if outcome.ending is Ending.FAILED:
            self._stop.last_failure = outcome.reason
        state = {Ending.COMPLETE: "COMPLETE", Ending.PRUNED: "PRUNED"}.get(outcome.ending, "FAIL")
        curve = reduced(placed.curve, [objective.metric for objective in self._plan.spec.objectives])
        self._finished[outcome.number] = FinishedTrial(outcome.number, outcome.ending, values, curve)
        self._watch(self._ended(worker, placed, state, values, outcome.reason))
        self._update_front()
        self._files.clear(outcome.number, outcome.ending)
        self._watch_budget()

    def _heed_disk(self, hindered: TrialOutcome | Evaluated) -> None:
        """Stop when a trial could not be written down: it would be given back again and again."""
        if hindered.session_ends_in:
            self._hinder(disk_error(hindered, command("resume", self._plan.name)))

    def _hinder(self, error: TunerError) -> None:
        self._stop.hindered = self._stop.hindered or error
        if math.isinf(self._stop.deadline_s):
            self._begin_stop("the disk cannot be written to")

    def _heed_failures(self, use: BudgetUse) -> None:
        """Stop after too many failures in a row, by the ledger: it has those that died too often, too."""
        in_a_row = min(use.failures_in_a_row, use.failed - self._stop.failed_before)
        if in_a_row >= self._plan.spec.budget.max_failures_in_a_row and not self._is_stopping:
            self._begin_stop("too many failures in a row")
            self._stop.failures_in_a_row = in_a_row

    def _heed_unfit(self, unfit: TrialOutcome) -> None:
        """Stop when nothing fits, trial after trial: a study without a budget of trials would never end."""
        self._stop.unfit_in_a_row += 1
        self._stop.last_unfit = unfit.reason
        if self._stop.is_due and math.isinf(self._stop.deadline_s):
            self._begin_stop("no trial fits into memory")

    def _ended(
        self, worker: int, placed: Placed, state: str, values: tuple[float, ...] | None, reason: str
    ) -> TrialEnded:
        return TrialEnded(worker, placed.claim.number, state, values, reason, self._clock() - placed.placed_s)

    # -- deaths, growth, silence ---------------------------------------------------------------------

    def _hear_death(self, worker: int, reason: str) -> None:
        placed = self._places[worker].trial
        evaluating = self._places[worker].evaluating
        self._places[worker] = WorkerPlace(self._clock())
        self._watch(WorkerLost(worker, reason))
        if placed:
            self._stop.last_failure = f"its worker was {reason}"
            self._study.release(placed.claim.token, died=f"its worker was {reason}")
            self._watch(self._ended(worker, placed, "RELEASED", None, f"its worker was {reason}"))
            self._due.claim_s, self._due.refresh_after_claim = 0.0, True
        if evaluating is not None:
            self._study.record_event(evaluating, "test", f"not measured on the test split: {reason}")
            self._unmeasured.discard(evaluating)

    def _replace_if_grown(self, worker: int) -> None:
        limit_bytes = self._plan.spec.execution.worker_memory_limit_mib << 20
        if self._places[worker].rss_bytes > limit_bytes:
            size_mib = self._places[worker].rss_bytes >> 20
            self._watch(Notice(f"worker {worker} has grown to {size_mib} MiB and is replaced by a fresh one"))
            self._places[worker] = WorkerPlace(self._clock())
            self._executor.replace(worker)

    def _replace_silent(self) -> None:
        for worker, place in enumerate(self._places):
            if not place.idle and self._clock() - place.heard_s > SILENT_WORKER_S:
                self._executor.replace(worker)
                self._hear_death(worker, f"silent for {SILENT_WORKER_S:.0f} s and killed")

    # -- recurring duties ----------------------------------------------------------------------------

    def _do_duties(self) -> None:
        now = self._clock()
        if now >= self._due.renew_s:
            self._due.renew_s = now + RENEW_EVERY_S
            self._renew()
            self._watch_budget()
        if now >= self._due.refresh_s:
            self._refresh()
        self._replace_silent()

    def _renew(self) -> None:
        tokens = [placed.claim.token for placed in self._under_way]
        for lost in self._study.renew(tokens):
            for worker, place in enumerate(self._places):
                if place.trial and place.trial.claim.token == lost:
                    number = place.trial.claim.number
                    self._executor.send(
                        worker, StopTrial(number, "another session has taken this trial over")
                    )

    def _refresh(self) -> None:
        """Learn what other sessions, or earlier ones, have finished."""
        self._due.refresh_s = self._clock() + REFRESH_EVERY_S
        fresh = self._study.finished_since(self._finished.keys())
        at_work = {placed.claim.number for placed in self._under_way}  # lost, and its worker still writes
        for trial in fresh:  # who ended it may have died before its files were deleted
            if trial.number not in at_work:
                self._files.clear(trial.number, trial.ending)
        if fresh:
            self._finished.update((trial.number, trial) for trial in fresh)
            self._update_front()
            self._watch_budget()

    def _update_front(self) -> None:
        front = front_of(self._finished.values(), self._plan.spec.objectives)
        if front != self._front:
            self._front = front
            self._watch(FrontChanged(front))
        if self._plan.spec.test_on == "front":  # else the others' models are still to be measured
            self._files.drop_models(self._dominated())

    def _complete(self) -> list[int]:
        return sorted(trial.number for trial in self._finished.values() if trial.values is not None)

    def _dominated(self) -> set[int]:
        return set(self._complete()) - {number for number, _ in self._front}

    def _watch_budget(self) -> None:
        use = self._study.use_of_budget()
        trials = trials_within(self._plan.spec, use.trials)
        self._watch(BudgetLeft(use.finished, trials, use.used_s, use.time_limit_s))
        self._heed_failures(use)

    # -- signals -------------------------------------------------------------------------------------

    def _heed_signals(self) -> None:
        if self._interrupts.count and math.isinf(self._stop.deadline_s):
            self._begin_stop("interrupted")
            self._watch(
                Notice(
                    "stopping: trials under way are given back with their checkpoints; again to stop at once"
                )
            )
        if self._interrupts.count > 1 or self._clock() > self._stop.deadline_s:
            self._stop_at_once()

    def _begin_stop(self, reason: str) -> None:
        self._stop.deadline_s = self._clock() + RELEASE_GRACE_S
        for worker, place in enumerate(self._places):
            if place.trial:
                self._executor.send(worker, StopTrial(place.trial.claim.number, reason))

    def _stop_at_once(self) -> None:
        # Their leases stay until the session is finished: a worker that still writes checkpoints must be
        # gone before another session goes on with its trial.
        for place in self._places:
            place.trial = None

    # -- the test split, opened once at the end --------------------------------------------------------

    def _measure_on_test(self) -> None:
        """Measure each trial that is to be measured on the test split and never was, and no other."""
        self._refresh()  # what another session ended last may have beaten a member
        everything = self._plan.spec.test_on == "all"
        wanted = self._complete() if everything else [number for number, _ in self._front]
        measured = self._study.measured_on_test()
        unmeasured = [number for number in wanted if number not in measured]
        waiting = [number for number in unmeasured if self._files.has_model(number)]
        if everything and len(waiting) < len(unmeasured):
            lost = counted(len(unmeasured) - len(waiting), "trial")
            self._watch(Notice(f"not measured on the test split: {lost} whose models are not here"))
        self._unmeasured = set(waiting)
        while self._unmeasured and not self._is_stopping:
            for worker, place in enumerate(self._places):
                if waiting and place.idle:
                    self._measure(worker, waiting.pop(0))
            self._hear_and_do_duties()
        if everything:
            self._files.drop_models(self._dominated() & self._study.measured_on_test())

    def _measure(self, worker: int, number: int) -> None:
        self._places[worker].evaluating = number
        self._places[worker].heard_s = self._clock()
        request = self._plan.request(number, self._study.params(number))
        self._executor.send(worker, Evaluate(request, MODEL_FILE))

    def _hear_test(self, worker: int, evaluated: Evaluated) -> None:
        self._places[worker].evaluating = None
        self._unmeasured.discard(evaluated.number)
        if evaluated.session_ends_in:
            self._heed_disk(evaluated)
        elif evaluated.metrics:
            self._study.record_test_metrics(evaluated.number, evaluated.metrics, evaluated.confusion)
        else:
            self._study.record_event(
                evaluated.number, "test", f"not measured on the test split: {evaluated.reason}"
            )
            self._watch(
                Notice(f"trial {evaluated.number} was not measured on the test split: {evaluated.reason}")
            )
