"""How every picture looks: paper white, quiet axes, and colours of the Okabe-Ito palette.

That palette stays readable with every common colour blindness.
"""

from __future__ import annotations

import html

import plotly.graph_objects as go

from tuner.analysis.wording import title

__all__ = ["BASELINE", "FINISHED", "FRONT", "GRID", "INK", "PALETTE", "PRUNED", "axis_title", "lay_out"]

FRONT, FINISHED, PRUNED, INK, GRID = "#0072B2", "#7A8794", "#D55E00", "#1F2A35", "#E6EAEE"

BASELINE = "#00704F"
"""The palette's green, darker: small text in it reads well on white (contrast 6 : 1)."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A8794", "#000000")
"""For things of one rank; as many as a person can tell apart in one picture."""

FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"


def lay_out(figure: go.Figure, heading: str, subheading: str = "") -> None:
    """Give a figure the look that all have, and a heading of at most two lines; none for an empty one."""
    title_font = {"size": 22, "color": INK}
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"}
    hover = {
        "bgcolor": "white",
        "bordercolor": "#C5CDD5",
        "font": {"size": 13, "color": INK},
        "align": "left",
    }
    figure.update_layout(
        font={"family": FONT, "size": 14, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 80, "r": 36, "t": 116 if heading else 48, "b": 72},
        legend={**legend, "font": {"size": 13}, "traceorder": "reversed"},
        hoverlabel=hover,
        hovermode="closest",
    )
    if heading:
        said = f"<b>{html.escape(heading)}</b>"
        if subheading:
            small = f"<span style='font-size:14px;color:#5B6875'>{html.escape(subheading)}</span>"
            said += f"<br>{small}"
        figure.update_layout(
            title={"text": said, "x": 0, "xref": "paper", "y": 0.945, "yanchor": "top", "font": title_font}
        )
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": "#9AA5B1",
        "ticks": "outside",
        "tickcolor": "#9AA5B1",
    }
    figure.update_xaxes(title_standoff=14, **axis)
    figure.update_yaxes(title_standoff=12, **axis)


def axis_title(metric: str, logarithmic: bool, direction: str | None) -> str:
    """Write a metric with its unit, which way is better, and the scale."""
    arrow = {"maximize": ", higher is better", "minimize": ", lower is better"}.get(direction or "", "")
    scale = ", logarithmic" if logarithmic else ""
    return html.escape(f"{title(metric)}{arrow}{scale}")
