"""`tuner show` and `tuner note` on a recorded study: all that is kept of one trial."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_study_commands import documented
from tests.recorded import SPEC
from tuner.cli import main
from tuner.decision import Decision
from tuner.metrics import METRICS
from tuner.search import FinishedTrial, make_pruner
from tuner.search.samplers import make_sampler
from tuner.storage import Ledger, Surroundings, open_database, this_owner
from tuner.trial import Ending, EpochReport, TrialOutcome


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """A study of one trial that was measured on both splits."""
    path = str(tmp_path / "tuner.db")
    ledger = Ledger(open_database(path, create=True))
    counts = {"train": [60, 40], "validation": [6, 4], "test": [5, 5]}
    ledger.create_study(
        "reviews", SPEC, "fingerprint", {"classes": ["bad", "good"], "counts": counts}, tmp_path
    )
    surroundings = Surroundings("somebody", {"space_commit": "abc123", "memory_bytes": 8_000_000_000})
    sampler = make_sampler(SPEC.sampler, SPEC.space, SPEC.seed)
    running = ledger.join("reviews", sampler, this_owner(), surroundings=surroundings)
    claim = running.claim()
    assert claim is not None
    epochs = [
        {"train_accuracy": 0.7, "accuracy": 0.8, "train_loss": 0.6, "loss": 0.5, "training_time_s": 2.0},
        {"train_accuracy": 0.9, "accuracy": 0.7, "train_loss": 0.3, "loss": 0.6, "training_time_s": 4.0},
    ]
    for epoch, metrics in enumerate(epochs):
        running.record_epoch(claim.token, EpochReport(0, epoch, metrics, 0, epochs[0]))
    outcome = TrialOutcome(
        0,
        Ending.COMPLETE,
        {**epochs[0], "parameters": 1234.0, "peak_memory_bytes": 5e8},
        "stopped early",
        model_path="model.keras",
        facts={"device": "CPU (core 0)", "kernel": "plain", "training_time_all_epochs_s": 4.0},
        confusion=((5, 1), (1, 3)),
    )
    assert running.record_outcome(claim.token, outcome, (0.8, 2.0))
    running.finish_session()
    ledger.record_test_metrics("reviews", 0, {"test_accuracy": 0.6}, ((4, 1), (3, 2)))
    return path


def shown(storage: str, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert main(["show", "reviews", "0", "--storage", storage, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_person_sees_all_that_is_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "reviews", "0", "--storage", storage]) == 0

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for expected in (
        "reviews, trial 0",
        "state COMPLETE, on the front",
        "reason stopped early",
        "researcher somebody",
        "epochs run 2, the kept one is number 1",
        "train texts 100",
        "accuracy 0.8000 0.6000",
        "macro f1 0.7917 0.5833",
        "good 0.6667 0.4000 0.5000 5",
        "bad 4 1",
        "training time (s) 2.0 s",
        "training time, all epochs 4.0 s",
        "parameters 1,234",
        "1 (kept) 0.6000 0.5000 0.7000 0.8000",
        "device CPU (core 0)",
        "space commit abc123",
        "memory bytes 8 GB",
    ):
        assert expected in lines


def test_the_keys_of_a_sheet_are_kept(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(storage, capsys)

    assert (found["study"], found["number"], found["is_member"]) == ("reviews", 0, True)
    assert found["researcher"] == "somebody"
    assert found["session"]["facts"]["space_commit"] == "abc123"
    assert found["samples"] == {"train": 100, "validation": 10, "test": 10}
    assert found["confusion"] == [[5, 1], [1, 3]]
    assert [row["name"] for row in found["test_class_report"]] == ["bad", "good", "macro", "weighted"]
    assert [each["epoch"] for each in found["epochs"]] == [0, 1]
    assert found["kept_epoch"] == 0
    assert found["model_file"] == str(Path(storage).parent / "reviews" / "trials" / "0" / "model.keras")
    assert found["notes"] == []


def test_the_documented_keys_of_a_sheet_are_the_real_ones(
    storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["note", "reviews", "0", "a note", "--storage", storage])
    found, example = shown(storage, capsys), documented("show")

    trial_keys = set(documented("trials")[0])
    assert set(example) == set(found) - trial_keys
    assert set(example["session"]) == set(found["session"])
    assert set(example["notes"][0]) == set(found["notes"][0])
    assert set(example["class_report"][0]) == set(found["class_report"][0])


def test_a_note_is_kept_under_the_researchers_name(
    storage: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_RESEARCHER", "another")

    assert main(["note", "reviews", "0", "  take more texts ", "--kind", "next", "--storage", storage]) == 0

    assert "kept with trial 0" in capsys.readouterr().err
    (note,) = shown(storage, capsys)["notes"]
    assert note.pop("at_utc").endswith("+00:00")
    assert note == {"author": "another", "kind": "next", "text": "take more texts"}
    assert main(["show", "reviews", "0", "--storage", storage]) == 0
    assert "take more texts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("note", "reviews", "0", "  "), 2, "the note is empty"),
        (("note", "reviews", "7", "text"), 3, "has no trial 7"),
        (("note", "reviews", "0", "text", "--kind", "idea"), 2, "'idea'"),
        (("show", "reviews", "7"), 3, "has no trial 7"),
        (("show", "revues", "0"), 3, "did you mean reviews?"),
        (("show", "reviews"), 2, "Missing argument 'TRIAL'"),
    ],
)
def test_what_is_not_there_is_said(
    arguments: tuple[str, ...],
    code: int,
    expected: str,
    storage: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*arguments, "--storage", storage]) == code
    assert expected in capsys.readouterr().err


@pytest.fixture
def pruned(storage: str) -> Decision:
    """What a second trial of the study was ended by, as the coordinator decides."""
    running = [
        EpochReport(9, epoch, metrics, epoch, metrics)
        for epoch, metrics in enumerate(
            {"accuracy": 0.5, "training_time_s": 20.0 * (at + 1)} for at in range(2)
        )
    ]
    curve = [
        EpochReport(0, epoch, metrics, epoch, metrics)
        for epoch, metrics in enumerate(
            {"accuracy": 0.8, "training_time_s": 1.0 * (at + 1)} for at in range(3)
        )
    ]
    finished = [FinishedTrial(number, Ending.COMPLETE, (0.8, 2.0), curve) for number in range(4)]
    decision = make_pruner(SPEC.pruner, SPEC.objectives, METRICS).decide(running, finished, 2)
    assert decision is not None
    ledger = Ledger(open_database(storage, create=False))
    session = ledger.join("reviews", make_sampler(SPEC.sampler, SPEC.space, SPEC.seed), this_owner())
    claim = session.claim()
    assert claim is not None
    outcome = TrialOutcome(1, Ending.PRUNED, {"accuracy": 0.5}, decision.reason, decision=decision)
    session.record_outcome(claim.token, outcome, None)
    session.finish_session()
    return decision


def test_a_person_sees_the_numbers_of_a_decision(
    storage: str, pruned: Decision, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "reviews", "1", "--storage", storage]) == 0

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    hope = float(pruned.numbers["hope.accuracy"])
    for expected in (
        "rule no hope",
        "epochs left 2",
        "trial above hope 0",
        "decided by accuracy training_time_s",
        "best 0.5 40",
        f"hope {hope:.6g} 60",
        "step 20",
        "above hope 0.8 2",
    ):
        assert expected in lines


def test_a_decision_is_in_the_json_of_a_sheet_and_of_all_trials_and_its_rule_in_the_table(
    storage: str, pruned: Decision, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*arguments: str) -> str:
        capsys.readouterr()
        assert main([*arguments, "--storage", storage]) == 0
        return capsys.readouterr().out

    expected = {"rule": "no_hope", "numbers": pruned.numbers}
    assert json.loads(asked("show", "reviews", "1", "--format", "json"))["decision"] == expected
    assert [each["decision"] for each in json.loads(asked("trials", "reviews", "--format", "json"))] == [
        None,
        expected,
    ]
    rows = list(csv.DictReader(asked("trials", "reviews", "--format", "csv").splitlines()))
    assert [row["rule"] for row in rows] == ["", "no_hope"]
