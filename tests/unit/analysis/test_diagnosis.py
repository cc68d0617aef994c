"""Each fault is found from the numbers that prove it, and from no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tuner.analysis.diagnosis import Finding, diagnose
from tuner.analysis.symptoms import Records
from tuner.catalogue import CATALOGUE
from tuner.errors import NotFoundError
from tuner.spec import parse_spec
from tuner.spec.values import Value, default_objectives
from tuner.storage.records import TrialRecord
from tuner.trial import EpochReport

SPEC = parse_spec(
    "data: {source: file, path: reviews.csv}\ntask: binary\n"
    "fixed: {family: lstm, epochs: 4}\n"
    "space:\n"
    "  units: {low: 8, high: 64, log: true}\n"
    "  dropout: {low: 0.0, high: 0.5, step: 0.1}\n",
    "file",
    CATALOGUE,
)
COUNTS = {"train": (2000, 2000), "validation": (500, 500), "test": (500, 500)}

Curve = Sequence[tuple[float, float, float]]
"""Of each epoch: accuracy in training, accuracy on validation, loss on validation."""

SOUND: Curve = [(0.60, 0.66, 0.62), (0.75, 0.78, 0.48), (0.82, 0.80, 0.44), (0.84, 0.81, 0.43)]
OVERFITTING: Curve = [(0.60, 0.66, 0.62), (0.82, 0.80, 0.45), (0.93, 0.80, 0.50), (0.98, 0.79, 0.71)]
UNDERFITTING: Curve = [(0.57, 0.60, 0.68), (0.63, 0.65, 0.65), (0.66, 0.67, 0.63), (0.67, 0.68, 0.62)]
HOPELESS: Curve = [(0.50, 0.50, 0.69), (0.51, 0.50, 0.69)]


def ran(
    number: int, curve: Curve, time_s: float = 5.0, **params: Value
) -> tuple[TrialRecord, list[EpochReport]]:
    """A trial that kept its best epoch, and its epochs."""
    given: dict[str, Value] = {"units": 24, "dropout": 0.2, **params}
    best = min(range(len(curve)), key=lambda epoch: curve[epoch][2])
    metrics = [
        {
            "train_accuracy": train,
            "accuracy": accuracy,
            "loss": loss,
            "auc": accuracy,
            "recall": accuracy,
            "training_time_s": time_s,
        }
        for train, accuracy, loss in curve
    ]
    trial = TrialRecord(
        number,
        "COMPLETE",
        params=given,
        settings=CATALOGUE.complete({**SPEC.fixed, **given}),
        values=(metrics[best]["accuracy"], time_s),
        metrics=metrics[best],
        epochs=len(curve),
    )
    return trial, [EpochReport(number, at, each, best, metrics[best]) for at, each in enumerate(metrics)]


def records(*trials: tuple[TrialRecord, list[EpochReport]], **changes: Any) -> Records:
    found = Records(
        "reviews",
        SPEC,
        [trial for trial, _ in trials],
        {trial.number: curve for trial, curve in trials},
        COUNTS,
    )
    return replace(found, **changes)


def found(study: Records, number: int | None = None) -> Mapping[str, Finding]:
    return {finding.kind: finding for finding in diagnose(study, CATALOGUE, number)}


def evidence(finding: Finding) -> str:
    (case,) = finding.cases
    return case.evidence


def test_where_nothing_is_wrong_nothing_is_said() -> None:
    assert found(records(ran(0, SOUND), ran(1, SOUND, 4.0))) == {}


def test_overfitting_is_told_by_the_gap_and_the_rising_loss() -> None:
    findings = found(records(ran(0, OVERFITTING)))

    assert list(findings) == ["overfitting"]
    assert findings["overfitting"].trials == (0,)
    assert evidence(findings["overfitting"]) == (
        "accuracy 0.9800 in training against 0.7900 on validation after epoch 4; "
        "the validation loss rose from 0.4500 after epoch 2 to 0.7100"
    )
    changed = {each.parameter.name: each.target for each in findings["overfitting"].proposals}
    assert changed == {"dropout": 0.3, "units": 12, "patience": 2, "vocabulary_size": 5000}


@pytest.mark.parametrize(
    "curve",
    [
        [(0.60, 0.66, 0.62), (0.85, 0.80, 0.45), (0.87, 0.80, 0.60)],  # the loss rises, the gap is small
        [(0.60, 0.66, 0.62), (0.92, 0.80, 0.45), (0.95, 0.80, 0.46)],  # the gap is wide, the loss lies flat
        [(0.60, 0.66, 0.62), (0.92, 0.80, 0.45)],  # the loss falls to the end
    ],
)
def test_one_sign_alone_is_no_overfitting(curve: Curve) -> None:
    assert found(records(ran(0, curve))) == {}


def test_few_validation_texts_need_a_wider_gap() -> None:
    curve: Curve = [(0.60, 0.66, 0.62), (0.82, 0.80, 0.45), (0.90, 0.80, 0.71)]

    assert "overfitting" in found(records(ran(0, curve)))
    few = {"train": (40, 40), "validation": (20, 20)}
    assert found(records(ran(0, curve), counts=few)) == {}


def test_underfitting_is_told_by_what_others_reach_on_texts_they_never_saw() -> None:
    findings = found(records(ran(0, SOUND), ran(1, UNDERFITTING, 1.0)))

    assert list(findings) == ["underfitting"]
    assert findings["underfitting"].trials == (1,)
    assert evidence(findings["underfitting"]) == (
        "accuracy at best 0.6700 in training, 0.6800 on validation, in 4 epochs; "
        "trial 0 reaches 0.8100 on texts that it never saw"
    )
    changed = {each.parameter.name: each.target for each in findings["underfitting"].proposals}
    assert changed["units"] == 48
    assert changed["epochs"] == 7
    assert changed["dropout"] == 0.1


def test_what_was_reached_on_validation_is_not_called_a_training_figure() -> None:
    curve: Curve = [(0.52, 0.60, 0.68), (0.5349, 0.6741, 0.66), (0.53, 0.65, 0.65)]

    said = evidence(found(records(ran(0, SOUND), ran(4, curve, 1.0)), 4)["underfitting"])

    assert said.startswith("accuracy at best 0.5349 in training, 0.6741 on validation, in 3 epochs; ")


def test_a_figure_that_was_not_measured_is_left_out() -> None:
    trial, curve = ran(1, UNDERFITTING, 1.0)
    blind = [
        replace(each, metrics={name: value for name, value in each.metrics.items() if name != "accuracy"})
        for each in curve
    ]

    said = evidence(found(records(ran(0, SOUND), (trial, blind)), 1)["underfitting"])

    assert said.startswith("accuracy at best 0.6700 in training, in 4 epochs; ")


def test_a_baseline_can_show_that_all_trials_underfit() -> None:
    study = records(ran(0, UNDERFITTING), baselines={"tfidf": {"accuracy": 0.85}})

    assert "the baseline tfidf reaches 0.8500" in evidence(found(study)["underfitting"])
    assert found(replace(study, baselines={})) == {}


def test_a_small_shortfall_is_no_underfitting() -> None:
    nearly: Curve = [(0.70, 0.74, 0.55), (0.75, 0.77, 0.50)]
    assert found(records(ran(0, SOUND), ran(1, nearly, 1.0))) == {}


def test_without_training_figures_nothing_is_said_about_fitting() -> None:
    trial, curve = ran(1, UNDERFITTING, 1.0)
    bare = [replace(each, metrics={"accuracy": each.metrics["accuracy"]}) for each in curve]

    assert found(records(ran(0, SOUND), (trial, bare))) == {}


def test_who_overfits_on_little_is_not_told_to_grow() -> None:
    curve: Curve = [(0.60, 0.55, 0.68), (0.72, 0.58, 0.80)]

    findings = found(records(ran(0, SOUND), ran(1, curve, 1.0)))

    assert list(findings) == ["overfitting"]


def test_a_trial_at_chance_has_learned_nothing_and_does_not_underfit_beside() -> None:
    findings = found(records(ran(0, SOUND), ran(1, HOPELESS, 0.5)))

    assert list(findings) == ["never learned"]
    assert evidence(findings["never learned"]) == (
        "accuracy 0.500 after 2 epochs, the commonest class alone gives 0.500"
    )
    assert [each.parameter.name for each in findings["never learned"].proposals] == ["learning_rate"]


def test_a_regression_that_explains_nothing_has_learned_nothing() -> None:
    flat, _ = ran(0, HOPELESS)
    epochs = [{"r2": r2, "train_r2": -0.1, "mae": 3.0, "loss": 9.0} for r2 in (-0.2, 0.001)]
    reports = [EpochReport(0, epoch, metrics, epoch, metrics) for epoch, metrics in enumerate(epochs)]
    kept = replace(flat, metrics={**epochs[1], "training_time_s": 5.0}, values=(3.0, 5.0))
    spec = replace(SPEC, task="regression", objectives=default_objectives("regression"))
    counts = {"train": (4000,), "validation": (1000,), "test": (1000,)}

    findings = diagnose(Records("ratings", spec, [kept], {0: reports}, counts), CATALOGUE)

    assert [finding.kind for finding in findings] == ["never learned"]
    assert findings[0].cases[0].evidence == "r2 0.001 after 2 epochs, accident alone gives up to 0.005"
    assert findings[0].sentences[0] == "No better than an answer that is the same for every text."


@pytest.mark.parametrize(
    "reason",
    [
        "never learned: accuracy 0.500 after 2 epochs, the commonest class alone gives 0.500",
        "never learned: accuracy 0.513 after 2 epochs, the commonest class alone gives 0.500, and accident"
        " up to 0.526",
        "never learned: r2 0.014 after 2 epochs, the mean alone gives 0",
        "never learned: r2 0.014 after 2 epochs, accident alone gives up to 0.030",
    ],
)
def test_trials_that_were_cut_for_it_are_named_together(reason: str) -> None:
    cut = [replace(ran(number, HOPELESS)[0], state="PRUNED", values=None, reason=reason) for number in (1, 2)]

    findings = found(records(ran(0, SOUND), *((trial, []) for trial in cut)))

    assert findings["never learned"].trials == (1, 2)


@pytest.mark.parametrize(
    ("time_s", "other_s", "other", "slow"),
    [
        (40.0, 10.0, 0.805, True),
        (40.0, 14.0, 0.805, False),
        (40.0, 10.0, 0.79, False),
        (12.0, 3.0, 0.805, False),
    ],
)
def test_much_more_time_for_no_more_than_chance_is_too_slow(
    time_s: float, other_s: float, other: float, slow: bool
) -> None:
    cheap: Curve = [*SOUND[:-1], (0.83, other, 0.43)]

    findings = found(records(ran(0, SOUND, time_s, units=20), ran(1, cheap, other_s)))

    assert list(findings) == (["too slow"] if slow else [])
    if slow:
        assert evidence(findings["too slow"]) == (
            "40.0 s for accuracy 0.8100; trial 1 reaches 0.8050 in 10.0 s, and 1,000 validation texts "
            "tell no difference below 0.0124"
        )


@pytest.mark.parametrize(("device", "slow"), [("CPU (core 1)", False), ("GPU (T4)", True)])
def test_a_trial_that_waited_for_the_processor_is_not_slow(device: str, slow: bool) -> None:
    def timed(each: tuple[TrialRecord, list[EpochReport]]) -> tuple[TrialRecord, list[EpochReport]]:
        metrics = {**each[0].metrics, "training_cpu_time_s": 9.0}
        return replace(each[0], metrics=metrics, facts={"device": device}), each[1]

    study = records(timed(ran(0, SOUND, 40.0)), timed(ran(1, [*SOUND[:-1], (0.83, 0.805, 0.43)], 10.0)))

    assert ("too slow" in found(study)) is slow


@pytest.mark.parametrize(
    ("device", "dropped", "lost"),
    [("GPU (T4)", 0.2, True), ("GPU (T4)", 0.0, False), ("CPU (core 1)", 0.2, False)],
)
def test_recurrent_dropout_on_a_gpu_loses_the_fast_kernel(device: str, dropped: float, lost: bool) -> None:
    trial, curve = ran(0, SOUND)
    settings = {**trial.settings, "recurrent_dropout": dropped}
    trial = replace(trial, settings=settings, facts={"device": device, "kernel": "plain"})

    findings = found(records((trial, curve)))

    assert list(findings) == (["fast kernel lost"] if lost else [])
    if lost:
        assert (
            evidence(findings["fast kernel lost"])
            == "recurrent_dropout 0.2 on GPU (T4): the plain kernel ran"
        )


def test_the_best_trial_at_the_end_of_a_range_asks_for_a_wider_one() -> None:
    findings = found(records(ran(0, SOUND, units=63), ran(1, SOUND[:3], units=16, dropout=0.3)))

    assert list(findings) == ["edge of the space"]
    assert evidence(findings["edge of the space"]) == (
        "units is 63 in 1 of 1 members of the front, the best among them; that is the upper end of 8 to 64"
    )
    (proposal,) = findings["edge of the space"].proposals
    assert (proposal.parameter.name, proposal.target) == ("units", 128)


def test_two_members_at_an_end_do_so_too_and_one_that_is_not_the_best_does_not() -> None:
    better: Curve = [*SOUND[:-1], (0.84, 0.83, 0.42)]
    middle = [(ran(0, better, 9.0)), ran(1, [*SOUND[:-1], (0.84, 0.82, 0.42)], 8.0)]
    one = [*middle, ran(2, SOUND, 6.0, units=8)]
    two = [*one, ran(3, [*SOUND[:-1], (0.82, 0.80, 0.44)], 5.0, units=8, dropout=0.3)]

    assert found(records(*one)) == {}
    assert found(records(*two))["edge of the space"].trials == (2, 3)


def test_repeats_of_one_point_are_one() -> None:
    better: Curve = [*SOUND[:-1], (0.84, 0.83, 0.42)]
    study = records(ran(0, better, 9.0), ran(1, SOUND, 6.0, units=8), ran(2, SOUND, 6.0, units=8))

    assert found(study) == {}


def test_an_end_is_none_when_nothing_else_was_tried_or_the_setting_ends_there() -> None:
    assert found(records(ran(0, SOUND, units=64))) == {}
    assert found(records(ran(0, SOUND, dropout=0.0), ran(1, SOUND, 6.0, dropout=0.3))) == {}


def test_one_trial_can_be_looked_at_alone_whether_on_the_front_or_not() -> None:
    study = records(ran(0, SOUND), ran(1, OVERFITTING, 9.0))

    assert found(study) == {}
    assert list(found(study, 1)) == ["overfitting"]
    assert found(study, 0) == {}


def test_an_unknown_trial_is_said_to_be_none() -> None:
    with pytest.raises(NotFoundError, match="study 'reviews' has no trial 7"):
        diagnose(records(ran(0, SOUND)), CATALOGUE, 7)


def test_a_regression_is_judged_by_r2() -> None:
    def numbers(number: int, *curve: tuple[float, float, float]) -> tuple[TrialRecord, list[EpochReport]]:
        trial, reports = ran(number, curve)
        told = [
            {
                "train_r2": each.metrics["train_accuracy"],
                "r2": each.metrics["accuracy"],
                "loss": each.metrics["loss"],
            }
            for each in reports
        ]
        changed = [replace(report, metrics=metrics) for report, metrics in zip(reports, told, strict=True)]
        return replace(trial, metrics=told[-1]), changed

    sound = numbers(0, (0.5, 0.5, 3.0), (0.6, 0.55, 2.5))
    over = numbers(1, (0.5, 0.5, 3.0), (0.9, 0.5, 3.4))
    under = numbers(2, (0.2, 0.2, 5.0))

    lost = numbers(3, (0.0, -0.01, 9.0), (0.001, -0.01, 9.0))

    counts = {"train": (4000,), "validation": (1000,)}
    assert list(found(records(sound, lost, counts=counts), 3)) == ["never learned"]
    assert list(found(records(sound, over, under), 1)) == ["overfitting"]
    assert list(found(records(sound, over, under), 2)) == ["underfitting"]
    assert found(records(sound, over, under), 0) == {}


def test_a_study_of_nothing_has_no_findings() -> None:
    assert found(records()) == {}
    assert found(records((TrialRecord(0, "FAIL"), [])), 0) == {}
    assert found(records((TrialRecord(0, "RUNNING"), []), counts={})) == {}
