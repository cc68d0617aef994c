"""Models without a network in a report: in the picture, in the summary, and in a section of their own."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from tuner.analysis.baselines import SHOWN, Standing, sentence
from tuner.analysis.points import Axes, Point, Rival
from tuner.analysis.tables import on_test
from tuner.analysis.wording import title, written
from tuner.report.frame import Frame
from tuner.report.look import BASELINE, Trace
from tuner.report.page import Section, TextTable

__all__ = ["RIVALS", "baseline_names", "baseline_traces", "baselines_section", "strongest"]

RIVALS = (
    "Green squares are models without a network, each with a broken line towards more {x}: a network on the "
    "worse side of that line is not worth its time."
)
_HEADING = "Against models without a network"
_INTRODUCTION = (
    "They learned from the same training split, in one thread, and were tuned by nothing, so that their test "
    "split could be opened. A network that does not beat them is not worth its time."
)
_STRONG = (
    "TF-IDF is what usually goes by that name: single words, at scikit-learn's defaults. Strong TF-IDF also "
    "takes runs of words and the logarithm of counts."
)

_Box = tuple[float, float, float, float]
_LETTER, _LINE, _GAP = 0.0066, 0.036, 0.012
"""A name's size in shares of a picture of the usual size, and how far it keeps off its mark."""
_HALF_STROKE = 0.004
_BESIDE_PX, _OFF_PX = 11, 2
_SHADED = "rgba(255, 255, 255, 0.75)"


def baseline_traces(rivals: Sequence[Rival], axes: Axes, frame: Frame) -> list[Trace]:
    """Mark models without a network, each with a line to the edge: what lies on its worse side is beaten.

    Args:
        rivals: Where they stand.
        axes: What x and y are.
        frame: What the picture shows.

    Returns:
        The lines, then the marks.
    """
    return [_lines(rivals, axes, frame), _points(rivals, axes)] if rivals else []


def baseline_names(
    rivals: Sequence[Rival], axes: Axes, frame: Frame, marks: Sequence[Point]
) -> list[dict[str, Any]]:
    """Write each name beside its line, where it hides least.

    Args:
        rivals, axes, frame: As for :func:`baseline_traces`.
        marks: Trials that are drawn beside; names keep off them.

    Returns:
        One annotation each, in their order.
    """
    if not rivals:
        return []
    taken = _taken(marks, axes, frame) + [_box(*frame.place(each.x, each.y)) for each in rivals]
    edge = float(axes.x.direction == "minimize")
    for each in rivals:
        across, up = frame.place(each.x, each.y)
        taken.append((min(across, edge), up - _HALF_STROKE, max(across, edge), up + _HALF_STROKE))
    return [_name(each, axes, frame, taken) for each in rivals]


def _lines(rivals: Sequence[Rival], axes: Axes, frame: Frame) -> Trace:
    x: list[float | None] = []
    y: list[float | None] = []
    for each in rivals:
        x += [each.x, frame.edge(axes.x.direction), None]
        y += [each.y, each.y, None]
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines",
        "name": "beaten by them",
        "line": {"color": BASELINE, "width": 1.5, "dash": "dash"},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": "baselines",
        "connectgaps": False,
    }


def _points(rivals: Sequence[Rival], axes: Axes) -> Trace:
    marker = {"symbol": "square", "color": BASELINE, "size": 11, "line": {"color": "white", "width": 1.5}}
    return {
        "type": "scatter",
        "x": [each.x for each in rivals],
        "y": [each.y for each in rivals],
        "mode": "markers",
        "name": f"without a network: {len(rivals)}",
        "marker": marker,
        "cliponaxis": False,
        "hovertext": [_hover(each, axes) for each in rivals],
        "hoverinfo": "text",
        "legendgroup": "baselines",
    }


def _hover(rival: Rival, axes: Axes) -> str:
    said = ", ".join(
        f"{html.escape(aim.metric)} {written(aim.metric, value)}"
        for value, aim in ((rival.y, axes.y), (rival.x, axes.x))
    )
    return f"<b>{html.escape(rival.name)}</b><br>{said}"


def _taken(marks: Sequence[Point], axes: Axes, frame: Frame) -> list[_Box]:
    """Return the places of marks, and of the numbers beside those of the front."""
    boxes: list[_Box] = []
    for each in marks:
        across, up = frame.place(each.x, each.y)
        boxes.append(_box(across, up))
        if each.kind == "front":
            left = across - 0.04 if axes.x.direction == "minimize" else across
            low = up if axes.y.direction == "maximize" else up - 0.05
            boxes.append((left, low, left + 0.04, low + 0.05))
    return boxes


def _box(across: float, up: float) -> _Box:
    """Return the place of a mark."""
    return across - 0.01, up - 0.015, across + 0.01, up + 0.015


def _name(rival: Rival, axes: Axes, frame: Frame, taken: list[_Box]) -> dict[str, Any]:
    """Choose the end of a line and the side of it where a name hides least, and take that place."""
    mark = frame.place(rival.x, rival.y)
    width = _LETTER * len(rival.name)
    to_right = axes.x.direction == "minimize"
    choices: list[tuple[int, _Box, float, bool, str]] = []
    for end, begin in enumerate((mark[0], float(to_right))):
        grows_right = to_right == (end == 0)
        left = begin + _GAP if grows_right else begin - _GAP - width
        for side, low in (("bottom", mark[1] + _HALF_STROKE), ("top", mark[1] - _LINE - _HALF_STROKE)):
            box = (left, low, left + width, low + _LINE)
            hidden = sum(_meet(box, other) for other in taken) + 10 * (low < 0)
            choices.append((hidden, box, begin, grows_right, side))
    _, box, begin, grows_right, side = min(choices, key=lambda choice: choice[0])
    taken.append(box)
    return {
        "text": html.escape(rival.name),
        "x": begin,
        "y": mark[1],
        "xref": "x domain",
        "yref": "y domain",
        "xanchor": "left" if grows_right else "right",
        "yanchor": side,
        "xshift": _BESIDE_PX if grows_right else -_BESIDE_PX,
        "yshift": _OFF_PX if side == "bottom" else -_OFF_PX,
        "showarrow": False,
        "borderpad": 0,
        "bgcolor": _SHADED,
        "font": {"color": BASELINE, "size": 12},
    }


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def strongest(standings: Sequence[Standing]) -> list[str]:
    """Say how the front stands against the best of the baselines; nothing where none can be compared."""
    able = [each for each in standings if each.objectives[0].metric in each.baseline.metrics]
    if not able:
        return []
    first = able[0].objectives[0]
    best = max if first.direction == "maximize" else min
    return [f"{sentence(best(able, key=lambda each: each.baseline.metrics[first.metric]))}."]


def baselines_section(standings: Sequence[Standing]) -> list[Section]:
    """Hold the front against models without a network, where they were measured."""
    if not standings:
        return []
    found = [each.baseline for each in standings]
    shown = [name for name in (*SHOWN, "training_time_s") if any(name in each.metrics for each in found)]
    tested = [name for name in SHOWN if any(name in on_test(each) for each in found)]
    headings = ["model", *map(title, shown), *(f"test {title(name)}" for name in tested), "terms"]
    rows = [
        [
            each.name,
            *(written(name, each.metrics.get(name)) for name in shown),
            *(written(name, on_test(each).get(name)) for name in tested),
            f"{each.facts.get('terms', 0):,}",
        ]
        for each in found
    ]
    kinds = [_STRONG] if any(each.name.startswith("strong ") for each in found) else []
    said = [_INTRODUCTION, *kinds, *(f"{sentence(each)}." for each in standings)]
    return [Section(_HEADING, said, table=TextTable(headings, rows, right=frozenset(headings[1:])))]
