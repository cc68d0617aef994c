"""How commands speak: tables and data on stdout, progress and remarks on stderr.

Text that came from a file, a database or a worker passes :func:`one_line` on its way to a terminal:
it may hold line feeds or escape sequences, and is never read as markup.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.cli.plain import one_line

__all__ = [
    "MANY_ROWS",
    "console",
    "facts",
    "one_line",
    "remark",
    "table",
    "write_csv",
    "write_json",
    "write_rows",
]

MANY_ROWS = 1000
"""From so many on, rows are written plainly: rich takes a second for each thousand."""

_WIDTH_WITHOUT_TERMINAL = 120


class _PatientConsole(Console):
    """A rich console that leaves a closed pipe to the command line's one seam."""

    def on_broken_pipe(self) -> None:
        """Raise again: rich would end the process with exit code 1."""
        raise BrokenPipeError


def console(*, err: bool = False) -> Console:
    """Make a console on today's stdout or stderr; without a terminal it has no colour and 120 columns."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return _PatientConsole(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False)


def remark(text: str) -> None:
    """Say one line on stderr."""
    click.echo(f"tuner: {one_line(text)}", err=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()) -> Table:
    """Build a table of plain text.

    Args:
        headings: Column titles.
        rows: Cells, as many a row as there are headings.
        right: Titles of the columns that are set to the right (numbers).
    """
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    to_right = set(right)
    for heading in headings:
        drawn.add_column(Text(heading), justify="right" if heading in to_right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(one_line(cell)) for cell in row))
    return drawn


def write_rows(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()) -> None:
    """Write a long table to stdout, a line a row, nothing folded.

    Args:
        headings, rows, right: As for :func:`table`.
    """
    lines = [list(headings), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    to_right = set(right)
    lines.insert(1, ["─" * width for width in widths])
    for line in lines:
        cells = []
        for heading, cell, width in zip(headings, line, widths, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if heading in to_right else cell + space)
        click.echo("  ".join(cells).rstrip())


def facts(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    """Build a list of what and its value, under a title."""
    drawn = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        show_header=False,
        title=Text(one_line(title), style="bold"),
        title_justify="left",
    )
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    for what, value in rows:
        drawn.add_row(Text(what), Text(one_line(value)))
    return drawn


def write_json(value: Any) -> None:
    """Write one JSON document to stdout: ASCII, so that every locale can; NaN and infinities as null."""
    click.echo(json.dumps(_finite(value), indent=2, ensure_ascii=True, allow_nan=False))


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write CSV to stdout: a line of headings, line feeds, empty cells for None."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)


def _finite(value: Any) -> Any:
    """Return ``value`` with every float that JSON cannot carry replaced by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
