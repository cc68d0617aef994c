"""What is wrong with the best trials of a study, with the numbers that show it and what to try.

When a fault shows is said in :mod:`tuner.analysis.symptoms` and :mod:`tuner.analysis.edges`; thresholds and
remedies are the table in :mod:`tuner.analysis.rules`. Where the numbers do not prove a fault there is no
finding, and a study may well have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.edges import edges_of
from tuner.analysis.proposals import Proposal, proposals_for, snippet
from tuner.analysis.rules import RULES, Kind, Rule
from tuner.analysis.symptoms import SYMPTOMS, Case, Records, was_cut
from tuner.errors import NotFoundError
from tuner.spec.catalogue import Catalogue

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["Finding", "diagnose"]

_MOST_CASES = 6
"""A person reads a few, and the numbers of all trials stand beside them."""


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        rule: What it is.
        cases: Where it shows, the best trial first.
        proposals: What to try, computed for the first case.
    """

    rule: Rule
    cases: tuple[Case, ...]
    proposals: tuple[Proposal, ...] = ()

    @property
    def kind(self) -> Kind:
        """Its name."""
        return self.rule.kind

    @property
    def sentences(self) -> list[str]:
        """What it means, then the evidence; of very many cases the first."""
        said = [self.rule.means]
        for case in self.cases[:_MOST_CASES]:
            numbers = ", ".join(map(str, case.trials))
            said.append(f"Trial{'s' * (len(case.trials) > 1)} {numbers}: {case.evidence}.")
        left = len(self.cases) - _MOST_CASES
        return [*said, f"So do {left} more."] if left > 0 else said

    @property
    def space(self) -> str:
        """The proposals as the ``space:`` section of a file; empty where there are none."""
        return snippet(self.proposals) if self.proposals else ""

    @property
    def trials(self) -> tuple[int, ...]:
        """Every trial that shows it, each once."""
        return tuple(dict.fromkeys(number for case in self.cases for number in case.trials))


def diagnose(records: Records, catalogue: Catalogue, number: int | None = None) -> list[Finding]:
    """Look for faults.

    Args:
        records: Of a study.
        catalogue: What settings there are.
        number: The trial to look at. Defaults to the front's members, and those that never learned.

    Returns:
        Findings in the order of the rules; none where nothing is wrong.

    Raises:
        NotFoundError: If there is no such trial.
    """
    if number is None:
        looked_at = [*records.members, *(trial for trial in records.trials if was_cut(trial))]
    else:
        looked_at = [trial for trial in records.trials if trial.number == number]
        if not looked_at:
            raise NotFoundError.of_trial(records.name, number)
    found = []
    for rule in RULES:
        if rule.kind == "edge of the space":
            finding = _at_edges(rule, records, catalogue) if number is None else None
        else:
            finding = _faults(rule, looked_at, records, catalogue)
        found += [finding] if finding else []
    return found


def _faults(
    rule: Rule, looked_at: Sequence[TrialRecord], records: Records, catalogue: Catalogue
) -> Finding | None:
    """Group the trials that show one fault; what is proposed is for the best of them."""
    condition = SYMPTOMS[rule.kind]
    shown = [
        (trial, evidence) for trial in looked_at if (evidence := condition(trial, records, rule.thresholds))
    ]
    if not shown:
        return None
    cases = tuple(Case((trial.number,), evidence) for trial, evidence in shown)
    proposals = proposals_for(shown[0][0], rule.changes, records.spec, catalogue)
    return Finding(rule, cases, tuple(proposals))


def _at_edges(rule: Rule, records: Records, catalogue: Catalogue) -> Finding | None:
    cases, proposals = edges_of(records, rule.thresholds, catalogue)
    return Finding(rule, tuple(cases), tuple(proposals)) if cases else None
