"""What goes down to a trial and what comes up from it, as frozen values.

A :class:`TrialRequest` goes down; after every epoch an :class:`EpochReport` comes up and a
:class:`Verdict` goes down; one :class:`TrialOutcome` ends it. Values only: no Keras, no Optuna.
All of them consist of what JSON can carry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tuner.decision import Decision
from tuner.spec.values import Task, Value
from tuner.wording import counted

__all__ = [
    "LIMIT",
    "LONGEST",
    "NEEDED",
    "SHARED",
    "THREADS",
    "WAYS",
    "WORDS",
    "Ending",
    "EpochReport",
    "TrialOutcome",
    "TrialRequest",
    "Verdict",
    "VerdictAction",
    "threads_of",
    "trial_seed",
    "way_of",
]


NEEDED, LIMIT = "memory_needed_bytes", "memory_limit_bytes"
"""Facts of a trial that was not begun because it needs more memory than there is."""

THREADS, SHARED, WAYS = "threads", "device_shared", "trained_in_ways"
"""Facts of how a trial's seconds were taken: the threads of its worker; true where another worker had the
same cores, quota or GPU; and where it was continued in other threads or on another GPU, all it trained on."""

WORDS, LONGEST = "different_words", "longest_text_words"
"""Facts of a trial's texts, cleaned as it asked for: different words of the training part, and words of the
longest text of all. More of a vocabulary, or of a length, than these changes nothing."""


def threads_of(device: str) -> int | None:
    """Return the threads of a worker by its device's name; None of a GPU, or of no name.

    A worker on processors has a thread for each core.

    Args:
        device: As :func:`tuner.training.device.describe_device` writes it.
    """
    if re.fullmatch(r"CPU \(core \d+\)", device):
        return 1
    several = re.fullmatch(r"CPU \((\d+) (?:cores|threads?)\)", device)
    return int(several[1]) if several else None


def way_of(device: str) -> str:
    """Return what decides whether seconds can be compared: ``2 threads``, or a GPU's name; empty for neither.

    Args:
        device: As for :func:`threads_of`.
    """
    threads = threads_of(device)
    if threads is None:
        return device if device.startswith("GPU") else ""
    return counted(threads, "thread")


def trial_seed(study_seed: int, number: int) -> int:
    """Derive a trial's seed, so that no two trials of a study share one and none depends on who runs it.

    Args:
        study_seed: The study's declared seed.
        number: The trial's number, from 0.

    Returns:
        An integer in ``[0, 2**31)``.
    """
    digest = hashlib.sha256(f"{study_seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True)
class TrialRequest:
    """Everything a worker needs to run one trial.

    Attributes:
        study: The study's name, for messages and logs.
        number: The trial's number in the study, from 0.
        params: The complete settings in force (``Catalogue.complete``).
        seed: Of weights, dropout and batch order (``trial_seed``).
        task: ``binary``, ``multiclass`` or ``regression``.
        dataset_dir: Folder of the encoded dataset for this trial's cleaning level.
        cache_dir: Folder in which prepared embeddings are kept and shared.
        trial_dir: Folder of this trial alone, for its checkpoint and its kept model.
        code_dir: Folder that a family of a person's own is imported from; empty where there is none.
        tensorboard_dir: Folder for this trial's events for TensorBoard; empty where none are wanted.
        graph_returns: Whether other trials of the same graph are to be expected, for which a worker keeps
            what it has traced.
    """

    study: str
    number: int
    params: Mapping[str, Value]
    seed: int
    task: Task
    dataset_dir: str
    cache_dir: str
    trial_dir: str
    code_dir: str = ""
    tensorboard_dir: str = ""
    graph_returns: bool = False


@dataclass(frozen=True)
class EpochReport:
    """One finished epoch.

    Attributes:
        number: The trial's number.
        epoch: 0-based.
        metrics: Every metric of growth ``curve``, ``grows`` or ``constant`` as it stands at the end of
            this epoch: ``accuracy`` and the others on the validation split, ``train_accuracy`` and
            ``train_loss``, ``training_time_s`` (cumulative over epochs and continuations), ``parameters``...
        best_epoch: The epoch that would be kept if the trial ended now.
        best_metrics: The metrics of that epoch; its ``training_time_s`` is the time up to it, and so is its
            ``wall_time_s``, of which the outcome has all.
    """

    number: int
    epoch: int
    metrics: Mapping[str, float]
    best_epoch: int
    best_metrics: Mapping[str, float]


class VerdictAction(StrEnum):
    """What a trial does after an epoch. ``FINISH`` completes it with the epochs that it has."""

    CONTINUE = "continue"
    FINISH = "finish"
    PRUNE = "prune"
    RELEASE = "release"


@dataclass(frozen=True)
class Verdict:
    """The coordinator's answer to an epoch.

    Attributes:
        number: The trial's number.
        action: What it does now.
        reason: What a person reads.
        decision: What a trial is pruned or finished by; the outcome brings it back.
    """

    number: int
    action: VerdictAction
    reason: str = ""
    decision: Decision | None = None


class Ending(StrEnum):
    """How a trial ended on its worker. ``RELEASED`` is no end: its checkpoint goes on elsewhere."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    RELEASED = "released"


@dataclass(frozen=True)
class TrialOutcome:
    """How a trial ended.

    Attributes:
        number: The trial's number.
        ending: See :class:`Ending`.
        metrics: The metrics of the kept epoch and the final ones; empty when none was reached.
        reason: One line a person can read; why it was pruned, failed, or stopped early.
        detail: A traceback, or an empty string.
        model_path: The kept model's file inside the trial's folder, or an empty string.
        facts: What is no number: kernel, device, library versions.
        confusion: ``(n_classes, n_classes)`` counts of validation texts, of the kept epoch: a row a
            true class, a column a predicted one; empty where there are no classes.
        decision: What ended it before its own end, with its numbers; ``reason`` is then its sentence. None
            where nothing did.
        session_ends_in: Exit code in which the session ends that ran it: the disk is full, or refuses to be
            written to. No fault of the trial, so it is RELEASED. 0 where nothing is wrong.
    """

    number: int
    ending: Ending
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    detail: str = ""
    model_path: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)
    confusion: Sequence[Sequence[int]] = ()
    decision: Decision | None = None
    session_ends_in: int = 0
