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
from json.encoder import encode_basestring_ascii
from typing import Any, Literal

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
    "widths_of",
    "write_csv",
    "write_json",
    "write_json_list",
    "write_rows",
]

MANY_ROWS = 1000
"""From so many on, rows are written plainly: rich takes a second for each thousand."""

_WIDTH_WITHOUT_TERMINAL = 120

_GAP = 3
"""Between two columns of a table; one, where they stand close together."""

_SHORT = 10
"""Characters below which what begins with a digit is a number with its unit."""


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


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[str] = (),
    width: int | None = None,
) -> Table:
    """Build a table of plain text.

    Args:
        headings: Column titles.
        rows: Cells, as many a row as there are headings.
        right: Titles of the columns that are set to the right (numbers).
        width: Columns of the terminal that it is for. Defaults to those of stdout.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths, is_tight = _fitted(headings, cells, room=(width or console().width) - 2)
    drawn = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0) if is_tight else (0, 1), header_style="bold"
    )
    to_right = set(right)
    for heading, wide in zip(headings, widths, strict=True):
        justify: Literal["left", "right"] = "right" if heading in to_right else "left"
        drawn.add_column(Text(heading), justify=justify, overflow="fold", width=wide)
    for row in cells:
        drawn.add_row(*map(Text, row))
    return drawn


def _fitted(
    headings: Sequence[str], rows: Sequence[Sequence[str]], room: int
) -> tuple[list[int | None], bool]:
    """Return how wide columns are, None for as wide as they like, and whether they stand close together.

    The widest give way first, and words are broken only where no column can give way otherwise: rich breaks
    them as soon as one is wide.
    """
    columns = [[heading, *(row[place] for row in rows)] for place, heading in enumerate(headings)]
    widths = [max(map(_width, column)) for column in columns]
    if sum(widths) + _GAP * (len(widths) - 1) <= room:
        return [None] * len(widths), False
    least = [max(map(_longest_part, column)) for column in columns]
    is_tight = sum(least) + _GAP * (len(widths) - 1) > room
    excess = sum(widths) + (1 if is_tight else _GAP) * (len(widths) - 1) - room
    for floors in (least, [1] * len(widths)):
        while excess > 0 and (
            above := [place for place, floor in enumerate(floors) if widths[place] > floor]
        ):
            widths[max(above, key=lambda place: widths[place])] -= 1
            excess -= 1
    return list(widths), is_tight


def _longest_part(text: str) -> int:
    """Return the width below which a cell is broken inside a word, or a number from its unit."""
    return (
        _width(text)
        if text[:1].isdigit() and len(text) < _SHORT
        else max(map(_width, text.split()), default=0)
    )


def widths_of(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    """Return how wide each column of a long table is; each row is looked at once, and none kept."""
    widths = [cell_len(heading) for heading in headings]
    for row in rows:
        cells = zip(widths, row, strict=True)
        widths = [max(width, _width(one_line(cell))) for width, cell in cells]
    return widths


def write_rows(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    widths: Sequence[int],
    right: Iterable[str] = (),
) -> None:
    """Write a long table to stdout as its rows come, a line a row, nothing folded.

    Args:
        headings, rows, right: As for :func:`table`.
        widths: Of :func:`widths_of`.
    """
    to_right = set(right)
    columns = [(width, heading in to_right) for heading, width in zip(headings, widths, strict=True)]
    _write_line(headings, columns)
    _write_line(["─" * width for width in widths], columns)
    for row in rows:
        _write_line([one_line(cell) for cell in row], columns)


def _write_line(cells: Sequence[str], columns: Sequence[tuple[int, bool]]) -> None:
    line = []
    for cell, (width, to_right) in zip(cells, columns, strict=True):
        space = " " * (width - _width(cell))
        line.append(space + cell if to_right else cell + space)
    click.echo("  ".join(line).rstrip())


def _width(text: str) -> int:
    """Return the columns of a terminal that a text takes; most texts are ASCII, and told at once."""
    return len(text) if text.isascii() else cell_len(text)


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
    click.echo(_as_json(value))


def write_json_list(values: Iterable[Any]) -> None:
    """Write a JSON list to stdout as its members come, to the byte as :func:`write_json` writes it whole."""
    before, line = "[", "\n  "
    for value in values:
        click.echo("".join((before, line, _as_json(value, line))), nl=False)
        before = ","
    click.echo("[]" if before == "[" else "\n]")


def _as_json(value: Any, line: str = "\n") -> str:
    """Return a value as ``json.dumps`` with ``indent=2`` writes it; NaN and infinities as null.

    The library's own indenting encoder takes twice as long, and leaves garbage in cycles behind: tens of
    megabytes of it wait to be collected where thousands of values are written.

    Args:
        value: What JSON can carry; keys may be anything.
        line: Begins a line as far to the right as the value stands.
    """
    inner = line + "  "
    if isinstance(value, Mapping):
        members = [
            f"{encode_basestring_ascii(str(key))}: {_as_json(each, inner)}" for key, each in value.items()
        ]
        ends = "{}"
    elif isinstance(value, list | tuple):
        members = [_as_json(each, inner) for each in value]
        ends = "[]"
    elif isinstance(value, float):
        return float.__repr__(value) if math.isfinite(value) else "null"
    elif isinstance(value, str):
        return encode_basestring_ascii(value)
    else:
        return json.dumps(value)
    return f"{ends[0]}{inner}{f',{inner}'.join(members)}{line}{ends[1]}" if members else ends


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write CSV to stdout: a line of headings, line feeds, empty cells for None."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
