"""Tables to plotly figures; every number and every text in them comes from :mod:`tuner.analysis.tables`.

One strong colour for the front and quiet ones for the rest; each group has a symbol of its own, so that
a black-and-white print can be read too.
"""

from __future__ import annotations

import html
import itertools
import textwrap
from operator import itemgetter

import pandas as pd
import plotly.graph_objects as go

from tuner.analysis.tables import Axes
from tuner.analysis.wording import written, written_value
from tuner.report.baselines import baseline_names, baseline_traces
from tuner.report.frame import Frame, frame_of
from tuner.report.look import FINISHED, FRONT, PRUNED, axis_title, lay_out

__all__ = ["curves_figure", "pareto_figure"]

_LINES = {
    "failed": {"color": "#B8C0C8", "width": 1, "dash": "dot"},
    "pruned": {"color": PRUNED, "width": 1.2},
    "finished": {"color": FINISHED, "width": 1.2},
    "front": {"color": FRONT, "width": 2.6},
}
_LAST_SYMBOLS = {"pruned": "x", "failed": "diamond-open"}
_MOST_LABELS = 12


def pareto_figure(
    points: pd.DataFrame,
    axes: Axes,
    heading: str,
    subheading: str = "",
    baselines: pd.DataFrame | None = None,
    most_marks: int | None = None,
) -> go.Figure:
    """Draw the trials on two objectives, the front joined by the step line of what is attainable.

    Args:
        points: As of :func:`tuner.analysis.tables.points`: ``number``, ``kind``, ``x``, ``y``,
            ``label``, ``params``, ``reason``. Failed and running trials have no mark.
        axes: What x and y are, and their directions.
        heading: The picture's first line; empty where the surroundings say it.
        subheading: Its second, smaller line.
        baselines: As of :func:`tuner.analysis.tables.baseline_points`; None or empty without any.
        most_marks: At most so many of a kind are drawn; of more, one in so many, and the legend says so. The
            front is drawn whole. Defaults to all.

    Returns:
        A figure with at most these traces, in drawing order: ``attained`` (the front's step line),
        ``beaten by them`` and ``without a network``, ``pruned``, ``finished``, ``front``.
    """
    figure = go.Figure()
    drawn = points[points["kind"].isin(["front", "finished", "pruned"])].dropna(subset=["x", "y"])
    rivals = drawn.iloc[:0] if baselines is None else baselines
    frame = frame_of([*drawn["x"], *rivals["x"]], [*drawn["y"], *rivals["y"]])
    members = drawn[drawn["kind"] == "front"].sort_values("x", ascending=axes.x.direction == "minimize")
    if axes.joined and len(members):
        figure.add_trace(_attained(members, axes, frame))
    figure.add_traces(baseline_traces(rivals, axes, frame))
    for kind, name in (
        ("pruned", "pruned, where it stood"),
        ("finished", "finished, but beaten"),
        ("front", "front"),
    ):
        rows = members if kind == "front" else drawn[drawn["kind"] == kind]
        name = f"{name}: {len(rows)}"
        if kind != "front" and most_marks is not None and len(rows) > most_marks:
            step = -(-len(rows) // most_marks)
            rows, name = rows[::step], f"{name}, one in {step} drawn"
        if len(rows):
            figure.add_trace(_marks(rows, kind, name, axes))
    lay_out(figure, heading, subheading)
    figure.update_layout(annotations=baseline_names(rivals, axes, frame, drawn))
    frame.put_on(figure, axes)
    return figure


def curves_figure(curves: pd.DataFrame, axes: Axes) -> go.Figure:
    """Draw how every trial's first objective moved over the time it had used.

    Args:
        curves: As of :func:`tuner.analysis.tables.curves`: ``number``, ``kind``, ``epoch``, ``x``, ``y``.
        axes: What x and y are.

    Returns:
        A figure with one line a trial and one trace a kind; the front is drawn last and strongest.
    """
    figure = go.Figure()
    drawn = curves.dropna(subset=["x", "y"])
    for kind in ("failed", "pruned", "finished", "front"):
        rows = drawn[drawn["kind"] == kind]
        if len(rows):
            figure.add_trace(_lines(rows, kind, axes))
    lay_out(figure, "", "")
    frame = frame_of(drawn["x"].tolist(), drawn["y"].tolist())
    frame.put_on(figure, axes)
    figure.update_xaxes(title_text=axis_title(axes.x.metric, frame.logarithmic, None))
    return figure


def _lines(rows: pd.DataFrame, kind: str, axes: Axes) -> go.Scatter:
    """Make one trace of all trials of a kind, parted by gaps: a thousand traces would be slow to open."""
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    symbols: list[str] = []
    ordered = rows.sort_values("number", kind="stable")
    epochs = zip(*(ordered[name].tolist() for name in ("number", "epoch", "x", "y")), strict=True)
    for number, points in itertools.groupby(epochs, key=itemgetter(0)):
        for _, epoch, one_x, one_y in points:
            x.append(one_x)
            y.append(one_y)
            texts.append(f"trial {number}, epoch {epoch + 1}<br>{_point(axes, one_x, one_y)}")
            symbols.append("circle")
        symbols[-1] = _LAST_SYMBOLS.get(kind, "circle")
        x.append(None)
        y.append(None)
        texts.append("")
        symbols.append("circle")
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=kind,
        line=_LINES[kind],
        marker={"size": 6 if kind == "front" else 4, "symbol": symbols},
        opacity=1.0 if kind == "front" else 0.55,
        hovertext=texts,
        hoverinfo="text",
        connectgaps=False,
    )


def _attained(members: pd.DataFrame, axes: Axes, frame: Frame) -> go.Scatter:
    """Make the step line: the best y to be had for each x, drawn on to the picture's edge.

    The region behind it, where every trial is beaten, is tinted when it lies below the line.
    """
    x, y = members["x"].tolist(), members["y"].tolist()
    x.append(frame.edge(axes.x.direction))
    y.append(y[-1])
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        name="attained",
        line={"color": FRONT, "width": 2, "shape": "hv"},
        fill="tozeroy" if axes.y.direction == "maximize" and min(y) >= 0 else "none",
        fillcolor="rgba(0, 114, 178, 0.06)",
        hoverinfo="skip",
        showlegend=False,
    )


def _marks(rows: pd.DataFrame, kind: str, name: str, axes: Axes) -> go.Scatter:
    marker = {
        "front": {"symbol": "circle", "size": 13, "color": FRONT, "line": {"color": "white", "width": 1.5}},
        "finished": {"symbol": "circle-open", "size": 10, "color": FINISHED, "line": {"width": 2}},
        "pruned": {"symbol": "x-thin", "size": 8, "color": PRUNED, "line": {"color": PRUNED, "width": 2}},
    }[kind]
    labelled = kind == "front" and len(rows) <= _MOST_LABELS
    return go.Scatter(
        x=rows["x"],
        y=rows["y"],
        mode="markers+text" if labelled else "markers",
        name=name,
        marker=marker,
        text=[f"<b>{html.escape(label)}</b>" for label in rows["label"]] if labelled else None,
        # Towards the better corner, where the front leaves room: never on its own line.
        textposition=f"{'top' if axes.y.direction == 'maximize' else 'bottom'} "
        f"{'left' if axes.x.direction == 'minimize' else 'right'}",
        textfont={"color": FRONT, "size": 12},
        cliponaxis=False,
        hovertext=_hovers(rows, axes),
        hoverinfo="text",
    )


def _hovers(rows: pd.DataFrame, axes: Axes) -> list[str]:
    """Write what marks say under the pointer; all of it is escaped, plotly reads it as HTML."""
    columns = (rows[name].tolist() for name in ("number", "kind", "x", "y", "params", "reason"))
    found = []
    for number, kind, x, y, params, reason in zip(*columns, strict=True):
        lines = [f"<b>trial {number}</b>, {kind}", _point(axes, x, y)]
        if params:
            listed = "\n".join(f"{name} = {written_value(value)}" for name, value in params.items())
            lines.append(html.escape(listed).replace("\n", "<br>"))  # once a mark: there may be thousands
        if reason:
            lines += [f"<i>{html.escape(part)}</i>" for part in textwrap.wrap(reason, 70)]
        found.append("<br>".join(lines))
    return found


def _point(axes: Axes, x: float, y: float) -> str:
    return (
        f"{html.escape(axes.y.metric)} {written(axes.y.metric, y)}, "
        f"{html.escape(axes.x.metric)} {written(axes.x.metric, x)}"
    )
