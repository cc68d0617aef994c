"""Members of the front in a report: what each took for what, and how each learned."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tuner.analysis.members import MOST, Confused, confused, learning, learning_metrics
from tuner.analysis.wording import noun, written
from tuner.report.frame import range_of
from tuner.report.look import FRONT, INK, PRUNED, lay_out
from tuner.report.page import Section, TextTable
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
    height = int(figure.layout.height) if figure else 0
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


def confusion_figure(found: Sequence[Confused], heading: str = "") -> go.Figure:
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
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[_panel_title(each) for each in found],
        horizontal_spacing=0.04,
        vertical_spacing=gap / (rows * panel_px + (rows - 1) * gap) if rows > 1 else 0.0,
    )
    for at, each in enumerate(found):
        row, column = at // columns + 1, at % columns + 1
        figure.add_trace(_heat_map(each, _WIDTH_PX / columns / (n_classes + 1)), row=row, col=column)
        ticks = {
            "tickvals": list(range(n_classes)),
            "ticktext": [html.escape(_short(name)) for name in each.classes],
        }
        under = "predicted class" if at + columns >= len(found) else ""
        beside = {"title_text": "true class"} if column == 1 else {"showticklabels": False}
        figure.update_xaxes(title_text=under, showgrid=False, row=row, col=column, **ticks)
        figure.update_yaxes(autorange="reversed", showgrid=False, row=row, col=column, **ticks, **beside)
    lay_out(figure, heading)
    head = _HEAD_PX + (24 if heading else 0)
    figure.update_layout(
        height=rows * panel_px + (rows - 1) * gap + head + foot + _TITLE_PX,
        margin={"l": 130, "r": 24, "t": head, "b": foot + _TITLE_PX},
    )
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


def _panel_title(found: Confused) -> str:
    measured = f"{found.n_texts:,} texts, accuracy {found.accuracy:.4f}"
    return f"<b>#{found.number}</b>, {found.split} split<br>{measured}"


def _heat_map(found: Confused, cell_px: float) -> go.Heatmap:
    names = [html.escape(name) for name in found.classes]
    cells = [list(zip(*pair, strict=True)) for pair in zip(found.counts, found.shares, strict=True)]
    is_written = len(names) <= _MOST_WRITTEN
    return go.Heatmap(
        z=[list(row) for row in found.shares],
        zmin=0,
        zmax=1,
        colorscale=_SCALE,
        showscale=False,
        xgap=2,
        ygap=2,
        name=f"trial {found.number}",
        text=[[f"{count:,}<br>{share:.0%}" for count, share in row] for row in cells],
        texttemplate="%{text}" if is_written else None,
        textfont={"size": int(min(max(cell_px / 4, 9), 14))},
        hovertext=[
            [
                f"{count:,} texts of {own} predicted as {other}: {share:.1%} of {own}"
                for (count, share), other in zip(row, names, strict=True)
            ]
            for row, own in zip(cells, names, strict=True)
        ],
        hoverinfo="text",
    )


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
) -> pd.DataFrame:
    """Return :func:`tuner.analysis.members.learning` of the members, the metrics chosen for them."""
    own = {each.number: curves[each.number] for each in members if curves.get(each.number)}
    return learning(own, learning_metrics(own, first))


def learning_section(table: pd.DataFrame, n_members: int) -> list[Section]:
    """Show training against validation, where epochs have both.

    Args:
        table: Of :func:`learning_table`.
        n_members: Members of the front.
    """
    if table.empty:
        return []
    drawn = table["number"].nunique()
    figure = learning_figure(table)
    metrics = " and ".join(noun(metric) for metric in table["metric"].unique())
    return [
        Section(
            "Training against validation",
            [_LEARNED, *_few(drawn, n_members)],
            figure,
            int(figure.layout.height),
            _kept_table(table),
            figure_says=f"{metrics} of training and of validation after each epoch, a column a trial; "
            "the table that follows has them at the epoch that was kept.",
        )
    ]


def learning_figure(table: pd.DataFrame, heading: str = "") -> go.Figure:
    """Draw a column a trial and a row a metric: training dotted, validation drawn, the kept epoch ringed.

    Args:
        table: Of :func:`learning_table`, not empty.
        heading: The picture's first line; empty where the surroundings say it.

    Returns:
        For each trial and metric the traces ``training``, ``validation`` and ``kept epoch``. Its height is
        set.
    """
    numbers, metrics = table["number"].unique().tolist(), table["metric"].unique().tolist()
    figure = make_subplots(
        rows=len(metrics),
        cols=len(numbers),
        column_titles=[f"<b>#{number}</b>" for number in numbers],
        horizontal_spacing=0.03,
        vertical_spacing=0.08,
    )
    for column, number in enumerate(numbers, start=1):
        for row, metric in enumerate(metrics, start=1):
            epochs = table[(table["number"] == number) & (table["metric"] == metric)]
            for trace in _learned(epochs, metric, in_legend=row == column == 1):
                figure.add_trace(trace, row=row, col=column)
        figure.update_xaxes(title_text="epoch", row=len(metrics), col=column)
    lay_out(figure, heading)
    for row, metric in enumerate(metrics, start=1):
        values = table[table["metric"] == metric][["training", "validation"]].to_numpy().ravel()
        figure.update_yaxes(range=list(range_of(values[np.isfinite(values)].tolist())), row=row)
        figure.update_yaxes(showticklabels=False, row=row)
        figure.update_yaxes(title_text=html.escape(noun(metric)), showticklabels=True, row=row, col=1)
    most = int(table["epoch"].max()) + 1
    figure.update_xaxes(range=[0.5, most + 0.5], dtick=max(1, -(-most // 8)), tick0=1)
    head = 140 if heading else 84
    figure.update_layout(
        height=230 * len(metrics) + head + 66,
        margin={"l": 80, "r": 24, "t": head, "b": 66},
        legend={"y": 1.0 + 26 / (230 * len(metrics)), "traceorder": "normal"},
    )
    return figure


def _learned(epochs: pd.DataFrame, metric: str, *, in_legend: bool) -> list[go.Scatter]:
    x = (epochs["epoch"] + 1).tolist()
    kept = epochs[epochs["kept"]]
    looks = {
        "training": {"line": {"color": PRUNED, "width": 2, "dash": "dot"}, "marker": {"size": 5}},
        "validation": {"line": {"color": FRONT, "width": 2.4}, "marker": {"size": 6}},
    }
    lines = [
        go.Scatter(
            x=x,
            y=epochs[part].tolist(),
            mode="lines+markers",
            name=part,
            legendgroup=part,
            showlegend=in_legend,
            hovertext=[
                f"epoch {epoch}, {part}: {html.escape(noun(metric))} {written(metric, value)}"
                for epoch, value in zip(x, epochs[part], strict=True)
            ],
            hoverinfo="text",
            **look,
        )
        for part, look in looks.items()
    ]
    ring = go.Scatter(
        x=(kept["epoch"] + 1).tolist(),
        y=kept["validation"].tolist(),
        mode="markers",
        name="kept epoch",
        legendgroup="kept",
        showlegend=in_legend,
        marker={"symbol": "circle-open", "size": 15, "color": INK, "line": {"width": 2}},
        hoverinfo="skip",
    )
    return [*lines, ring]


def _kept_table(table: pd.DataFrame) -> TextTable:
    """Lay out both parts at the epoch that was kept."""
    metrics = table["metric"].unique().tolist()
    figures = [f"{part} {noun(metric)}" for metric in metrics for part in ("training", "validation")]
    rows = []
    for number, epochs in table.groupby("number", sort=False):
        kept = epochs[epochs["kept"]].to_dict("records")
        rows.append(
            [
                f"#{number}",
                f"{kept[0]['epoch'] + 1} of {epochs['epoch'].max() + 1}" if kept else "",
                *(written(row["metric"], row[part]) for row in kept for part in ("training", "validation")),
                *([""] * (0 if kept else len(figures))),
            ]
        )
    return TextTable(["trial", "kept epoch", *figures], rows, right=frozenset(["kept epoch", *figures]))
