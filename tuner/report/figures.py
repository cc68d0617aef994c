"""Points to figures; every number and every text in them comes from :mod:`tuner.analysis.points`.

One strong colour for the front and quiet ones for the rest; each group has a symbol of its own, so that
a black-and-white print can be read too.
"""

from __future__ import annotations

import html
import itertools
import textwrap
from collections.abc import Sequence
from operator import attrgetter

from tuner.analysis.points import Axes, EpochPoint, Point, Rival, has_place
from tuner.analysis.wording import written, written_value
from tuner.report.baselines import baseline_names, baseline_traces
from tuner.report.frame import Frame, frame_of
from tuner.report.look import FINISHED, FRONT, PRUNED, Figure, Trace, look

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
    points: Sequence[Point],
    axes: Axes,
    heading: str,
    subheading: str = "",
    rivals: Sequence[Rival] = (),
    most_marks: int | None = None,
) -> Figure:
    """Draw the trials on two objectives, the front joined by the step line of what is attainable.

    Args:
        points: Of the trials, by number. Failed and running trials have no mark.
        axes: What x and y are, and their directions.
        heading: The picture's first line; empty where the surroundings say it.
        subheading: Its second, smaller line.
        rivals: Models without a network.
        most_marks: At most so many of a kind are drawn; of more, one in so many, and the legend says so. The
            front is drawn whole. Defaults to all.

    Returns:
        A figure with at most these traces, in drawing order: ``attained`` (the front's step line),
        ``beaten by them`` and ``without a network``, ``pruned``, ``finished``, ``front``.
    """
    traces: list[Trace] = []
    drawn = [each for each in points if each.kind in ("front", "finished", "pruned") and has_place(each)]
    places: list[Point | Rival] = [*drawn, *rivals]
    frame = frame_of([each.x for each in places], [each.y for each in places])
    members = [each for each in drawn if each.kind == "front"]
    members.sort(key=attrgetter("x"), reverse=axes.x.direction == "maximize")
    if axes.joined and members:
        traces.append(_attained(members, axes, frame))
    traces += baseline_traces(rivals, axes, frame)
    for kind, name in (
        ("pruned", "pruned, where it stood"),
        ("finished", "finished, but beaten"),
        ("front", "front"),
    ):
        rows = members if kind == "front" else [each for each in drawn if each.kind == kind]
        name = f"{name}: {len(rows)}"
        if kind != "front" and most_marks is not None and len(rows) > most_marks:
            step = -(-len(rows) // most_marks)
            rows, name = rows[::step], f"{name}, one in {step} drawn"
        if rows:
            traces.append(_marks(rows, kind, name, axes))
    names = baseline_names(rivals, axes, frame, drawn)
    return {"data": traces, "layout": look(heading, subheading, annotations=names, **frame.axes(axes))}


def curves_figure(curves: Sequence[EpochPoint], axes: Axes) -> Figure:
    """Draw how every trial's first objective moved over the time it had used.

    Args:
        curves: Finished epochs, by trial and epoch.
        axes: What x and y are.

    Returns:
        A figure with one line a trial and one trace a kind; the front is drawn last and strongest.
    """
    traces = []
    drawn = list(filter(has_place, curves))
    for kind in ("failed", "pruned", "finished", "front"):
        rows = [each for each in drawn if each.kind == kind]
        if rows:
            traces.append(_lines(rows, kind, axes))
    frame = frame_of([each.x for each in drawn], [each.y for each in drawn])
    return {"data": traces, "layout": look("", **frame.axes(axes, aims_at_x=False))}


def _lines(rows: Sequence[EpochPoint], kind: str, axes: Axes) -> Trace:
    """Make one trace of all trials of a kind, parted by gaps: a thousand traces would be slow to open."""
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    symbols: list[str] = []
    for number, epochs in itertools.groupby(rows, key=attrgetter("number")):
        for each in epochs:
            x.append(each.x)
            y.append(each.y)
            texts.append(f"trial {number}, epoch {each.epoch + 1}<br>{_point(axes, each.x, each.y)}")
            symbols.append("circle")
        symbols[-1] = _LAST_SYMBOLS.get(kind, "circle")
        x.append(None)
        y.append(None)
        texts.append("")
        symbols.append("circle")
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines+markers",
        "name": kind,
        "line": _LINES[kind],
        "marker": {"size": 6 if kind == "front" else 4, "symbol": symbols},
        "opacity": 1.0 if kind == "front" else 0.55,
        "hovertext": texts,
        "hoverinfo": "text",
        "connectgaps": False,
    }


def _attained(members: Sequence[Point], axes: Axes, frame: Frame) -> Trace:
    """Make the step line: the best y to be had for each x, drawn on to the picture's edge.

    The region behind it, where every trial is beaten, is tinted when it lies below the line.
    """
    x, y = [each.x for each in members], [each.y for each in members]
    x.append(frame.edge(axes.x.direction))
    y.append(y[-1])
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "name": "attained",
        "line": {"color": FRONT, "width": 2, "shape": "hv"},
        "fill": "tozeroy" if axes.y.direction == "maximize" and min(y) >= 0 else "none",
        "fillcolor": "rgba(0, 114, 178, 0.06)",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _marks(rows: Sequence[Point], kind: str, name: str, axes: Axes) -> Trace:
    marker = {
        "front": {"symbol": "circle", "size": 13, "color": FRONT, "line": {"color": "white", "width": 1.5}},
        "finished": {"symbol": "circle-open", "size": 10, "color": FINISHED, "line": {"width": 2}},
        "pruned": {"symbol": "x-thin", "size": 8, "color": PRUNED, "line": {"color": PRUNED, "width": 2}},
    }[kind]
    trace: Trace = {
        "type": "scatter",
        "x": [each.x for each in rows],
        "y": [each.y for each in rows],
        "mode": "markers",
        "name": name,
        "marker": marker,
        "cliponaxis": False,
        "hovertext": _hovers(rows, axes),
        "hoverinfo": "text",
    }
    if kind == "front" and len(rows) <= _MOST_LABELS:
        trace |= {
            "mode": "markers+text",
            "text": [f"<b>#{each.number}</b>" for each in rows],
            # Towards the better corner, where the front leaves room: never on its own line.
            "textposition": f"{'top' if axes.y.direction == 'maximize' else 'bottom'} "
            f"{'left' if axes.x.direction == 'minimize' else 'right'}",
            "textfont": {"color": FRONT, "size": 12},
        }
    return trace


def _hovers(rows: Sequence[Point], axes: Axes) -> list[str]:
    """Write what marks say under the pointer; all of it is escaped, plotly reads it as HTML."""
    found = []
    for each in rows:
        lines = [f"<b>trial {each.number}</b>, {each.kind}", _point(axes, each.x, each.y)]
        if each.params:
            listed = "\n".join(f"{name} = {written_value(value)}" for name, value in each.params.items())
            lines.append(html.escape(listed).replace("\n", "<br>"))  # once a mark: there may be thousands
        if each.reason:
            lines += [f"<i>{html.escape(part)}</i>" for part in textwrap.wrap(each.reason, 70)]
        found.append("<br>".join(lines))
    return found


def _point(axes: Axes, x: float, y: float) -> str:
    return (
        f"{html.escape(axes.y.metric)} {written(axes.y.metric, y)}, "
        f"{html.escape(axes.x.metric)} {written(axes.x.metric, x)}"
    )
