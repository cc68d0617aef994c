"""`tuner time`: both times are kept, the new ones are shown, and nothing is timed beside other work."""

from __future__ import annotations

import csv
import io
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_study_commands import documented
from tests.recorded import record_study
from tests.studies import Study, end, wait_for
from tuner.cli import main
from tuner.search.samplers import make_sampler
from tuner.storage import Ledger, TimingRecord, open_database, this_owner


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """A study whose trials 0 and 1 were timed again; then 5 alone is quicker than both."""
    path = str(tmp_path / "tuner.db")
    ledger = record_study(path)
    session = ledger.begin_timing("reviews")
    facts = {"series": 1, "epochs": 2, "kept_epochs": 2, "calibrated_time_s": 2.0, "waited_time_s": 0.8}
    for number, seconds in ((0, 3.0), (1, 2.9), (1, 2.5)):
        session.record(TimingRecord(number, seconds, 0.1, "vm", "CPU (core 1)", facts))
    session.finish()
    ledger.database.close()
    return path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    capsys.readouterr()
    assert main([arguments[0], "reviews", *arguments[1:]]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_the_front_shows_re_timed_seconds_and_tells_which_they_are(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = asked(capsys, "front", "--storage", storage)

    rows = {line.split()[0]: line for line in out.splitlines() if line.split()}
    assert "2.7 s" in rows["1"]
    assert "alone, 2 runs" in rows["1"]
    assert "in the study" in rows["5"]
    assert "0" not in rows
    assert "re-timed: 1 of 2 members, alone on vm; the others' seconds are the study's" in err
    assert "trial 0 left the front by re-timed seconds: trial 1 beats it" in err


def test_both_times_are_in_json_and_csv(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    trials = json.loads(asked(capsys, "trials", "--storage", storage, "--format", "json")[0])
    rows = list(
        csv.DictReader(io.StringIO(asked(capsys, "trials", "--storage", storage, "--format", "csv")[0]))
    )

    assert trials[1]["values"] == [0.86, 2.7]
    assert trials[1]["retimed"]["in_study"] == {"training_time_s": 11.0}
    assert (rows[1]["metrics.training_time_s"], rows[1]["in_study.training_time_s"]) == ("2.7", "11.0")
    assert rows[5]["in_study.training_time_s"] == ""


def test_a_disturbed_time_is_told_with_its_numbers(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    trials, _ = asked(capsys, "trials", "--storage", storage)
    front, err = asked(capsys, "front", "--storage", storage)
    sheet, _ = asked(capsys, "show", "1", "--storage", storage)
    asked(capsys, "report", "--no-images", "--storage", storage)
    page = (Path(storage).parent / "reviews" / "report.html").read_text(encoding="utf-8")

    assert "disturbed:" in trials
    assert "disturbed:" in front
    command = f"tuner time reviews --again --storage {storage}"
    assert f"times were disturbed: trial 1 70% of the core; take them alone: {command}" in err
    command = f"tuner time reviews 1 --again --storage {storage}"
    assert "".join(f"the steps had 70% of the core; take it alone: {command}".split()) in "".join(
        sheet.split()
    )
    assert "times were disturbed: trial 1 70% of the core" in page


def test_calibrated_seconds_are_another_axis_and_who_has_none_is_told(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    axis = ("--storage", storage, "--seconds", "calibrated")
    out, err = asked(capsys, "front", *axis)
    rows = list(csv.DictReader(io.StringIO(asked(capsys, "trials", *axis, "--format", "csv")[0])))

    assert "calibrated time (s)" in out
    first = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert [word for word in first if word.isdigit()] == ["1"]
    assert "recorded without calibrated seconds: trials 2, 5" in err
    assert (rows[1]["values.calibrated_time_s"], rows[5]["values.calibrated_time_s"]) == ("2.0", "")


def test_a_report_says_on_its_axis_which_seconds_it_shows(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(capsys, "report", "--no-images", "--storage", storage, "--seconds", "calibrated")

    page = (Path(storage).parent / "reviews" / "report.html").read_text(encoding="utf-8")
    assert "Accuracy against calibrated time" in page
    assert "calibrated time (s)" in page
    assert "recorded without calibrated seconds: trials 2, 5" in page


def test_what_optuna_was_told_stays(storage: str) -> None:
    ledger = Ledger(open_database(storage, create=False))
    assert ledger.trials("reviews")[1].values == (0.86, 11.0)
    ledger.database.close()


def test_a_trials_sheet_shows_both(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = asked(capsys, "show", "1", "--storage", storage)

    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "training time (s) 2.7 s" in lines
    assert "training time (s), in the study 11.0 s" in lines
    assert "training time, taken alone 2.9 s on vm, CPU (core 1)" in lines


def test_the_report_says_which_times_it_shows(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked(capsys, "report", "--no-images", "--storage", storage)

    page = (Path(storage).parent / "reviews" / "report.html").read_text(encoding="utf-8")
    assert "Training times: re-timed: 1 of 2 members, alone on vm" in page
    assert "trial 0 left the front by re-timed seconds" in page


def timed(study: Study, *arguments: str) -> Any:
    return json.loads(study.call("time", study.name, *arguments, "--format", "json").stdout)


@pytest.mark.slow
def test_a_study_is_timed_again(tmp_path: Path) -> None:
    study = Study(tmp_path)
    study.call("run", str(study.small(trials=2, epochs=1)), "--workers", "1")
    told = study.trials()
    members = {trial["number"] for trial in study.json("front")}

    # A session of the study stands in the way, and nothing is timed.
    ledger = Ledger(open_database(str(tmp_path / "studies" / "tuner.db"), create=False))
    spec = ledger.study("small").spec
    session = ledger.join("small", make_sampler(spec.sampler, spec.space, spec.seed), this_owner())
    refused = study.call("time", "small", code=2)
    assert "is being worked on by process" in refused.stderr
    session.finish_session()

    # Interrupted, it keeps what was timed and begins no timing twice.
    process = study.start("time", "small", "--repeats", "100")
    wait_for(lambda: len(ledger.timings("small")) >= len(members), 120, "first timings")
    code, said = end(process, signal.SIGINT)
    assert code == 130
    assert "what was timed is kept" in said
    kept = len(ledger.timings("small"))
    study.call("time", "small")  # new seconds may bring the other trial onto the front: that one is timed
    assert len(ledger.timings("small")) - kept <= len(told) - len(members)
    assert "taken before" in study.call("time", "small").stderr
    assert ledger.live_sessions() == []
    ledger.database.close()

    rows = {row["number"]: row for row in timed(study)}
    after = {trial["number"]: trial for trial in study.trials()}
    for number in members & set(rows):
        before_s = told[number]["metrics"]["training_time_s"]
        assert rows[number]["in_study_s"] == before_s
        assert after[number]["retimed"]["in_study"]["training_time_s"] == before_s
        assert after[number]["metrics"]["training_time_s"] == rows[number]["training_time_s"]
        assert rows[number]["kept_epochs"] == rows[number]["epochs"] == 1
    assert set(rows[number]) == set(documented("time")[0])
    assert not (tmp_path / "studies" / "small" / "timing").exists()


def test_a_study_whose_texts_are_gone_cannot_be_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "tuner.db")
    record_study(path).database.close()
    assert main(["time", "reviews", "--storage", path]) == 3
    assert "reviews.csv" in capsys.readouterr().err
