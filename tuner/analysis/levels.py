"""Trials grouped by the values of settings: which groups there are, and in which order."""

from __future__ import annotations

import difflib
import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.analysis.wording import written_value
from tuner.errors import InputError
from tuner.spec.values import CategoricalParameter, StudySpec, Value

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["MOST_VALUES", "Factor", "factor_of", "grouped"]

MOST_VALUES = 8
"""A number that has more values than these is put into ranges: a group a value would hold a trial each."""

_RANGES = 4


@dataclass(frozen=True)
class Factor:
    """What trials are grouped by.

    Attributes:
        name: Of a setting, or of a parameter that sets one under another name.
        order: Values in the order in which they are shown; of ranges their labels.
        edges: Where ranges part, ascending; empty when every value is a group.
    """

    name: str
    order: tuple[Value, ...]
    edges: tuple[float, ...] = ()

    def value(self, trial: TrialRecord) -> Value | None:
        """Return the group of a trial, or None where it has no such setting."""
        found = _value_of(trial, self.name)
        if found is None or not self.edges or isinstance(found, str):
            return found
        return self.order[bisect_right(self.edges, found)]


def factor_of(name: str, trials: Sequence[TrialRecord], spec: StudySpec) -> Factor:
    """Look what values trials have of a factor.

    Args:
        name: Of a setting, or of a parameter.
        trials: Those that will be grouped.
        spec: Of their study; gives the order of choices.

    Raises:
        InputError: If neither a trial nor the space knows the name.
    """
    values = [value for trial in trials if (value := _value_of(trial, name)) is not None]
    if not values:
        _require_known(name, trials, spec)
    numbers = sorted({value for value in values if isinstance(value, int | float)})
    if numbers and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if len(numbers) > MOST_VALUES:
            return _in_ranges(name, sorted(value for value in values if not isinstance(value, str)))
        return Factor(name, tuple(numbers))
    declared = [
        choice
        for parameter in spec.space
        if isinstance(parameter, CategoricalParameter) and name in (parameter.name, parameter.sets)
        for choice in parameter.choices
    ]
    return Factor(name, tuple(dict.fromkeys([*declared, *sorted(values, key=str)])))


def grouped(
    trials: Sequence[TrialRecord], factors: Sequence[Factor]
) -> dict[tuple[Value, ...], list[TrialRecord]]:
    """Group trials by their values of all factors, in the factors' orders; who lacks one is in no group."""
    found: dict[tuple[Value, ...], list[TrialRecord]] = {}
    for trial in trials:
        values = tuple(value for factor in factors if (value := factor.value(trial)) is not None)
        if len(values) == len(factors):
            found.setdefault(values, []).append(trial)

    def place(values: tuple[Value, ...]) -> list[int]:
        return [
            factor.order.index(value) if value in factor.order else len(factor.order)
            for factor, value in zip(factors, values, strict=True)
        ]

    return {values: found[values] for values in sorted(found, key=place)}


def _value_of(trial: TrialRecord, name: str) -> Value | None:
    """Return a setting's value; settings come first, for two parameters may set the same one."""
    return trial.settings.get(name, trial.params.get(name))


def _in_ranges(name: str, values: Sequence[float]) -> Factor:
    """Part values, ascending, into ranges of as like many trials as equal values allow."""
    edges = sorted({values[len(values) * part // _RANGES] for part in range(1, _RANGES)} - {values[0]})
    ends = [values[0], *edges, values[-1]]
    labels = [
        f"{written_value(low)} to {'below ' if index < len(edges) else ''}{written_value(high)}"
        for index, (low, high) in enumerate(itertools.pairwise(ends))
    ]
    return Factor(name, tuple(labels), tuple(edges))


def _require_known(name: str, trials: Sequence[TrialRecord], spec: StudySpec) -> None:
    known = {each for parameter in spec.space for each in (parameter.name, parameter.sets)}
    known.update(each for trial in trials for each in (*trial.settings, *trial.params))
    if name in known:
        return
    near = difflib.get_close_matches(name, sorted(known), n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there is: {', '.join(sorted(known))}"
    raise InputError(f"--by {name}: no trial has a setting of that name", hint)
