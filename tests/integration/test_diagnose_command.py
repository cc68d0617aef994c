"""`tuner diagnose` on a recorded study: what it prints, and that what it proposes can be pasted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_study_commands import documented
from tests.recorded import SPEC, record_study
from tuner.cli import main
from tuner.report import write_report
from tuner.search.samplers import make_sampler
from tuner.storage import Ledger, open_database, this_owner
from tuner.trial import Ending, EpochReport, TrialOutcome

EPOCHS = [(0.60, 0.66, 0.62), (0.82, 0.80, 0.45), (0.98, 0.79, 0.71)]
"""Training accuracy, validation accuracy, validation loss: learned by heart from the second epoch on."""


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """A study of one trial that overfits."""
    path = str(tmp_path / "tuner.db")
    ledger = Ledger(open_database(path, create=True))
    counts = {"train": [2000, 2000], "validation": [500, 500], "test": [500, 500]}
    ledger.create_study(
        "reviews", SPEC, "fingerprint", {"classes": ["bad", "good"], "counts": counts}, tmp_path
    )
    running = ledger.join("reviews", make_sampler(SPEC.sampler, SPEC.space, SPEC.seed), this_owner())
    claim = running.claim()
    assert claim is not None
    metrics = [
        {"train_accuracy": train, "accuracy": accuracy, "loss": loss, "training_time_s": 4.0}
        for train, accuracy, loss in EPOCHS
    ]
    for epoch, each in enumerate(metrics):
        running.record_epoch(claim.token, EpochReport(0, epoch, each, min(epoch, 1), metrics[min(epoch, 1)]))
    outcome = TrialOutcome(0, Ending.COMPLETE, metrics[1])
    assert running.record_outcome(claim.token, outcome, (0.80, 4.0))
    running.finish_session()
    return path


def asked(storage: str, *arguments: str) -> int:
    return main(["diagnose", "reviews", *arguments, "--storage", storage])


def test_a_person_gets_the_fault_its_numbers_and_what_to_try(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(storage) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "overfitting: trial 0"
    assert "accuracy 0.9800 in training against 0.7900 on validation after epoch 3" in lines[2]
    assert "  # was 0.2, the default" in lines
    assert "  dropout: [0.2, 0.3]" in lines


def test_the_keys_of_a_diagnosis_are_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(storage, "0", "--format", "json") == 0

    found = json.loads(capsys.readouterr().out)
    (finding,) = found.pop("findings")
    assert found == {"study": "reviews", "trial": 0}
    assert (finding["kind"], finding["trials"]) == ("overfitting", [0])
    assert finding["cases"][0]["trials"] == [0]
    assert {"parameter": "dropout", "setting": "dropout", "value": 0.2, "target": 0.3} in finding["proposals"]
    assert finding["space"].startswith("space:\n")


def test_the_documented_keys_of_a_diagnosis_are_the_real_ones(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(storage, "--format", "json") == 0

    found, example = json.loads(capsys.readouterr().out), documented("diagnose")
    assert set(example) == set(found)
    one, other = found["findings"][0], example["findings"][0]
    assert set(one) == set(other)
    assert set(one["cases"][0]) == set(other["cases"][0])
    assert set(one["proposals"][0]) == set(other["proposals"][0])


def test_the_report_says_the_same(storage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked(storage, "--format", "json")
    finding = json.loads(capsys.readouterr().out)["findings"][0]

    write_report(Ledger(open_database(storage, create=False)), "reviews", tmp_path / "out", images=False)

    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Diagnosis: overfitting" in page
    assert finding["cases"][0]["evidence"] in page
    assert finding["space"] in page


def test_where_nothing_is_wrong_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_study(str(tmp_path / "tuner.db"))

    assert asked(str(tmp_path / "tuner.db")) == 0
    assert capsys.readouterr().out == "no finding\n"
    assert asked(str(tmp_path / "tuner.db"), "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_an_unknown_trial_ends_in_3(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(storage, "7") == 3
    assert "study 'reviews' has no trial 7" in capsys.readouterr().err
