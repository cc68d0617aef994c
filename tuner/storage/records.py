"""What the ledger hands out, as frozen values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tuner.decision import Decision
from tuner.spec.values import BudgetSpec, StudySpec, Value

__all__ = [
    "BaselineRecord",
    "Begun",
    "BudgetUse",
    "Claim",
    "Confusion",
    "EventRecord",
    "LiveSession",
    "NoteRecord",
    "Retimed",
    "SessionRecord",
    "StudyRecord",
    "TimingRecord",
    "TrialRecord",
    "TrialStateName",
    "Which",
    "WorkerRecord",
]

TrialStateName: TypeAlias = Literal["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"]
"""As Optuna names them."""

Confusion: TypeAlias = tuple[tuple[int, ...], ...]
"""``(n_classes, n_classes)`` counts of texts: a row a true class, a column a predicted one; may be empty."""


@dataclass(frozen=True)
class StudyRecord:
    """A study as it is kept.

    Attributes:
        name: Its name.
        optuna_id: Its key in Optuna's tables.
        spec: Its declaration, with the budget as it is now.
        spec_hash: Of what makes its identity.
        base_dir: The folder that the declaration's relative paths start from.
        fingerprint: Of its texts.
        data_summary: What was found in them, for people.
        budget: As it is now.
        created_utc: When it was begun.
        sessions_alive: Sessions that are working on it.
        workers_alive: Worker processes of those sessions.
    """

    name: str
    optuna_id: int
    spec: StudySpec
    spec_hash: str
    base_dir: Path
    fingerprint: str
    data_summary: Mapping[str, Any]
    budget: BudgetSpec
    created_utc: datetime
    sessions_alive: int = 0
    workers_alive: int = 0


@dataclass(frozen=True)
class Which:
    """Which trials of a study are read, and how much of each.

    Attributes:
        state: Those in this state; None for every state.
        first: Those from this number on.
        limit: Of these no more than so many, the first ones; None for no limit.
        last: Of these so many, the last ones; None for all. Not together with ``limit``.
        is_brief: Leave out what no list shows and what takes long to read: ``settings``, ``detail``,
            ``deaths``, ``model_path``, ``epochs``, ``session_id`` and confusion matrices are then as if
            there were none.
    """

    state: TrialStateName | None = None
    first: int = 0
    limit: int | None = None
    last: int | None = None
    is_brief: bool = False


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A trial as it is kept.

    Attributes:
        number: From 0.
        state: See ``TrialStateName``.
        params: Parameter names with their values, fixed ones included, in declared order.
        settings: Settings with their values: those recorded with the result, or else the fixed and
            sampled ones, without defaults.
        values: One an objective in declared order, or None unless it completed.
        metrics: Of the kept epoch; of the best epoch so far while it runs; empty before the first.
        test_metrics: Of the test split; empty unless measured.
        seconds: Wall seconds of its own work where measured, else from start to end; None while it runs.
        reason: Why it was pruned or failed, one line; may be empty.
        detail: A traceback, or an empty string.
        started_utc, finished_utc: By the clock of the host that asked or told; None where it has not.
        deaths: How often its worker or its whole session died.
        model_path: Of the kept model inside the trial's folder, or an empty string.
        facts: What is no number: kernel, device, versions.
        epochs: Epochs recorded.
        session_id: Of the session that recorded its end; empty before that.
        confusion: Of the validation split, of the kept epoch; empty where not measured.
        test_confusion: Of the test split; empty unless measured.
        decision: The rule and the numbers by which it was ended; None where it ended by itself, and of trials
            that were recorded before decisions were kept.
        retimed: Set by ``analysis.retimed`` where seconds taken again alone stand in the place of the
            study's; None as the ledger hands it out.
    """

    number: int
    state: TrialStateName
    params: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, Value] = field(default_factory=dict)
    values: tuple[float, ...] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    test_metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    reason: str = ""
    detail: str = ""
    started_utc: datetime | None = None
    finished_utc: datetime | None = None
    deaths: int = 0
    model_path: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)
    epochs: int = 0
    session_id: str = ""
    confusion: Confusion = ()
    test_confusion: Confusion = ()
    decision: Decision | None = None
    retimed: Retimed | None = None


@dataclass(frozen=True)
class Claim:
    """A trial that this session may run.

    Attributes:
        number: The trial.
        token: Proves that the lease is ours; a later owner has another.
        params: Parameter names with their values, fixed ones included, in declared order.
        deaths: How often it died before.
        continued: Whether somebody ran it before: look for its checkpoint.
    """

    number: int
    token: str
    params: Mapping[str, Value]
    deaths: int = 0
    continued: bool = False


@dataclass(frozen=True)
class EventRecord:
    """Something that happened in a study.

    Attributes:
        at_utc: When, by the database's clock.
        kind: One word, e.g. ``death``, ``late``, ``budget``.
        message: A sentence.
        number: The trial it is about, or None.
    """

    at_utc: datetime
    kind: str
    message: str
    number: int | None = None


@dataclass(frozen=True)
class WorkerRecord:
    """A worker that has worked on a study.

    Attributes:
        worker: Its place in its session, from 0.
        host: Of its machine.
        cpu: Of its machine.
        device: E.g. ``CPU (core 1)``.
        calibration_s: Seconds of a fixed piece of work on it.
        versions: Of the libraries that decide results.
        started_utc: When it was ready.
        session_id: Of its session.
    """

    worker: int
    host: str
    cpu: str
    device: str
    calibration_s: float
    versions: Mapping[str, str]
    started_utc: datetime
    session_id: str = ""


@dataclass(frozen=True)
class SessionRecord:
    """One process that ran trials of a study, from its start to its end.

    Attributes:
        session_id: Its key.
        researcher: Who started it; may be empty.
        host: Of its machine.
        started_utc, ended_utc: By the database's clock; no end while it runs, or when it was killed.
        used_s: Seconds that it has used of the study's time.
        facts: What is known of its surroundings: the file it was started with, that file's commit, versions.
        is_alive: Whether it is at work now.
    """

    session_id: str
    researcher: str
    host: str
    started_utc: datetime
    ended_utc: datetime | None
    used_s: float
    facts: Mapping[str, Value] = field(default_factory=dict)
    is_alive: bool = False


@dataclass(frozen=True)
class Begun:
    """A trial that a session has begun, ended or not.

    Attributes:
        number: The trial.
        at_utc: When its end was recorded; before that, when a session took it for the last time.
        session_id: Of the session that recorded its end, or that has it; empty where it was given back.
        facts: Of its end; empty before that.
    """

    number: int
    at_utc: datetime
    session_id: str
    facts: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveSession:
    """A session that is at work now.

    Attributes:
        study: The study it works on.
        host: Of its machine.
        pid: Its process.
        here: Whether it is on this machine.
    """

    study: str
    host: str
    pid: int
    here: bool


@dataclass(frozen=True)
class BaselineRecord:
    """What a model without a network reaches on a study's texts.

    Attributes:
        name: Of the model, e.g. ``tfidf``.
        metrics: Of the validation split, named as those of trials; ``training_time_s`` among them.
        test_metrics: Of the test split, named ``test_...``.
        confusion, test_confusion: As those of :class:`TrialRecord`.
        facts: What is no metric: settings, size of the vocabulary, versions.
        recorded_utc: When it was recorded, by the database's clock; None before that.
    """

    name: str
    metrics: Mapping[str, float]
    test_metrics: Mapping[str, float] = field(default_factory=dict)
    confusion: Confusion = ()
    test_confusion: Confusion = ()
    facts: Mapping[str, Value] = field(default_factory=dict)
    recorded_utc: datetime | None = None


@dataclass(frozen=True)
class NoteRecord:
    """What a person wrote about a trial, or about a study.

    Attributes:
        number: The trial, or None for the study.
        author: Who wrote it.
        kind: ``note``, ``issue`` or ``next``.
        text: What it says.
        at_utc: When, by the database's clock.
    """

    number: int | None
    author: str
    kind: str
    text: str
    at_utc: datetime


@dataclass(frozen=True)
class TimingRecord:
    """The training time of a finished trial, taken again with nothing beside it.

    Attributes:
        number: The trial.
        training_time_s: Seconds in training steps of the same epochs.
        calibration_s: Seconds of the fixed piece of work on that worker, beside it.
        host, device: Where.
        facts: ``epochs`` trained and ``kept_epochs`` that the seconds are of, ``series`` (a later one takes
            the place of earlier ones), other metrics of the same steps, versions.
        at_utc: When, by the database's clock; None before it is recorded.
    """

    number: int
    training_time_s: float
    calibration_s: float
    host: str
    device: str
    facts: Mapping[str, Value] = field(default_factory=dict)
    at_utc: datetime | None = None


@dataclass(frozen=True)
class Retimed:
    """Seconds of a trial that were taken again, alone, in as many runs as there were.

    Attributes:
        seconds: Median over the runs, by metric.
        in_study: The same metrics as the study measured them; without those that it did not.
        low_s, high_s: Least and most training seconds of a run.
        runs: How many.
        host, device: Where.
        epochs: Epochs that each run trained.
        kept_epochs: Epochs that the seconds are of; more than ``epochs`` where they were scaled up.
    """

    seconds: Mapping[str, float]
    in_study: Mapping[str, float]
    low_s: float
    high_s: float
    runs: int
    host: str
    device: str
    epochs: int
    kept_epochs: int


@dataclass(frozen=True)
class BudgetUse:
    """What of a study's budget is used up, over all sessions and machines.

    Attributes:
        trials: Budget of trials, or None.
        time_limit_s: Budget of session seconds, or None.
        used_s: Session seconds used.
        complete, pruned, failed: Ended trials.
        running: Trials under way, or given back and waiting to go on.
        waiting: Queued trials, not yet begun.
        failures_in_a_row: Failed trials since the last that ended otherwise, in the order of their ends.
        sessions: Sessions that use it up together, at least 1. Defaults to 1, the one that asks.
    """

    trials: int | None
    time_limit_s: float | None
    used_s: float
    complete: int
    pruned: int
    failed: int
    running: int
    waiting: int
    failures_in_a_row: int
    sessions: int = 1

    @property
    def left_s(self) -> float:
        """Seconds until the time limit by the clock; each of the sessions uses it up."""
        return math.inf if self.time_limit_s is None else (self.time_limit_s - self.used_s) / self.sessions

    @property
    def finished(self) -> int:
        """Ended trials, whatever their end."""
        return self.complete + self.pruned + self.failed

    @property
    def begun(self) -> int:
        """Trials that count against the budget."""
        return self.finished + self.running

    @property
    def may_begin(self) -> bool:
        """Whether the budget has room for one more trial."""
        in_trials = self.trials is None or self.begun < self.trials
        return in_trials and (self.time_limit_s is None or self.used_s < self.time_limit_s)

    @property
    def is_used_up(self) -> bool:
        """Whether there is nothing left to begin and nothing to finish."""
        return not self.may_begin and not self.running
