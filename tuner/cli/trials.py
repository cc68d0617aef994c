"""``tuner trials``: every trial of a study, with its settings, its values and why it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import click

from tuner.analysis.seconds import axis_of, core_share, is_disturbed, left_out_remark
from tuner.analysis.tables import cells_of, flat, headings_of, on_test
from tuner.analysis.wording import duration, title, written, written_params
from tuner.cli.console import (
    MANY_ROWS,
    console,
    remark,
    table,
    widths_of,
    write_csv,
    write_json_list,
    write_rows,
)
from tuner.cli.options import (
    TrialNumber,
    format_option,
    name_argument,
    open_ledger,
    pick,
    seconds_option,
    storage_option,
)
from tuner.cli.spool import Spool
from tuner.storage.records import TrialStateName, Which

if TYPE_CHECKING:
    from tuner.analysis.seconds import Axis, Seconds
    from tuner.storage import Retimed, Snapshot, StudyRecord, TrialRecord

__all__ = ["timed_cells", "trial_document", "trials", "waits"]

_IN_STUDY = "in the study"
_TIMED = "timed"


@click.command(epilog="Example:\n\n  tuner trials quickstart --format csv > trials.csv")
@name_argument
@storage_option
@seconds_option
@click.option(
    "--state",
    type=click.Choice(get_args(TrialStateName), case_sensitive=False),
    help="Only trials in this state.",
)
@click.option("--from", "first", type=TrialNumber(), help="Only trials from this number on.")
@click.option("--limit", type=click.IntRange(min=1), help="Of these no more than so many, the first ones.")
@click.option("--last", type=click.IntRange(min=1), help="Of these so many, the last ones.")
@format_option("table", "json", "csv")
def trials(
    name: str | None,
    storage: str,
    seconds: Seconds,
    state: TrialStateName | None,
    first: int | None,
    limit: int | None,
    last: int | None,
    form: str,
) -> None:
    """List a study's trials, by number: all of them, or those of a state, from a number on, or the last ones.

    Where `tuner time` took seconds again, those are shown, and a column "timed" says so; it also says how
    much of its core a trial had whose time other work disturbed.
    """
    if limit is not None and last is not None:
        raise click.UsageError("--limit counts from the first trial, --last from the last: give one of them")
    ledger = open_ledger(storage)  # first of all: its file is read while libraries are loaded

    which = Which(state, first or 0, limit, last, is_brief=True)
    with ledger.snapshot(pick(ledger, name)) as seen:
        listing = _Listing(seen, which, axis_of(seen.study.spec.objectives, seconds))
        match form:
            case "json":
                write_json_list(trial_document(record) for record in listing.records())
                return
            case "csv":
                flat_rows = Spool(flat(record, listing.axis.objectives) for record in listing.records())
            case _:
                cells = Spool(listing.cells())
    # Nothing is open any more but the spool: whoever turns pages does not keep the database waiting.
    if form == "csv":
        with flat_rows:
            headings = headings_of(flat_rows, listing.axis.objectives)
            write_csv(headings, (cells_of(row, headings) for row in flat_rows))
    else:
        with cells:
            _show(listing, cells)


@dataclass
class _Listing:
    """Trials that are listed, read once from one snapshot.

    A table has to know all its rows before the first is written: how wide its columns are, and which there
    are. So its rows, which are short, are spooled, and the trials, which are not, never stand side by side.

    Attributes:
        seen: The study.
        which: Of its trials.
        axis: What they are shown by.
        count: Trials that were read.
        left_out: Numbers of finished trials that lack what is shown.
        is_timed: Whether a time was met that was taken again or disturbed.
        filled: Places of the columns in which a cell says something.
    """

    seen: Snapshot
    which: Which
    axis: Axis
    count: int = 0
    left_out: list[int] = field(default_factory=list)
    is_timed: bool = False
    filled: set[int] = field(default_factory=set)

    def records(self) -> Iterator[TrialRecord]:
        """Read the trials."""
        from tuner.analysis.retimed import each_shown

        for record in each_shown(self.seen, self.which):
            self.count += 1
            placed = self.axis.place(record)
            if placed.values is None and record.values is not None:
                self.left_out.append(record.number)
            yield placed

    def cells(self) -> Iterator[list[str]]:
        """Read the trials as rows of a table, the column "timed" among them."""
        for record in self.records():
            timed = _timed(record)
            self.is_timed = self.is_timed or _says_something(timed)
            cells = [
                str(record.number),
                str(record.state),
                *(written(aim.metric, record.metrics.get(aim.metric)) for aim in self.axis.objectives),
                "" if record.seconds is None else duration(record.seconds),
                timed,
                written_params(record.params),
                record.reason or waits(record, self.seen.study),
            ]
            self.filled.update(place for place, cell in enumerate(cells) if cell)
            yield cells


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


def _show(listing: _Listing, rows: Spool[list[str]]) -> None:
    aims = [title(aim.metric) for aim in listing.axis.objectives]
    headings, right = ["trial", "state", *aims, "wall", _TIMED, "params", "reason"], ["trial", *aims, "wall"]
    silent = set(range(len(headings))) - listing.filled if listing.count else set()
    if not listing.is_timed:
        silent.add(headings.index(_TIMED))

    def kept(row: Sequence[str]) -> Sequence[str]:
        return [cell for place, cell in enumerate(row) if place not in silent]

    shown = kept(headings)
    if listing.count >= MANY_ROWS:
        write_rows(shown, map(kept, rows), widths_of(shown, map(kept, rows)), right)
    else:
        console().print(table(shown, map(kept, rows), right))
    if remarked := left_out_remark(listing.left_out):
        remark(remarked)


def waits(record: TrialRecord, study: StudyRecord) -> str:
    """Say of a trial under way that no session is at work on it; empty for every other."""
    if record.state != "RUNNING" or study.sessions_alive:
        return ""
    return "waits to go on from its last checkpoint"


def timed_cells(records: Sequence[TrialRecord]) -> list[str]:
    """Say of each trial how its seconds were taken; nothing if none were taken again or disturbed."""
    cells = [_timed(record) for record in records]
    return cells if any(map(_says_something, cells)) else []


def _says_something(timed: str) -> bool:
    return timed not in ("", _IN_STUDY)


def _timed(record: TrialRecord) -> str:
    if "training_time_s" not in record.metrics:
        return ""
    how = _IN_STUDY if record.retimed is None else _alone(record.retimed)
    share = core_share(record)
    return f"{how}; disturbed: {share:.0%} of the core" if is_disturbed(share) else how


def _alone(retimed: Retimed) -> str:
    runs = "" if retimed.runs == 1 else f", {retimed.runs} runs"
    scaled = ", scaled" if retimed.epochs < retimed.kept_epochs else ""
    return f"alone{runs}{scaled}"
