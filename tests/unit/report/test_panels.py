"""Panels lie where plotly's own subplots would."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from tuner.report.panels import panels


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("columns", [1, 2, 4])
def test_axes_and_titles_are_those_of_plotlys_subplots(rows: int, columns: int) -> None:
    titles = [f"title {at}" for at in range(rows * columns)]
    theirs = make_subplots(
        rows, columns, horizontal_spacing=0.04, vertical_spacing=0.1, subplot_titles=titles
    )

    places = [place for row in panels([columns] * rows, 0.04, 0.1) for place in row]
    layout = {"annotations": [place.title(said) for place, said in zip(places, titles, strict=True)]}
    for place in places:
        layout |= place.axes({}, {})

    assert flat(go.Figure(layout=layout)) == pytest.approx(flat(theirs))


def test_a_row_of_one_spans_the_row_below() -> None:
    theirs = make_subplots(2, 3, vertical_spacing=0.17, specs=[[{"colspan": 3}, None, None], [{}] * 3])

    layout: dict[str, object] = {}
    for row in panels([1, 3], 0.2 / 3, 0.17):
        for place in row:
            layout |= place.axes({}, {})

    assert flat(go.Figure(layout=layout)) == pytest.approx(flat(theirs))


def test_a_trace_is_drawn_on_the_axes_of_its_panel() -> None:
    (first, second), (third,) = panels([2, 1])

    placed = [place.placed({"name": "a"}) for place in (first, second, third)]

    assert placed[0] == {"name": "a", "xaxis": "x", "yaxis": "y"}
    assert [(each["xaxis"], each["yaxis"]) for each in placed[1:]] == [("x2", "y2"), ("x3", "y3")]


def flat(figure: go.Figure) -> dict[str, object]:
    """Return a layout's values by their paths, without what all figures have."""
    layout = figure.layout.to_plotly_json()
    layout.pop("template", None)
    found: dict[str, object] = {}

    def walk(path: str, value: object) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                walk(f"{path}.{name}", each)
        elif isinstance(value, list | tuple):
            for at, each in enumerate(value):
                walk(f"{path}.{at}", each)
        else:
            found[path] = value

    walk("", layout)
    return found
