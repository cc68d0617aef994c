"""A recorded study as a person sees it: plain lines without a terminal, a live view on one."""

from __future__ import annotations

import dataclasses
import io
import itertools
import os
import sys
from contextlib import suppress

import pytest
from rich.console import Console

from tuner.cli.progress import LiveView, PlainLines, watching
from tuner.execution.events import (
    BudgetLeft,
    EpochEnded,
    Event,
    FrontChanged,
    Notice,
    StudyOpened,
    TrialEnded,
    TrialPlaced,
    TrialProgress,
    WorkerLost,
    WorkerReady,
)
from tuner.spec.values import Objective
from tuner.trial import EpochReport

OBJECTIVES = (Objective("accuracy", "maximize"), Objective("training_time_s", "minimize"))


def report(number: int, epoch: int, accuracy: float, time_s: float) -> EpochReport:
    metrics = {"accuracy": accuracy, "training_time_s": time_s, "loss": 0.4}
    return EpochReport(number, epoch, metrics, epoch, metrics)


RECORDED: list[Event] = [
    StudyOpened(
        "reviews",
        "studies/tuner.db",
        OBJECTIVES,
        2,
        4,
        2,
        True,
        placed="2 workers with 1 thread each on 2 cores",
    ),
    BudgetLeft(2, 16, 30.0, 240.0),
    WorkerReady(0, "CPU (core 0)", 4.1),
    TrialPlaced(0, 2, {"family": "lstm", "units": 64, "learning_rate": 0.0013123}, False),
    TrialPlaced(1, 3, {"family": "gru"}, True),
    TrialProgress(0, 2, 0, 10, 125),
    EpochEnded(0, report(2, 0, 0.7123, 6.1)),
    TrialProgress(0, 2, 1, 62, 125),
    EpochEnded(1, report(3, 0, 0.5123, 2.1)),
    TrialEnded(1, 3, "PRUNED", None, "accuracy 0.5123 is below the floor of 0.6", 8.2),
    TrialPlaced(1, 4, {"family": "gru"}, False),
    TrialEnded(1, 4, "COMPLETE", (0.8012, 5.3), "", 9.0),
    FrontChanged(((4, (0.8012, 5.3)), (1, (0.77, 3.0)))),
    TrialPlaced(1, 5, {"family": "gru"}, False),
    WorkerLost(1, "killed by SIGKILL"),
    TrialEnded(1, 5, "RELEASED", None, "its worker was killed by SIGKILL", 1.0),
    Notice("stopping"),
]


def ticking() -> itertools.count[float]:
    return itertools.count(0.0, 1.0)


def plain(events: list[Event]) -> list[str]:
    stream = io.StringIO()
    clock = ticking()
    lines = PlainLines(Console(file=stream, width=60), lambda: next(clock))
    for event in events:
        lines(event)
    return stream.getvalue().splitlines()


def test_one_is_not_told_as_several() -> None:
    opened = StudyOpened("reviews", "studies/tuner.db", OBJECTIVES, 1, 4, 1, True)
    one, two = plain([opened, dataclasses.replace(opened, finished=2)])

    assert "goes on after 1 ended trial: " in one
    assert "goes on after 2 ended trials: " in two


def test_a_study_goes_on_when_nobody_reads_its_lines_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    monkeypatch.setattr(sys, "stderr", stream)
    with watching() as watch:
        for event in RECORDED:
            watch(event)
    with suppress(BrokenPipeError):
        stream.close()


def live(events: list[Event], width: int = 120) -> str:
    stream = io.StringIO()
    clock = ticking()
    view = LiveView(lambda: next(clock))
    for event in events:
        view(event)
    Console(file=stream, width=width, force_terminal=True, color_system=None).print(view.draw(width))
    return stream.getvalue()


def test_an_event_that_matters_is_one_line_however_long() -> None:
    assert plain(RECORDED) == [
        "study reviews goes on after 2 ended trials: maximize accuracy, minimize training_time_s; "
        "2 workers with 1 thread each on 2 cores; "
        "kept in studies/tuner.db",
        "worker 0 ready: CPU (core 0), started in 4.1 s",
        "trial 2 begins on worker 0: family=lstm units=64 learning_rate=0.00131",
        "trial 3 continues on worker 1: family=gru",
        "trial 2 epoch 1: accuracy 0.7123, training_time_s 6.1 s",
        "trial 3 epoch 1: accuracy 0.5123, training_time_s 2.1 s",
        "trial 3 PRUNED after 8.2 s: accuracy 0.5123, training_time_s 2.1 s: accuracy 0.5123 is below the "
        "floor of 0.6 [3 of 16 trials, about 2 min 10 s left]",
        "trial 4 begins on worker 1: family=gru",
        "trial 4 COMPLETE after 9.0 s: accuracy 0.8012, training_time_s 5.3 s [4 of 16 trials, about 1 min "
        "18 s left]",
        "front: 2 trials: 4, 1",
        "trial 5 begins on worker 1: family=gru",
        "worker 1 lost: killed by SIGKILL",
        "trial 5 is given back: its worker was killed by SIGKILL",
        "stopping",
    ]


def test_foreign_text_is_neither_markup_nor_escape_sequence() -> None:
    reason = "[bold red]no[/bold red]\nsecond \x1b[31mline"

    lines = plain([RECORDED[0], TrialEnded(0, 9, "FAIL", None, reason, 1.0)])

    assert lines[1] == "trial 9 FAIL after 1.0 s: [bold red]no[/bold red] second \\x1b[31mline"
    assert "[bold red]no[/bold red] second \\x1b[31mline" in live(
        [RECORDED[0], TrialEnded(0, 9, "FAIL", None, reason, 1.0)]
    )


def test_the_live_view_shows_workers_best_ended_and_what_is_left() -> None:
    picture = live(RECORDED)

    lines = picture.splitlines()
    assert lines[0].startswith("reviews   4 of 16 trials   ")
    assert "of 4 min 00 s" in lines[0]
    assert "about " in lines[0]
    assert "1 pruned" in lines[0]
    busy = next(line for line in lines if line.startswith("0 "))
    assert all(word in busy for word in ("2", "2/4", "0.7123", "6.1 s", "family=lstm"))
    assert "worker 1 was lost (killed by SIGKILL) and starts anew" in picture
    assert "best so far: trial 4, accuracy 0.8012, training_time_s 5.3 s; front: 2 members" in picture
    assert any(line.startswith("trial 3") and "floor of 0.6" in line for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_live_view_fits_its_terminal(width: int) -> None:
    assert max(len(line) for line in live(RECORDED, width).splitlines()) <= width


def test_on_a_narrow_terminal_the_numbers_stay_and_the_params_go() -> None:
    picture = live(RECORDED, 80)

    assert "0.7123" in picture
    assert "family=lstm" not in picture


def test_the_live_view_can_be_drawn_before_anything_happened() -> None:
    assert "opening the study" in live([])


def test_without_a_terminal_the_lines_go_to_the_console_that_was_given() -> None:
    stream = io.StringIO()

    with watching(Console(file=stream, width=80)) as watch:
        watch(Notice("hello"))

    assert stream.getvalue() == "hello\n"


def test_on_a_terminal_the_last_picture_stays() -> None:
    stream = io.StringIO()

    with watching(Console(file=stream, width=120, force_terminal=True, color_system=None)) as watch:
        for event in RECORDED:
            watch(event)

    assert "best so far: trial 4" in stream.getvalue()


def test_on_a_terminal_a_notice_stays_above_the_picture() -> None:
    stream = io.StringIO()

    with watching(Console(file=stream, width=120, force_terminal=True, color_system=None)) as watch:
        watch(Notice("two workers share [one] core"))

    assert "two workers share [one] core" in stream.getvalue()


def test_an_ascii_terminal_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    with watching(Console(file=stream, width=120, force_terminal=True)) as watch:
        for event in RECORDED:
            watch(event)
    stream.flush()

    assert b"best so far" in raw.getvalue()
