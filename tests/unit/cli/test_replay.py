"""`tuner replay`: what is printed, and what is refused in one line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.recorded import record_study
from tests.unit.replay.curves import recorded, trial, with_space
from tuner.cli import main
from tuner.cli.replay import parse_pruner, parse_sampler
from tuner.errors import InputError
from tuner.replay.curves_file import read_recorded, write_recorded
from tuner.spec.values import ComponentSpec


@pytest.fixture
def curves(tmp_path: Path) -> str:
    """A file of six trials; a good one is quick, and the others are slow and stay poor."""
    path = tmp_path / "curves.json.gz"
    slow = [trial(number, [0.50, 0.51, 0.52, 0.53], 20.0 + number) for number in range(1, 6)]
    write_recorded(recorded(trial(0, [0.8, 0.9, 0.9, 0.9], 1.0), *slow), path)
    return str(path)


def test_the_table_has_a_row_a_pruner(curves: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--pruner", "none", "--pruner", "pareto:rungs=true", "--pruner", "median"]
    assert main(["replay", curves, *asked]) == 0

    said = capsys.readouterr()
    rows = [line.split("  ")[0].strip() for line in said.out.splitlines() if "%" in line]
    assert rows == ["none", "pareto:rungs=true", "median"]
    assert "6 trials, 24 epochs" in said.err
    assert "asked about accuracy alone, since they know one objective: median" in said.err


def test_nothing_saved_is_no_less_than_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "curves.json"
    write_recorded(recorded(*(trial(number, [0.5, 0.6], 0.1 * number + 0.1) for number in range(9))), path)

    assert main(["replay", str(path), "--pruner", "none", "--order", "shuffled"]) == 0
    assert "-0.0" not in capsys.readouterr().out


def test_the_keys_of_the_json_are_kept(curves: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--pruner", "pareto", "--order", "shuffled", "--seeds", "3", "--format", "json"]
    assert main(["replay", curves, *asked]) == 0

    found = json.loads(capsys.readouterr().out)
    assert set(found) == {
        "study", "trials", "left_out", "objectives", "clock", "epochs", "seconds", "reference",
        "held_until_s", "front", "pruners",
    }  # fmt: skip
    (member,) = found["front"]
    assert (member["number"], member["values"]) == (0, [0.9, 2.0])
    assert 0.97 < member["own_share"] < 1.0
    (pruner,) = found["pruners"]
    assert set(pruner) == {"pruner", "asked_about", "sampler", "off", "off_by_chance", "runs"}
    assert pruner["sampler"] is pruner["off"] is None
    assert len(pruner["runs"]) == 3
    assert set(pruner["runs"][0]) == {
        "begun", "pruned", "epochs_saved", "seconds_saved", "hypervolume_kept", "members_cut", "largest_cut",
        "ended_s", "cut", "hypervolume_held", "reached_s",
    }  # fmt: skip


def test_csv_has_a_row_a_pruner_and_order(curves: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "--pruner",
        "none",
        "--pruner",
        "pareto",
        "--order",
        "shuffled",
        "--seeds",
        "2",
        "--format",
        "csv",
    ]
    assert main(["replay", curves, *asked]) == 0

    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["pruner"], row["order"]) for row in rows] == [
        ("none", "0"), ("none", "1"), ("pareto", "0"), ("pareto", "1"),
    ]  # fmt: skip
    assert rows[0]["hypervolume_kept"] == "1.0"


def test_a_study_of_the_database_is_replayed_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage, path = str(tmp_path / "tuner.db"), tmp_path / "curves.json"
    record_study(storage)

    assert main(["replay", "reviews", "--storage", storage]) == 0
    assert "4 trials, 8 epochs" in capsys.readouterr().err
    assert main(["replay", "reviews", "--storage", storage, "--sampler", "random", "--seeds", "2"]) == 0
    assert "those that were left out cannot be begun" in capsys.readouterr().err
    assert main(["replay", "--storage", storage, "--save", str(path)]) == 0
    assert "4 trials; left out: 1 pruned, 1 failed" in capsys.readouterr().err
    assert len(read_recorded(path).trials) == 4


@pytest.fixture
def searched(tmp_path: Path) -> str:
    """A file of four trials with the space that was searched; the more units, the better and the longer."""
    path = tmp_path / "searched.json"
    trials = [
        replace(trial(number, [0.5, 0.5 + 0.1 * number], 1.0 + number), params={"units": units})
        for number, units in enumerate((2, 4, 8))
    ]
    rated = replace(trial(3, [0.5, 0.9], 3.0), params={"units": 6, "rate": 1e-3})
    write_recorded(with_space(*trials, rated), path)
    return str(path)


def test_samplers_choose_what_is_begun(searched: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--sampler", "random", "--sampler", "tpe:startup_trials=2", "--pruner", "none", "--seeds", "3"]
    assert main(["replay", searched, *asked]) == 0

    said = capsys.readouterr()
    headings = said.out.splitlines()[1].split("  ")
    assert [each.strip() for each in headings if each.strip()] == [
        "sampler", "pruner", "epochs saved", "hypervolume", "worst", "losses", "held", "s to 95 %",
        "off (by chance)",
    ]  # fmt: skip
    assert [line.split()[:2] for line in said.out.splitlines() if "%" in line][1:] == [
        ["random", "none"], ["tpe:startup_trials=2", "none"],
    ]  # fmt: skip
    assert "medians of 3 seeds of each sampler" in said.err


def test_a_row_of_a_sampler_says_how_far_off_it_was(
    searched: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--sampler", "random", "--pruner", "none", "--seeds", "2", "--trials", "2", "--format", "json"]
    assert main(["replay", searched, *asked]) == 0

    (row,) = json.loads(capsys.readouterr().out)["pruners"]
    assert (row["sampler"], row["pruner"]) == ("random", "none")
    assert 0.0 <= row["off"] <= row["off_by_chance"] <= 1.0
    assert [run["begun"] for run in row["runs"]] == [2, 2]


def test_csv_names_the_sampler(searched: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", searched, "--sampler", "qmc", "--seeds", "2", "--format", "csv"]) == 0

    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["sampler"], row["pruner"], row["order"]) for row in rows] == [
        ("qmc", "pareto", "0"), ("qmc", "pareto", "1"),
    ]  # fmt: skip


def test_options_of_a_pruner_are_written_as_in_a_file() -> None:
    assert parse_pruner("none") == parse_pruner("none:") == ComponentSpec("none")
    assert parse_pruner("pareto:floor=0.6,floor_epochs=3,floor_metric=f1") == ComponentSpec(
        "pareto", {"floor": 0.6, "floor_epochs": 3, "floor_metric": "f1"}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tpee", "--sampler: unknown sampler 'tpee'; did you mean tpe"),
        ("tpe:startup=2", "--sampler: tpe has no option 'startup'; did you mean startup_trials"),
        ("tpe:startup_trials=0", "expected a whole number of at least 1"),
    ],
)
def test_a_sampler_that_is_written_wrong_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_sampler(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("paretto", "unknown pruner 'paretto'; did you mean pareto"),
        ("pareto:flor=0.6", "pareto has no option 'flor'; did you mean floor"),
        ("none:floor=0.6", "none has no option 'floor'; it has no options"),
        ("pareto:floor", "floor: found '', expected a value; write floor=VALUE"),
        ("pareto:floor=", "floor: found '', expected a value"),
        ("pareto:floor=high", "floor: found 'high', expected a number"),
        ("pareto:grace_epochs=-1", "grace_epochs: found '-1', expected a whole number of at least 0"),
        ("pareto:floor=.nan", "expected a finite number"),
    ],
)
def test_a_pruner_that_is_written_wrong_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_pruner(text)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.json"], 3, "nowhere.json: no such file"),
        (["CURVES", "--time-limit", "soon"], 2, "--time-limit: expected a duration"),
        (["CURVES", "--reference", "low"], 2, "--reference: found 'low'"),
        (["CURVES", "--reference", "0.5"], 2, "reference: 1 numbers found"),
        (["CURVES", "--pruner", "best"], 2, "--pruner: unknown pruner 'best'"),
        (["CURVES", "--monitor", "mae"], 2, "--monitor: found 'mae', expected a validation metric of every"),
        (["CURVES", "--monitor", "train_accuracy"], 2, "known: accuracy, auc, loss"),
        (["CURVES", "--sampler", "tpe"], 2, "its search space was not recorded"),
        (["CURVES", "--sampler", "tpe", "--order", "shuffled"], 2, "--order and --sampler: one of them"),
        (["CURVES", "--sampler", "best"], 2, "--sampler: unknown sampler 'best'"),
        (["CURVES", "--workers", "0"], 2, "Invalid value for '--workers'"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(
    curves: str, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    asked = [curves if each == "CURVES" else each for each in arguments]

    assert main(["replay", *asked]) == code
    assert message in capsys.readouterr().err
