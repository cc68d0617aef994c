"""``tuner time``: the training times of finished trials, taken again with nothing beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

import click

from tuner.analysis.wording import duration
from tuner.cli.console import console, remark, table, write_csv, write_json
from tuner.cli.options import TrialNumber, data_option, format_option, storage_option
from tuner.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from tuner.execution.launch import OpenStudy
    from tuner.storage import TrialRecord

__all__ = ["time"]

_MOST_ROUNDS = 5
"""Times that a front is looked at again because re-timed seconds brought others onto it."""


class _Row(TypedDict):
    """A trial's times in JSON; the keys, columns of CSV also without a trial, are a promise: docs/json.md."""

    number: int
    training_time_s: float
    runs: int
    low_s: float
    high_s: float
    epochs: int
    kept_epochs: int
    in_study_s: float | None
    host: str
    device: str
    is_member: bool
    was_member: bool


@click.command(epilog="Example:\n\n  tuner time quickstart --repeats 3")
@click.argument("name", metavar="STUDY")
@click.argument("numbers", metavar="[TRIAL]...", nargs=-1, type=TrialNumber())
@storage_option
@data_option
@click.option(
    "--repeats",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Timings a trial; their median counts, and their spread is shown.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Train at most so many epochs and scale up to the kept one. Defaults to all: nothing is scaled.",
)
@click.option("--again", is_flag=True, help="Begin anew with trials that were timed before.")
@format_option("table", "json", "csv")
def time(
    name: str,
    numbers: tuple[int, ...],
    storage: str,
    data: Path | None,
    repeats: int,
    epochs: int | None,
    again: bool,
    form: str,
) -> None:
    """Take training times again, each trial alone on a core of its own.

    One trial after another trains once more from its seed up to the epoch that was kept, all of them with as
    many threads as the study began with, or as are declared where nothing tells that. The new seconds are
    kept beside the old and shown in their place. TRIAL defaults to the members of the front; if new seconds
    bring others onto it, those are timed too. What was timed before is not timed twice, so a stopped run goes
    on. Refused while a session works here.
    """
    from tuner.execution.launch import open_existing

    study = open_existing(name, storage, data)
    chosen = _chosen(study, numbers)
    if not chosen:
        remark(f"study '{name}' has no front yet: no trial has finished")
    for _ in range(_MOST_ROUNDS if chosen else 0):
        took = _take(study, chosen, repeats, epochs, again)
        fresh = [] if numbers else [trial for trial in _chosen(study, ()) if trial.retimed is None]
        if not took or not fresh:
            break
        chosen, again = fresh, False
    _tell(study, numbers, form)


def _chosen(study: OpenStudy, numbers: Sequence[int]) -> list[TrialRecord]:
    """Return the trials that are meant: those named, or the front's members."""
    from tuner.analysis.front import front
    from tuner.analysis.retimed import shown_trials
    from tuner.execution.errands import check_trials

    trials = shown_trials(study.ledger, study.name)
    chosen = front(trials, study.spec.objectives)
    if numbers:
        known = {trial.number: trial for trial in trials}
        missing = [number for number in numbers if number not in known]
        if missing:
            raise NotFoundError.of_trial(study.name, missing[0])
        chosen = [known[number] for number in dict.fromkeys(numbers)]
    check_trials(study.name, chosen)
    return chosen


def _take(
    study: OpenStudy, chosen: Sequence[TrialRecord], repeats: int, epochs: int | None, again: bool
) -> bool:
    """Take what timings are missing; tell whether there were any."""
    from tuner.cli.progress import watching
    from tuner.execution.errands import errands
    from tuner.execution.timing import alone_here, time_alone
    from tuner.storage import this_owner

    timings, host, way = study.ledger.timings(study.name), this_owner().host, alone_here(study)
    wanted = errands(chosen, timings, host, repeats=repeats, epochs=epochs, again=again, is_alike=way.took)
    if not wanted:
        remark("every timing was taken before; --again takes them anew")
        return False
    with watching() as watch:
        time_alone(study, wanted, way, watch)
    return True


def _tell(study: OpenStudy, numbers: Sequence[int], form: str) -> None:
    from tuner.analysis.front import front
    from tuner.analysis.retimed import changes, standing_of_times, with_times
    from tuner.analysis.seconds import unlike

    told, objectives = study.ledger.trials(study.name), study.spec.objectives
    shown = with_times(told, study.ledger.timings(study.name), objectives)
    members = front(shown, objectives)
    member_numbers = [member.number for member in members]
    timed = [trial for trial in shown if trial.retimed and (not numbers or trial.number in numbers)]
    before = {trial.number for trial in front(told, objectives)}
    rows = [_row(trial, trial.number in member_numbers, trial.number in before) for trial in timed]
    match form:
        case "json":
            write_json(rows)
        case "csv":
            write_csv(list(_Row.__annotations__), [list(row.values()) for row in rows])
        case _ if timed:
            _show(rows)
    mixed = unlike(study.name, shown, members, objectives)
    for said in (standing_of_times(members), *changes(told, shown, objectives), mixed):
        if said:
            remark(said)


def _row(trial: TrialRecord, is_member: bool, was_member: bool) -> _Row:
    retimed = trial.retimed
    if retimed is None:
        raise ValueError(f"trial {trial.number} was not timed again")
    return {
        "number": trial.number,
        "training_time_s": retimed.seconds["training_time_s"],
        "runs": retimed.runs,
        "low_s": retimed.low_s,
        "high_s": retimed.high_s,
        "epochs": retimed.epochs,
        "kept_epochs": retimed.kept_epochs,
        "in_study_s": retimed.in_study.get("training_time_s"),
        "host": retimed.host,
        "device": retimed.device,
        "is_member": is_member,
        "was_member": was_member,
    }


def _show(rows: Sequence[_Row]) -> None:
    headings = ["trial", "alone", "runs", "spread", "in the study", "change", "epochs", "front"]
    cells = [
        [
            str(row["number"]),
            duration(row["training_time_s"]),
            str(row["runs"]),
            f"{row['high_s'] / row['low_s'] - 1:.1%}" if row["runs"] > 1 and row["low_s"] else "",
            "" if row["in_study_s"] is None else duration(row["in_study_s"]),
            f"{row['training_time_s'] / row['in_study_s'] - 1:+.0%}" if row["in_study_s"] else "",
            f"{row['kept_epochs']}"
            if row["epochs"] == row["kept_epochs"]
            else f"{row['kept_epochs']}, scaled from {row['epochs']}",
            _standing(row["is_member"], row["was_member"]),
        ]
        for row in rows
    ]
    console().print(
        table(headings, cells, right=["trial", "alone", "runs", "spread", "in the study", "change"])
    )


def _standing(is_member: bool, was_member: bool) -> str:
    if is_member:
        return "member" if was_member else "new member"
    return "left it" if was_member else ""
