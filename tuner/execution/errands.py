"""Which finished trials are to be timed again, and how often; pure decisions over what was timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuner.errors import InputError
from tuner.spec.values import Value
from tuner.storage.records import TimingRecord, TrialRecord
from tuner.suggested import command
from tuner.trial import TrialRequest

__all__ = ["Errand", "check_trials", "cut_to", "errands", "last_runs", "last_series", "whole"]


@dataclass(frozen=True)
class Errand:
    """One trial that is to be timed once.

    Attributes:
        trial: Its record.
        series: Number of the series that the timing belongs to.
        kept_epochs: Epochs up to the one that was kept.
        epochs: Epochs to train; fewer than ``kept_epochs`` where the seconds are scaled up.
    """

    trial: TrialRecord
    series: int
    kept_epochs: int
    epochs: int


def cut_to(errand: Errand, request: TrialRequest, folder: Path) -> TrialRequest:
    """Return a trial's own request as a timing: nothing but its last epoch ends it, and nothing of it stays.

    Args:
        errand: What is to be timed.
        request: By which the trial was run.
        folder: In the place of the trial's, for a checkpoint that is thrown away.
    """
    params = {**request.params, "epochs": errand.epochs, "patience": 0, "chance_epochs": 0}
    return replace(request, params=params, trial_dir=str(folder), tensorboard_dir="", graph_returns=True)


def check_trials(name: str, trials: Sequence[TrialRecord]) -> None:
    """Refuse trials whose seconds cannot be taken again.

    Raises:
        InputError: If one has not finished, or does not know which of its epochs was kept.
    """
    for trial in trials:
        if trial.values is None:
            raise InputError(
                f"study '{name}': trial {trial.number} is {trial.state}, and only finished trials are timed",
                f"`{command('trials', name)}` lists them",
            )
        if not isinstance(trial.facts.get("kept_epoch"), int):
            raise InputError(f"study '{name}': which epoch of trial {trial.number} was kept is not known")


def last_series(timings: Sequence[TimingRecord], number: int) -> int:
    """Return a trial's latest series of timings; 0 for none."""
    return max((whole(each.facts.get("series")) for each in timings if each.number == number), default=0)


def last_runs(timings: Sequence[TimingRecord], number: int) -> list[TimingRecord]:
    """Return the timings of a trial's latest series, as they were taken."""
    series = last_series(timings, number)
    return [each for each in timings if each.number == number and whole(each.facts.get("series")) == series]


def errands(
    trials: Sequence[TrialRecord],
    timings: Sequence[TimingRecord],
    host: str,
    *,
    repeats: int = 1,
    epochs: int | None = None,
    again: bool = False,
    is_alike: Callable[[TimingRecord], bool] = lambda _: True,
) -> list[Errand]:
    """Return what is left to be timed: every trial once, then every trial a second time, and so on.

    In turn and not one trial after another, so that a machine that grows slower slows all of them.

    Args:
        trials: Finished ones.
        timings: All of the study, as they were taken.
        host: Of this machine. A trial's timings are of one machine: elsewhere a new series begins.
        repeats: Timings a trial.
        epochs: Most epochs to train, or None for all that were kept.
        again: Begin a new series for each trial, whatever was timed before.
        is_alike: Tells whether a timing was taken as new ones will be; where not, a new series begins.
    """
    rounds: list[list[Errand]] = [[] for _ in range(repeats)]
    for trial in trials:
        kept = whole(trial.facts.get("kept_epoch")) + 1
        trained = kept if epochs is None else min(kept, epochs)
        series, same = last_series(timings, trial.number), last_runs(timings, trial.number)
        if again or not series or not all(each.host == host and is_alike(each) for each in same):
            series, same = series + 1, []
        for turn in range(len(same), repeats):
            rounds[turn].append(Errand(trial, series, kept, trained))
    return [errand for turn in rounds for errand in turn]


def whole(value: Value | None) -> int:
    """Return a fact that is a whole number; 0 for one that is missing."""
    return value if isinstance(value, int) else 0
