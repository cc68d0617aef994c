"""One trial, from its request to its outcome.

Reads top to bottom: :func:`run_trial` cleans up, ``_run`` catches what can go wrong, ``_Trial.run`` is the
trial, and the methods below it are its parts in their order. It talks to whoever placed it through a
:class:`TrialChannel` only; it knows no study, no sampler and no database.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tuner.data.encode import open_dataset
from tuner.data.values import EncodedDataset
from tuner.decision import Decision
from tuner.embeddings import EMBEDDINGS
from tuner.embeddings.protocol import TokenInput
from tuner.embeddings.tfidf import TERMS_VERSION
from tuner.errors import NoSpaceError, StorageRefusedError, TunerError
from tuner.metrics import Confusion, confusion_matrix, measure
from tuner.models import family_of
from tuner.training.affinity import own_cores
from tuner.training.calibrate import Pace, piece
from tuner.training.chance import chance_of, never_learned
from tuner.training.checkpoint import (
    CHECKPOINT_EVERY_S,
    Checkpoint,
    Checkpointer,
    CheckpointError,
    load_checkpoint,
)
from tuner.training.course import Course, Rules
from tuner.training.device import (
    describe_device,
    has_one_core,
    library_versions,
    queued_s,
    recurrent_kernel,
    threads_here,
)
from tuner.training.event_file import AddEpoch, event_file
from tuner.training.feed import feed_for
from tuner.training.graphs import Graphs
from tuner.training.kept_model import MODEL_FILE, keep_model
from tuner.training.leftovers import clean_up, seed_all
from tuner.training.memory import PeakMemory
from tuner.training.precision import Precision, computing_in, precision_of
from tuner.training.steps import handed_over, predict_all, ready_to_train, seed_dropout, warm_up
from tuner.training.stopwatch import ADDED, OF_STEPS, Clocks, Stopwatch, Times
from tuner.trial import (
    LONGEST,
    SHARED,
    THREADS,
    WAYS,
    WORDS,
    Ending,
    EpochReport,
    TrialOutcome,
    TrialRequest,
    Verdict,
    VerdictAction,
    way_of,
)

__all__ = ["Timing", "TrialChannel", "run_trial"]

_logger = logging.getLogger(__name__)


_CLEARED_EVERY = 16
"""Trials of this process after which all that TensorFlow keeps is cleared. Making it ready again takes the
next trial a tenth of a second, and the next one of each kept graph some more."""

_trials = itertools.count(1)


class TrialChannel(Protocol):
    """What a running trial sees of whoever placed it."""

    def report(self, report: EpochReport) -> Verdict:
        """Send a finished epoch up and wait for the verdict; a trial that goes on repeats its last epoch."""

    def progress(self, epoch: int, step: int, steps: int) -> None:
        """Say that ``step`` of ``steps`` are done; it must be cheap.

        It is called after each one, and with the last of them after each batch of the validation texts.
        """

    def stop_requested(self) -> bool:
        """Tell whether the trial shall be given back; asked before each step."""


@dataclass(frozen=True)
class Timing:
    """Where a trial reads its time, in which company, and how often it writes checkpoints.

    Attributes:
        clocks: Defaults to the system's, as this worker's device asks for.
        checkpoint_every_s: Least time between two checkpoints.
        work: The piece of work that tells the worker's speed. Defaults to the one of
            :mod:`tuner.training.calibrate`.
        is_shared: Whether another worker has the same device. A trial keeps that, also when it goes on alone.
    """

    clocks: Clocks | None = None
    checkpoint_every_s: float = CHECKPOINT_EVERY_S
    work: Callable[[], object] | None = None
    is_shared: bool = False


class _ReleasedError(Exception):
    """The trial is given back in the middle of an epoch."""


class _DivergedError(Exception):
    """The loss is no number any more."""


def run_trial(
    request: TrialRequest,
    channel: TrialChannel,
    timing: Timing | None = None,
    graphs: Graphs | None = None,
) -> TrialOutcome:
    """Run a trial, from its last checkpoint if there is one, and return how it ended.

    Whatever is wrong with the trial itself comes back as FAILED with a reason; nothing is raised. A disk that
    cannot be written to is not the trial's fault: it is RELEASED, with its former checkpoint.

    Args:
        request: The trial.
        channel: Hears of every epoch and decides about it.
        timing: Clocks. Defaults to the system's.
        graphs: What this process has traced for former trials, where they come again. Defaults to none.

    Returns:
        The outcome. COMPLETE: the kept epoch's metrics, with ``training_time_s`` up to it, and the
        trial's totals; ``model.keras`` is in the trial's folder.
    """
    is_own = bool(request.code_dir)
    # What a layer of a person's own depends on, nobody but it can tell.
    shared = graphs if request.graph_returns and not is_own else None
    try:
        outcome = _run(request, channel, timing or Timing(), shared)
        if outcome.ending is Ending.FAILED and shared is not None:
            shared.clear()  # it may have failed for want of memory, and left its model in any state
        return outcome
    finally:
        clean_up(with_tensorflow=is_own or next(_trials) % _CLEARED_EVERY == 0)


def _run(request: TrialRequest, channel: TrialChannel, timing: Timing, graphs: Graphs | None) -> TrialOutcome:
    import tensorflow as tf

    try:
        return _Trial(request, channel, timing, graphs).run()
    except (NoSpaceError, StorageRefusedError) as error:
        return TrialOutcome(
            request.number, Ending.RELEASED, reason=error.message, session_ends_in=error.exit_code
        )
    except TunerError as error:
        return TrialOutcome(request.number, Ending.FAILED, reason=str(error))
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        reason = f"out of memory: {_first_line(error)}; use fewer units, a smaller batch or shorter texts"
        return TrialOutcome(request.number, Ending.FAILED, reason=reason, detail=traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - the one place: a trial's crash is that trial's outcome, not the worker's end
        reason = f"{type(error).__name__}: {_first_line(error)}"
        return TrialOutcome(request.number, Ending.FAILED, reason=reason, detail=traceback.format_exc())


class _Trial:
    """A trial under way. Everything is made ready in here; :meth:`run` trains."""

    def __init__(
        self, request: TrialRequest, channel: TrialChannel, timing: Timing, graphs: Graphs | None
    ) -> None:
        import tensorflow as tf

        self._request = request
        self._channel = channel
        clocks = timing.clocks or Clocks(waited=None if has_one_core() else queued_s, cores=len(own_cores()))
        self._pace = Pace(timing.work or piece(), clocks.calibrated)
        self._stopwatch = Stopwatch(clocks, self._pace.speed)
        self._before = Times()
        self._device = describe_device()
        self._ways: tuple[str, ...] = (way_of(self._device),)
        self._is_shared = timing.is_shared
        self._memory = PeakMemory()
        self._course = Course(Rules.of(request.params))
        self._family = family_of(str(request.params["family"]), request.code_dir)
        self._precision = precision_of(request.params, tf.config)
        identity = _identity(request, self._family.source_sha256, self._precision)
        self._checkpointer = Checkpointer(
            Path(request.trial_dir), identity, clocks.wall, timing.checkpoint_every_s
        )
        seed_all(request.seed, with_tensorflow=bool(request.code_dir))
        params = request.params
        self._dataset = open_dataset(Path(request.dataset_dir))
        source = EMBEDDINGS[str(params["embedding"])]
        self._inputs = source.prepare(self._dataset, params, request.seed, Path(request.cache_dir))
        self._feed = feed_for(self._dataset, self._inputs, params, request.seed)
        train_labels, labels = self._feed.labels("train"), self._feed.labels("validation")
        self._chance = chance_of(request.task, train_labels, labels)
        with self._stopwatch.compiling(), computing_in(self._precision):
            built = self._family.build(params, self._inputs, request.task, len(self._dataset.classes))
            self._model, self._steps = ready_to_train(built, params, request.task, train_labels, graphs)
            if self._feed.steps == 1:  # it has no others in its epoch to tell what of it is no training
                warm_up(self._model, self._steps, next(handed_over(self._feed.training(0))))
        self._best_weights: list[Any] = []
        self._best_confusion: Confusion = ()
        self._continue_from_checkpoint(identity)

    def run(self) -> TrialOutcome:
        """Train epoch by epoch until the trial is over or a verdict ends it."""
        with event_file(self._request.tensorboard_dir, self._request.params, self._course) as add_event:
            return self._run(add_event)

    def _run(self, add_event: AddEpoch) -> TrialOutcome:
        # A checkpoint's last epoch may have died before it was heard, or judged: it is reported once more.
        verdict = self._channel.report(self._report()) if self._course.history else None
        try:
            while not self._course.is_over and (verdict is None or verdict.action is VerdictAction.CONTINUE):
                if cut := self._never_learned():
                    return self._outcome(Ending.PRUNED, cut.reason, decision=cut)
                self._run_epoch(self._course.next_epoch)
                with self._stopwatch.keeping():
                    self._checkpointer.offer(self._checkpoint())
                verdict = self._channel.report(self._report())
                add_event(self._course)  # it is recorded now, whatever the verdict
        except _ReleasedError:
            return self._release("stop requested")
        except _DivergedError as error:
            return self._outcome(Ending.FAILED, str(error))
        if verdict is not None and verdict.action is VerdictAction.PRUNE:
            return self._outcome(Ending.PRUNED, verdict.reason, decision=verdict.decision)
        if verdict is not None and verdict.action is VerdictAction.RELEASE:
            return self._release(verdict.reason)
        if cut := self._never_learned(is_over=True):
            return self._outcome(Ending.PRUNED, cut.reason, decision=cut)
        return self._finish(verdict)

    def _never_learned(self, is_over: bool = False) -> Decision | None:
        """Ask before each epoch, and not after it: a trial that was given back between is asked as well."""
        epochs = int(self._request.params["chance_epochs"])
        return never_learned(self._chance, self._course.history, epochs, is_over)

    def _continue_from_checkpoint(self, identity: str) -> None:
        """Go back to the last checkpoint; one that cannot be used is said so, and the trial begins anew."""
        try:
            checkpoint = load_checkpoint(Path(self._request.trial_dir), identity)
            if checkpoint is not None:
                self._restore(checkpoint)
        except CheckpointError as error:
            _logger.warning("trial %d begins again at epoch 0: %s", self._request.number, error)

    def _restore(self, checkpoint: Checkpoint) -> None:
        model, groups = self._model, checkpoint.groups
        weights, optimizer = groups.get("weights", ()), groups.get("optimizer", ())
        best = groups.get("best", weights)
        expected = (model.weights, model.optimizer.variables, model.weights)
        for kept, variables in zip((weights, optimizer, best), expected, strict=True):
            if [each.shape for each in kept] != [tuple(each.shape) for each in variables]:
                raise CheckpointError("the checkpoint is of a model of another architecture")
        try:
            record = dict(checkpoint.record)
            course = Course(Rules.of(self._request.params), tuple(record["history"]), *record["course"])
            times = {**dict.fromkeys(ADDED, 0.0), **record["times"]}
            before = Times(**{name: times[name] for name in asdict(Times())})
            memory = PeakMemory(int(record["peak_memory_bytes"]))
            confusion = tuple(tuple(row) for row in record["confusion"])
            ways = dict.fromkeys((*map(str, record.get("ways", ())), *self._ways))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint's record is incomplete ({error!r})") from error
        model.set_weights(weights)
        for variable, kept_value in zip(model.optimizer.variables, optimizer, strict=True):
            variable.assign(kept_value)
        self._course, self._before, self._memory = course, before, memory
        self._best_weights, self._best_confusion = list(best), confusion
        self._ways = tuple(ways)
        self._is_shared = self._is_shared or record.get("shared") is True  # older records have none

    def _run_epoch(self, epoch: int) -> None:
        """Train an epoch, validate, and put both into the course."""
        trained = self._train(epoch)
        steps = self._feed.steps
        with self._stopwatch.validating():
            labels = self._feed.labels("validation")
            predictions = predict_all(
                self._steps.predict,
                self._feed.evaluation("validation"),
                len(labels),
                lambda: self._channel.progress(epoch, steps, steps),
            )  # (n_texts, n_outputs)
            validated = measure(labels, predictions, self._request.task)
        if not math.isfinite(validated["loss"]):
            raise _DivergedError(f"validation loss became {validated['loss']} in epoch {epoch}")
        self._course = self._course.with_epoch({**validated, **trained, **self._costs(epoch + 1)})
        if self._course.has_improved:
            self._best_weights = self._model.get_weights()
            self._best_confusion = confusion_matrix(labels, predictions, self._request.task)

    def _train(self, epoch: int) -> dict[str, float]:
        model, steps = self._model, self._feed.steps
        model.reset_metrics()
        model.optimizer.learning_rate = self._course.learning_rate
        seed_dropout(model, self._request.seed, epoch)
        loss = math.nan
        for step, batch in enumerate(self._stopwatch.fed(handed_over(self._feed.training(epoch)))):
            if self._channel.stop_requested():
                raise _ReleasedError
            self._pace.keep_up(self._stopwatch.stepped_s)
            with self._stopwatch.step():
                # Reading the number waits until a GPU is done; else only the launch would be timed.
                loss = float(self._steps.train(*batch))
            if not math.isfinite(loss):
                raise _DivergedError(f"loss became {_named(loss)} in epoch {epoch}, step {step}")
            self._memory.look()
            self._channel.progress(epoch, step + 1, steps)
        self._stopwatch.end_epoch()
        return {"train_loss": loss, **self._steps.trained()}

    def _costs(self, epochs_run: int) -> dict[str, float]:
        """What the trial has cost up to now, continuations included."""
        return {
            **(self._before + self._stopwatch.times()).as_metrics(),
            "epochs_run": float(epochs_run),
            "peak_memory_bytes": float(self._memory.peak_bytes()),
            "parameters": float(self._model.count_params()),
        }

    def _report(self) -> EpochReport:
        course = self._course
        return EpochReport(
            self._request.number,
            course.next_epoch - 1,
            course.history[-1],
            course.best_epoch,
            course.best_metrics,
        )

    def _checkpoint(self) -> Checkpoint:
        course, model = self._course, self._model
        last = course.history[-1]
        record = {
            "history": course.history,
            "course": [course.best_epoch, course.flat_epochs, course.halvings],
            "times": {name: last[name] for name in asdict(Times())},
            "peak_memory_bytes": last["peak_memory_bytes"],
            "ways": self._ways,
            "shared": self._is_shared,
            "confusion": self._best_confusion,
        }
        groups: dict[str, list[Any]] = {
            "weights": self._best_weights if course.has_improved else model.get_weights(),
            "optimizer": [variable.numpy() for variable in model.optimizer.variables],
        }
        if not course.has_improved:
            groups["best"] = self._best_weights
        return Checkpoint(record, groups)

    def _release(self, reason: str) -> TrialOutcome:
        """Give the trial back at the end of its last whole epoch; what it did since does not count."""
        self._checkpointer.flush()
        return self._outcome(Ending.RELEASED, reason)

    def _finish(self, verdict: Verdict | None) -> TrialOutcome:
        """Keep the best epoch's model; ``verdict`` is the last one, which may have finished the trial early.

        The last checkpoint stays until the outcome is recorded, and none is written any more: who is killed
        between loses the epochs of some seconds, as at any other moment.
        """
        if not self._course.has_improved:
            self._model.set_weights(self._best_weights)
        keep_model(self._model, self._request, self._dataset, self._inputs)
        rules = self._course.rules
        if self._course.stopped_early:
            reason = (
                f"stopped early: validation {rules.monitor} not better since epoch {self._course.best_epoch}"
            )
            return self._outcome(Ending.COMPLETE, reason, MODEL_FILE)
        if verdict is None or verdict.action is not VerdictAction.FINISH:
            return self._outcome(Ending.COMPLETE, "", MODEL_FILE)
        return self._outcome(Ending.COMPLETE, verdict.reason, MODEL_FILE, verdict.decision)

    def _outcome(
        self, ending: Ending, reason: str, model_path: str = "", decision: Decision | None = None
    ) -> TrialOutcome:
        """The kept epoch's metrics with its training time, and the totals of all else."""
        metrics: dict[str, float] = {}
        if self._course.history:
            metrics = {**self._course.best_metrics, **self._costs(self._course.next_epoch)}
            for name in OF_STEPS:  # and not of all
                metrics[name] = self._course.best_metrics[name]
        return TrialOutcome(
            self._request.number,
            ending,
            metrics,
            reason,
            model_path=model_path,
            facts=self._facts(),
            confusion=self._best_confusion,
            decision=decision,
        )

    def _facts(self) -> dict[str, bool | int | float | str]:
        import tensorflow as tf

        has_gpu = bool(tf.config.list_physical_devices("GPU"))
        facts: dict[str, bool | int | float | str] = {
            "kernel": recurrent_kernel(self._model, has_gpu),
            "device": self._device,
            THREADS: threads_here(),
            "precision": self._precision,
            **_facts_of(self._dataset),
            "kept_epoch": self._course.best_epoch,
            "training_time_all_epochs_s": (self._before + self._stopwatch.times()).training_time_s,
            **library_versions(),
        }
        if isinstance(self._inputs, TokenInput) and self._inputs.coverage is not None:
            facts["coverage"] = self._inputs.coverage
        if len(self._ways) > 1:
            facts[WAYS] = ", ".join(self._ways)
        if self._is_shared:
            facts[SHARED] = True
        if self._family.source_sha256:
            facts["own_code_sha256"] = self._family.source_sha256
        return facts


def _facts_of(dataset: EncodedDataset) -> dict[str, int]:
    """Return what a diagnosis must know of the texts, to propose nothing that they have no use for."""
    parts = (dataset.train, dataset.validation, dataset.test)
    longest = max(int(np.diff(part.offsets).max(initial=0)) for part in parts)
    return {WORDS: len(dataset.words), LONGEST: longest}


def _identity(request: TrialRequest, own_code: str = "", precision: Precision = "float32") -> str:
    """Hash everything that a checkpoint depends on. The dataset's folder is named after its key.

    A trial that was begun in half precision is not continued in single: its seconds would be of both.
    """
    depends: Mapping[str, Any] = {
        "params": dict(request.params),
        "seed": request.seed,
        "task": request.task,
        "dataset": Path(request.dataset_dir).name,
        **({"own_code": own_code} if own_code else {}),
        **({"precision": precision} if precision != "float32" else {}),
        **({"terms": TERMS_VERSION} if int(request.params.get("tfidf_ngrams", 1)) > 1 else {}),
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _named(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite"


def _first_line(error: BaseException) -> str:
    """TensorFlow's messages run over many lines, with a list of every operation."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
