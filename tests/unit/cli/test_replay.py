"""`tuner replay`: what is printed, and what is refused in one line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.recorded import record_study
from tests.unit.replay.curves import recorded, trial
from tuner.cli import main
from tuner.cli.replay import parse_pruner
from tuner.errors import InputError
from tuner.replay.recorded import read_recorded, write_recorded
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
        "study", "trials", "left_out", "objectives", "clock", "epochs", "seconds", "reference", "front",
        "pruners",
    }  # fmt: skip
    (member,) = found["front"]
    assert (member["number"], member["values"]) == (0, [0.9, 2.0])
    assert 0.97 < member["own_share"] < 1.0
    (pruner,) = found["pruners"]
    assert set(pruner) == {"pruner", "asked_about", "runs"}
    assert len(pruner["runs"]) == 3
    assert set(pruner["runs"][0]) == {
        "begun", "pruned", "epochs_saved", "seconds_saved", "hypervolume_kept", "members_cut", "largest_cut",
        "ended_s", "cut",
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
    assert main(["replay", "--storage", storage, "--save", str(path)]) == 0
    assert "4 trials; left out: 1 pruned, 1 failed" in capsys.readouterr().err
    assert len(read_recorded(path).trials) == 4


def test_options_of_a_pruner_are_written_as_in_a_file() -> None:
    assert parse_pruner("none") == parse_pruner("none:") == ComponentSpec("none")
    assert parse_pruner("pareto:floor=0.6,floor_epochs=3,floor_metric=f1") == ComponentSpec(
        "pareto", {"floor": 0.6, "floor_epochs": 3, "floor_metric": "f1"}
    )


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
        (["CURVES", "--workers", "0"], 2, "Invalid value for '--workers'"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(
    curves: str, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    asked = [curves if each == "CURVES" else each for each in arguments]

    assert main(["replay", *asked]) == code
    assert message in capsys.readouterr().err
