"""The commands that look at a study, on a recorded one: JSON that is stable, tables a person can read."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import SPEC, record_study
from tuner.cli import main
from tuner.data.encode import encode
from tuner.data.prepare import prepare
from tuner.execution.messages import Ready
from tuner.search.samplers import make_sampler
from tuner.storage import Ledger, open_database, this_owner
from tuner.trial import EpochReport


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def asked_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(asked(capsys, *arguments, "--format", "json"))


def test_the_keys_of_status_are_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked_json(capsys, "status", "reviews", "--storage", storage)

    used = found["budget"].pop("time_used_s")
    left = found["budget"].pop("time_left_s")
    assert 0 <= used < 60
    assert used + left == pytest.approx(600.0)
    assert found == {
        "study": "reviews",
        "states": {"COMPLETE": 4, "PRUNED": 1, "FAIL": 1, "RUNNING": 0, "WAITING": 0},
        "trials": 6,
        "finished": 6,
        "not_begun": 0,
        "front_size": 3,
        "objectives": [
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "training_time_s", "direction": "minimize"},
        ],
        "budget": {"trials": 8, "trials_used": 6, "trials_left": 2, "time_limit_s": 600.0},
        "sessions": 0,
        "workers": 0,
        "unlike_seconds": "",
    }


def test_the_keys_of_a_trial_are_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    trials = asked_json(capsys, "trials", "reviews", "--storage", storage)

    assert [trial["number"] for trial in trials] == [0, 1, 2, 3, 4, 5]
    assert {tuple(trial) for trial in trials} == {
        (
            "number",
            "state",
            "params",
            "values",
            "metrics",
            "test_metrics",
            "seconds",
            "reason",
            "decision",
            "facts",
            "retimed",
        )
    }
    best, pruned, failed = trials[1], trials[3], trials[4]
    assert best["state"] == "COMPLETE"
    assert best["values"] == [0.86, 11.0]
    assert best["metrics"]["accuracy"] == 0.86
    assert best["test_metrics"] == {"accuracy": 0.84, "f1": 0.83}
    assert set(best["params"]) == {"units", "bidirectional"}
    assert (pruned["state"], pruned["values"]) == ("PRUNED", None)
    assert "below the floor" in pruned["reason"]
    assert (failed["state"], failed["metrics"]) == ("FAIL", {})


def test_the_front_is_trials_best_accuracy_first(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    members = asked_json(capsys, "front", "reviews", "--storage", storage)
    trials = asked_json(capsys, "trials", "reviews", "--storage", storage)

    assert [member["number"] for member in members] == [1, 0, 5]
    assert members[0] == trials[1]


def test_the_keys_of_studies_are_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = asked_json(capsys, "studies", "--storage", storage)

    objectives = found.pop("objectives")
    assert [objective["metric"] for objective in objectives] == ["accuracy", "training_time_s"]
    assert found == {"study": "reviews", "finished": 6, "budget": 8, "front_size": 3}


def documented(command: str) -> Any:
    """Return the example that docs/json.md gives for a command."""
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    section = text.split(f"## `tuner {command} ", 1)[1].split("\n## ", 1)[0]
    return json.loads(section.split("```json\n", 1)[1].split("```", 1)[0])


def test_the_documented_keys_are_the_real_ones(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, trials, studies, front = map(documented, ("status", "trials", "studies", "front"))

    def keys(value: dict[str, Any]) -> set[str]:
        return set(value) | {f"budget.{key}" for key in value["budget"]} if "states" in value else set(value)

    assert keys(status) == keys(asked_json(capsys, "status", "--storage", storage))
    assert keys(trials[0]) == keys(asked_json(capsys, "trials", "--storage", storage)[0])
    assert keys(studies[0]) == keys(asked_json(capsys, "studies", "--storage", storage)[0])
    assert keys(front[0]) == keys(asked_json(capsys, "front", "--storage", storage, "--shorter")[0])


def test_csv_has_a_row_a_trial(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(asked(capsys, "trials", "--storage", storage, "--format", "csv"))))

    assert len(rows) == 6
    assert rows[1]["values.accuracy"] == "0.86"
    assert rows[3]["values.accuracy"] == ""


@pytest.mark.parametrize("command", ["status", "trials", "front", "studies"])
def test_a_table_is_what_a_person_gets(
    command: str, storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = asked(capsys, command, "--storage", storage)

    assert "accuracy" in said
    assert "\x1b" not in said


def test_a_trial_that_was_given_back_is_said_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(tmp_path / "tuner.db")
    ledger = Ledger(open_database(storage, create=True))
    ledger.create_study("new", SPEC, "fingerprint", {}, tmp_path)
    session = ledger.join("new", make_sampler(SPEC.sampler, SPEC.space, SPEC.seed), this_owner())
    claim = session.claim()
    assert claim is not None
    session.record_epoch(claim.token, EpochReport(0, 0, {"accuracy": 0.5}, 0, {"accuracy": 0.5}))
    waits = "to go on from its last checkpoint"
    assert waits not in " ".join(asked(capsys, "trials", "--storage", storage).split())

    session.finish_session()

    said = " ".join(asked(capsys, "status", "--storage", storage).split())
    assert "none is running; 1 trial to go on from the last checkpoint: tuner resume new" in said
    assert waits in " ".join(asked(capsys, "trials", "--storage", storage).split())
    sheet = " ".join(asked(capsys, "show", "new", "0", "--storage", storage).split())
    assert f"none is running; it waits {waits}, 1 epoch so far" in sheet


def test_columns_that_say_nothing_of_any_trial_are_left_out(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "reason" in asked(capsys, "trials", "--storage", storage)
    complete = asked(capsys, "trials", "--state", "complete", "--storage", storage)
    assert "reason" not in complete
    assert "params" in complete
    assert "PRUNED" not in complete


@pytest.mark.parametrize("command", ["show", "note", "diagnose", "time"])
def test_what_is_no_trials_number_is_told(
    command: str, storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["a note"] if command == "note" else []
    assert main([command, "reviews", "x", *said, "--storage", storage]) == 2
    assert "'x': expected a trial's number" in capsys.readouterr().err


def test_the_front_table_shows_the_test_split_beside(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = asked(capsys, "front", "--storage", storage).splitlines()

    assert "test accuracy" in next(line for line in lines if "trial" in line)
    assert "0.8400" in next(line for line in lines if line.split()[:1] == ["1"])


def test_shorter_trainings_stand_beside_whole_ones(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked_json(capsys, "front", "--storage", storage, "--shorter")
    whole = asked_json(capsys, "front", "--storage", storage)
    assert main(["front", "--storage", storage, "--shorter"]) == 0
    table, remarks = capsys.readouterr()
    rows = list(
        csv.DictReader(
            io.StringIO(asked(capsys, "front", "--storage", storage, "--shorter", "--format", "csv"))
        )
    )

    of_trials = [[each["number"], each["values"]] for each in found if each["is_whole"]]
    assert of_trials == [[1, [0.86, 11.0]], [0, [0.8, 4.0]]], "the third is beaten by half of trial 0"
    assert [each["number"] for each in whole] == [1, 0, 5]
    shorter = [each for each in found if not each["is_whole"]]
    assert shorter
    assert {(each["epochs"], each["epochs_run"]) for each in shorter} == {(1, 2)}
    assert [row["number"] for row in rows] == [str(each["number"]) for each in found]
    assert [float(row["values.accuracy"]) for row in rows] == [each["values"][0] for each in found]
    assert table.count("1 of 2") == len(shorter)
    assert "`start_with:` their params, with `epochs:` fixed" in remarks


def test_what_is_expected_stands_beside_what_was_measured(
    storage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.analysis.expected.MIN_TRIALS", 3)
    found = asked_json(capsys, "front", "--storage", storage, "--expected")
    assert main(["front", "--storage", storage, "--expected"]) == 0
    table, remarks = capsys.readouterr()
    rows = asked(capsys, "front", "--storage", storage, "--expected", "--format", "csv").splitlines()

    assert found
    assert all(each["is_whole"] for each in found), "without --shorter"
    assert all(each["expected"][1] == each["values"][1] for each in found)
    assert all(0.5 < each["expected"][0] < 1.0 for each in found)
    assert {"expected accuracy", "measured accuracy"} <= {cell.strip() for cell in table.split("  ")}
    assert not any(each["has_model"] for each in found), "these trials were recorded without one"
    assert "no model was kept of the others" in remarks
    assert "expected.accuracy" in rows[0].split(",")
    assert len(rows) == len(found) + 1


def test_too_few_trials_to_expect_anything_of_are_told(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["front", "--storage", storage, "--expected"]) == 2
    assert "5 of at least 10 trials have an epoch" in capsys.readouterr().err


def test_the_reason_stands_beside_the_trial(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = " ".join(asked(capsys, "trials", "--storage", storage).split())
    assert "below the floor" in said


def test_a_session_with_one_worker_is_told_as_such(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger(open_database(storage, create=False))
    session = ledger.join("reviews", make_sampler(SPEC.sampler, SPEC.space, SPEC.seed), this_owner())
    session.record_worker(
        0, Ready(pid=1, device="CPU (core 0)", import_time_s=4.0, calibration_s=0.1, versions={})
    )

    said = " ".join(asked(capsys, "status", "--storage", storage).split())

    session.finish_session()
    ledger.database.close()
    assert "sessions 1 with 1 worker" in said
    assert "1 workers" not in said


def test_the_only_study_needs_no_name_but_one_of_several_does(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--storage", storage]) == 0
    record_study(storage, "other")

    assert main(["status", "--storage", storage]) == 2
    assert "which study? The database holds 2: other, reviews" in capsys.readouterr().err


def test_an_unknown_study_ends_in_3_with_the_nearest_name(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["front", "revievs", "--storage", storage]) == 3
    assert "did you mean reviews?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "trials", "front", "report", "studies", "dashboard", "resume"])
def test_a_missing_database_ends_in_3_and_is_not_created(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--storage", str(tmp_path / "studies" / "no.db")]) == 3
    said = capsys.readouterr().err
    assert "no.db" in said
    assert "--storage or TUNER_STORAGE" in said
    assert list(tmp_path.iterdir()) == []


def test_the_storage_can_be_named_by_the_environment(
    storage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_STORAGE", storage)
    assert asked_json(capsys, "status")["study"] == "reviews"


def test_delete_removes_the_study_and_its_folder(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(storage).parent / "reviews"
    folder.mkdir()
    (folder / "report.html").write_text("x", encoding="utf-8")

    assert main(["delete", "reviews", "--yes", "--storage", storage]) == 0

    assert not folder.exists()
    capsys.readouterr()
    assert asked_json(capsys, "studies", "--storage", storage) == []


def kept_texts(folder: Path, storage: str, *names: str) -> list[Path]:
    """Make studies of the same texts; returns the folders in which these are kept."""
    rows = "".join(f"a text of number {n},{'xy'[n % 2]}\n" for n in range(40))
    (folder / "reviews.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    prepared = prepare(SPEC.data, "binary", 1, folder, folder / "cache")
    encoded = encode(prepared, "moderate").directory
    database = open_database(storage, create=True)
    for name in names:
        Ledger(database).create_study(name, SPEC, prepared.fingerprint, {}, folder)
    database.close()
    return [prepared.directory, encoded]


def test_delete_removes_the_texts_with_the_last_study_that_has_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(tmp_path / "tuner.db")
    kept = kept_texts(tmp_path, storage, "first", "second")

    assert main(["delete", "first", "--yes", "--storage", storage]) == 0
    assert all(each.is_dir() for each in kept)
    assert f"its texts stays in {kept[0]}, as study 'second' has the same" in capsys.readouterr().err

    assert main(["delete", "second", "--yes", "--storage", storage]) == 0
    assert not any(each.exists() for each in kept)
    assert f"such as word vectors, stays in {tmp_path / 'cache'}" in capsys.readouterr().err


def test_delete_keeps_texts_that_studies_of_a_database_beside_may_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage, beside = str(tmp_path / "tuner.db"), tmp_path / "other.db"
    kept = kept_texts(tmp_path, storage, "first")
    open_database(str(beside), create=True).close()

    assert main(["delete", "first", "--yes", "--storage", storage]) == 0

    assert all(each.is_dir() for each in kept)
    assert f"as studies of {beside} may have the same" in capsys.readouterr().err


def test_delete_keeps_texts_beside_a_folder_of_a_study_that_another_database_may_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where a server has the other study: its texts lie in the same folder, and no file tells of it."""
    storage = str(tmp_path / "tuner.db")
    kept = kept_texts(tmp_path, storage, "first")
    (tmp_path / "of_a_server").mkdir()

    assert main(["delete", "first", "--yes", "--storage", storage]) == 0

    assert all(each.is_dir() for each in kept)
    assert f"as {tmp_path / 'of_a_server'} is of no study of this database" in capsys.readouterr().err


def test_delete_follows_no_fingerprint_that_leads_elsewhere(tmp_path: Path) -> None:
    storage, other = str(tmp_path / "tuner.db"), tmp_path / "other"
    other.mkdir()
    (tmp_path / "cache" / "texts").mkdir(parents=True)
    database = open_database(storage, create=True)
    Ledger(database).create_study("first", SPEC, "../../other", {}, tmp_path)
    database.close()

    assert main(["delete", "first", "--yes", "--storage", storage]) == 0
    assert other.is_dir()


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
def test_delete_asks(
    answer: str,
    left: int,
    storage: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    assert main(["delete", "reviews", "--storage", storage]) == 0

    assert "6 trials" in capsys.readouterr().err
    assert len(asked_json(capsys, "studies", "--storage", storage)) == left


def test_delete_without_anybody_to_answer_says_so(
    storage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert main(["delete", "reviews", "--storage", storage]) == 2
    assert "--yes" in capsys.readouterr().err


def test_delete_needs_a_name_even_when_there_is_one_study_only(storage: str) -> None:
    assert main(["delete", "--yes", "--storage", storage]) == 2


def test_a_running_study_is_not_deleted(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger(open_database(storage, create=False))
    running = ledger.join("reviews", make_sampler(SPEC.sampler, SPEC.space, SPEC.seed), this_owner())

    assert main(["delete", "reviews", "--yes", "--storage", storage]) == 2
    assert "is being worked on by 1 session" in capsys.readouterr().err

    running.finish_session()
    assert main(["delete", "reviews", "--yes", "--storage", storage]) == 0


def test_a_study_without_a_finished_trial_has_an_empty_front(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(tmp_path / "tuner.db")
    Ledger(open_database(storage, create=True)).create_study("new", SPEC, "fingerprint", {}, tmp_path)

    assert asked_json(capsys, "front", "--storage", storage) == []
    assert asked_json(capsys, "trials", "--storage", storage) == []
    assert main(["front", "--storage", storage]) == 0
    assert capsys.readouterr() == ("", "tuner: study 'new' has no front yet: no trial has finished\n")
