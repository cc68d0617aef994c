"""``tuner trials``: every trial of a study, with its settings, its values and why it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tuner.analysis.tables import on_test
from tuner.analysis.wording import duration, title, written, written_params
from tuner.cli.console import MANY_ROWS, console, remark, table, write_csv, write_json, write_rows
from tuner.cli.options import format_option, name_argument, open_ledger, pick, seconds_option, storage_option

if TYPE_CHECKING:
    from tuner.analysis.seconds import Seconds
    from tuner.spec.values import Objective
    from tuner.storage import Retimed, TrialRecord

__all__ = ["timed_cells", "trial_document", "trials"]

_IN_STUDY = "in the study"


@click.command(epilog="Example:\n\n  tuner trials quickstart --format csv > trials.csv")
@name_argument
@storage_option
@seconds_option
@format_option("table", "json", "csv")
def trials(name: str | None, storage: str, seconds: Seconds, form: str) -> None:
    """List a study's trials, by number.

    Where `tuner time` took seconds again, those are shown, and a column "timed" says so; it also says how
    much of its core a trial had whose time other work disturbed.
    """
    ledger = open_ledger(storage)  # first of all: its file is read while libraries are loaded

    from tuner.analysis.retimed import shown_trials
    from tuner.analysis.seconds import on_axis

    chosen = pick(ledger, name)
    axis = on_axis(shown_trials(ledger, chosen), ledger.study(chosen).spec.objectives, seconds)
    records, objectives = axis.trials, axis.objectives
    match form:
        case "json":
            write_json([trial_document(record) for record in records])
        case "csv":
            from tuner.analysis.tables import laid_out

            write_csv(*laid_out(records, objectives))
        case _:
            _show(records, objectives)
            if axis.remark:
                remark(axis.remark)


def trial_document(record: TrialRecord) -> dict[str, Any]:
    """Return a trial as its JSON says it; the keys are a promise, see docs/json.md."""
    return {
        "number": record.number,
        "state": str(record.state),
        "params": dict(record.params),
        "values": None if record.values is None else list(record.values),
        "metrics": dict(record.metrics),
        "test_metrics": on_test(record),
        "seconds": record.seconds,
        "reason": record.reason,
        "decision": None if record.decision is None else record.decision.document(),
        "facts": dict(record.facts),
        "retimed": None if record.retimed is None else vars(record.retimed),
    }


def _show(records: Sequence[TrialRecord], objectives: Sequence[Objective]) -> None:
    aims = [title(aim.metric) for aim in objectives]
    rows = [
        [
            str(record.number),
            str(record.state),
            *(written(aim.metric, record.metrics.get(aim.metric)) for aim in objectives),
            "" if record.seconds is None else duration(record.seconds),
            written_params(record.params),
            record.reason,
        ]
        for record in records
    ]
    headings = ["trial", "state", *aims, "wall", "params", "reason"]
    timed = timed_cells(records)
    if timed:
        headings.insert(-3, "timed")
        for row, cell in zip(rows, timed, strict=True):
            row.insert(-3, cell)
    right = ["trial", *aims, "wall"]
    if len(rows) >= MANY_ROWS:
        write_rows(headings, rows, right)
    else:
        console().print(table(headings, rows, right))


def timed_cells(records: Sequence[TrialRecord]) -> list[str]:
    """Say of each trial how its seconds were taken; nothing if none were taken again or disturbed."""
    cells = [_timed(record) for record in records]
    return cells if any(cell not in ("", _IN_STUDY) for cell in cells) else []


def _timed(record: TrialRecord) -> str:
    from tuner.analysis.seconds import core_share, is_disturbed

    if "training_time_s" not in record.metrics:
        return ""
    how = _IN_STUDY if record.retimed is None else _alone(record.retimed)
    share = core_share(record)
    return f"{how}; disturbed: {share:.0%} of the core" if is_disturbed(share) else how


def _alone(retimed: Retimed) -> str:
    runs = "" if retimed.runs == 1 else f", {retimed.runs} runs"
    scaled = ", scaled" if retimed.epochs < retimed.kept_epochs else ""
    return f"alone{runs}{scaled}"
