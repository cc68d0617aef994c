"""``tuner front``: the trials that no other trial beats, best first objective first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tuner.analysis.seconds import disturbed, left_out_remark
from tuner.analysis.tables import laid_out, on_test
from tuner.analysis.wording import title, written, written_params
from tuner.cli.baseline import print_standings
from tuner.cli.console import console, remark, table, write_csv, write_json
from tuner.cli.options import format_option, name_argument, open_ledger, pick, seconds_option, storage_option
from tuner.cli.trials import timed_cells, trial_document

if TYPE_CHECKING:
    from rich.table import Table

    from tuner.analysis.seconds import OnAxis, Seconds
    from tuner.analysis.shorter import Training
    from tuner.spec.values import Objective
    from tuner.storage import Ledger, TrialRecord

__all__ = ["front", "front_table", "print_front"]


@click.command(epilog="Example:\n\n  tuner front quickstart")
@name_argument
@storage_option
@seconds_option
@click.option(
    "--shorter",
    is_flag=True,
    help="Let every epoch of every trial, pruned ones too, count as a training that could have ended there: "
    "which network after how many epochs? Models are kept of the plain front only.",
)
@click.option(
    "--expected",
    is_flag=True,
    help="Compare by the accuracy that trials like each one reach on average, learned from all epochs of all "
    "trials, and not by its own, of which a part is luck.",
)
@format_option("table", "json", "csv")
def front(name: str | None, storage: str, seconds: Seconds, shorter: bool, expected: bool, form: str) -> None:
    """List the trials that no other trial beats, best first objective first.

    Objectives were measured on the validation split; columns named "test" stand beside them once the
    study has ended and its front was measured on the test split. Under the table stands which members
    beat the models without a network that `tuner baseline` measured. Seconds that `tuner time` took again
    stand in the place of the study's, in the column "timed" told apart.
    """
    ledger = open_ledger(storage)  # first of all: its file is read while libraries are loaded

    from tuner.analysis.read_front import read_front

    chosen = pick(ledger, name)
    if shorter or expected:
        _list_trainings(chosen, *_trainings(ledger, chosen, seconds, shorter, expected), form)
        return
    if form == "table":
        print_front(ledger, chosen, seconds)
        return
    with ledger.snapshot(chosen) as seen:
        found = read_front(seen, seconds)
    if form == "json":
        write_json([trial_document(member) for member in found.members])
    else:
        write_csv(*laid_out(found.members, found.objectives))


def _trainings(
    ledger: Ledger, name: str, seconds: Seconds, shorter: bool, expected: bool
) -> tuple[list[Training], OnAxis]:
    """Return the front of trainings: of whole ones, or of shorter ones too; as measured, or as expected."""
    from tuner.analysis.front import front as front_of
    from tuner.analysis.retimed import with_times
    from tuner.analysis.seconds import on_axis
    from tuner.analysis.shorter import front_of_trainings, trainings

    objectives, told = ledger.study(name).spec.objectives, ledger.trials(name)
    axis = on_axis(with_times(told, ledger.timings(name), objectives), objectives, seconds)
    curves = ledger.curves(name, metrics=[aim.metric for aim in axis.objectives])
    kept = {trial.number for trial in front_of(told, objectives) if trial.model_path}
    every = list(trainings(axis.trials, curves, axis.objectives, kept, shorter))
    if expected:
        from tuner.analysis.expected import expect
        from tuner.metrics import METRICS

        with console(err=True).status(f"learning from {len(every):,} epochs"):
            every = expect(every, axis.objectives, METRICS)
    return front_of_trainings([each for each in every if shorter or each.is_whole], axis.objectives), axis


def _list_trainings(name: str, members: Sequence[Training], axis: OnAxis, form: str) -> None:
    """Print a front of trainings."""
    from tuner.analysis.retimed import standing_of_times
    from tuner.analysis.seconds import unlike

    aims = [aim.metric for aim in axis.objectives]
    if form == "json":
        write_json([vars(member) for member in members])
        return
    if form == "csv":
        write_csv(*_training_rows(members, aims))
        return
    if not members:
        remark(f"study '{name}' has no such front yet: nothing has ended that has all its objectives")
        return
    console().print(_training_table(members, aims))
    numbers = {member.number for member in members}
    listed = [trial for trial in axis.trials if trial.number in numbers]
    mixed = unlike(name, axis.trials, listed, axis.objectives)
    _remark_each([standing_of_times(listed), disturbed(name, listed), mixed, axis.remark])
    if not all(member.has_model for member in members):
        remark("no model was kept of the others: `start_with:` their params, with `epochs:` fixed")


def _training_rows(members: Sequence[Training], aims: Sequence[str]) -> tuple[list[str], list[list[object]]]:
    params = list(dict.fromkeys(name for member in members for name in member.params))
    expected = [f"expected.{aim}" for aim in aims] if members and members[0].expected else []
    headings = [
        "number",
        "epochs",
        "epochs_run",
        *(f"values.{aim}" for aim in aims),
        *expected,
        "is_whole",
        "has_model",
    ]
    rows: list[list[object]] = [
        [
            member.number,
            member.epochs,
            member.epochs_run,
            *member.values,
            *(member.expected or ()),
            member.is_whole,
            member.has_model,
            *(member.params.get(name) for name in params),
        ]
        for member in members
    ]
    return [*headings, *(f"params.{name}" for name in params)], rows


def _training_table(members: Sequence[Training], aims: Sequence[str]) -> Table:
    """Draw a front of trainings; what was measured stands beside where something else is expected."""
    told = [index for index in range(len(aims)) if any(_differs(member, index) for member in members)]
    rows = [
        [
            str(member.number),
            f"{member.epochs} of {member.epochs_run}",
            *(written(aim, value) for aim, value in zip(aims, member.shown, strict=True)),
            *(written(aims[index], member.values[index]) for index in told),
            "kept" if member.has_model else "",
            written_params(member.params),
        ]
        for member in members
    ]
    shown = [f"expected {title(aim)}" if index in told else title(aim) for index, aim in enumerate(aims)]
    numbers = ["trial", "epochs", *shown, *(f"measured {title(aims[index])}" for index in told)]
    return table([*numbers, "model", "params"], rows, right=numbers)


def _differs(member: Training, index: int) -> bool:
    return member.expected is not None and member.expected[index] != member.values[index]


def print_front(ledger: Ledger, name: str, seconds: Seconds = "raw") -> None:
    """Print a study's front and its standing against baselines; say on stderr that there is none yet."""
    from tuner.analysis.baselines import standings_of
    from tuner.analysis.read_front import read_front
    from tuner.analysis.retimed import changes, standing_of_times
    from tuner.analysis.seconds import unlike

    with ledger.snapshot(name) as seen:
        found = read_front(seen, seconds)
        beside = standings_of(seen)
    members, objectives = found.members, seen.study.spec.objectives
    if members:
        console().print(front_table(members, found.objectives))
    else:
        remark(f"study '{name}' has no front yet: no trial has finished")
    mixed = unlike(name, found.shown, members, objectives)
    told = [standing_of_times(members), disturbed(name, members), mixed, left_out_remark(found.left_out)]
    if told[0] and seconds == "raw":
        told[1:1] = changes(found.told, found.shown, objectives)
    _remark_each(told)
    print_standings(beside)


def _remark_each(lines: Sequence[str]) -> None:
    """Say what there is to say; an empty line is nothing."""
    for line in lines:
        if line:
            remark(line)


def front_table(members: Sequence[TrialRecord], objectives: Sequence[Objective]) -> Table:
    """Draw the front; objectives that were measured on the test split too stand beside."""
    aims = [title(aim.metric) for aim in objectives]
    measured = {name for member in members for name in on_test(member)}
    tested = [aim.metric for aim in objectives if aim.metric in measured]
    beside = [f"test {title(metric)}" for metric in tested]
    rows = [
        [
            str(member.number),
            *(written(aim.metric, value) for aim, value in zip(objectives, member.values or (), strict=True)),
            *(written(metric, on_test(member).get(metric)) for metric in tested),
            written_params(member.params),
        ]
        for member in members
    ]
    timed = timed_cells(members)
    for row, cell in zip(rows, timed, strict=False):
        row.insert(-1, cell)
    headings = ["trial", *aims, *beside, *(["timed"] if timed else []), "params"]
    return table(headings, rows, right=["trial", *aims, *beside])
