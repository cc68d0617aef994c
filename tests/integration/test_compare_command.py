"""`tuner compare` on a recorded study: what it prints and what it writes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.integration.test_study_commands import documented
from tests.recorded import SPEC, record_study
from tuner.cli import main
from tuner.report.image import find_browser
from tuner.storage import Ledger, TimingRecord, open_database


def compared(storage: str, *arguments: str) -> int:
    return main(["compare", "reviews", "--storage", storage, "--no-images", *arguments])


def test_a_person_gets_a_table_and_its_reading_beside(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(storage, "--by", "bidirectional") == 0

    said = capsys.readouterr()
    assert "3 (+1 pruned)" in said.out
    assert "0.7867 ± 0.0808" in said.out
    assert "also differ in units" in said.err
    assert "compare_bidirectional.html" in said.err


def test_the_keys_of_a_comparison_are_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(storage, "--by", "bidirectional", "--format", "json") == 0

    found = json.loads(capsys.readouterr().out)
    levels = found.pop("levels")
    assert found == {
        "factors": ["bidirectional"],
        "metric": "accuracy",
        "direction": "maximize",
        "split": "validation",
        "test": "none",
        "also_differ": ["units"],
        "left_out": 0,
    }
    metrics = levels[0].pop("metrics")
    assert levels[0] == {
        "values": {"bidirectional": False},
        "trials": [0, 1, 5],
        "pruned": 1,
        "verdict": "best mean",
        "p": None,
    }
    assert set(metrics) == {"accuracy", "training_time_s"}
    assert metrics["accuracy"] == {
        "n": 3,
        "mean": pytest.approx(0.786667, abs=1e-6),
        "sd": pytest.approx(0.080829, abs=1e-6),
        "low": pytest.approx(0.585876, abs=1e-6),
        "high": pytest.approx(0.987457, abs=1e-6),
    }


def test_the_documented_keys_of_a_comparison_are_the_real_ones(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(storage, "--by", "bidirectional", "--format", "json") == 0

    found, example = json.loads(capsys.readouterr().out), documented("compare")
    assert set(example) == set(found)
    assert set(example["levels"][0]) == set(found["levels"][0])
    assert set(example["levels"][0]["metrics"]["accuracy"]) == {"n", "mean", "sd", "low", "high"}


def test_csv_has_a_row_a_level(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--by", "bidirectional", "--metric", "training_time_s", "--format", "csv")
    assert compared(storage, *arguments) == 0

    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["bidirectional"], row["trials"], row["verdict"]) for row in rows] == [
        ("False", "3", "best mean"),
        ("True", "1", ""),
    ]
    assert rows[1]["accuracy.mean"] == "0.78"
    assert rows[1]["accuracy.sd"] == ""


def test_a_level_that_was_pruned_whole_is_in_every_form(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    by_units = ("--by", "units", "--format")
    assert compared(storage, *by_units, "json") == 0
    levels = json.loads(capsys.readouterr().out)["levels"]
    (lost,) = [level for level in levels if not level["trials"]]
    assert compared(storage, *by_units, "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    (row,) = [row for row in rows if row["trials"] == "0"]
    assert compared(storage, *by_units, "table") == 0
    said = capsys.readouterr()

    assert lost == {
        "values": lost["values"], "trials": [], "pruned": 1, "verdict": "", "p": None, "metrics": {},
    }  # fmt: skip
    assert (row["pruned"], row["accuracy.n"], row["accuracy.mean"]) == ("1", "", "")
    assert "0 (+1 pruned)" in said.out
    assert "finished, so there is no mean" in said.err


def test_the_page_stands_beside_the_studys_other_files(storage: str, tmp_path: Path) -> None:
    assert compared(storage, "--by", "bidirectional", "--by", "units") == 0

    page = tmp_path / "reviews" / "compare_bidirectional_units.html"
    assert "by bidirectional, units" in page.read_text(encoding="utf-8")


def test_another_folder_can_be_named(storage: str, tmp_path: Path) -> None:
    assert compared(storage, "--by", "bidirectional", "-o", str(tmp_path / "new")) == 0

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["compare_bidirectional.html"]


@pytest.mark.browser
def test_with_a_browser_there_are_pictures(storage: str, tmp_path: Path) -> None:
    if find_browser() is None:
        pytest.skip("no browser on this machine")

    assert main(["compare", "reviews", "--storage", storage, "--by", "bidirectional"]) == 0

    picture = tmp_path / "reviews" / "compare_bidirectional.png"
    assert picture.stat().st_size > 20_000
    assert "reviews: accuracy by bidirectional" in picture.with_suffix(".svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--by", "unit"), "--by unit: no trial has a setting of that name; did you mean units?"),
        (("--by", "units", "--metric", "f2"), "--metric f2: no finished trial has it"),
        ((), "Missing option '--by'"),
    ],
)
def test_what_cannot_be_compared_ends_in_2(
    arguments: tuple[str, ...], expected: str, storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(storage, *arguments) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.out == ""


def test_a_study_without_a_finished_trial_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = str(tmp_path / "tuner.db")
    ledger = Ledger(open_database(storage, create=True))
    ledger.create_study("reviews", SPEC, "fingerprint", {}, tmp_path)

    assert compared(storage, "--by", "units") == 0
    assert compared(storage, "--by", "units", "--format", "json") == 0

    said = capsys.readouterr()
    assert "no trial has finished" in said.err
    assert json.loads(said.out)["levels"] == []


def test_means_of_seconds_of_unlike_threads_are_said_also_where_the_front_was_timed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(tmp_path / "tuner.db")
    ledger = record_study(storage, devices=("CPU (core 0)", "CPU (2 cores)"))
    session = ledger.begin_timing("reviews")
    for number in (0, 1, 5):
        session.record(TimingRecord(number, 3.0, 0.1, "vm", "CPU (core 1)", {"series": 1, "epochs": 2}))
    session.finish()
    ledger.database.close()

    assert compared(storage, "--by", "bidirectional") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "means are of seconds of unlike kinds: 1 thread (trials 0, 2), 2 threads (trials 1, 5)" in said
    assert "tuner time" not in said
