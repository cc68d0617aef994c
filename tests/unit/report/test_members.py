"""Confusion matrices and curves of the front's members: the tables first, then what is drawn of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import pytest

from tuner.analysis.members import Confused
from tuner.report.members import (
    MOST_DRAWN,
    confusion_figure,
    confusion_section,
    confusions_of,
    learning_figure,
    learning_section,
    learning_table,
)
from tuner.spec.values import Objective
from tuner.storage import TrialRecord
from tuner.trial import EpochReport

ACCURACY = Objective("accuracy", "maximize")
EVIL = "<img src=x onerror=alert(1)>"
TEST = Confused(4, "test", ("bad", "good"), ((7, 3), (0, 1234)))
VALIDATION = Confused(2, "validation", ("bad", "good"), ((8, 2), (1, 9)))


def member(number: int, n_classes: int = 2) -> TrialRecord:
    counts = tuple(tuple(5 if row == at else 1 for at in range(n_classes)) for row in range(n_classes))
    return TrialRecord(number, "COMPLETE", confusion=counts)


def names(n_classes: int) -> list[str]:
    return [f"class {at}" for at in range(n_classes)]


def curve(number: int, accuracies: Sequence[tuple[float, float]]) -> list[EpochReport]:
    reports = []
    for epoch, (train, validation) in enumerate(accuracies):
        metrics = {
            "train_accuracy": train,
            "accuracy": validation,
            "train_loss": 1 - train,
            "loss": 1 - validation,
        }
        reports.append(EpochReport(number, epoch, metrics, min(epoch, 1), metrics))
    return reports


CURVES = {4: curve(4, [(0.6, 0.5), (0.8, 0.7), (0.9, 0.6)]), 2: curve(2, [(0.5, 0.6)])}
MEMBERS = [TrialRecord(4, "COMPLETE"), TrialRecord(2, "COMPLETE")]


# -- confusion -----------------------------------------------------------------------------------------


def test_the_table_has_every_class_of_every_member_and_its_counts() -> None:
    _, section = confusion_section([TEST, VALIDATION], 2)

    assert section.table is not None
    assert list(section.table.headings) == [
        "trial", "class", "precision", "recall", "F1", "texts", "called bad", "called good",
    ]  # fmt: skip
    rows = [list(row) for row in section.table.rows]
    assert [row[:2] for row in rows[:4]] == [
        ["#4", "bad"],
        ["#4", "good"],
        ["#4", "macro"],
        ["#4", "weighted"],
    ]
    assert rows[0][2:] == ["1.0000", "0.7000", "0.8235", "10", "7", "3"]
    assert rows[1][5:] == ["1,234", "0", "1,234"]
    assert rows[2][6:] == ["", ""]
    assert [row[0] for row in rows[4:]] == ["#2"] * 4


@pytest.mark.parametrize(
    ("found", "split"),
    [
        ([TEST], "test split"),
        ([VALIDATION], "validation split"),
        ([TEST, VALIDATION], "test split where it was measured, else validation"),
    ],
)
def test_headings_say_which_split_was_counted(found: list[Confused], split: str) -> None:
    headings = [section.heading for section in confusion_section(found, len(found))]
    assert headings == [f"Confusion matrix, {split}", f"Precision, recall and F1 by class, {split}"]


def test_each_matrix_is_a_map_of_shares_with_counts_written_in() -> None:
    figure = go.Figure(confusion_figure([TEST, VALIDATION], "reviews"))

    assert [trace.name for trace in figure.data] == ["trial 4", "trial 2"]
    first = figure.data[0]
    assert [list(row) for row in first.z] == [[0.7, 0.3], [0.0, 1.0]]
    assert list(first.text[1]) == ["0<br>0%", "1,234<br>100%"]
    assert first.hovertext[0][1] == "3 texts of bad predicted as good: 30.0% of bad"
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0] == "<b>#4</b>, test split<br>1,244 texts, accuracy 0.9976"
    assert titles[1].startswith("<b>#2</b>, validation split")
    assert figure.layout.yaxis.autorange == "reversed", "the first class stands at the top, as in the table"
    assert list(figure.layout.xaxis.ticktext) == ["bad", "good"]
    assert "reviews" in figure.layout.title.text


def test_the_picture_is_told_in_words_too() -> None:
    picture, _ = confusion_section([TEST], 1)
    assert "trial 4, accuracy 0.9976 of 1,244 texts" in picture.figure_says
    assert "table" in picture.figure_says


def test_a_long_front_is_shown_by_few_and_says_so() -> None:
    found = confusions_of([member(number) for number in range(10)], names(2))
    picture, _ = confusion_section(found, 10)

    assert [each.number for each in found] == [0, 3, 6, 9]
    assert "Of the front's 10 members 4 are shown: both ends and others between." in picture.sentences


def test_large_matrices_stand_below_each_other_and_only_those_of_both_ends() -> None:
    found = confusions_of([member(number, 12) for number in range(3)], names(12))
    figure = go.Figure(confusion_figure(found))

    assert [each.number for each in found] == [0, 2]
    assert figure.layout.xaxis.domain == figure.layout.xaxis2.domain == (0.0, 1.0)
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]


def test_cells_are_not_written_on_when_they_are_many() -> None:
    few, many = (
        go.Figure(confusion_figure(confusions_of([member(0, n)], names(n)))).data[0] for n in (20, 21)
    )
    assert (few.texttemplate, many.texttemplate) == ("%{text}", None)


def test_hundreds_of_classes_have_a_table_and_no_picture() -> None:
    n_classes = MOST_DRAWN + 1
    picture, rows = confusion_section(confusions_of([member(0, n_classes)], names(n_classes)), 1)

    assert picture.figure is None
    assert "41 classes are too many for a picture" in picture.sentences[0]
    assert rows.table is not None
    assert len(rows.table.headings) == 6
    assert len(rows.table.rows) == n_classes + 2
    assert rows.folded


def test_names_of_classes_are_cut_in_the_picture_and_are_no_html() -> None:
    figure = go.Figure(confusion_figure([Confused(0, "test", (EVIL, "y" * 14), ((1, 0), (0, 1)))]))

    assert "<img" not in str(figure.to_dict())
    assert list(figure.layout.xaxis.ticktext) == ["&lt;img src=x on…", "y" * 14]
    assert "&lt;img src=x onerror=alert(1)&gt;" in figure.data[0].hovertext[0][0]


def test_without_a_matrix_there_is_no_section() -> None:
    assert confusion_section([], 3) == []


# -- learning ------------------------------------------------------------------------------------------


def named(figure: Any, name: str) -> list[Any]:
    return [trace for trace in figure.data if trace.name == name]


def test_each_member_has_training_validation_and_its_kept_epoch_for_each_metric() -> None:
    figure = go.Figure(learning_figure(learning_table(CURVES, MEMBERS, ACCURACY), "reviews"))

    assert [trace.name for trace in figure.data] == ["training", "validation", "kept epoch"] * 4
    training, validation, kept = figure.data[:3]
    assert (list(training.x), list(training.y)) == ([1, 2, 3], [0.6, 0.8, 0.9])
    assert list(validation.y) == [0.5, 0.7, 0.6]
    assert (list(kept.x), list(kept.y)) == ([2], [0.7])
    assert training.line.dash == "dot", "told apart without colour"
    assert [trace.showlegend for trace in named(figure, "training")] == [True, False, False, False]
    assert validation.hovertext[1] == "epoch 2, validation: accuracy 0.7000"


def test_members_share_the_axes_of_a_metric() -> None:
    layout = go.Figure(learning_figure(learning_table(CURVES, MEMBERS, ACCURACY))).layout

    assert layout.yaxis.range == layout.yaxis2.range != layout.yaxis3.range
    assert layout.xaxis.range == layout.xaxis4.range == (0.5, 3.5)
    assert [layout.yaxis.title.text, layout.yaxis3.title.text] == ["accuracy", "loss"]


def test_the_table_beside_has_the_kept_epoch_of_each() -> None:
    (section,) = learning_section(learning_table(CURVES, MEMBERS, ACCURACY), 2)

    assert section.table is not None
    assert list(section.table.headings) == [
        "trial",
        "kept epoch",
        "training accuracy",
        "validation accuracy",
        "training loss",
        "validation loss",
    ]
    assert [list(row) for row in section.table.rows] == [
        ["#4", "2 of 3", "0.8000", "0.7000", "0.2000", "0.3000"],
        ["#2", "1 of 1", "0.5000", "0.6000", "0.5000", "0.4000"],
    ]
    assert "accuracy and loss of training and of validation" in section.figure_says


def test_a_metric_that_became_infinite_has_a_picture_still() -> None:
    curves = {4: curve(4, [(0.5, 0.5), (0.6, float("-inf"))])}

    low, high = go.Figure(learning_figure(learning_table(curves, MEMBERS[:1], ACCURACY))).layout.yaxis.range

    assert 0.4 < low < high < 0.7


def test_epochs_without_training_figures_have_no_section() -> None:
    reports = [EpochReport(4, 0, {"accuracy": 0.5}, 0, {})]
    assert learning_section(learning_table({4: reports}, MEMBERS, ACCURACY), 2) == []
