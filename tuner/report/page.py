"""Figures and tables to one HTML file that needs nothing else: no network, no folder beside it.

Everything that is shown may come from a foreign file (names, parameters, reasons with texts of
exceptions), so every text passes :func:`html.escape` here, and the page's own policy forbids it to
load or send anything, whatever a text may contain.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import plotly.io
from plotly.offline import get_plotlyjs

from tuner.report.look import Figure

__all__ = ["Page", "Section", "TextTable", "render"]

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
_CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}


@dataclass(frozen=True)
class TextTable:
    """A table of plain text; ``right`` names the columns that hold numbers, ``wide`` those that may wrap."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()
    wide: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Section:
    """One part of the page: a heading, sentences, then code, a figure, a table, each where there is one.

    Attributes:
        heading: What it is about.
        sentences: A paragraph each.
        figure, figure_height_px: A picture.
        table: Plain text.
        folded: Whether a reader has to open it.
        code: As it is to be typed.
        figure_says: The picture in words, for who cannot see it; its heading by default.
    """

    heading: str
    sentences: Sequence[str] = ()
    figure: Figure | None = None
    figure_height_px: int = 620
    table: TextTable | None = None
    folded: bool = False
    code: str = ""
    figure_says: str = ""


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        title: The study's name.
        summary: One sentence: what came out.
        facts: ``(what, value)`` pairs for the head of the page.
        sections: In reading order.
        footer: When and by what it was written.
    """

    title: str
    summary: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    footer: str


def render(page: Page) -> str:
    """Write the page as one HTML document of about 5 MB, nearly all of it plotly's own script."""
    style = files("tuner.report").joinpath("page.css").read_text(encoding="utf-8")
    facts = "".join(f"<div><dt>{_text(what)}</dt><dd>{_text(value)}</dd></div>" for what, value in page.facts)
    body = "".join(_section(section, index) for index, section in enumerate(page.sections))
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(page.title)}: study report</title><style>{style}</style>"
        f"<script>{get_plotlyjs()}</script></head><body><main>"
        f'<header><p class="kind">study report</p><h1>{_text(page.title)}</h1>'
        f'<p class="summary">{_text(page.summary)}</p><dl class="facts">{facts}</dl></header>'
        f"{body}<footer>{_text(page.footer)}</footer></main></body></html>\n"
    )


def _section(section: Section, index: int) -> str:
    heading = f"<h2>{_text(section.heading)}</h2>"
    inner = "".join(f"<p>{_text(sentence)}</p>" for sentence in section.sentences)
    if section.code:
        inner += f"<pre>{_text(section.code)}</pre>"
    if section.figure is not None:
        said = section.figure_says or section.heading
        inner += _figure(section.figure, section.figure_height_px, f"figure-{index}", said)
    if section.table is not None:
        inner += _table(section.table)
    if section.folded:
        inner = f"<details><summary>{heading}</summary>{inner}</details>"
        return f"<section>{inner}</section>"
    return f"<section>{heading}{inner}</section>"


def _figure(figure: Figure, height_px: int, identity: str, said: str) -> str:
    drawn = plotly.io.to_html(
        figure,
        config=_CONFIG,
        include_plotlyjs=False,
        full_html=False,
        validate=False,
        default_height=f"{height_px}px",
        div_id=identity,
    )
    return f'<div class="figure" role="figure" aria-label="{_text(said)}">{drawn}</div>'


def _table(table: TextTable) -> str:
    def classes(heading: str) -> str:
        if heading in table.right:
            return ' class="number"'
        return ' class="wide"' if heading in table.wide else ""

    head = "".join(f"<th{classes(heading)}>{_text(heading)}</th>" for heading in table.headings)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{classes(heading)}>{_text(cell)}</td>"
            for heading, cell in zip(table.headings, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _text(text: str) -> str:
    return html.escape(text, quote=True)
