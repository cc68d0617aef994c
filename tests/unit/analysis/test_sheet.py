"""What is told of one trial follows from its records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tuner.analysis.sheet import Sheet
from tuner.catalogue import CATALOGUE
from tuner.spec.values import BudgetSpec, DataSpec, StudySpec
from tuner.storage.records import StudyRecord, TrialRecord
from tuner.trial import EpochReport

SPEC = StudySpec(DataSpec("file"), "binary", ())
STUDY = StudyRecord(
    name="reviews",
    optuna_id=1,
    spec=SPEC,
    spec_hash="",
    base_dir=Path(),
    fingerprint="",
    data_summary={
        "classes": ["bad", "good"],
        "counts": {"train": [6, 4], "validation": [3, 2], "test": [2, 2]},
    },
    budget=BudgetSpec(1),
    created_utc=datetime(2026, 1, 2, tzinfo=UTC),
)
TRIAL = TrialRecord(
    0,
    "COMPLETE",
    settings={**CATALOGUE.complete({"family": "lstm"}), "of_a_family_that_is_gone": 3},
    metrics={"accuracy": 0.8, "f1": 0.75, "train_loss": 0.4, "training_time_s": 3.0, "parameters": 99.0},
    test_metrics={"test_accuracy": 0.7},
    confusion=((2, 1), (0, 2)),
)
SHEET = Sheet(STUDY, TRIAL, is_member=True)


def epoch(at: int, best: int, **metrics: float) -> EpochReport:
    return EpochReport(0, at, metrics, best, metrics)


def test_settings_stand_with_what_they_are_about_and_selectors_first() -> None:
    assert list(SHEET.settings("model"))[:2] == ["family", "embedding"]
    assert {"units", "dropout", "of_a_family_that_is_gone"} <= set(SHEET.settings("model"))
    assert next(iter(SHEET.settings("training"))) == "optimizer"
    assert {"batch_size", "epochs", "learning_rate", "patience"} <= set(SHEET.settings("training"))
    assert set(SHEET.settings("data")) == {"cleaning", "vocabulary_size", "sequence_length", "keep"}


def test_every_setting_stands_in_one_group() -> None:
    groups = [SHEET.settings("model"), SHEET.settings("training"), SHEET.settings("data")]

    assert sorted(name for group in groups for name in group) == sorted(TRIAL.settings)


def test_qualities_are_of_a_split_and_costs_are_of_the_trial() -> None:
    assert SHEET.qualities("validation") == {
        "accuracy": 0.8,
        "f1": 0.75,
        "macro_f1": pytest.approx(0.8),
    }
    assert SHEET.qualities("test") == {"accuracy": 0.7}
    assert SHEET.costs == {"training_time_s": 3.0, "parameters": 99.0}


def test_classes_are_reported_by_name_with_their_means() -> None:
    rows = SHEET.class_rows("validation")

    assert [row.name for row in rows] == ["bad", "good", "macro", "weighted"]
    assert rows[0].recall == pytest.approx(2 / 3)
    assert SHEET.class_rows("test") == ()


def test_classes_without_names_are_numbered() -> None:
    nameless = replace(STUDY, data_summary={})
    assert Sheet(nameless, TRIAL, is_member=False).classes == ("0", "1")
    assert Sheet(nameless, TRIAL, is_member=False).samples == {}


def test_texts_are_counted_by_part() -> None:
    assert SHEET.samples == {"train": 10, "validation": 5, "test": 4}


def test_epochs_show_training_beside_validation_where_measured() -> None:
    curve = [epoch(0, 0, loss=0.6, train_loss=0.7, accuracy=0.7), epoch(1, 0, loss=0.7, train_loss=0.5)]
    sheet = replace(SHEET, curve=curve)

    assert sheet.epoch_metrics == ["train_loss", "loss", "accuracy"]
    assert sheet.kept_epoch == 0
    assert SHEET.kept_epoch is None
