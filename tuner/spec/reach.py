"""Which settings the trials of a space can meet with, before any of them has run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product

from tuner.spec.catalogue import Catalogue
from tuner.spec.conditions import mentions
from tuner.spec.settings import SELECTORS
from tuner.spec.situations import Situation, TooManySituationsError, situations
from tuner.spec.values import FloatParameter, IntParameter, Parameter, StudySpec, Value

__all__ = ["reachable_settings", "settings_met"]


def reachable_settings(
    spec: StudySpec, catalogue: Catalogue, names: Collection[str]
) -> list[dict[str, Value]]:
    """Return every combination of the named settings that a trial can have, each once.

    Of a range only its two ends are met, or, where conditions ask for its value, those that they name and
    one other. What is not read under a combination is left out of it.

    Args:
        spec: A checked declaration.
        catalogue: What its names mean, and the defaults.
        names: Settings.

    Raises:
        TooManySituationsError: If the conditions entangle more than can be followed.
    """
    setting = [each for each in spec.space if each.sets in names or each.sets in SELECTORS]
    keep = [each.name for each in setting]
    asked = {name for each in spec.space for name in mentions(each.when)}
    found: dict[tuple[tuple[str, Value], ...], None] = {}
    for situation in situations(spec.space, keep, every=keep):
        for params in _with_both_ends(setting, situation, asked):
            full = catalogue.complete({**spec.fixed, **params})
            found[tuple((name, value) for name, value in full.items() if name in names)] = None
    return [dict(pairs) for pairs in found]


def settings_met(spec: StudySpec, catalogue: Catalogue, names: Collection[str]) -> list[dict[str, Value]]:
    """Return the same for what a person is told beforehand; nothing where the space cannot be followed."""
    try:
        return reachable_settings(spec, catalogue, names)
    except TooManySituationsError:
        return []


def _with_both_ends(
    setting: list[Parameter], situation: Situation, asked: Collection[str]
) -> Iterator[dict[str, Value]]:
    """Yield the settings of a situation; one that stands for a whole range is given as each of its ends."""
    active = [each for each in setting if each.name in situation.params]
    values: list[tuple[Value, ...]] = [
        tuple(dict.fromkeys((each.low, each.high)))
        if isinstance(each, IntParameter | FloatParameter) and each.name not in asked
        else (situation.params[each.name],)
        for each in active
    ]
    for chosen in product(*values):
        yield {each.sets: value for each, value in zip(active, chosen, strict=True)}
