"""Recorded curves: what of a study can be replayed, and that a file keeps it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import record_study
from tests.unit.replay.curves import recorded, trial, with_space
from tuner.errors import InputError, NotFoundError
from tuner.replay.curves_file import read_recorded, write_recorded
from tuner.replay.recorded import recorded_study
from tuner.storage import Ledger, TrialRecord


def test_only_trials_that_were_trained_to_their_end_can_be_replayed(tmp_path: Path) -> None:
    study = recorded_study(record_study(str(tmp_path / "tuner.db")), "reviews")

    assert [each.number for each in study.trials] == [0, 1, 2, 5]
    assert study.left_out == {"pruned": 1, "failed": 1}
    assert [row["accuracy"] for row in study.trials[1].epochs] == [pytest.approx(0.76), 0.86]
    assert set(study.trials[1].params) == {"units", "bidirectional"}


def test_a_trial_that_was_queued_outside_the_space_is_left_out(tmp_path: Path) -> None:
    ledger = record_study(str(tmp_path / "tuner.db"))
    whole = recorded_study(ledger, "reviews")
    strange = replace(ledger.trials("reviews")[0], params={"units": 7, "layers": 9})

    class Strange(Ledger):
        def trials(self, name: str) -> list[TrialRecord]:
            return [strange, *super().trials(name)[1:]]

    study = recorded_study(Strange(ledger.database), "reviews")

    assert [each.number for each in study.trials] == [each.number for each in whole.trials][1:]
    assert study.left_out == {**whole.left_out, "outside the space": 1}
    assert study.space == whole.space


def test_the_kept_epoch_can_be_chosen_by_what_every_epoch_has() -> None:
    study = recorded(trial(0, [0.5, 0.7], 1.0), trial(3, [0.6, 0.65, 0.66], 2.0))
    del study.trials[0].epochs[1]["auc"]  # type: ignore[attr-defined]  # a dict, as it is made

    assert study.monitors == ("accuracy", "loss")
    assert {each.rules.monitor for each in study.with_rules(monitor="accuracy").trials} == {"accuracy"}
    with pytest.raises(InputError, match="--monitor: found 'auc', expected a validation metric"):
        study.with_rules(monitor="auc")


@pytest.mark.parametrize("name", ["curves.json", "curves.json.gz"])
def test_a_file_keeps_a_study(tmp_path: Path, name: str) -> None:
    study = recorded(trial(0, [0.5, 0.7], 1.0), trial(3, [0.6, 0.65, 0.66], 2.0, patience=2))
    study = replace(study, counts={"train": (5, 6), "validation": (2, 2)})

    write_recorded(study, tmp_path / name)

    assert read_recorded(tmp_path / name) == study


def test_a_file_keeps_the_space_and_its_conditions(tmp_path: Path) -> None:
    study = with_space(trial(0, [0.5, 0.7], 1.0), trial(3, [0.6, 0.65], 2.0))

    write_recorded(study, tmp_path / "curves.json")

    assert read_recorded(tmp_path / "curves.json").space == study.space


def test_a_file_of_before_has_no_space(tmp_path: Path) -> None:
    path = tmp_path / "curves.json"
    write_recorded(with_space(trial(0, [0.5], 1.0)), path)
    record = json.loads(path.read_text())
    del record["space"]
    path.write_text(json.dumps(record))

    assert read_recorded(path).space == ()


@pytest.mark.parametrize(
    ("params", "name"), [({"units": 9}, "units"), ({}, "units"), ({"units": 8, "layers": 2}, "layers")]
)
def test_a_trial_outside_the_space_is_refused(tmp_path: Path, params: dict[str, int], name: str) -> None:
    path = tmp_path / "curves.json"
    write_recorded(with_space(replace(trial(4, [0.5], 1.0), params=params)), path)

    with pytest.raises(InputError, match=f"trial 4 has a {name} that the space does not allow"):
        read_recorded(path)


def test_a_space_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "curves.json"
    write_recorded(with_space(trial(0, [0.5], 1.0)), path)
    record = json.loads(path.read_text())
    for space in ([{"type": "int"}], [{"name": "units", "type": "big", "when": None}], [7], {"units": 8}):
        path.write_text(json.dumps({**record, "space": space}))
        with pytest.raises(InputError, match="expected recorded curves, found something else"):
            read_recorded(path)


def test_a_study_of_the_database_has_its_space(tmp_path: Path) -> None:
    study = recorded_study(record_study(str(tmp_path / "tuner.db")), "reviews")

    assert [each.name for each in study.space] == ["units", "bidirectional"]


def test_equal_studies_give_equal_bytes(tmp_path: Path) -> None:
    study = recorded(trial(0, [0.5, 0.7], 1.0))
    for name in ("a.json.gz", "b.json.gz"):
        write_recorded(study, tmp_path / name)

    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


def test_a_metric_that_is_not_there_in_every_epoch_stays_so(tmp_path: Path) -> None:
    study = recorded(trial(0, [0.5, 0.7], 1.0))
    del study.trials[0].epochs[1]["auc"]  # type: ignore[attr-defined]  # a dict, as it is made

    write_recorded(study, tmp_path / "curves.json")

    assert [
        set(row) - {"accuracy", "train_accuracy", "loss", "training_time_s"} for row in study.trials[0].epochs
    ] == [
        {"auc"},
        set(),
    ]
    assert read_recorded(tmp_path / "curves.json") == study


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file; write one with `tuner replay STUDY --save"):
        read_recorded(tmp_path / "curves.json")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_recorded(recorded(trial(0, [0.5], 1.0)), tmp_path / "nowhere" / "curves.json")


def _document(**changes: Any) -> dict[str, Any]:
    rules = {"epochs": 2, "patience": 0, "monitor": "accuracy"}
    return {
        "format": "tuner-curves-1",
        "study": "s",
        "objectives": [{"metric": "accuracy", "direction": "maximize"}],
        "metrics": ["accuracy"],
        "trials": [{"number": 0, "params": {}, "rules": rules, "epochs": [[0.5], [0.6]]}],
        **changes,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "JSONDecodeError"),
        (b"\xff\xfe", "found something else"),
        (b"[" * 100_000, "expected recorded curves"),
        (json.dumps(_document(format="another")).encode(), "no mapping with format tuner-curves-1"),
        (json.dumps(_document(objectives=[])).encode(), "objectives are a metric with a direction"),
        (
            json.dumps(_document(objectives=[{"metric": "f1", "direction": "up"}])).encode(),
            "with a direction",
        ),
        (json.dumps(_document(metrics=["accuracy", "loss"])).encode(), "ValueError"),
        (json.dumps(_document(metrics=["loss"])).encode(), "without its monitor"),
        (json.dumps(_document(trials=[{"number": 0}])).encode(), "KeyError: 'rules'"),
        (json.dumps(_document(trials=_document()["trials"] * 2)).encode(), "stands there twice"),
    ],
)
def test_a_file_of_anything_else_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "curves.json").write_bytes(content)
    (tmp_path / "curves.json.gz").write_bytes(gzip.compress(content))

    for name in ("curves.json", "curves.json.gz"):
        with pytest.raises(InputError, match=message):
            read_recorded(tmp_path / name)


def test_a_file_that_is_not_gzipped_but_says_so_is_refused(tmp_path: Path) -> None:
    (tmp_path / "curves.json.gz").write_bytes(json.dumps(_document()).encode())

    with pytest.raises(InputError, match="BadGzipFile"):
        read_recorded(tmp_path / "curves.json.gz")
