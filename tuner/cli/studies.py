"""``tuner studies``: the studies of a database."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from tuner.cli.console import console, table, write_json
from tuner.cli.options import format_option, open_ledger, storage_option

__all__ = ["studies"]


@click.command(epilog="Example:\n\n  tuner studies --format json")
@storage_option
@format_option("table", "json")
def studies(storage: str, form: str) -> None:
    """List the studies of a database."""
    from tuner.analysis.status import status_of

    ledger = open_ledger(storage)
    found = [status_of(ledger, name) for name in ledger.study_names()]
    if form == "json":
        write_json([_document(status) for status in found])
        return
    headings = ["study", "finished", "budget", "front", "objectives"]
    rows = [
        [
            status.study,
            str(status.finished),
            "" if status.trials_budget is None else str(status.trials_budget),
            str(status.front_size),
            ", ".join(aim.metric for aim in status.objectives),
        ]
        for status in found
    ]
    console().print(table(headings, rows, right=headings[1:4]))


def _document(status: Any) -> dict[str, Any]:
    return {
        "study": status.study,
        "finished": status.finished,
        "budget": status.trials_budget,
        "front_size": status.front_size,
        "objectives": [dataclasses.asdict(aim) for aim in status.objectives],
    }
