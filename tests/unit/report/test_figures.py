"""Figures: the right traces with the right number of marks, and nothing in them that a text could break."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
import pytest

from tuner.analysis.points import Axes, axes_of, epoch_points, points, rivals_of
from tuner.report.figures import curves_figure, pareto_figure
from tuner.report.look import FRONT
from tuner.spec.values import Direction, Objective
from tuner.storage.records import BaselineRecord, TrialRecord, TrialStateName
from tuner.trial import EpochReport

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))
AXES = axes_of(OBJECTIVES)


def trial(
    number: int, accuracy: float, time_s: float, state: TrialStateName = "COMPLETE", **rest: Any
) -> TrialRecord:
    return TrialRecord(number, state, metrics={"accuracy": accuracy, "training_time_s": time_s}, **rest)


TRIALS = [
    trial(0, 0.80, 4.0),
    trial(1, 0.85, 9.0),
    trial(2, 0.70, 8.0),
    trial(3, 0.60, 3.0, "PRUNED", reason="below the floor"),
    TrialRecord(4, "FAIL", reason="loss is NaN"),
    trial(5, 0.99, 1.0, "RUNNING"),
]
MEMBERS = [TRIALS[1], TRIALS[0]]


def drawn(
    trials: list[TrialRecord] = TRIALS, members: list[TrialRecord] = MEMBERS, axes: Axes = AXES
) -> go.Figure:
    return go.Figure(pareto_figure(points(trials, members, axes), axes, "reviews", "6 trials"))


def named(figure: go.Figure, beginning: str) -> Any:
    return next(trace for trace in figure.data if trace.name.startswith(beginning))


def test_each_kind_is_a_trace_of_its_own_and_failed_ones_have_no_mark() -> None:
    figure = drawn()

    assert [trace.name for trace in figure.data] == [
        "attained",
        "pruned, where it stood: 1",
        "finished, but beaten: 1",
        "front: 2",
    ]
    assert len({trace.marker.symbol for trace in figure.data[1:]}) == 3
    assert len({trace.marker.color for trace in figure.data[1:]}) == 3


def test_a_pruned_trial_is_drawn_where_it_stood() -> None:
    pruned = named(drawn(), "pruned")
    assert (list(pruned.x), list(pruned.y)) == ([3.0], [0.6])


def test_the_front_is_joined_by_what_is_attainable_up_to_the_edge() -> None:
    line = named(drawn(), "attained")

    assert line.line.shape == "hv"
    assert list(line.x)[:2] == [4.0, 9.0]
    assert list(line.y) == [0.80, 0.85, 0.85]
    assert list(line.x)[2] == pytest.approx(drawn().layout.xaxis.range[1])


def test_where_x_is_maximized_the_line_goes_the_other_way() -> None:
    axes = Axes(x=Objective("training_time_s", "maximize"), y=OBJECTIVES[0], joined=True)
    line = named(drawn(axes=axes), "attained")

    assert list(line.x)[:2] == [9.0, 4.0]
    assert list(line.x)[2] < 4.0


@pytest.mark.parametrize(
    ("y", "x", "side"),
    [
        ("maximize", "minimize", "top left"),
        ("maximize", "maximize", "top right"),
        ("minimize", "minimize", "bottom left"),
    ],
)
def test_numbers_of_the_front_stand_on_its_better_side(y: Direction, x: Direction, side: str) -> None:
    axes = Axes(x=Objective("training_time_s", x), y=Objective("accuracy", y), joined=True)
    assert named(drawn(axes=axes), "front").textposition == side


def test_three_objectives_draw_no_line() -> None:
    axes = axes_of((*OBJECTIVES, Objective("parameters", "minimize")))
    assert "attained" not in [trace.name for trace in drawn(axes=axes).data]


def test_members_are_named_until_there_are_too_many() -> None:
    many = [trial(number, 0.5 + number / 100, 1.0 + number) for number in range(20)]

    assert list(named(drawn(), "front").text) == ["<b>#0</b>", "<b>#1</b>"]
    assert named(drawn(many, many), "front").mode == "markers"


def test_of_very_many_some_are_drawn_and_the_legend_says_so_but_the_front_is_whole() -> None:
    beaten = [trial(number, 0.5, 20.0 + number) for number in range(2, 13)]
    marks = points([*MEMBERS, *beaten], MEMBERS, AXES)

    few = go.Figure(pareto_figure(marks, AXES, "", most_marks=4))
    assert named(few, "finished").name == "finished, but beaten: 11, one in 3 drawn"
    assert list(named(few, "finished").x) == [22.0, 25.0, 28.0, 31.0]
    assert named(few, "front").name == "front: 2"
    assert few.layout.xaxis.range == go.Figure(pareto_figure(marks, AXES, "")).layout.xaxis.range, "of all"

    for most in (None, 11):
        whole = named(go.Figure(pareto_figure(marks, AXES, "", most_marks=most)), "finished")
        assert (whole.name, len(whole.x)) == ("finished, but beaten: 11", 11)


def rival(name: str, accuracy: float, time_s: float) -> BaselineRecord:
    return BaselineRecord(name, {"accuracy": accuracy, "training_time_s": time_s})


def against(*rivals: BaselineRecord, axes: Axes = AXES) -> go.Figure:
    figure = pareto_figure(points(TRIALS, MEMBERS, axes), axes, "reviews", "", rivals_of(rivals, axes))
    return go.Figure(figure)


def test_a_model_without_a_network_is_a_mark_with_a_line_to_the_edge() -> None:
    figure = against(rival("TF-IDF", 0.82, 1.5), rival("words", 0.75, 2.5))

    names = [trace.name for trace in figure.data]
    assert names[:3] == ["attained", "beaten by them", "without a network: 2"]
    lines, marks = named(figure, "beaten by"), named(figure, "without")
    edge = figure.layout.xaxis.range[1]
    assert list(lines.x) == [2.5, edge, None, 1.5, edge, None]
    assert list(lines.y) == [0.75, 0.75, None, 0.82, 0.82, None]
    assert [name.text for name in figure.layout.annotations] == ["words", "TF-IDF"]
    assert (list(marks.x), list(marks.y)) == ([2.5, 1.5], [0.75, 0.82])
    assert marks.hovertext[1] == "<b>TF-IDF</b><br>accuracy 0.8200, training_time_s 1.5 s"


def test_the_axes_reach_to_models_without_a_network() -> None:
    figure = against(rival("TF-IDF", 0.95, 0.1))

    assert figure.layout.xaxis.type == "log"
    assert 10 ** figure.layout.xaxis.range[0] < 0.1
    assert figure.layout.yaxis.range[1] > 0.95


def test_names_keep_off_marks_and_off_each_other() -> None:
    """A crowd of trials stands above where a line at 0.82 begins and ends, so its name goes under it."""
    crowd = [trial(number, 0.826, 1.6 + number / 2) for number in range(18)]
    axes_of_crowd = points([*crowd, trial(90, 0.7, 1.2), trial(91, 0.9, 10.0)], [], AXES)

    def sides(*rivals: BaselineRecord) -> list[str]:
        figure = pareto_figure(axes_of_crowd, AXES, "", "", rivals_of(rivals, AXES))
        names = go.Figure(figure).layout.annotations
        other = {"bottom": "top", "top": "bottom"}  # of its line lies the end that a name is held by
        return [f"{other[name.yanchor]} {name.xanchor}" for name in names]

    assert sides(rival("TF-IDF + logistic regression", 0.75, 1.5)) == ["top left"]
    assert sides(rival("TF-IDF + logistic regression", 0.82, 1.5)) == ["bottom left"]
    # Two lines lie so near that a name between them would be struck through: one goes over, one under both.
    assert sides(rival("bag of words", 0.750, 1.5), rival("TF-IDF", 0.752, 1.5)) == [
        "bottom left",
        "top left",
    ]
    # A third finds no room at this end of the lines, and is held at the other: no two share a place.
    three = [rival(name, 0.75 + at / 1000, 1.5) for at, name in enumerate(("words", "usual", "strong"))]
    assert len(set(sides(*three))) == 3


def test_a_model_without_the_metric_of_an_axis_is_not_drawn() -> None:
    memory = Axes(x=Objective("peak_memory_bytes", "minimize"), y=OBJECTIVES[0], joined=True)

    assert "without" not in str(
        [trace.name for trace in against(rival("TF-IDF", 0.8, 1.0), axes=memory).data]
    )


@pytest.mark.parametrize(("longest", "kind"), [(39.0, "linear"), (41.0, "log")])
def test_the_time_axis_is_logarithmic_when_it_spreads_more_than_tenfold(longest: float, kind: str) -> None:
    figure = drawn([trial(0, 0.8, 4.0), trial(1, 0.9, longest)], [])
    assert (figure.layout.xaxis.type or "linear") == kind


def test_a_logarithmic_axis_has_round_ticks_and_holds_every_point() -> None:
    figure = drawn([trial(0, 0.8, 0.7), trial(1, 0.9, 130.0)], [])

    assert list(figure.layout.xaxis.ticktext) == ["1", "2", "5", "10", "20", "50", "100"]
    low, high = figure.layout.xaxis.range
    assert 10**low < 0.7
    assert 10**high > 130.0


def test_axes_say_unit_and_direction() -> None:
    layout = drawn().layout
    assert layout.xaxis.title.text == "training time (s), lower is better"
    assert layout.yaxis.title.text == "accuracy, higher is better"


def test_hover_text_has_number_point_params_and_reason() -> None:
    one = trial(7, 0.5, 2.0, "PRUNED", params={"units": 64, "bidirectional": True}, reason="below the floor")

    text = named(drawn([one], []), "pruned").hovertext[0]

    assert text.split("<br>") == [
        "<b>trial 7</b>, pruned",
        "accuracy 0.5000, training_time_s 2.0 s",
        "units = 64",
        "bidirectional = true",
        "<i>below the floor</i>",
    ]


def test_texts_cannot_be_html() -> None:
    evil = "<img src=x onerror=alert(1)>"
    one = trial(7, 0.5, 2.0, "PRUNED", params={evil: evil}, reason=evil)

    rivals = rivals_of([rival(evil, 0.5, 2.0)], AXES)
    figure = go.Figure(pareto_figure(points([one], [], AXES), AXES, evil, evil, rivals))

    assert "<img" not in str(figure.to_dict())
    assert "&lt;img" in figure.layout.title.text


@pytest.mark.parametrize("trials", [[], [TrialRecord(0, "FAIL")], [trial(0, 0.8, 4.0)], [trial(0, 0.0, 0.0)]])
def test_hardly_any_trials_can_be_drawn(trials: list[TrialRecord]) -> None:
    figure = drawn(trials, [])

    low, high = figure.layout.xaxis.range
    assert low < high
    assert math.isfinite(low)
    assert math.isfinite(high)


def epoch(number: int, index: int, accuracy: float) -> EpochReport:
    metrics = {"accuracy": accuracy, "training_time_s": 2.0 * (index + 1)}
    return EpochReport(number, index, metrics, index, metrics)


def test_curves_have_a_line_a_trial_parted_by_gaps_and_a_trace_a_kind() -> None:
    reports = {number: [epoch(number, index, 0.5 + index / 10) for index in range(3)] for number in range(4)}
    figure = go.Figure(curves_figure(epoch_points(reports, TRIALS, MEMBERS, AXES), AXES))

    assert [trace.name for trace in figure.data] == ["pruned", "finished", "front"]
    pruned, front = figure.data[0], figure.data[-1]
    assert list(front.y) == [0.5, 0.6, 0.7, None, 0.5, 0.6, 0.7, None]
    assert front.line.color == FRONT
    assert list(pruned.marker.symbol)[:3] == ["circle", "circle", "x"]
    assert pruned.hovertext[2].startswith("trial 3, epoch 3<br>accuracy 0.7000")
