"""How every picture looks: paper white, quiet axes, and colours of the Okabe-Ito palette.

That palette stays readable with every common colour blindness.

A figure is what plotly.js takes, as plain values: Python's own figures check every property each time it is
set, which took most of the time of a report. Tests check ours with them.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, TypeAlias, TypedDict

from tuner.analysis.wording import title

__all__ = [
    "BASELINE",
    "FINISHED",
    "FRONT",
    "GRID",
    "INK",
    "PALETTE",
    "PRUNED",
    "Figure",
    "Trace",
    "axis_title",
    "look",
    "x_axis",
    "y_axis",
]

FRONT, FINISHED, PRUNED, INK, GRID = "#0072B2", "#7A8794", "#D55E00", "#1F2A35", "#E6EAEE"

BASELINE = "#00704F"
"""The palette's green, darker: small text in it reads well on white (contrast 6 : 1)."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A8794", "#000000")
"""For things of one rank; as many as a person can tell apart in one picture."""

FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"

Trace: TypeAlias = dict[str, Any]
"""Marks or lines of a figure, by plotly.js's names."""


class Figure(TypedDict):
    """A picture as plotly.js takes it: JSON-ready values.

    Attributes:
        data: Traces in drawing order.
        layout: Axes, headings, sizes.
    """

    data: list[Trace]
    layout: dict[str, Any]


def look(
    heading: str, subheading: str = "", *, legend: Mapping[str, Any] | None = None, **own: Any
) -> dict[str, Any]:
    """Return the layout that all figures have.

    Args:
        heading: Its first line; none for an empty one.
        subheading: A second, smaller line.
        legend: Where this figure's is otherwise.
        own: Other parts of this figure's layout, its axes among them.
    """
    layout = {
        "autotypenumbers": "strict",
        "font": {"family": FONT, "size": 14, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 80, "r": 36, "t": 116 if heading else 48, "b": 72},
        "legend": {
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.0,
            "yanchor": "bottom",
            "font": {"size": 13},
            "traceorder": "reversed",
            **(legend or {}),
        },
        "hoverlabel": {
            "bgcolor": "white",
            "bordercolor": "#C5CDD5",
            "font": {"size": 13, "color": INK},
            "align": "left",
        },
        "hovermode": "closest",
    }
    if heading:
        said = f"<b>{html.escape(heading)}</b>"
        if subheading:
            small = f"<span style='font-size:14px;color:#5B6875'>{html.escape(subheading)}</span>"
            said += f"<br>{small}"
        font = {"size": 22, "color": INK}
        layout["title"] = {"text": said, "x": 0, "xref": "paper", "y": 0.945, "yanchor": "top", "font": font}
    return {**layout, **own}


def x_axis(said: str = "", **own: Any) -> dict[str, Any]:
    """Return an x axis.

    Args:
        said: Its title; escaped, for plotly.js reads it as HTML.
        own: What it has beside or instead of what all have.
    """
    return _axis(said, 14, own)


def y_axis(said: str = "", **own: Any) -> dict[str, Any]:
    """Return a y axis, as :func:`x_axis` does."""
    return _axis(said, 12, own)


def _axis(said: str, standoff_px: int, own: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "automargin": True,
        "title": {"text": said, "standoff": standoff_px},
        "gridcolor": GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": "#9AA5B1",
        "ticks": "outside",
        "tickcolor": "#9AA5B1",
        **own,
    }


def axis_title(metric: str, logarithmic: bool, direction: str | None) -> str:
    """Write a metric with its unit, which way is better, and the scale."""
    arrow = {"maximize": ", higher is better", "minimize": ", lower is better"}.get(direction or "", "")
    scale = ", logarithmic" if logarithmic else ""
    return html.escape(f"{title(metric)}{arrow}{scale}")
