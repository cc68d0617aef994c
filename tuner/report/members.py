"""Members of the front in a report: what each took for what, and how each learned."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.analysis.members import MOST, Confused, LearnedEpoch, confused, learning, learning_metrics
from tuner.analysis.wording import noun, written
from tuner.report.frame import range_of
from tuner.report.look import FRONT, INK, PRUNED, Figure, Trace, look, x_axis, y_axis
from tuner.report.page import Section, TextTable
from tuner.report.panels import Panel, panels
from tuner.spec.values import Objective
from tuner.storage import TrialRecord
from tuner.trial import EpochReport

__all__ = [
    "MOST_DRAWN",
    "confusion_figure",
    "confusion_section",
    "confusions_of",
    "learning_figure",
    "learning_section",
    "learning_table",
    "splits_of",
]

MOST_DRAWN = 40
"""Classes of the largest matrix that is drawn; of a larger one no cell could be told from its neighbour."""

_MOST_WRITTEN = 20
"""Classes of the largest matrix with numbers in its cells, and with all its columns in the table."""
_BESIDE = {3: 4, 10: 2}
"""Matrices beside each other, by their most classes; larger ones stand below each other."""
_LONGEST_NAME = 14
_WIDTH_PX, _HEAD_PX, _TITLE_PX = 1000, 84, 44
_LEVEL_NAME, _LEVEL_PX, _ASLANT_PX = 5, 30, 84
"""Room for class names under a matrix: those of more letters may be written aslant."""
_MOST_OPEN = 30
"""A longer table is folded and opened by its reader."""
_SCALE = [[0.0, "#F4F8FB"], [0.5, "#9CC6E3"], [0.5, "#2878AE"], [1.0, "#004B7D"]]
"""A step at one half shows at once what most texts of a class were taken for; numbers can be read on all."""

_MATRIX = (
    "A row is a true class, a column the class that was predicted for its texts; each cell has the count and "
    "its share of the row, dark where that is more than half, and the diagonal is right."
)
_SAME = "The table below has the same numbers."
_NOT_DRAWN = "{n} classes are too many for a picture; the table has each of them."
_MANY = "`tuner show` prints the whole matrix of a trial."
_LEARNED = (
    "Training figures are of the epoch's own steps, with dropout on, so that validation may be better than "
    "they are early on. Where validation turns and training goes on, the model learns its training texts by "
    "heart. The ring is the epoch whose model was kept."
)


def confusions_of(members: Sequence[TrialRecord], classes: Sequence[str]) -> list[Confused]:
    """Return the matrices that a report shows; of classes that need a whole width each, those of the ends."""
    few = len(classes) > max(_BESIDE)
    return confused(members, classes, 2 if few else MOST)


def confusion_section(found: Sequence[Confused], n_members: int) -> list[Section]:
    """Show the matrices and each class' precision and recall, where any were counted.

    Args:
        found: Of :func:`confusions_of`.
        n_members: Members of the front.
    """
    if not found:
        return []
    n_classes = len(found[0].classes)
    matrix = _MATRIX if n_classes <= MOST_DRAWN else _NOT_DRAWN.format(n=n_classes)
    said = [f"{matrix} {_MANY if n_classes > _MOST_WRITTEN else _SAME}", *_few(len(found), n_members)]
    figure = confusion_figure(found) if n_classes <= MOST_DRAWN else None
    height = int(figure["layout"]["height"]) if figure else 0
    heading = f"Confusion matrix, {splits_of(found)}"
    picture = Section(heading, said, figure, height, figure_says=f"{heading}: {_alternative(found)}")
    table = _class_table(found)
    rows = Section(
        f"Precision, recall and F1 by class, {splits_of(found)}",
        table=table,
        folded=len(table.rows) > _MOST_OPEN,
    )
    return [picture, rows]


def _few(drawn: int, n_members: int) -> list[str]:
    """Say which members are shown, where not all are."""
    between = " and others between" if drawn > 2 else ""
    said = f"Of the front's {n_members} members {drawn} are shown: both ends{between}."
    return [said] if drawn < n_members else []


def splits_of(found: Sequence[Confused]) -> str:
    """Say where matrices were counted."""
    splits = {each.split for each in found}
    if len(splits) > 1:
        return "test split where it was measured, else validation"
    return f"{splits.pop()} split"


def _alternative(found: Sequence[Confused]) -> str:
    said = (f"trial {each.number}, accuracy {each.accuracy:.4f} of {each.n_texts:,} texts" for each in found)
    return f"{'; '.join(said)}. The numbers are in the table that follows."


def confusion_figure(found: Sequence[Confused], heading: str = "") -> Figure:
    """Draw matrices: colour is the share of a true class, cells have counts and shares.

    Args:
        found: At least one; all of as many classes.
        heading: The picture's first line; empty where the surroundings say it.

    Returns:
        One heat map a matrix, named ``trial <number>``, true classes from the top. Its height is set.
    """
    n_classes = len(found[0].classes)
    fitting = next((count for most, count in _BESIDE.items() if n_classes <= most), 1)
    columns = max(min(fitting, len(found)), min(fitting, 2))
    rows = -(-len(found) // columns)
    panel_px = min(max(n_classes * 42, 190), 720)
    names = [_short(name) for name in found[0].classes]
    foot = _LEVEL_PX if max(map(len, names)) <= _LEVEL_NAME else _ASLANT_PX
    gap = foot + _TITLE_PX
    drawn_px = rows * panel_px + (rows - 1) * gap
    places = [place for row in panels([columns] * rows, 0.04, gap / drawn_px) for place in row]
    maps: list[Trace] = []
    axes: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    for at, (each, place) in enumerate(zip(found, places[: len(found)], strict=True)):
        maps.append(place.placed(_heat_map(each, _WIDTH_PX / columns / (n_classes + 1))))
        under = "predicted class" if at + columns >= len(found) else ""
        axes |= _class_axes(each, place, under, beside="" if at % columns else "true class")
        titles.append(place.title(_panel_title(each), font={"size": 13, "color": INK}))
    head = _HEAD_PX + (24 if heading else 0)
    layout = look(
        heading,
        height=drawn_px + head + foot + _TITLE_PX,
        margin={"l": 130, "r": 24, "t": head, "b": foot + _TITLE_PX},
        annotations=titles,
        **axes,
    )
    return {"data": maps, "layout": layout}


def _class_axes(found: Confused, place: Panel, under: str, beside: str) -> dict[str, Any]:
    """Return the axes of a matrix, a tick a class; those of y are named where they have a title."""
    ticks = {
        "tickvals": list(range(len(found.classes))),
        "ticktext": [html.escape(_short(name)) for name in found.classes],
        "showgrid": False,
    }
    up = y_axis(beside, autorange="reversed", showticklabels=bool(beside), **ticks)
    return place.axes(x_axis(under, **ticks), up)


def _panel_title(found: Confused) -> str:
    measured = f"{found.n_texts:,} texts, accuracy {found.accuracy:.4f}"
    return f"<b>#{found.number}</b>, {found.split} split<br>{measured}"


def _heat_map(found: Confused, cell_px: float) -> Trace:
    names = [html.escape(name) for name in found.classes]
    cells = [list(zip(*pair, strict=True)) for pair in zip(found.counts, found.shares, strict=True)]
    trace: Trace = {
        "type": "heatmap",
        "z": [list(row) for row in found.shares],
        "zmin": 0,
        "zmax": 1,
        "colorscale": _SCALE,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "name": f"trial {found.number}",
        "hovertext": [
            [
                f"{count:,} texts of {own} predicted as {other}: {share:.1%} of {own}"
                for (count, share), other in zip(row, names, strict=True)
            ]
            for row, own in zip(cells, names, strict=True)
        ],
        "hoverinfo": "text",
    }
    if len(names) <= _MOST_WRITTEN:
        trace |= {
            "text": [[f"{count:,}<br>{share:.0%}" for count, share in row] for row in cells],
            "texttemplate": "%{text}",
            "textfont": {"size": int(min(max(cell_px / 4, 9), 14))},
        }
    return trace


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _class_table(found: Sequence[Confused]) -> TextTable:
    """Lay out a row a member and class, with the counts of its row of the matrix where these are few."""
    classes = found[0].classes if len(found[0].classes) <= _MOST_WRITTEN else ()
    figures = ["precision", "recall", "F1", "texts"]
    called = [f"called {name}" for name in classes]
    rows = [
        [
            f"#{each.number}",
            row.name,
            *(f"{value:.4f}" for value in (row.precision, row.recall, row.f1)),
            f"{row.support:,}",
            *(f"{count:,}" for count in (counts if classes else ())),
            *([""] * (len(called) - len(counts))),
        ]
        for each in found
        for row, counts in zip(each.rows, [*each.counts, (), ()], strict=True)
    ]
    return TextTable(["trial", "class", *figures, *called], rows, right=frozenset([*figures, *called]))


def learning_table(
    curves: Mapping[int, Sequence[EpochReport]], members: Sequence[TrialRecord], first: Objective
) -> list[LearnedEpoch]:
    """Return :func:`tuner.analysis.members.learning` of the members, the metrics chosen for them."""
    own = {each.number: curves[each.number] for each in members if curves.get(each.number)}
    return learning(own, learning_metrics(own, first))


def learning_section(table: Sequence[LearnedEpoch], n_members: int) -> list[Section]:
    """Show training against validation, where epochs have both.

    Args:
        table: Of :func:`learning_table`.
        n_members: Members of the front.
    """
    if not table:
        return []
    drawn = len({each.number for each in table})
    figure = learning_figure(table)
    metrics = " and ".join(map(noun, _metrics(table)))
    return [
        Section(
            "Training against validation",
            [_LEARNED, *_few(drawn, n_members)],
            figure,
            int(figure["layout"]["height"]),
            _kept_table(table),
            figure_says=f"{metrics} of training and of validation after each epoch, a column a trial; "
            "the table that follows has them at the epoch that was kept.",
        )
    ]


def learning_figure(table: Sequence[LearnedEpoch], heading: str = "") -> Figure:
    """Draw a column a trial and a row a metric: training dotted, validation drawn, the kept epoch ringed.

    Args:
        table: Of :func:`learning_table`, not empty.
        heading: The picture's first line; empty where the surroundings say it.

    Returns:
        For each trial and metric the traces ``training``, ``validation`` and ``kept epoch``. Its height is
        set.
    """
    numbers, metrics = list(dict.fromkeys(each.number for each in table)), _metrics(table)
    rows = panels([len(numbers)] * len(metrics), gap_across=0.03, gap_up=0.08)
    most = max(each.epoch for each in table) + 1
    whole = {"range": [0.5, most + 0.5], "dtick": max(1, -(-most // 8)), "tick0": 1}
    traces: list[Trace] = []
    axes: dict[str, Any] = {}
    for metric, row in zip(metrics, rows, strict=True):
        own = [each for each in table if each.metric == metric]
        values = [value for each in own for value in (each.training, each.validation) if value is not None]
        ends = list(range_of(list(filter(math.isfinite, values))))
        across = x_axis("epoch" if row is rows[-1] else "", **whole)
        for number, place in zip(numbers, row, strict=True):
            first = place is row[0]
            epochs = [each for each in own if each.number == number]
            traces += map(place.placed, _learned(epochs, metric, in_legend=place is rows[0][0]))
            up = y_axis(html.escape(noun(metric)) if first else "", range=ends, showticklabels=first)
            axes |= place.axes(across, up)
    head = 140 if heading else 84
    layout = look(
        heading,
        height=230 * len(metrics) + head + 66,
        margin={"l": 80, "r": 24, "t": head, "b": 66},
        legend={"y": 1.0 + 26 / (230 * len(metrics)), "traceorder": "normal"},
        annotations=[
            place.title(f"<b>#{number}</b>") for number, place in zip(numbers, rows[0], strict=True)
        ],
        **axes,
    )
    return {"data": traces, "layout": layout}


def _metrics(table: Sequence[LearnedEpoch]) -> list[str]:
    return list(dict.fromkeys(each.metric for each in table))


def _learned(epochs: Sequence[LearnedEpoch], metric: str, *, in_legend: bool) -> list[Trace]:
    x = [each.epoch + 1 for each in epochs]
    kept = [each for each in epochs if each.kept]
    parts = {
        "training": [each.training for each in epochs],
        "validation": [each.validation for each in epochs],
    }
    looks = {
        "training": {"line": {"color": PRUNED, "width": 2, "dash": "dot"}, "marker": {"size": 5}},
        "validation": {"line": {"color": FRONT, "width": 2.4}, "marker": {"size": 6}},
    }
    lines: list[Trace] = [
        {
            "type": "scatter",
            "x": x,
            "y": values,
            "mode": "lines+markers",
            "name": part,
            "legendgroup": part,
            "showlegend": in_legend,
            "hovertext": [
                f"epoch {epoch}, {part}: {html.escape(noun(metric))} {written(metric, value)}"
                for epoch, value in zip(x, values, strict=True)
            ],
            "hoverinfo": "text",
            **looks[part],
        }
        for part, values in parts.items()
    ]
    ring = {
        "type": "scatter",
        "x": [each.epoch + 1 for each in kept],
        "y": [each.validation for each in kept],
        "mode": "markers",
        "name": "kept epoch",
        "legendgroup": "kept",
        "showlegend": in_legend,
        "marker": {"symbol": "circle-open", "size": 15, "color": INK, "line": {"width": 2}},
        "hoverinfo": "skip",
    }
    return [*lines, ring]


def _kept_table(table: Sequence[LearnedEpoch]) -> TextTable:
    """Lay out both parts at the epoch that was kept."""
    figures = [f"{part} {noun(metric)}" for metric in _metrics(table) for part in ("training", "validation")]
    rows = []
    for number, own in itertools.groupby(table, key=lambda each: each.number):
        epochs = list(own)
        kept = [each for each in epochs if each.kept]
        last = max(each.epoch for each in epochs)
        rows.append(
            [
                f"#{number}",
                f"{kept[0].epoch + 1} of {last + 1}" if kept else "",
                *(written(each.metric, value) for each in kept for value in (each.training, each.validation)),
                *([""] * (0 if kept else len(figures))),
            ]
        )
    return TextTable(["trial", "kept epoch", *figures], rows, right=frozenset(["kept epoch", *figures]))
