"""All that is kept of one trial, in the order in which a person asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tuner.analysis.front import front
from tuner.analysis.measures import MACRO_F1, is_quality, measured
from tuner.analysis.retimed import shown_trials
from tuner.analysis.tables import Split
from tuner.catalogue import CATALOGUE
from tuner.errors import NotFoundError
from tuner.execution.plan import trial_folder
from tuner.metrics import METRICS, ClassRow, class_report
from tuner.spec.settings import SELECTORS
from tuner.spec.values import Value
from tuner.trial import EpochReport

if TYPE_CHECKING:
    from tuner.storage import Ledger, NoteRecord, SessionRecord, StudyRecord, TimingRecord, TrialRecord

__all__ = ["Group", "Sheet", "sheet_of"]

Group: TypeAlias = Literal["model", "training", "data"]
"""What a setting is about."""

_EPOCH_METRICS = ("loss", "accuracy", "precision", "recall", "mae", "r2")


@dataclass(frozen=True)
class Sheet:
    """One trial with everything that belongs to it.

    Attributes:
        study: Its study.
        trial: Its own record.
        is_member: Whether it is on the front.
        curve: Its finished epochs, in order.
        session: The one that recorded its end, or None where that is not known.
        notes: On it, in order.
        timings: Of its training alone on a machine, in order.
        model_file: Its kept model, or None where none was kept.
    """

    study: StudyRecord
    trial: TrialRecord
    is_member: bool
    curve: Sequence[EpochReport] = ()
    session: SessionRecord | None = None
    notes: Sequence[NoteRecord] = ()
    timings: Sequence[TimingRecord] = ()
    model_file: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the matrices; empty in a regression."""
        names = tuple(str(each) for each in self.study.data_summary.get("classes", ()))
        size = max(len(self.trial.confusion), len(self.trial.test_confusion))
        return names if not size or len(names) == size else tuple(str(index) for index in range(size))

    @property
    def samples(self) -> dict[str, int]:
        """Number of texts in each part; empty where that is not known."""
        counts: Mapping[str, Any] = self.study.data_summary.get("counts", {})
        return {part: sum(each) for part, each in counts.items()}

    def settings(self, group: Group) -> dict[str, Value]:
        """Return what the trial ran with, of one group; what decides about other settings comes first."""
        own = [name for name in self.trial.settings if _group_of(name) == group]
        return {name: self.trial.settings[name] for name in sorted(own, key=_selectors_first)}

    def qualities(self, split: Split) -> dict[str, float]:
        """Return what was measured on a split, in the catalogue's order, macro F1 beside F1."""
        found = {}
        for name in METRICS:
            value = measured(self.trial, name, split, self.study.spec.task) if is_quality(name) else None
            found.update({} if value is None else {name: value})
            macro = measured(self.trial, MACRO_F1, split, self.study.spec.task)
            if name == "f1" and macro is not None and self.study.spec.task == "binary":
                found[MACRO_F1] = macro
        return found

    def confusion(self, split: Split) -> Sequence[Sequence[int]]:
        """Return the confusion matrix of a split; empty where there is none."""
        return self.trial.test_confusion if split == "test" else self.trial.confusion

    def class_rows(self, split: Split) -> tuple[ClassRow, ...]:
        """Return precision, recall and F1 by class; empty where there is no confusion matrix."""
        return class_report(self.confusion(split), self.classes) if self.confusion(split) else ()

    @property
    def costs(self) -> dict[str, float]:
        """What the trial has cost, in the catalogue's order."""
        own = self.trial.metrics
        return {
            name: own[name] for name, metric in METRICS.items() if metric.growth != "curve" and name in own
        }

    @property
    def epoch_metrics(self) -> list[str]:
        """Metrics that stand beside each epoch, each in training and on validation where measured."""
        seen = {name for report in self.curve for name in report.metrics}
        pairs = [(f"train_{name}", name) for name in _EPOCH_METRICS]
        return [name for pair in pairs for name in pair if name in seen]

    @property
    def kept_epoch(self) -> int | None:
        """The epoch whose model was kept, 0-based; None before the first."""
        return self.curve[-1].best_epoch if self.curve else None


def sheet_of(ledger: Ledger, name: str, number: int, folder: Path) -> Sheet:
    """Read all that is kept of a trial.

    Args:
        ledger: Of an open database.
        name: An existing study.
        number: Of the trial.
        folder: The study's own, where its models are.

    Raises:
        NotFoundError: If the study has no such trial.
    """
    study = ledger.study(name)
    trials = shown_trials(ledger, name)
    trial = next((each for each in trials if each.number == number), None)
    if trial is None:
        raise NotFoundError.of_trial(name, number)
    members = {each.number for each in front(trials, study.spec.objectives)}
    sessions = {each.session_id: each for each in ledger.sessions(name)}
    return Sheet(
        study=study,
        trial=trial,
        is_member=number in members,
        curve=ledger.curves(name, [number]).get(number, []),
        session=sessions.get(trial.session_id),
        notes=ledger.notes(name, number),
        timings=[each for each in ledger.timings(name) if each.number == number],
        model_file=trial_folder(folder, number) / trial.model_path if trial.model_path else None,
    )


def _group_of(setting: str) -> Group:
    if setting == "cleaning" or any(each.name == setting for each in CATALOGUE.token_settings):
        return "data"
    optimizers = [each for one in CATALOGUE.optimizers.values() for each in one.settings]
    if setting not in ("family", "embedding") and any(
        each.name == setting for each in (*CATALOGUE.common, *optimizers)
    ):
        return "training"
    return "model"


def _selectors_first(name: str) -> tuple[bool, int]:
    known = list(CATALOGUE.settings())
    return name not in SELECTORS, known.index(name) if name in known else len(known)
