"""When a trial shows a fault: for each kind of finding the condition, and the numbers it rests on.

Thresholds come from the table in :mod:`tuner.analysis.rules`. A condition that cannot be judged, for want of
curves or counts, does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuner.analysis.front import front
from tuner.analysis.measures import direction_of, is_quality
from tuner.analysis.members import thinned
from tuner.analysis.retimed import shown_trials
from tuner.analysis.rules import RULES, SAMPLING_ERRORS, Kind
from tuner.analysis.wording import written, written_value
from tuner.spec.values import StudySpec
from tuner.trial import EpochReport
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.storage import Ledger, TrialRecord

__all__ = ["SYMPTOMS", "Case", "Records", "records_of", "was_cut"]


@dataclass(frozen=True)
class Records:
    """What a diagnosis reads.

    Attributes:
        name: The study's name.
        spec: Its declaration.
        trials: All of them.
        curves: Finished epochs in order, by trial; of the front's members and of cut trials at least.
        counts: Texts of each class by part; empty where that is not known, or there are no classes.
        baselines: What models without a network reach on the validation split, by name: their metrics.
    """

    name: str
    spec: StudySpec
    trials: Sequence[TrialRecord]
    curves: Mapping[int, Sequence[EpochReport]]
    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @cached_property
    def members(self) -> list[TrialRecord]:
        """The front, best first objective first. The best by any other objective is among them."""
        return front(self.trials, self.spec.objectives)

    @cached_property
    def completed(self) -> list[TrialRecord]:
        """Trials that came to their own end."""
        return [trial for trial in self.trials if trial.state == "COMPLETE"]

    @cached_property
    def best(self) -> list[TrialRecord]:
        """The best two completed trials in ``fit``: one of them is the best beside any one trial."""
        known = [trial for trial in self.completed if self.fit in trial.metrics]
        return sorted(known, key=lambda trial: trial.metrics[self.fit])[-2:]

    @cached_property
    def quality(self) -> str:
        """The first objective that says how good a model is."""
        return next((aim.metric for aim in self.spec.objectives if is_quality(aim.metric)), self.fit)

    @cached_property
    def rated(self) -> list[tuple[float, TrialRecord]]:
        """Completed trials that have ``quality``, with it."""
        return [(each.metrics[self.quality], each) for each in self.completed if self.quality in each.metrics]

    @cached_property
    def fit(self) -> str:
        """The metric in which training and validation can be compared, the higher the better."""
        return "accuracy" if any("accuracy" in trial.metrics for trial in self.trials) else "r2"

    def sampling_error(self, share: float) -> float:
        """Return the standard error of a share of validation texts; 0 where their number is not known."""
        n_texts = sum(self.counts.get("validation", ()))
        return (
            math.sqrt(max(share * (1 - share), 0.0) / n_texts) if n_texts and self.fit == "accuracy" else 0.0
        )


@dataclass(frozen=True)
class Case:
    """Trials that show a fault, and how.

    Attributes:
        trials: Their numbers.
        evidence: A sentence with the numbers.
    """

    trials: tuple[int, ...]
    evidence: str


def records_of(ledger: Ledger, name: str, curves_beside: int | None = None) -> Records:
    """Read what a diagnosis needs.

    Args:
        ledger: Of an open database.
        name: An existing study.
        curves_beside: Trials, spread over the study, whose curves are read beside those of the front and of
            cut trials. Defaults to all.
    """
    study = ledger.study(name)
    counts: Mapping[str, Any] = study.data_summary.get("counts", {})
    records = Records(
        name=name,
        spec=study.spec,
        trials=shown_trials(ledger, name),
        curves={},
        counts={part: tuple(each) for part, each in counts.items() if isinstance(each, list)},
        baselines={each.name: each.metrics for each in ledger.baselines(name)},
    )
    wanted = None if curves_beside is None else _wanted_curves(records, curves_beside)
    return replace(records, curves=ledger.curves(name, wanted))


def _wanted_curves(records: Records, beside: int) -> list[int]:
    needed = {trial.number for trial in (*records.members, *filter(was_cut, records.trials))}
    others = [trial.number for trial in records.trials if trial.epochs and trial.number not in needed]
    return sorted({*needed, *thinned(others, beside)})


def was_cut(trial: TrialRecord) -> bool:
    """Tell whether a trial was ended for having learned nothing."""
    return trial.state == "PRUNED" and trial.reason.startswith("never learned")


def _never_learned(trial: TrialRecord, records: Records, _: Mapping[str, float]) -> str:
    """Ask what cuts such trials while they run; a study may have turned that off."""
    if was_cut(trial):
        return trial.reason.removeprefix("never learned: ")
    history = [report.metrics for report in records.curves.get(trial.number, ())]
    if not history or not {"train", "validation"} <= set(records.counts):
        return ""
    from tuner.training.chance import chance_of_counts, never_learned

    chance = chance_of_counts(records.counts["train"], records.counts["validation"], records.spec.task)
    if not all(set(chance.looks_at) <= set(metrics) for metrics in history):
        return ""
    cut = never_learned(chance, history, chance_epochs=1, is_over=True)
    return "" if cut is None else cut.reason.removeprefix("never learned: ")


def _underfitting(trial: TrialRecord, records: Records, thresholds: Mapping[str, float]) -> str:
    """Compare what a trial reaches on its own training texts with what others reach on unseen ones."""
    if _never_learned(trial, records, {}) or _gap_is_wide(trial, records):
        return ""
    metric = records.fit
    history = [report.metrics for report in records.curves.get(trial.number, ())]
    if not any(f"train_{metric}" in metrics for metrics in history):
        return ""
    # Validation counts too: without dropout a model is no worse on what it was trained on.
    reached = {
        where: max(figures)
        for where, name in (("in training", f"train_{metric}"), ("on validation", metric))
        if (figures := [metrics[name] for metrics in history if name in metrics])
    }
    others = [
        (each.metrics[metric], f"trial {each.number}") for each in records.best if each.number != trial.number
    ]
    others += [
        (metrics[metric], f"the baseline {name}")
        for name, metrics in records.baselines.items()
        if metric in metrics
    ]
    if not others:
        return ""
    best, who = max(others)
    least = thresholds["short_of_best" if metric == "accuracy" else "short_of_best_r2"]
    if max(reached.values()) >= best - max(least, SAMPLING_ERRORS * records.sampling_error(best)):
        return ""
    epochs, told = len(history), [f"{written(metric, value)} {where}" for where, value in reached.items()]
    return (
        f"{metric} at best {', '.join(told)}, in {counted(epochs, 'epoch')}; {who} reaches "
        f"{written(metric, best)} on texts that it never saw"
    )


def _overfitting(trial: TrialRecord, records: Records, thresholds: Mapping[str, float]) -> str:
    """Ask for both signs: training far above validation, and a validation loss that has risen."""
    curve = records.curves.get(trial.number, ())
    losses = [report.metrics.get("loss", math.nan) for report in curve]
    if not losses or not _gap_is_wide(trial, records):
        return ""
    lowest = min(range(len(losses)), key=losses.__getitem__)
    if not losses[-1] >= losses[lowest] * (1 + thresholds["loss_rise"]):
        return ""
    last, metric = curve[-1].metrics, records.fit
    return (
        f"{metric} {written(metric, last[f'train_{metric}'])} in training against "
        f"{written(metric, last[metric])} on validation after epoch {len(curve)}; the validation loss rose "
        f"from {written('loss', losses[lowest])} after epoch {lowest + 1} to {written('loss', losses[-1])}"
    )


def _gap_is_wide(trial: TrialRecord, records: Records) -> bool:
    """Tell whether training ended far above validation."""
    curve, metric = records.curves.get(trial.number, ()), records.fit
    if not curve or not {metric, f"train_{metric}"} <= set(curve[-1].metrics):
        return False
    last = curve[-1].metrics
    thresholds = next(rule.thresholds for rule in RULES if rule.kind == "overfitting")
    least = thresholds["gap" if metric == "accuracy" else "gap_r2"]
    return last[f"train_{metric}"] - last[metric] > max(
        least, SAMPLING_ERRORS * records.sampling_error(last[metric])
    )


def _too_slow(trial: TrialRecord, records: Records, thresholds: Mapping[str, float]) -> str:
    """Look for a trial that is far cheaper and as good as validation can tell."""
    quality = records.quality
    own = trial.metrics.get(quality)
    if own is None or direction_of(quality) == "minimize":
        return ""  # losses and errors have no sampling error that follows from a share
    error = records.sampling_error(own)
    least = own - error
    cheaper = [
        (reached, each.number, each.metrics["training_time_s"])
        for reached, each in records.rated
        if reached > least and _is_far_cheaper(each, trial, thresholds)
    ]
    if not cheaper:
        return ""
    other, number, other_s = max(cheaper)
    n_texts = sum(records.counts["validation"])
    return (
        f"{written('training_time_s', trial.metrics['training_time_s'])} for {quality} "
        f"{written(quality, own)}; trial {number} reaches {written(quality, other)} in "
        f"{written('training_time_s', other_s)}, and {n_texts:,} validation texts tell no difference below "
        f"{error:.4f}"
    )


def _is_far_cheaper(other: TrialRecord, trial: TrialRecord, thresholds: Mapping[str, float]) -> bool:
    """Compare training times by the wall and by the processor: what stood beside a trial is not its fault.

    On a GPU the processor only waits, so there the wall alone counts.
    """
    if not _saves(other, trial, "training_time_s", thresholds):
        return False  # nearly always, so the rest is not looked at
    on_gpu = any(str(each.facts.get("device", "")).startswith("GPU") for each in (trial, other))
    clock = "training_cpu_time_s"
    unknown = clock not in trial.metrics or clock not in other.metrics
    return on_gpu or unknown or _saves(other, trial, clock, thresholds)


def _saves(other: TrialRecord, trial: TrialRecord, clock: str, thresholds: Mapping[str, float]) -> bool:
    own_s, its_s = trial.metrics.get(clock), other.metrics.get(clock)
    if own_s is None or its_s is None:
        return False
    return its_s * thresholds["times_as_long"] < own_s and own_s - its_s >= thresholds["saved_s"]


def _kernel_lost(trial: TrialRecord, _records: Records, _: Mapping[str, float]) -> str:
    dropped = trial.settings.get("recurrent_dropout", 0.0)
    device, kernel = str(trial.facts.get("device", "")), trial.facts.get("kernel")
    if not device.startswith("GPU") or kernel != "plain" or not dropped:
        return ""
    return f"recurrent_dropout {written_value(dropped)} on {device}: the plain kernel ran"


SYMPTOMS: Mapping[Kind, Callable[[TrialRecord, Records, Mapping[str, float]], str]] = {
    "never learned": _never_learned,
    "underfitting": _underfitting,
    "overfitting": _overfitting,
    "too slow": _too_slow,
    "fast kernel lost": _kernel_lost,
}
"""By kind of finding the condition for it: ``(trial, records, thresholds) -> evidence``.

Evidence is a sentence with the numbers that the finding rests on; empty where they do not prove it.
"""
