"""Where the front lies at the end of what was searched, so that better values may lie beyond."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tuner.analysis.bounds import Side, ends_of
from tuner.analysis.proposals import Proposal, outwards
from tuner.analysis.symptoms import Case, Records
from tuner.spec.catalogue import Catalogue
from tuner.spec.describe import range_text
from tuner.spec.values import FloatParameter, IntParameter, Parameter

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["edges_of"]


def edges_of(
    records: Records, thresholds: Mapping[str, float], catalogue: Catalogue
) -> tuple[list[Case], list[Proposal]]:
    """Find the ends of what was searched at which the front lies.

    Args:
        records: Of a study.
        thresholds: Of the rule.
        catalogue: What settings there are.

    Returns:
        Each such end with the trials that lie there, and for each parameter how it would go on.
        An end beyond which the setting itself takes nothing is none.
    """
    spec = records.spec
    found: list[Case] = []
    proposals: list[Proposal] = []
    for declared in spec.space:
        parameter = declared
        for side, at_edge in _crowded_ends(declared, records, thresholds):
            proposal = outwards(
                parameter, side, at_edge[0], thresholds["factor"], thresholds["share"], spec, catalogue
            )
            if proposal is None:
                continue  # the setting itself ends there
            parameter = proposal.parameter  # the other end goes out from here
            proposal = replace(proposal, before=f"was {range_text(declared)}")
            proposals = [each for each in proposals if each.parameter.name != declared.name] + [proposal]
            numbers = tuple(trial.number for trial in at_edge)
            found.append(Case(numbers, _said(declared, side, at_edge, records)))
    return found, proposals


def _crowded_ends(
    parameter: Parameter, records: Records, thresholds: Mapping[str, float]
) -> Iterator[tuple[Side, list[TrialRecord]]]:
    """Yield each end of a parameter at which members lie, enough of them or the best, with these."""
    name, members = parameter.name, records.members
    tried = [
        trial for trial in records.trials if trial.state in ("COMPLETE", "PRUNED") and name in trial.params
    ]
    sides: tuple[Side, ...] = ("low", "high")
    for side in sides:

        def is_at(trial: TrialRecord, side: Side = side) -> bool:
            return _is_at_end(parameter, trial, side, thresholds["within"])

        at_edge = [trial for trial in members if name in trial.params and is_at(trial)]
        points = {tuple(trial.params.items()) for trial in at_edge}  # repeats of one point are one
        enough = len(points) >= thresholds["members"] or members[:1] == at_edge[:1]
        if at_edge and enough and not all(is_at(trial) for trial in tried):
            yield side, at_edge


def _is_at_end(parameter: Parameter, trial: TrialRecord, side: Side, within: float) -> bool:
    ends = ends_of(parameter)
    if ends is None or ends[0] == ends[1]:
        return False
    low, high = ends
    value = float(trial.params[parameter.name])
    if not isinstance(parameter, FloatParameter | IntParameter):
        return value == (low if side == "low" else high)
    if parameter.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    place = (value - low) / (high - low)
    return place <= within if side == "low" else place >= 1 - within


def _said(parameter: Parameter, side: Side, at_edge: Sequence[TrialRecord], records: Records) -> str:
    ends = ends_of(parameter) or (0.0, 0.0)
    values = sorted({float(trial.params[parameter.name]) for trial in at_edge})
    shown = " to ".join(f"{value:g}" for value in dict.fromkeys((values[0], values[-1])))
    best = ", the best among them" if at_edge[0] is records.members[0] else ""
    return (
        f"{parameter.name} is {shown} in {len(at_edge)} of {len(records.members)} members of the "
        f"front{best}; that is the {'lower' if side == 'low' else 'upper'} end of {ends[0]:g} to {ends[1]:g}"
    )
