"""What a report says, and in which order: a study's records to a page's sections; no HTML, no files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tuner.analysis.baselines import Standing, standing
from tuner.analysis.diagnosis import Finding
from tuner.analysis.front import front
from tuner.analysis.members import Confused, LearnedEpoch, spread, thinned
from tuner.analysis.points import Axes, axes_of, epoch_points, points, rivals_of
from tuner.analysis.retimed import standing_of_times
from tuner.analysis.seconds import disturbed, unlike
from tuner.analysis.tables import on_test
from tuner.analysis.wording import duration, noun, title, written, written_params, written_value
from tuner.report.baselines import RIVALS, baselines_section, strongest
from tuner.report.figures import curves_figure, pareto_figure
from tuner.report.look import Figure
from tuner.report.members import (
    MOST_DRAWN,
    confusion_figure,
    confusion_section,
    confusions_of,
    learning_figure,
    learning_section,
    learning_table,
    splits_of,
)
from tuner.report.page import Page, Section, TextTable
from tuner.spec.values import Objective, StudySpec
from tuner.trial import EpochReport
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.storage import BaselineRecord, TrialRecord

__all__ = ["MOST_CURVES", "MOST_MARKS", "Material", "page_of", "picture_of", "pictures_of"]

_JOINED = (
    "Each mark is one trial. The front is joined by the blue line: for every member there is no finished "
    "trial that is at least as good in both and better in one."
)
_TINTED = " Everything in the tinted region behind the line is beaten."
_NOT_JOINED = (
    "Each mark is one trial. Blue marks are the front: no finished trial is at least as good as one of them "
    "in every objective and better in one."
)
_STEPS = (
    "Read along the line and ask at each step what it costs: where it {moves} steeply, more {x} {buys} {y}; "
    "where it lies flat, it buys little. The member before the flat part is usually the one to take."
)
_OTHERS = (
    "Pruned trials are drawn where they stood when they were stopped; they might have gone on from there. "
    "Failed trials have no mark. Point at a mark to see its settings."
)
_TIMES = (
    "Training time is the seconds of training steps up to the epoch that was kept: without start-up, graph "
    "tracing, validation and the writing of checkpoints."
)
_CALIBRATED = (
    "Calibrated time is what the same steps would take on the reference machine: processor or wall seconds "
    "times the worker's speed, which a small fixed piece of work told all through the trial."
)
_TESTED = (
    "Objectives were measured on the validation split, which the search looked at. The test split was opened "
    "for the front's members only, after the search, once; those are the figures to quote."
)
_ALL_TESTED = (
    "The test split was opened after the search, once, for every finished trial (`test_on: all`), so that "
    "they can be compared on it. Nothing was chosen by these figures; whoever now chooses the best of them "
    "quotes a lucky one."
)
_NOT_TESTED = "Objectives were measured on the validation split. The test split has not been opened."
_NO_FINDING = (
    "No finding: the front's members neither underfit nor overfit by more than chance, none costs much for "
    "nothing, and none lies at an end of what was searched."
)
_TRY = "Any of these parameters can be tried in a next study:"
_TEST_SHOWN = ("accuracy", "f1", "precision", "recall", "auc", "mae", "mse", "r2")
_ABBREVIATION = 3
"""Metrics with names as short as this are abbreviations: MAE, R2, AUC."""
_MOST_OPEN = 30
"""A longer table of reasons is folded, or it would be most of the page."""
MOST_MARKS = 2000
"""Of a kind, in a picture that stands alone. More cover each other, and take longer to draw than all else."""
MOST_CURVES = 400
"""More lines cover each other, and take seconds to draw and megabytes to keep."""
_STATES = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


@dataclass(frozen=True)
class Material:
    """All that a report is made of, read from the ledger once.

    Attributes:
        name: The study's name.
        spec: As declared.
        trials: All of them.
        curves: Finished epochs by trial number, in order; of very many trials the front's and some others'.
        used_s: Session seconds the study has used.
        written_utc: When the report is written, for people.
        findings: What is wrong with members of the front; of :func:`~tuner.analysis.diagnosis.diagnose`.
        baselines: Models without a network on the same splits.
        classes: Names of the classes, in the order of the matrices; empty in a regression.
        changes: Who left the front or came onto it by re-timed seconds, or has no seconds of the shown kind.
        time_metric: The kind of training time that is shown.
    """

    name: str
    spec: StudySpec
    trials: Sequence[TrialRecord]
    curves: Mapping[int, Sequence[EpochReport]]
    used_s: float
    written_utc: str
    findings: Sequence[Finding] = ()
    baselines: Sequence[BaselineRecord] = ()
    changes: Sequence[str] = ()
    classes: Sequence[str] = ()
    time_metric: str = "training_time_s"

    @cached_property
    def members(self) -> list[TrialRecord]:
        """The front, best first objective first."""
        return front(self.trials, self.spec.objectives)

    @cached_property
    def standings(self) -> list[Standing]:
        """How the front stands against each baseline."""
        return [standing(each, self.members, self.spec.objectives) for each in self.baselines]

    @cached_property
    def confusions(self) -> list[Confused]:
        """What members that stand for the front took for what."""
        return confusions_of(self.members, self.classes)

    @cached_property
    def learned(self) -> list[LearnedEpoch]:
        """How members that stand for the front learned."""
        return learning_table(self.curves, spread(self.members), self.spec.objectives[0])

    @property
    def axes(self) -> Axes:
        """What the study's picture shows."""
        return axes_of(self.spec.objectives, self.time_metric)


def picture_of(material: Material, *, titled: bool = True, most_marks: int | None = MOST_MARKS) -> Figure:
    """Draw the study's one picture.

    Args:
        material: All of the study.
        titled: Whether it says what it is, as one that stands alone has to.
        most_marks: As for :func:`~tuner.report.figures.pareto_figure`; None where a pointer finds each trial.
    """
    axes = material.axes
    heading = f"{material.name}: {noun(axes.y.metric)} against {noun(axes.x.metric)}" if titled else ""
    return pareto_figure(
        points(material.trials, material.members, axes),
        axes,
        heading,
        _counts(material.trials),
        rivals_of(material.baselines, axes),
        most_marks,
    )


def pictures_of(material: Material) -> dict[str, Figure]:
    """Draw every picture that stands alone as a file, by the file's name without its ending."""
    pictures = {"front": picture_of(material)}
    name, found, learned = material.name, material.confusions, material.learned
    if found and len(found[0].classes) <= MOST_DRAWN:
        heading = f"{name}: confusion matrix, {splits_of(found)}"
        pictures["confusion"] = confusion_figure(found, heading)
    if learned:
        pictures["learning"] = learning_figure(learned, f"{name}: training against validation")
    return pictures


def page_of(material: Material) -> Page:
    """Put the whole report together."""
    sections = [
        _picture_section(material),
        Section("How to read it", _how_to_read(material)),
        _front_section(material),
        *_tested_sections(material),
        *baselines_section(material.standings),
        *confusion_section(material.confusions, len(material.members)),
        *learning_section(material.learned, len(material.members)),
    ]
    if any(material.curves.values()):
        sections.append(_curves_section(material))
    sections += _diagnosis_sections(material)
    sections += _ended_sections(material)
    return Page(
        title=material.name,
        summary=_summary(material),
        facts=_facts(material),
        sections=sections,
        footer=f"Written by tuner on {material.written_utc}. {_TIMES}"
        + (f" {_CALIBRATED}" if material.time_metric == "calibrated_time_s" else ""),
    )


def _summary(material: Material) -> str:
    members = material.members
    if not members:
        return "No trial has finished yet, so there is no front to choose from."
    axes = material.axes
    best = members[0]
    said = (
        f"The best {noun(axes.y.metric)} is {_of(best, axes.y.metric)}, in {_of(best, axes.x.metric)} "
        f"(trial {best.number})"
    )
    if len(members) > 1 and axes.joined:
        last = members[-1]
        said += (
            f"; at the front's other end trial {last.number} reaches {_of(last, axes.y.metric)} "
            f"in {_of(last, axes.x.metric)}"
        )
    return " ".join([f"{said}.", *strongest(material.standings)])


def _facts(material: Material) -> list[tuple[str, str]]:
    spec = material.spec
    budget = [] if spec.budget.trials is None else [counted(spec.budget.trials, "trial")]
    if spec.budget.time_limit_s is not None:
        budget.append(duration(spec.budget.time_limit_s))
    source = spec.data.options.get("dataset", spec.data.options.get("path", ""))
    better = {"maximize": "higher", "minimize": "lower"}
    aims = [f"{better[aim.direction]} {noun(aim.metric)}" for aim in spec.objectives]
    return [
        ("Data", " ".join(part for part in (spec.data.source, str(source)) if part)),
        ("Task", spec.task),
        ("Objectives", ", ".join(aims)),
        ("Sampler", spec.sampler.name),
        ("Pruner", spec.pruner.name),
        ("Seed", str(spec.seed)),
        ("Budget", ", ".join(budget) or "no limit"),
        ("Time used", duration(material.used_s)),
        ("Trials", _counts(material.trials)),
        *_known_words(material.trials),
    ]


def _known_words(trials: Sequence[TrialRecord]) -> list[tuple[str, str]]:
    """Tell the smallest share of the vocabulary that each source of ready vectors knew, if there was any."""
    shares: dict[str, float] = {}
    for trial in trials:
        source, share = str(trial.settings.get("embedding", "")), trial.facts.get("coverage")
        if isinstance(share, float):
            shares[source] = min(share, shares.get(source, 1.0))
    told = ", ".join(f"{source} {share:.1%}" for source, share in sorted(shares.items()))
    return [("Words with a vector", told)] if told else []


def _picture_section(material: Material) -> Section:
    axes = material.axes
    measured = noun(axes.y.metric)
    measured = measured.upper() if len(measured) <= _ABBREVIATION else measured.capitalize()
    heading = f"{measured} against {noun(axes.x.metric)}"
    return Section(heading, figure=picture_of(material, titled=False, most_marks=None), figure_height_px=600)


def _how_to_read(material: Material) -> list[str]:
    axes = material.axes
    others = [_OTHERS, RIVALS.format(x=noun(axes.x.metric))] if material.baselines else [_OTHERS]
    if not axes.joined:
        return [_NOT_JOINED, *others]
    rises = axes.y.direction == "maximize"
    sentences = [_JOINED + (_TINTED if rises else ""), *others]
    if axes.x.direction == "minimize":
        moves, buys = ("rises", "buys") if rises else ("falls", "lowers")
        x, y = noun(axes.x.metric), noun(axes.y.metric)
        sentences.insert(1, _STEPS.format(moves=moves, buys=buys, x=x, y=y))
    return sentences


def _front_section(material: Material) -> Section:
    table, tested = _trial_table(material.members, material.spec)
    said = _NOT_TESTED
    if tested:
        said = _ALL_TESTED if material.spec.test_on == "all" else _TESTED
    times = standing_of_times(material.members)
    mixed = unlike(material.name, material.trials, material.members, material.spec.objectives)
    told = (times, *material.changes, disturbed(material.name, material.members), mixed)
    again = [f"Training times: {sentence}." for sentence in told if sentence]
    return Section("The front", (said, *again), table=table)


def _tested_sections(material: Material) -> list[Section]:
    """Where every finished trial is measured on the test split, show all of them side by side."""
    tested = [trial for trial in material.trials if trial.test_metrics]
    if material.spec.test_on == "front" or not tested:
        return []
    table, _ = _trial_table(tested, material.spec)
    return [Section(f"On the test split: {len(tested)} finished trials", table=table)]


def _trial_table(trials: Sequence[TrialRecord], spec: StudySpec) -> tuple[TextTable, bool]:
    """Lay finished trials out with what they reached and their params; tell whether any was tested."""
    aims = [aim.metric for aim in spec.objectives]
    tested = sorted({name for trial in trials for name in on_test(trial) if name in _TEST_SHOWN})
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    headings = ["trial", *(title(aim) for aim in aims), *(f"test {name}" for name in tested), *names]
    rows = [
        [
            str(trial.number),
            *(written(aim, value) for aim, value in zip(aims, trial.values or (), strict=True)),
            *(written(name, on_test(trial).get(name)) for name in tested),
            *(written_value(trial.params[name]) if name in trial.params else "" for name in names),
        ]
        for trial in trials
    ]
    numbers = frozenset(headings[: 1 + len(aims) + len(tested)])
    return TextTable(headings, rows, right=numbers), bool(tested)


def _curves_section(material: Material) -> Section:
    axes = material.axes
    over = Axes(x=Objective(material.time_metric, "minimize"), y=axes.y, joined=False)
    shown = _shown_curves(material)
    n_trained = max(len(material.curves), sum(trial.epochs > 0 for trial in material.trials))
    figure = curves_figure(epoch_points(shown, material.trials, material.members, over), over)
    said = "One line a trial, one mark an epoch; a cross ends a pruned one. Blue lines belong to the front."
    if len(shown) < n_trained:
        said += f" {len(shown)} of {n_trained:,} trials are drawn: the front, and others throughout."
    return Section("How the trials learned", (said,), figure, figure_height_px=520)


def _shown_curves(material: Material) -> Mapping[int, Sequence[EpochReport]]:
    """Choose the curves that are drawn: all, or of very many the front's and evenly spread others."""
    if len(material.curves) <= MOST_CURVES:
        return material.curves
    members = {trial.number for trial in material.members}
    others = sorted(material.curves.keys() - members)
    chosen = {*thinned(others, MOST_CURVES), *members}
    return {number: curve for number, curve in material.curves.items() if number in chosen}


def _diagnosis_sections(material: Material) -> list[Section]:
    """Say what is wrong with the members of the front, a section a finding, or that nothing is."""
    if not material.members:
        return []
    if not material.findings:
        return [Section("Diagnosis", (_NO_FINDING,))]
    found = []
    for finding in material.findings:
        beside = [f"What helps too: {finding.rule.beside}."] if finding.rule.beside else []
        tries = [_TRY] if finding.space else []
        found.append(
            Section(f"Diagnosis: {finding.kind}", [*finding.sentences, *beside, *tries], code=finding.space)
        )
    return found


def _ended_sections(material: Material) -> list[Section]:
    """Tell why trials were pruned and why they failed; nothing ends without a reason."""
    sections = []
    for state, heading in (("PRUNED", "Pruned"), ("FAIL", "Failed")):
        trials = [trial for trial in material.trials if str(trial.state) == state]
        if not trials:
            continue
        rows = [
            [
                str(trial.number),
                *(written(aim.metric, trial.metrics.get(aim.metric)) for aim in material.spec.objectives),
                trial.reason or "no reason was kept",
                written_params(trial.params),
            ]
            for trial in trials
        ]
        numbers = ["trial", *(title(aim.metric) for aim in material.spec.objectives)]
        texts = ["reason", "params"]
        table = TextTable([*numbers, *texts], rows, frozenset(numbers), frozenset(texts))
        sections.append(
            Section(f"{heading}: {len(trials)} and why", table=table, folded=len(trials) > _MOST_OPEN)
        )
    return sections


def _counts(trials: Sequence[TrialRecord]) -> str:
    counts = Counter(str(trial.state) for trial in trials)
    parts = [f"{counts[state]} {name}" for state, name in _STATES.items() if counts[state]]
    return " · ".join([counted(len(trials), "trial"), *parts])


def _of(trial: TrialRecord, metric: str) -> str:
    return written(metric, trial.metrics.get(metric)) or "an unknown value"
