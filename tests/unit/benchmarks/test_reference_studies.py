"""The page of results says what was recorded, and its sentences hold for the records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.reference_studies import DOCS, RECORDS, ROOT, STUDIES, filled, page


def recorded(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))
    return record


def test_the_page_is_what_the_records_say() -> None:
    assert (DOCS / "results.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_study_has_a_file_an_end_and_baselines(study: Any) -> None:
    record = recorded(study.name)

    assert (ROOT / "search_spaces" / f"{study.name}.yaml").is_file()
    assert {trial["state"] for trial in record["trials"]} <= {"COMPLETE", "PRUNED"}
    assert record["front"]
    assert len(record["baselines"]) == 3
    assert list(RECORDS.glob(f"{study.name}_*.svg"))


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_record_has_the_figures_and_reasons_that_its_table_shows(study: Any) -> None:
    record = recorded(study.name)
    trials = {trial["number"]: trial for trial in record["trials"]}
    shown = {aim["metric"] for aim in record["objectives"]}

    assert len(trials) == len(record["trials"])
    assert all(trial["params"] and trial["metrics"] for trial in trials.values())
    assert all(trial["reason"] for trial in trials.values() if trial["state"] == "PRUNED")
    assert {trials[number]["state"] for number in record["front"]} == {"COMPLETE"}
    for number in record["front"]:
        quality = {f"test_{name}" for name in shown if f"test_{name}" in record["baselines"][0]["metrics"]}
        assert trials[number]["metrics"].keys() >= shown | quality
    for each in record["baselines"]:
        assert each["metrics"]["training_time_s"] > 0


def test_a_figure_in_a_note_comes_from_the_record() -> None:
    record = {
        "trials": [{"number": 3, "metrics": {"accuracy": 0.75}}],
        "baselines": [{"name": "TF-IDF + ridge regression", "metrics": {"mae": 1.5}}],
    }

    assert filled("{3:accuracy} and {tf_idf_ridge_regression:mae}", record) == "0.7500 and 1.5000"
    with pytest.raises(KeyError, match="4"):
        filled("{4:accuracy}", record)
