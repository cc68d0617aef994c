"""A run is recorded whole or not at all, and is made again when its settings are others."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.front import run as runner
from benchmarks.front.record import Found, Recorder, is_recorded, read_lines, read_record
from benchmarks.front.settings import FULL, QUICK, Comparison
from benchmarks.paths import write_json

FOUND = Found(3.0, {"units": 8}, 2, 0.75, 1.5)
METHOD = runner.METHODS[1]


def recorded(path: Path, comparison: Comparison) -> None:
    write_json(path, {"settings": comparison.settings(), "found": [asdict(FOUND)]})


def test_what_processes_append_comes_back_by_the_moment(tmp_path: Path) -> None:
    path = tmp_path / "found.jsonl"
    Recorder(path, started=0.0).add({"units": 8}, 2, 0.75, 1.5)
    Recorder(path, started=1e9).add({"units": 9}, 1, 0.5, 1.0)

    assert [each.params["units"] for each in read_lines(path)] == [9, 8]


def test_a_method_that_wrote_nothing_found_nothing(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "absent.jsonl") == []


def test_a_record_is_that_of_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    recorded(path, FULL)

    assert is_recorded(path, FULL.settings())
    assert is_recorded(path, replace(FULL, seeds=9).settings())
    assert not is_recorded(path, replace(FULL, seconds=60.0).settings())
    assert not is_recorded(path, QUICK.settings())
    assert read_record(path) == [FOUND]


@pytest.mark.parametrize("text", ["", "{", '{"settings": {}}'])
def test_what_is_no_whole_record_is_made_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)

    assert not is_recorded(path, FULL.settings())
    assert not is_recorded(tmp_path / "absent.json", FULL.settings())


def test_a_run_that_is_recorded_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MEASURED", tmp_path)
    monkeypatch.setattr(runner, "WORK", tmp_path / "nothing is started here")
    path = runner.record_of(METHOD, FULL, seed=0)
    recorded(path, FULL)
    before = path.read_text()

    runner.run(METHOD, FULL, seed=0)

    assert path.read_text() == before


def test_a_run_of_other_settings_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MEASURED", tmp_path / "results")
    monkeypatch.setattr(runner, "WORK", tmp_path / "work")
    short = replace(FULL, seconds=0.0)
    (tmp_path / "work" / "front_full").mkdir(parents=True)
    recorded(runner.record_of(METHOD, FULL, seed=0), FULL)
    writes_one = runner.Method("peer", "one", "tuner")
    code = (
        "import json, sys; o = json.load(open(sys.argv[1])); open(o['out'], 'w').write(sys.argv[2] + chr(10))"
    )
    monkeypatch.setattr(
        runner, "command_of", lambda *_: [sys.executable, "-c", code, _[1], json.dumps(asdict(FOUND))]
    )

    runner.run(writes_one, short, seed=0)

    document = json.loads(runner.record_of(writes_one, short, seed=0).read_text())
    assert document["found"] == [asdict(FOUND)]
    assert document["settings"] == short.settings()
    assert document["machine"]["cores"] == 2


def test_a_method_that_fails_is_said_and_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MEASURED", tmp_path / "results")
    monkeypatch.setattr(runner, "WORK", tmp_path / "work")
    (tmp_path / "work" / "front_full").mkdir(parents=True)
    monkeypatch.setattr(runner, "command_of", lambda *_: [sys.executable, "-c", "raise ValueError"])

    with pytest.raises(SystemExit, match=r"Optuna script, TPE failed; see .*plain_optuna_0\.log"):
        runner.run(METHOD, replace(FULL, seconds=0.0), seed=0)

    assert not runner.record_of(METHOD, FULL, seed=0).exists()
