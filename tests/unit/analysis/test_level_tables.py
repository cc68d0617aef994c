"""A comparison as cells and as rows of a picture."""

from __future__ import annotations

import pytest

from tests.unit.analysis.test_comparison import SPEC, trial
from tuner.analysis.comparison import compare
from tuner.analysis.level_tables import curve_metrics, level_curves, level_points, written_rows
from tuner.trial import EpochReport

TRIALS = [
    trial(0, 0.70, layers=1), trial(1, 0.72, layers=1), trial(2, 0.60, layers=2),
    trial(3, 0.10, "PRUNED", layers=2),
]  # fmt: skip
TABLE = compare(TRIALS, SPEC, ["layers"])


def report(number: int, epoch: int, accuracy: float, **more: float) -> EpochReport:
    metrics = {
        "accuracy": accuracy, "train_accuracy": accuracy + 0.1, "loss": 1 - accuracy, "train_loss": 0.2,
        "f1": accuracy, **more,
    }  # fmt: skip
    return EpochReport(number, epoch, metrics, epoch, metrics)


CURVES = {
    0: [report(0, 0, 0.5), report(0, 1, 0.6)],
    1: [report(1, 0, 0.7)],
    2: [report(2, 0, 0.4)],
    3: [report(3, 0, 0.1)],
}


def test_a_person_reads_means_with_their_spread_and_interval() -> None:
    headings, rows = written_rows(TABLE)

    assert headings == [
        "layers", "trials", "macro f1, validation", "95 % interval", "accuracy, validation", "parameters",
        "training time (s)", "verdict",
    ]  # fmt: skip
    assert rows == [
        ["1", "2", "0.7100 ± 0.0141", "0.5829 to 0.8371", "0.7200", "1,000", "3.00", "best mean"],
        ["2", "1 (+1 pruned)", "0.6000", "", "0.6100", "1,000", "3.00", ""],
    ]


def test_a_level_without_a_finished_trial_is_a_row_without_figures() -> None:
    _, rows = written_rows(compare([*TRIALS, trial(4, 0.1, "PRUNED", layers=3)], SPEC, ["layers"]))

    assert rows[2] == ["3", "0 (+1 pruned)", "", "", "", "", "", ""]


def test_a_verdict_says_how_likely_chance_is() -> None:
    trials = [trial(number, 0.7 + number / 100, layers=1) for number in range(3)]
    trials += [trial(3 + number, 0.2 + number / 100, layers=2) for number in range(3)]

    _, rows = written_rows(compare(trials, SPEC, ["layers"]))

    assert [row[-1] for row in rows] == ["best mean", "worse, p < 0.001"]


def test_every_compared_trial_is_a_point_of_its_level() -> None:
    points = level_points(TABLE, TRIALS, SPEC.task)

    assert points.values.tolist() == [["layers=1", 0, 0.7], ["layers=1", 1, 0.72], ["layers=2", 2, 0.6]]


def test_metrics_of_both_splits_are_shown_over_epochs() -> None:
    assert curve_metrics(CURVES, "macro_f1") == ["accuracy", "loss"]
    assert curve_metrics({0: [report(0, 0, 0.5, mae=1.0, train_mae=1.0)]}, "mae") == ["mae", "loss"]
    assert curve_metrics({}, "accuracy") == []


def test_curves_are_means_over_the_trials_that_got_so_far() -> None:
    rows = level_curves(TABLE, CURVES, ["accuracy"])
    validation = rows[(rows["level"] == "layers=1") & (rows["split"] == "validation")]

    assert validation[["epoch", "n", "mean"]].values.tolist() == [
        [0, 2, pytest.approx(0.6)],
        [1, 1, pytest.approx(0.6)],
    ]
    assert validation["sd"].tolist() == [pytest.approx(0.141421, abs=1e-5), 0.0]
    assert rows[rows["split"] == "training"]["mean"].tolist()[0] == pytest.approx(0.7)


def test_pruned_trials_have_no_part_in_the_curves() -> None:
    rows = level_curves(TABLE, CURVES, ["accuracy"])

    assert rows[(rows["level"] == "layers=2") & (rows["split"] == "validation")]["mean"].tolist() == [0.4]
