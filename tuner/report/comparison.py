"""A one-factor comparison as a picture and as a page."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tuner.analysis.comparison import Comparison
from tuner.analysis.level_tables import written_rows
from tuner.analysis.wording import title, written
from tuner.report.look import INK, PALETTE, Figure, Trace, axis_title, look, x_axis, y_axis
from tuner.report.page import Page, Section, TextTable
from tuner.report.panels import panels
from tuner.wording import counted

__all__ = ["ComparisonPage", "comparison_figure", "comparison_page"]


_MARKS = "Each small mark is a trial; the large one is the mean of its level with the 95 % interval."
_CURVES = (
    "Below, the mean over a level's trials after each epoch: validation as a line with a band of one "
    "standard deviation, training dotted. Trials that ended early are in the mean as far as they got."
)


@dataclass(frozen=True)
class ComparisonPage:
    """All that a comparison's page is made of.

    Attributes:
        study: The study's name.
        table: The comparison.
        points: As of :func:`tuner.analysis.level_tables.level_points`.
        curves: As of :func:`tuner.analysis.level_tables.level_curves`.
        written_utc: When it is written, for people.
    """

    study: str
    table: Comparison
    points: pd.DataFrame
    curves: pd.DataFrame
    written_utc: str

    @property
    def heading(self) -> str:
        """What the picture shows, in a line."""
        return f"{self.study}: {title(self.table.metric)} by {', '.join(self.table.factors)}"


def comparison_figure(page: ComparisonPage, *, titled: bool = True) -> Figure:
    """Draw every trial by its level, with each level's mean and 95 % interval; below it the curves.

    Returns:
        A figure with these traces: ``trials`` and ``mean, 95 % interval``, and for each metric over
        epochs and each level a band, ``<level> training`` and ``<level> validation``.
    """
    table = page.table
    shown = list(dict.fromkeys(page.curves["metric"]))
    (above,), *below = panels([1, *([len(shown)] if shown else [])], 0.2 / max(len(shown), 1), 0.17)
    traces = list(map(above.placed, _by_level(table, page.points)))
    across = x_axis(
        type="category",
        range=[-0.5, len(table.levels) - 0.5],  # of categories, which stand at 0, 1, 2...
        # In the table's order, with a place for a level that has no mark.
        categoryorder="array",
        categoryarray=list(map(html.escape, _labels(table))),
    )
    axes = above.axes(across, y_axis(axis_title(table.metric, False, table.direction)))
    for metric, place in zip(shown, below[0] if below else (), strict=True):
        rows = page.curves[page.curves["metric"] == metric]
        named = metric == shown[0]
        traces += map(place.placed, _over_epochs(rows, _labels(table), named=named))
        up = y_axis(f"{html.escape(title(metric))} (dotted: training)")
        axes |= place.axes(x_axis("epoch", dtick=_epoch_step(page.curves)), up)
    split = f"{counted(len(page.points), 'trial')}, {table.split} split"
    layout = look(page.heading if titled else "", split, annotations=_names_of_the_empty(table), **axes)
    return {"data": traces, "layout": layout}


def comparison_page(page: ComparisonPage) -> Page:
    """Put the page together: the table, what has to be known to read it, the picture."""
    table = page.table
    headings, rows = written_rows(table)
    numbers = frozenset(headings[len(table.factors) : -1])
    sections = [
        Section("The levels", table.sentences, table=TextTable(headings, rows, right=numbers)),
        Section(
            "Trials and curves",
            (_MARKS, _CURVES) if len(page.curves) else (_MARKS,),
            figure=comparison_figure(page, titled=False),
            figure_height_px=820,
        ),
    ]
    best = next((level for level in table.levels if level.verdict == "best mean"), None)
    summary = "No trial has finished yet."
    if best is not None:
        summary = f"Best mean {title(table.metric)} on the {table.split} split: {best.label}."
    trials = sum(len(level.numbers) for level in table.levels)
    facts = [("Study", page.study), ("Levels", str(len(table.levels))), ("Trials", str(trials))]
    return Page(page.heading, summary, facts, sections, f"Written by tuner on {page.written_utc}.")


def _names_of_the_empty(table: Comparison) -> list[dict[str, Any]]:
    """Say in the place of a level that has no mark why it has none."""
    return [
        {
            "x": html.escape(level.label),
            "y": 0.5,
            "xref": "x",
            "yref": "y domain",
            "text": f"all {level.pruned} pruned" if level.pruned > 1 else "pruned",
            "showarrow": False,
        }
        for level in table.levels
        if not level.numbers
    ]


def _labels(table: Comparison) -> list[str]:
    return [level.label for level in table.levels]


def _by_level(table: Comparison, points: pd.DataFrame) -> list[Trace]:
    """Make the trials' marks and, drawn over them, the means with their intervals."""
    means = [level for level in table.levels if table.metric in level.spreads]
    spreads = [level.spreads[table.metric] for level in means]
    colours = [_colour(_labels(table).index(label)) for label in points["level"]]
    trials: Trace = {
        "type": "scatter",
        "x": [html.escape(label) for label in points["level"]],
        "y": points["value"].tolist(),
        "mode": "markers",
        "name": "trials",
        "marker": {"size": 9, "color": colours, "symbol": "circle-open", "line": {"width": 2}},
        "hovertext": [
            f"trial {row['number']}<br>{html.escape(table.metric)} {written(table.metric, row['value'])}"
            for row in points.to_dict("records")
        ],
        "hoverinfo": "text",
    }
    middle: Trace = {
        "type": "scatter",
        "x": [html.escape(level.label) for level in means],
        "y": [spread.mean for spread in spreads],
        "mode": "markers",
        "name": "mean, 95 % interval",
        "marker": {"size": 13, "color": INK, "symbol": "line-ew", "line": {"width": 3, "color": INK}},
        "error_y": {
            "type": "data",
            "symmetric": False,  # an end may lie at the metric's bound
            "array": [0.0 if spread.high is None else spread.high - spread.mean for spread in spreads],
            "arrayminus": [0.0 if spread.low is None else spread.mean - spread.low for spread in spreads],
            "color": INK,
            "thickness": 1.5,
            "width": 8,
        },
        "hovertext": [
            f"<b>{html.escape(level.label)}</b><br>mean {written(table.metric, spread.mean)}, n = {spread.n}"
            + (f"<br>{level.verdict}" if level.verdict else "")
            for level, spread in zip(means, spreads, strict=True)
        ],
        "hoverinfo": "text",
    }
    return [trials, middle]


def _over_epochs(rows: pd.DataFrame, levels: Sequence[str], named: bool) -> list[Trace]:
    """Make the curves of one metric; ``named`` puts the levels into the legend."""
    traces = []
    for index, level in enumerate(levels):
        colour = _colour(index)
        own = rows[rows["level"] == level]
        if own.empty:
            continue
        validation = own[own["split"] == "validation"]
        training = own[own["split"] == "training"]
        if (validation["n"] > 1).any():
            traces.append(_band(validation, level, colour))
        traces.append(_curve(training, f"{level} training", colour, "dot", shown=False))
        traces.append(_curve(validation, f"{level} validation", colour, "solid", shown=named))
    return traces


def _colour(index: int) -> str:
    return PALETTE[index % len(PALETTE)]


def _band(rows: pd.DataFrame, level: str, colour: str) -> Trace:
    epochs = (rows["epoch"] + 1).tolist()
    upper, lower = (rows["mean"] + rows["sd"]).tolist(), (rows["mean"] - rows["sd"]).tolist()
    return {
        "type": "scatter",
        "x": [*epochs, *reversed(epochs)],
        "y": [*upper, *reversed(lower)],
        "mode": "lines",
        "name": f"{html.escape(level)} band",
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.15,
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": html.escape(level),
    }


def _curve(rows: pd.DataFrame, name: str, colour: str, dash: str, *, shown: bool) -> Trace:
    level = name.rpartition(" ")[0]
    return {
        "type": "scatter",
        "x": (rows["epoch"] + 1).tolist(),
        "y": rows["mean"].tolist(),
        "mode": "lines+markers",
        "name": html.escape(level if shown else name),
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"size": 5},
        "legendgroup": html.escape(level),
        "showlegend": shown,
        "hovertext": [
            f"{html.escape(name)}, epoch {row['epoch'] + 1}<br>mean {row['mean']:.4f}, n = {row['n']}"
            for row in rows.to_dict("records")
        ],
        "hoverinfo": "text",
    }


def _epoch_step(curves: pd.DataFrame) -> int:
    """Return the distance of ticks that keeps whole epochs apart."""
    return max(1, math.ceil((int(curves["epoch"].max()) + 1) / 10)) if len(curves) else 1
