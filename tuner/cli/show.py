"""``tuner show``: all that is kept of one trial."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tuner.analysis.seconds import again, core_share, is_disturbed
from tuner.analysis.wording import duration, title, written, written_value
from tuner.cli.console import console, facts, table, write_json
from tuner.cli.options import TrialNumber, format_option, open_ledger, pick, storage_option
from tuner.cli.trials import trial_document, waits
from tuner.suggested import command
from tuner.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from tuner.analysis.sheet import Group, Sheet
    from tuner.analysis.tables import Split
    from tuner.decision import Decision
    from tuner.spec.values import Value

__all__ = ["show"]

_ELSEWHERE = frozenset({"kept_epoch", "training_time_all_epochs_s"})
"""Facts that stand among the epochs and the costs."""


@click.command(epilog="Example:\n\n  tuner show quickstart 3")
@click.argument("name")
@click.argument("number", metavar="TRIAL", type=TrialNumber())
@storage_option
@format_option("text", "json")
def show(name: str, number: int, storage: str, form: str) -> None:
    """Show all that is kept of one trial.

    How it ended, by which decision, and who ran it, its settings, texts, metrics on both splits by class,
    what it cost, its epochs, the machine and versions it ran on, and the notes on it.
    """
    from tuner.analysis.sheet import sheet_of
    from tuner.storage import study_folder

    ledger = open_ledger(storage)
    chosen = pick(ledger, name)
    sheet = sheet_of(ledger, chosen, number, study_folder(storage, chosen))
    if form == "json":
        write_json(document(sheet))
        return
    screen = console()
    for part in _parts(sheet):
        screen.print(part)
        screen.print()


def document(sheet: Sheet) -> dict[str, Any]:
    """Return a trial's sheet as its JSON says it; the keys are a promise, see docs/json.md."""
    trial, session = sheet.trial, sheet.session
    return {
        **trial_document(trial),
        "study": sheet.study.name,
        "is_member": sheet.is_member,
        "settings": dict(trial.settings),
        "started_utc": _iso(trial.started_utc),
        "finished_utc": _iso(trial.finished_utc),
        "researcher": "" if session is None else session.researcher,
        "session": None
        if session is None
        else {
            "host": session.host,
            "started_utc": _iso(session.started_utc),
            "ended_utc": _iso(session.ended_utc),
            "facts": dict(session.facts),
        },
        "samples": sheet.samples,
        "classes": list(sheet.classes),
        "confusion": [list(row) for row in trial.confusion],
        "test_confusion": [list(row) for row in trial.test_confusion],
        "class_report": [vars(row) for row in sheet.class_rows("validation")],
        "test_class_report": [vars(row) for row in sheet.class_rows("test")],
        "kept_epoch": sheet.kept_epoch,
        "epochs": [{"epoch": report.epoch, **report.metrics} for report in sheet.curve],
        "timings": [
            {
                "training_time_s": each.training_time_s,
                "host": each.host,
                "device": each.device,
                "at_utc": _iso(each.at_utc),
            }
            for each in sheet.timings
        ],
        "deaths": trial.deaths,
        "detail": trial.detail,
        "model_file": None if sheet.model_file is None else str(sheet.model_file),
        "notes": [
            {"author": note.author, "kind": note.kind, "text": note.text, "at_utc": _iso(note.at_utc)}
            for note in sheet.notes
        ],
    }


def _parts(sheet: Sheet) -> Iterator[Table]:
    """Draw the sheet, a table a part; parts that a trial does not have are left out."""
    yield facts(f"{sheet.study.name}, trial {sheet.trial.number}", _ending(sheet))
    if sheet.trial.decision is not None:
        yield from _decision(sheet.trial.decision)
    groups: tuple[Group, ...] = ("model", "training", "data")
    for group in groups:
        yield facts(group, _settings(sheet, group))
    yield from _results(sheet)
    if sheet.costs:
        yield facts("cost", _costs(sheet))
    if sheet.curve:
        yield _epochs(sheet)
    surroundings = _surroundings(sheet)
    if surroundings:
        yield facts("surroundings", surroundings)
    if sheet.notes:
        rows = [[_day(note.at_utc), note.author, note.kind, note.text] for note in sheet.notes]
        yield table(["noted", "by", "kind", "text"], rows)


def _ending(sheet: Sheet) -> list[tuple[str, str]]:
    trial = sheet.trial
    rows = [("state", f"{trial.state}{', on the front' if sheet.is_member else ''}")]
    if trial.reason:
        rows.append(("reason", trial.reason))
    if waiting := waits(trial, sheet.study):
        rows.append(
            ("session", f"none is running; it {waiting}, {counted(len(sheet.curve), 'epoch')} so far")
        )
    rows.append(("begun", _day(trial.started_utc)))
    if trial.finished_utc is not None:
        took = "" if trial.seconds is None else f", {duration(trial.seconds)} of work"
        rows.append(("ended", f"{_day(trial.finished_utc)}{took}"))
    if trial.deaths:
        rows.append(("deaths", f"{trial.deaths}, continued each time"))
    if sheet.session is not None and sheet.session.researcher:
        rows.append(("researcher", sheet.session.researcher))
    if sheet.model_file is not None:
        rows.append(("model", str(sheet.model_file)))
    return rows


def _decision(decision: Decision) -> Iterator[Table]:
    """Draw the numbers of a decision; where each metric has its own, as a table with a column a metric."""
    rows = [("rule", str(decision.rule).replace("_", " "))]
    by_metric: dict[str, dict[str, str]] = {}
    for name, value in decision.numbers.items():
        what, _, metric = name.partition(".")
        exact = f"{value:.6g}" if isinstance(value, float) else _fact(name, value)
        if metric:
            by_metric.setdefault(what, {})[metric] = exact
        else:
            rows.append((name.replace("_", " "), exact))
    yield facts("decision", rows)
    if by_metric:
        metrics = list(dict.fromkeys(metric for each in by_metric.values() for metric in each))
        cells = [
            [what.replace("_", " "), *(each.get(metric, "") for metric in metrics)]
            for what, each in by_metric.items()
        ]
        yield table(["decided by", *metrics], cells, right=metrics)


def _settings(sheet: Sheet, group: Group) -> list[tuple[str, str]]:
    rows = [(name, written_value(value)) for name, value in sheet.settings(group).items()]
    if group == "training" and sheet.curve:
        kept = "" if sheet.kept_epoch is None else f", the kept one is number {sheet.kept_epoch + 1}"
        rows.append(("epochs run", f"{len(sheet.curve)}{kept}"))
    if group == "data":
        rows += [(f"{part} texts", f"{count:,}") for part, count in sheet.samples.items()]
    return rows


def _results(sheet: Sheet) -> Iterator[Table]:
    validation, test = sheet.qualities("validation"), sheet.qualities("test")
    if validation or test:
        rows = [
            [title(name), written(name, validation.get(name)), written(name, test.get(name))]
            for name in dict.fromkeys([*validation, *test])
        ]
        yield table(["metric", "validation", "test"], rows, right=["validation", "test"])
    yield from _by_class(sheet, "test" if sheet.trial.test_confusion else "validation")


def _by_class(sheet: Sheet, split: Split) -> Iterator[Table]:
    rows = [
        [row.name, f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}", f"{row.support:,}"]
        for row in sheet.class_rows(split)
    ]
    if not rows:
        return
    headings = [f"by class, {split}", "precision", "recall", "f1", "texts"]
    yield table(headings, rows, right=headings[1:])
    counts = [
        [name, *(f"{count:,}" for count in row)]
        for name, row in zip(sheet.classes, sheet.confusion(split), strict=True)
    ]
    called = [f"called {name}" for name in sheet.classes]
    yield table([f"confusion, {split}", *called], counts, right=called)


def _costs(sheet: Sheet) -> list[tuple[str, str]]:
    rows = [(title(name), written(name, value)) for name, value in sheet.costs.items()]
    every = sheet.trial.facts.get("training_time_all_epochs_s")
    if isinstance(every, float):
        rows.append(("training time, all epochs", duration(every)))
    share = core_share(sheet.trial)
    if is_disturbed(share):
        taken = command("time", sheet.study.name, str(sheet.trial.number), *again([sheet.trial]))
        alone = f"; take it alone: {taken}"
        rows.append(("times were disturbed", f"the steps had {share:.0%} of the core{alone}"))
    if sheet.trial.retimed is not None:
        rows += [
            (f"{title(name)}, in the study", written(name, value))
            for name, value in sheet.trial.retimed.in_study.items()
        ]
    for timing in sheet.timings:
        alone = f"{duration(timing.training_time_s)} on {timing.host}, {timing.device}"
        rows.append(("training time, taken alone", alone))
    return rows


def _epochs(sheet: Sheet) -> Table:
    names = sheet.epoch_metrics
    rows = [
        [
            f"{report.epoch + 1}{' (kept)' if report.epoch == sheet.kept_epoch else ''}",
            *(written(name, report.metrics.get(name)) for name in names),
        ]
        for report in sheet.curve
    ]
    headings = ["epoch", *(title(name) for name in names)]
    return table(headings, rows, right=headings)


def _surroundings(sheet: Sheet) -> list[tuple[str, str]]:
    rows = [(name, _fact(name, value)) for name, value in sheet.trial.facts.items() if name not in _ELSEWHERE]
    if sheet.session is not None:
        known = dict(rows)
        rows.append(("host", sheet.session.host))
        rows += [
            (name.replace("_", " "), _fact(name, value))
            for name, value in sheet.session.facts.items()
            if name not in known
        ]
    return rows


def _fact(name: str, value: Value) -> str:
    is_size = name.endswith("_bytes") and isinstance(value, int | float)
    return written(name, float(value)) if is_size else written_value(value)


def _day(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M UTC")


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
