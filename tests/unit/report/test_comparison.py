"""A comparison's picture and page: the right traces, and texts that cannot be HTML."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from tests.unit.analysis.test_comparison import SPEC, trial
from tests.unit.analysis.test_level_tables import CURVES, TABLE, TRIALS
from tuner.analysis.comparison import compare
from tuner.analysis.level_tables import level_curves, level_points
from tuner.report.comparison import ComparisonPage, comparison_figure, comparison_page
from tuner.report.look import PALETTE
from tuner.report.page import render

PAGE = ComparisonPage(
    study="reviews",
    table=TABLE,
    points=level_points(TABLE, TRIALS, SPEC.task),
    curves=level_curves(TABLE, CURVES, ["accuracy", "loss"]),
    written_utc="2026-01-02 03:04 UTC",
)


def test_trials_means_and_curves_are_traces() -> None:
    figure = go.Figure(comparison_figure(PAGE))

    curves = ["layers=1 band", "layers=1 training", "layers=1", "layers=2 training", "layers=2"]
    later = [name + " validation" if name in ("layers=1", "layers=2") else name for name in curves]
    assert [trace.name for trace in figure.data] == ["trials", "mean, 95 % interval", *curves, *later]


def test_marks_stand_at_their_level_in_its_colour() -> None:
    trials = go.Figure(comparison_figure(PAGE)).data[0]

    assert list(trials.x) == ["layers=1", "layers=1", "layers=2"]
    assert list(trials.y) == [0.7, 0.72, 0.6]
    assert list(trials.marker.color) == [PALETTE[0], PALETTE[0], PALETTE[1]]


def test_the_interval_is_drawn_only_where_there_is_one() -> None:
    means = go.Figure(comparison_figure(PAGE)).data[1]

    assert list(means.y) == [pytest.approx(0.71), 0.6]
    assert list(means.error_y.array) == [pytest.approx(0.1271, abs=1e-4), 0.0]
    assert list(means.error_y.arrayminus) == [pytest.approx(0.1271, abs=1e-4), 0.0]


def test_epochs_are_counted_from_one_as_people_do() -> None:
    validation = go.Figure(comparison_figure(PAGE)).data[4]

    assert (list(validation.x), list(validation.y)) == ([1, 2], [pytest.approx(0.6), pytest.approx(0.6)])
    assert validation.hovertext[0] == "layers=1 validation, epoch 1<br>mean 0.6000, n = 2"


def test_without_curves_the_levels_are_drawn_alone() -> None:
    figure = go.Figure(comparison_figure(replace(PAGE, curves=PAGE.curves[:0])))

    assert [trace.name for trace in figure.data] == ["trials", "mean, 95 % interval"]


def test_a_level_without_a_finished_trial_has_its_place_and_says_why_it_is_empty() -> None:
    trials = [*TRIALS, *(trial(number, 0.1, "PRUNED", layers=0) for number in (4, 5))]
    table = compare(trials, SPEC, ["layers"])
    page = replace(PAGE, table=table, points=level_points(table, trials, SPEC.task))

    figure = go.Figure(comparison_figure(page))

    assert list(figure.layout.xaxis.categoryarray) == ["layers=0", "layers=1", "layers=2"]
    said = [(each.x, each.text) for each in figure.layout.annotations if each.yref == "y domain"]
    assert said == [("layers=0", "all 2 pruned")]
    assert [trace.name for trace in figure.data if "layers=0" in trace.name] == []
    assert list(figure.data[0].marker.color) == [PALETTE[1], PALETTE[1], PALETTE[2]]


def test_a_page_of_pruned_trials_alone_can_be_made() -> None:
    trials = [trial(number, 0.1, "PRUNED", layers=number) for number in (1, 2)]
    table = compare(trials, SPEC, ["layers"])
    points, curves = level_points(table, trials, SPEC.task), level_curves(table, {}, [])

    assert comparison_page(replace(PAGE, table=table, points=points, curves=curves)).summary == (
        "No trial has finished yet."
    )


def test_the_picture_says_which_split_it_shows() -> None:
    figure = go.Figure(comparison_figure(PAGE))

    assert "reviews: macro f1 by layers" in figure.layout.title.text
    assert "3 trials, validation split" in figure.layout.title.text
    assert go.Figure(comparison_figure(PAGE, titled=False)).layout.title.text is None


def test_the_page_holds_the_table_and_what_has_to_be_known() -> None:
    page = comparison_page(PAGE)

    table = page.sections[0].table
    assert table is not None
    assert len(table.rows) == 2
    assert page.sections[0].sentences == TABLE.sentences
    assert page.summary == "Best mean macro f1 on the validation split: layers=1."


def test_texts_cannot_be_html() -> None:
    evil = "<img src=x onerror=alert(1)>"
    trials = [trial(0, 0.7, layers=evil), trial(1, 0.6, layers="plain")]
    table = compare(trials, SPEC, ["layers"])
    page = ComparisonPage(evil, table, level_points(table, trials, SPEC.task), PAGE.curves[:0], "")

    assert "<img" not in str(comparison_figure(page))
    assert evil not in render(comparison_page(page))
