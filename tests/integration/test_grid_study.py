"""A study that compares: every point on several seeds, all measured on the test split, ending by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studies import GRID, Study, assert_budget_met_exactly

pytestmark = pytest.mark.slow


def test_a_grid_runs_each_point_on_several_seeds_and_stops_by_itself(tmp_path: Path) -> None:
    study = Study(tmp_path, "grid")
    file = study.declare(GRID)
    assert "2 points; every point runs on 2 seeds" in study.call("check", str(file)).stdout
    said = study.call("run", str(file), "--trials", "50").stderr
    assert "[1 of 4 trials" in said, "the budget was counted, and the grid is smaller"
    assert "the grid is complete, 4 trials: a larger budget begins no further one" in said
    assert "4 of 50 ended, 0 left: the whole grid takes 4 trials" in study.call("status", study.name).stdout

    trials = study.trials()
    assert_budget_met_exactly(trials, 4)
    by_units = {units: [t for t in trials if t["params"]["dense_units"] == units] for units in (4, 16)}
    for repeats in by_units.values():
        assert len(repeats) == 2
        assert repeats[0]["metrics"]["loss"] != repeats[1]["metrics"]["loss"], "both had the same seed"
    assert all("accuracy" in trial["test_metrics"] for trial in trials)
    report = (tmp_path / "studies" / "grid" / "report.html").read_text(encoding="utf-8")
    assert "On the test split: 4 finished trials" in report
    said = study.call("resume", study.name, "--trials", "60").stderr
    assert "the grid is complete" in said
    assert study.trials() == trials, "a grid that is done was begun again"
