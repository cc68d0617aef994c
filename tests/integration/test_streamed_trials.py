"""Lists of trials are written as they are read: to the byte what was written from all of them in memory."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.cells import cell_len

from tests.ledgers import NAME, complete, join, records_alive, report, spec_of, take
from tuner.analysis.front import front
from tuner.analysis.read_front import read_front
from tuner.analysis.retimed import changes, shown_trials
from tuner.analysis.seconds import Seconds, on_axis
from tuner.analysis.tables import laid_out
from tuner.analysis.wording import duration, title, written, written_params
from tuner.cli import main
from tuner.cli.console import write_json
from tuner.cli.trials import timed_cells, trial_document, waits
from tuner.spec.values import BudgetSpec, Value
from tuner.storage import Ledger, TimingRecord, open_database
from tuner.storage.records import TrialStateName
from tuner.trial import Ending, TrialOutcome

PAGE = 3
RETIMED = (0, 6)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few trials fill a page, and somewhat more be listed plainly."""
    monkeypatch.setattr("tuner.storage.pages.PAGE", PAGE)
    monkeypatch.setattr("tuner.storage.reading.PAGE", PAGE)
    monkeypatch.setattr("tuner.cli.trials.MANY_ROWS", 5)


MakeStudy = Callable[[int], Ledger]


@pytest.fixture
def study(tmp_path: Path) -> Iterator[MakeStudy]:
    """Make a study of so many trials that ended in every way or run on, some of them timed again."""
    made: list[Ledger] = []

    def make(trials: int) -> Ledger:
        ledger = Ledger(open_database(str(tmp_path / "tuner.db"), create=True))
        made.append(ledger)
        ledger.create_study(NAME, spec_of(trials=trials), "fingerprint", {}, tmp_path)
        session = join(ledger)
        for number in range(trials):
            claim = take(session)
            session.record_epoch(claim.token, report(number))
            spent = {"accuracy": 0.5 + number % 5 / 10, "training_time_s": 10.0 + number}
            calibrated = {"calibrated_time_s": 5.0 - number / 10} if number % 4 else {}
            if number % 3 == 0:
                outcome = complete(number, facts={"kept_epoch": 0, "device": 'CPU "0"\n'})
                outcome.metrics.update(spent | calibrated)  # type: ignore[attr-defined]  # a dictionary
                values = (spent["accuracy"], spent["training_time_s"])
                session.record_outcome(claim.token, outcome, values)
            elif number % 3 == 1:
                ending = Ending.PRUNED if number % 2 else Ending.FAILED
                reason = f"reason {number}, of several\nlines " + "x" * number
                session.record_outcome(claim.token, TrialOutcome(number, ending, spent, reason), None)
        session.finish_session()
        if trials:
            session.record_test_metrics(0, {"test_accuracy": 0.4})
            add_timings(ledger, [number for number in RETIMED if number < trials])
        ledger.set_budget(NAME, BudgetSpec(trials=0))
        return ledger

    yield make
    for ledger in made:
        ledger.database.close()


def add_timings(ledger: Ledger, numbers: list[int]) -> None:
    timing = ledger.begin_timing(NAME)
    for number in numbers:
        facts: dict[str, Value] = {"series": 1, "epochs": 1, "kept_epochs": 1, "calibrated_time_s": 3.0}
        timing.record(TimingRecord(number, 20.0 - 2 * number, 0.5, "host", "CPU", facts))
    timing.finish()


def storage_of(ledger: Ledger) -> str:
    return ledger.database.safe_url.removeprefix("sqlite:///")


def said(capsys: pytest.CaptureFixture[str], ledger: Ledger, *arguments: str) -> str:
    capsys.readouterr()
    assert main(["trials", NAME, "--storage", storage_of(ledger), *arguments]) == 0
    return capsys.readouterr().out


def whole(ledger: Ledger, seconds: Seconds, form: str) -> str:
    """Write the same list from all trials in memory, as simply as can be."""
    axis = on_axis(shown_trials(ledger, NAME), ledger.study(NAME).spec.objectives, seconds)
    stream = io.StringIO()
    if form == "json":
        return json.dumps([trial_document(trial) for trial in axis.trials], indent=2) + "\n"
    if form == "csv":
        headings, rows = laid_out(axis.trials, axis.objectives)
        csv.writer(stream, lineterminator="\n").writerows([headings, *rows])
        return stream.getvalue()
    aims = [aim.metric for aim in axis.objectives]
    timed = timed_cells(axis.trials)
    lines = [["trial", "state", *map(title, aims), "wall", *(["timed"] if timed else []), "params", "reason"]]
    for index, trial in enumerate(axis.trials):
        measured = [written(aim, trial.metrics.get(aim)) for aim in aims]
        wall = "" if trial.seconds is None else duration(trial.seconds)
        why = trial.reason.replace("\n", " ") or waits(trial, ledger.study(NAME))
        last = [*timed[index : index + 1], written_params(trial.params), why]
        lines.append([str(trial.number), trial.state, *measured, wall, *last])
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["─" * width for width in widths])
    numbers = {0, *range(2, 3 + len(aims))}
    for line in lines:
        pairs = enumerate(zip(line, widths, strict=True))
        cells = [cell.rjust(width) if at in numbers else cell.ljust(width) for at, (cell, width) in pairs]
        stream.write("  ".join(cells).rstrip() + "\n")
    return stream.getvalue()


@pytest.mark.parametrize("trials", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 1])
def test_what_is_streamed_is_what_was_written_whole(
    study: MakeStudy, trials: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = study(trials)
    kinds: tuple[Seconds, ...] = get_args(Seconds)
    for seconds in kinds:
        for form in ("json", "csv", *(["table"] if trials >= 5 else [])):
            found = said(capsys, ledger, "--format", form, "--seconds", seconds)
            assert found == whole(ledger, seconds, form), f"{form} of {trials} trials in {seconds} seconds"


def test_without_a_time_that_says_something_there_is_no_column_of_it(
    study: MakeStudy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "RETIMED", ())
    ledger = study(7)

    assert said(capsys, ledger) == whole(ledger, "raw", "table")
    assert "timed" not in said(capsys, ledger).splitlines()[0]


def test_short_and_long_tables_have_the_same_columns(
    study: MakeStudy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = study(7)
    plain = said(capsys, ledger).splitlines()[0].split()
    monkeypatch.setattr("tuner.cli.trials.MANY_ROWS", 100)

    drawn = " ".join(said(capsys, ledger).splitlines()).split()
    assert [word for word in plain if word not in drawn] == []


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--state", "COMPLETE"], [0, 3, 6, 9]),
        (["--state", "WAITING"], []),
        (["--from", "7"], [7, 8, 9]),
        (["--from", "7", "--limit", "2"], [7, 8]),
        (["--limit", "4"], [0, 1, 2, 3]),
        (["--last", "4"], [6, 7, 8, 9]),
        (["--state", "COMPLETE", "--last", "2"], [6, 9]),
    ],
)
def test_those_trials_are_listed_that_are_asked_for(
    study: MakeStudy, options: list[str], numbers: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = study(10)
    every = json.loads(said(capsys, ledger, "--format", "json"))

    assert json.loads(said(capsys, ledger, "--format", "json", *options)) == [every[at] for at in numbers]
    rows = list(csv.DictReader(io.StringIO(said(capsys, ledger, "--format", "csv", *options))))
    assert [int(row["number"]) for row in rows] == numbers


@pytest.mark.parametrize("options", [["--last", "2", "--limit", "2"], ["--last", "0"], ["--state", "DONE"]])
def test_what_cannot_be_asked_for_is_refused(
    study: MakeStudy, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trials", NAME, "--storage", storage_of(study(1)), *options]) == 2
    assert options[0] in capsys.readouterr().err


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize("seconds", get_args(Seconds))
def test_no_more_than_two_pages_are_in_memory(
    study: MakeStudy, monkeypatch: pytest.MonkeyPatch, form: str, seconds: str
) -> None:
    from tuner.storage import pages

    ledger = study(8 * PAGE)
    before = records_alive()  # what other tests of this process have left
    alive: list[int] = []
    records = pages._records

    def counted(*arguments: Any) -> Any:
        found = records(*arguments)
        alive.append(records_alive() - before)  # with those of the page before
        return found

    monkeypatch.setattr(pages, "_records", counted)
    with redirect_stdout(io.StringIO()) as out:
        main(["trials", NAME, "--storage", storage_of(ledger), "--format", form, "--seconds", seconds])

    assert out.getvalue().count("\n") > 8 * PAGE
    assert len(alive) == 8, "every trial is read once"
    # A record whose seconds were taken again, or which is put on another axis, is there twice for a moment.
    assert PAGE <= max(alive) <= 2 * PAGE + 2


class Closed(io.StringIO):
    """A stdout whose reader goes after the first line."""

    def write(self, text: str) -> int:
        if "\n" in self.getvalue():
            raise BrokenPipeError
        return super().write(text)


def test_when_the_reader_has_gone_nothing_more_is_read(
    study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.storage import pages

    ledger = study(8 * PAGE)
    read: list[int] = []
    records = pages._records

    def counted(*arguments: Any) -> Any:
        read.append(len(arguments[3]))
        return records(*arguments)

    monkeypatch.setattr(pages, "_records", counted)
    with redirect_stdout(Closed()):
        assert main(["trials", NAME, "--storage", storage_of(ledger), "--format", "json"]) == 0

    assert read == [PAGE]


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_closed_pipe_ends_the_list_quietly(study: MakeStudy, form: str) -> None:
    ledger = study(PAGE)
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ["trials", NAME, "--storage", storage_of(ledger), "--format", form]
    command = [str(Path(sys.executable).parent / "tuner"), *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("seconds", get_args(Seconds))
@pytest.mark.parametrize("trials", [0, 2, 3 * PAGE + 1])
def test_a_front_read_by_its_values_is_that_of_all_trials(
    study: MakeStudy, seconds: Seconds, trials: int
) -> None:
    ledger = study(trials)
    objectives = ledger.study(NAME).spec.objectives
    shown = shown_trials(ledger, NAME)
    axis = on_axis(shown, objectives, seconds)

    with ledger.snapshot(NAME) as seen:
        found = read_front(seen, seconds)

    assert list(found.members) == front(axis.trials, axis.objectives)
    assert (found.objectives, found.left_out) == (axis.objectives, axis.left_out)
    told = ledger.trials(NAME)
    assert changes(found.told, found.shown, objectives) == changes(told, shown, objectives)


def test_the_states_are_those_that_optuna_has(study: MakeStudy, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = study(7)
    listed = json.loads(said(capsys, ledger, "--format", "json"))
    assert {trial["state"] for trial in listed} <= set(get_args(TrialStateName))
    assert len({trial["state"] for trial in listed}) == 4


def test_json_of_a_list_is_json_of_the_whole(study: MakeStudy, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = study(4)
    streamed = said(capsys, ledger, "--format", "json")
    write_json(json.loads(streamed))
    assert capsys.readouterr().out == streamed
