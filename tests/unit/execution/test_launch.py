"""When a study is done, decided from its ledger and its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledgers import NAME, finish, join, make_study, run_all, spec_of, take
from tuner.data.prepare import PreparedData
from tuner.execution.launch import OpenStudy, is_done
from tuner.storage import Ledger

TEXTS = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())


@pytest.fixture
def study(tmp_path: Path) -> Iterator[OpenStudy]:
    ledger: Ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of(trials=2))
    folder = tmp_path / NAME
    yield OpenStudy(NAME, spec_of(trials=2), tmp_path, TEXTS, ledger.database, ledger, folder, True)
    ledger.database.close()


def keep_model(study: OpenStudy, number: int) -> None:
    folder = study.folder / "trials" / str(number)
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"")


def test_a_study_with_trials_left_is_not_done(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session))
    assert not is_done(study)


def test_a_study_whose_front_is_here_and_was_not_measured_is_not_done(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session), 0.9)
    finish(session, take(session), 0.5)
    keep_model(study, 0)
    assert not is_done(study)
    study.ledger.record_test_metrics(NAME, 0, {"test_accuracy": 0.8})
    assert is_done(study)


def test_a_front_whose_models_are_elsewhere_is_not_waited_for(study: OpenStudy) -> None:
    run_all(join(study.ledger))
    assert is_done(study)


def test_what_is_beaten_is_not_waited_for(study: OpenStudy) -> None:
    session = join(study.ledger)
    finish(session, take(session), 0.9)
    finish(session, take(session), 0.5)
    keep_model(study, 1)
    assert is_done(study)
