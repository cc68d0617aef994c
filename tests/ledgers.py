"""A study without models for tests of the ledger, and sessions of it that run in processes of their own."""

from __future__ import annotations

import dataclasses
import gc
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tuner.search import make_sampler
from tuner.spec.values import (
    BudgetSpec,
    CategoricalParameter,
    ComponentSpec,
    DataSpec,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Is,
    Objective,
    Parameter,
    StudySpec,
    Value,
)
from tuner.storage import Claim, Ledger, Owner, RunningStudy, TrialRecord, open_database, this_owner
from tuner.storage.running import nothing_happens
from tuner.trial import Ending, EpochReport, TrialOutcome

NAME = "s"

SPACE: tuple[Parameter, ...] = (
    CategoricalParameter("family", "family", ("lstm", "dense")),
    IntParameter("units", "units", 16, 128, log=True, when=Is("family", ("lstm",))),
    FixedParameter("layers", "layers", 2, when=Is("family", ("lstm",))),
    CategoricalParameter("bidirectional", "bidirectional", (False, True)),
    FloatParameter("rate", "learning_rate", 1e-4, 1e-2, log=True),
)

ACCURACY = (Objective("accuracy", "maximize"),)


def spec_of(trials: int | None = 5, **changes: Any) -> StudySpec:
    """A study of random points, since they cost nothing; ``max_deaths`` goes into its budget."""
    budget = BudgetSpec(trials, changes.pop("time_limit_s", None), max_deaths=changes.pop("max_deaths", 3))
    given: dict[str, Any] = {
        "data": DataSpec("file", {"path": "reviews.csv"}),
        "task": "binary",
        "space": SPACE,
        "sampler": ComponentSpec("random"),
        "budget": budget,
        "fixed": {"epochs": 3},
        "seed": 7,
    }
    return StudySpec(**{**given, **changes})


def make_study(url: str, spec: StudySpec, name: str = NAME) -> Ledger:
    """Make the database and begin the study; the caller closes the ledger's database."""
    ledger = Ledger(open_database(url, create=True, timeout_s=60))
    ledger.create_study(name, spec, "fingerprint", {"texts": 100}, Path())
    return ledger


@contextmanager
def study_at(url: str, spec: StudySpec) -> Iterator[Ledger]:
    """Begin the study and close the database at the end."""
    ledger = make_study(url, spec)
    yield ledger
    ledger.database.close()


def join(
    ledger: Ledger,
    lease_s: float = 30.0,
    owner: Owner | None = None,
    crash_point: Callable[[str], None] = nothing_happens,
) -> RunningStudy:
    spec = ledger.study(NAME).spec
    sampler = make_sampler(spec.sampler, spec.space, spec.seed, spec.repeats)
    return ledger.join(NAME, sampler, owner or this_owner(), lease_s, crash_point)


def take(session: RunningStudy) -> Claim:
    """Claim a trial that must be there."""
    claim = session.claim()
    assert claim is not None
    return claim


def records_alive() -> int:
    """Count the records of trials that this process holds in memory."""
    return sum(type(each) is TrialRecord for each in gc.get_objects())


def report(number: int, epoch: int = 0, accuracy: float = 0.5, best: int | None = None) -> EpochReport:
    metrics = {"accuracy": accuracy, "training_time_s": 1.0 + epoch}
    return EpochReport(number, epoch, metrics, epoch if best is None else best, metrics)


def complete(number: int, accuracy: float = 0.5, **more: Any) -> TrialOutcome:
    return TrialOutcome(number, Ending.COMPLETE, {"accuracy": accuracy, "training_time_s": 2.0}, **more)


def finish(session: RunningStudy, claim: Claim, accuracy: float = 0.5) -> bool:
    return session.record_outcome(claim.token, complete(claim.number, accuracy), (accuracy, 2.0))


def run_all(session: RunningStudy) -> list[int]:
    """Run trials until there is nothing left; returns their numbers."""
    numbers = []
    while (claim := session.claim()) is not None:
        session.record_epoch(claim.token, report(claim.number))
        assert finish(session, claim)
        numbers.append(claim.number)
    return numbers


def params_of_all(ledger: Ledger) -> dict[int, dict[str, Value]]:
    return {trial.number: dict(trial.params) for trial in ledger.trials(NAME)}


# -- processes -----------------------------------------------------------------------------------


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that has the libraries loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.ledgers"])
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def die() -> None:
    """End this process as the kernel or a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(url: str, point: str) -> None:
    """Work on the study and die the first time that ``point`` is passed."""

    def pass_point(name: str) -> None:
        if name == point:
            die()

    ledger = Ledger(open_database(url, create=False, timeout_s=60))
    session = join(ledger, crash_point=pass_point)
    while (claim := session.claim()) is not None:
        session.record_epoch(claim.token, report(claim.number))
        pruned = TrialOutcome(claim.number, Ending.PRUNED, {"accuracy": 0.1}, "not worth it")
        session.record_outcome(claim.token, pruned, None)
    raise AssertionError(f"never came past {point}")


def work(url: str, seed: int, chance: float) -> None:
    """Work on the study to its end, or die by chance at any crash point; values tell each attempt apart."""
    draw = random.Random(seed)

    def pass_point(_name: str) -> None:
        if draw.random() < chance:
            die()

    ledger = Ledger(open_database(url, create=False, timeout_s=60))
    session = join(ledger, crash_point=pass_point)
    while True:
        claim = session.claim()
        if claim is None:
            if not session.use_of_budget().running:
                break
            time.sleep(0.02)
            continue
        session.record_epoch(claim.token, report(claim.number))
        pass_point("trained")
        accuracy = draw.random()
        finish(session, claim, accuracy)
    session.finish_session()
    ledger.database.close()


def open_first(url: str) -> None:
    """Be one of many first starts."""
    make_study(url, spec_of()).database.close()


def stop_in_trial(url: str, result: str) -> None:
    """Halt in the middle of a trial; when woken up, go on as if nothing had happened."""
    ledger = Ledger(open_database(url, create=False, timeout_s=60))
    session = join(ledger, lease_s=0.5)
    claim = take(session)
    os.kill(os.getpid(), signal.SIGSTOP)
    epoch = session.record_epoch(claim.token, report(claim.number))
    lost = session.renew([claim.token]) == {claim.token}
    kept = finish(session, claim, 0.1)
    Path(result).write_text(f"epoch {epoch}, lost {lost}, outcome {kept}")
    session.finish_session()
    ledger.database.close()


def elsewhere(boot_id: str) -> Owner:
    """This process as it looks when it is on another host, so that only the clock ends its leases."""
    return dataclasses.replace(this_owner(), boot_id=boot_id)


def race(url: str, rounds: int) -> list[tuple[bool, bool]]:
    """Let an outcome and a takeover of one trial meet, again and again.

    Returns:
        For each round, whether the outcome was kept and whether the trial was taken over.
    """
    context = multiprocessing.get_context("forkserver")
    gate = context.Barrier(2, timeout=60)
    ours, theirs = context.Pipe()
    other = context.Process(target=_take_over_each, args=(url, rounds, gate, theirs))
    other.start()
    ledger = Ledger(open_database(url, create=False, timeout_s=60))
    found = []
    for turn in range(rounds):
        ledger.set_budget(NAME, BudgetSpec(trials=turn + 1, max_deaths=1000))  # nothing else to claim
        session = join(ledger, lease_s=0.0, owner=elsewhere("here"))
        claim = take(session)
        gate.wait()
        time.sleep(0.002 * turn)  # from where this side wins to where the other does
        kept = finish(session, claim, 0.5)
        found.append((kept, ours.recv() == claim.number))
    other.join(60)
    ledger.database.close()
    return found


def _take_over_each(url: str, rounds: int, gate: Any, answers: Any) -> None:
    ledger = Ledger(open_database(url, create=False, timeout_s=60))
    session = join(ledger, owner=elsewhere("there"))
    session.params(0)
    for _ in range(rounds):
        gate.wait()
        claim = session.claim()
        answers.send(claim.number if claim and claim.continued else None)
        if claim is not None:
            finish(session, claim, 0.6)
    session.finish_session()
    ledger.database.close()
