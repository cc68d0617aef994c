"""Checks what families, embedding sources and optimizers a space can combine, and what then has effect.

A trial is made of one of each. A family takes what its embedding source gives, token sequences or
feature vectors; and only the settings that these three declare are read at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from tuner.spec.activity import sound_parameters
from tuner.spec.catalogue import Catalogue, Setting
from tuner.spec.conditions import condition_node
from tuner.spec.declared import values_of
from tuner.spec.draft import Draft
from tuner.spec.dump import flow_text
from tuner.spec.fields import one_of, shown
from tuner.spec.read import Mark, Problems
from tuner.spec.settings import SELECTORS, components_of, expectation, misfit, variants
from tuner.spec.situations import TooManySituationsError, can_take, situations
from tuner.spec.values import (
    FixedParameter,
    Is,
    Parameter,
    StudySpec,
    Value,
)

__all__ = ["check_combinations", "effect_warnings"]

_Chosen: TypeAlias = tuple[str, str, str]
"""A family, an embedding source and an optimizer."""


class _Combinations:
    """The combinations that a space can reach, with the catalogue's defaults filled in."""

    def __init__(self, space: tuple[Parameter, ...], fixed: dict[str, Value], catalogue: Catalogue) -> None:
        self.space = space
        self.fixed = fixed
        self.catalogue = catalogue
        self.selecting = [parameter for parameter in space if parameter.sets in SELECTORS]
        self._in_force: dict[_Chosen, dict[str, Setting]] = {}

    def given(self, *names: str) -> Iterator[tuple[dict[str, Value], dict[str, Value]]]:
        """Yield what is given for the selectors, and the named parameters that are then active."""
        selecting = [parameter.name for parameter in self.selecting]
        for situation in situations(self.space, [*selecting, *names], every=selecting):
            given = {name: value for name, value in self.fixed.items() if name in SELECTORS}
            for parameter in self.selecting:
                if parameter.name in situation.params:
                    given[parameter.sets] = situation.params[parameter.name]
            yield given, situation.params

    def chosen(self, given: dict[str, Value]) -> _Chosen | None:
        """Complete what is given; None where it cannot be built, which is a problem of its own."""
        for selector in SELECTORS:
            if selector in given and given[selector] not in components_of(self.catalogue, selector):
                return None
        try:
            full = self.catalogue.complete(given)
        except StopIteration:
            # Nothing in the catalogue gives what the family takes, or takes what the source gives.
            return None
        family, embedding, optimizer = (str(full[selector]) for selector in SELECTORS)
        fits = self.catalogue.families[family].kind == self.catalogue.embeddings[embedding].kind
        return (family, embedding, optimizer) if fits else None

    def in_force(self, chosen: _Chosen) -> dict[str, Setting]:
        """Return the settings that a trial of this combination reads."""
        if chosen not in self._in_force:
            self._in_force[chosen] = self.catalogue.in_force(dict(zip(SELECTORS, chosen, strict=True)))
        return self._in_force[chosen]

    def reached(self, name: str) -> list[_Chosen]:
        """Return the combinations under which the parameter ``name`` is active."""
        found = (self.chosen(given) for given, active in self.given(name) if name in active)
        return list(dict.fromkeys(chosen for chosen in found if chosen is not None))


def check_combinations(draft: Draft, catalogue: Catalogue, problems: Problems) -> None:
    """Note families with input they do not take, and values that a reached component does not take.

    Raises:
        TooManySituationsError: If the conditions entangle more than can be followed.
    """
    sound = sound_parameters(draft)
    unsound_selectors = [each for each in draft.spec.space if each.sets in SELECTORS and each not in sound]
    if unsound_selectors or "fixed" in draft.unread:
        return
    found = _Combinations(sound, dict(draft.spec.fixed), catalogue)
    _check_kinds(found, draft, problems)
    for parameter in sound:
        _check_values_in_force(parameter, found, draft, problems)
    for name in variants(catalogue).keys() & draft.spec.fixed.keys():
        _check_fixed_in_force(name, found, draft, problems)
    _check_required(found, draft, problems)


def _check_kinds(found: _Combinations, draft: Draft, problems: Problems) -> None:
    """Note each pair of a family and an embedding source that can meet and do not match."""
    clashes: list[tuple[str, str]] = []
    families, embeddings = found.catalogue.families, found.catalogue.embeddings
    for given, _ in found.given():
        family, embedding = str(given.get("family", "")), str(given.get("embedding", ""))
        known = family in families and embedding in embeddings
        if known and families[family].kind != embeddings[embedding].kind:
            clashes.append((family, embedding))
        elif family in families and not embedding and found.chosen(given) is None:
            clashes.append((family, ""))
    if not clashes:
        return
    clashes = list(dict.fromkeys(clashes))
    family, embedding = clashes[0]
    takes = families[family].kind
    if not embedding:
        mark = _selector_mark("family", found, draft)
        problems.add(mark, f"family {family} takes {takes}, which no embedding source gives")
        return
    gives = embeddings[embedding].kind
    others = f" (pairs of this kind: {len(clashes)})" if len(clashes) > 1 else ""
    message = f"family {family} takes {takes}, but embedding {embedding} gives {gives}{others}"
    later, hint = _matching_hint(found)
    problems.add(_selector_mark(later, found, draft), f"{later}: {message}", hint)


def _selector_mark(selector: str, found: _Combinations, draft: Draft) -> Mark:
    setters = [parameter.name for parameter in found.selecting if parameter.sets == selector]
    return draft.places.at("space", setters[-1]) if setters else draft.places.at("fixed", selector)


def _matching_hint(found: _Combinations) -> tuple[str, str]:
    """Return which of family and embedding is declared later, and how it can be made to match the other."""
    order = {each.sets: index for index, each in enumerate(found.selecting)}
    later = max(("family", "embedding"), key=lambda selector: order.get(selector, -1))
    earlier = "embedding" if later == "family" else "family"
    child = _only(found, later)
    if child is None:
        return later, "choose a family and an embedding source of the same kind"
    offered = _kinds(_values(child), later, found.catalogue)
    parent = _only(found, earlier)
    given = _values(parent) if parent else [found.fixed.get(earlier, "")]
    accepted = _kinds(given, earlier, found.catalogue)
    kind = next((each for each in offered if each in accepted), None)
    if kind is None:
        return later, f"choose other values for {earlier} or {later}"
    advice: list[str] = []
    if len(offered) > 1:
        advice.append(f"keep only {one_of(offered[kind], 'and')} in {later}")
    if parent is not None and len(accepted) > 1:
        node = flow_text({parent.name: accepted[kind] if len(accepted[kind]) > 1 else accepted[kind][0]})
        verb = "add" if child.when is None else "narrow its condition to"
        advice.append(f"{verb} `when: {node}`")
        advice += [
            f"{one_of(names, 'and')} then {'take' if len(names) > 1 else 'takes'} {unasked} by itself"
            for other, names in accepted.items()
            for unasked in _first_of(other, later, found.catalogue)
            if other != kind
        ]
    return later, "; ".join(advice)


def _first_of(kind: str, selector: str, catalogue: Catalogue) -> list[str]:
    """Return what ``Catalogue.complete`` fills in for an input kind, if there is anything."""
    return [name for name, each in components_of(catalogue, selector).items() if each.kind == kind][:1]


def _only(found: _Combinations, selector: str) -> Parameter | None:
    setters = [each for each in found.selecting if each.sets == selector]
    return setters[0] if len(setters) == 1 else None


def _values(parameter: Parameter) -> list[Value]:
    return [value for _, value in values_of(parameter)]


def _kinds(values: list[Value], selector: str, catalogue: Catalogue) -> dict[str, list[str]]:
    """Group a selector's values by the input kind of what they name."""
    components = components_of(catalogue, selector)
    kinds: dict[str, list[str]] = {}
    for value in values:
        if isinstance(value, str) and value in components:
            kinds.setdefault(str(components[value].kind), []).append(value)
    return kinds


def _check_values_in_force(
    parameter: Parameter, found: _Combinations, draft: Draft, problems: Problems
) -> None:
    """Components may declare one setting with different bounds: the reached ones decide."""
    if parameter.sets in SELECTORS:
        return
    for chosen in found.reached(parameter.name):
        setting = found.in_force(chosen).get(parameter.sets)
        wrong = [value for value in _values(parameter) if setting is not None and misfit(setting, value)]
        if wrong and setting is not None and _fits_elsewhere(parameter.sets, wrong[0], found.catalogue):
            found_words = f"{shown(wrong[0])} does not fit {_words(chosen, parameter.sets, found.catalogue)}"
            message = f"{parameter.name}: {found_words}, expected {expectation(setting)}"
            mark = draft.places.at("space", parameter.name)
            problems.add(mark, message, "give each its own parameter with `sets:` and `when:`")
            return


def _check_fixed_in_force(name: str, found: _Combinations, draft: Draft, problems: Problems) -> None:
    if name in SELECTORS:
        return
    value = draft.spec.fixed[name]
    for given, _ in found.given():
        chosen = found.chosen(given)
        setting = found.in_force(chosen).get(name) if chosen else None
        if chosen and setting and misfit(setting, value) and _fits_elsewhere(name, value, found.catalogue):
            words = _words(chosen, name, found.catalogue)
            message = f"fixed.{name}: {shown(value)} does not fit {words}, expected {expectation(setting)}"
            problems.add(draft.places.at("fixed", name), message, "move it to `space` with a `when:`")
            return


def _fits_elsewhere(name: str, value: Value, catalogue: Catalogue) -> bool:
    """Tell whether some declaration takes the value; if none does, the parameter's own check said so."""
    return any(misfit(setting, value) is None for setting in variants(catalogue).get(name, ()))


def _words(chosen: _Chosen, name: str, catalogue: Catalogue) -> str:
    """Say who of a combination reads the setting ``name``, or else the whole combination."""
    for selector, component in zip(SELECTORS, chosen, strict=True):
        if any(each.name == name for each in components_of(catalogue, selector)[component].settings):
            return f"{selector} {component}"
    return f"family {chosen[0]} with embedding {chosen[1]} and optimizer {chosen[2]}"


def _check_required(found: _Combinations, draft: Draft, problems: Problems) -> None:
    """Note settings without a default that a reached combination reads and nothing gives."""
    setters: dict[str, list[str]] = {}
    for parameter in draft.spec.space:
        setters.setdefault(parameter.sets, []).append(parameter.name)
    sound = {parameter.name for parameter in found.space}
    for name, listed in variants(found.catalogue).items():
        needed = name not in SELECTORS and any(setting.default is None for setting in listed)
        givers = setters.get(name, [])
        if not needed or name in draft.spec.fixed or not sound.issuperset(givers):
            continue
        for given, active in found.given(*givers):
            chosen = found.chosen(given)
            setting = found.in_force(chosen).get(name) if chosen else None
            if chosen and setting and setting.default is None and not any(each in active for each in givers):
                message = (
                    f"{name} is missing; {_words(chosen, name, found.catalogue)} needs {expectation(setting)}"
                )
                problems.add(draft.places.at("space"), message, "give it under `fixed` or `space`")
                break


def effect_warnings(spec: StudySpec, catalogue: Catalogue) -> list[str]:
    """Name what is declared but has no effect in some trials.

    Args:
        spec: A checked spec.
        catalogue: The one it was checked against.

    Returns:
        One sentence each, with the condition that would keep the parameter out of those trials. A
        sampler that is shown such values learns from noise.
    """
    found = _Combinations(spec.space, dict(spec.fixed), catalogue)
    warnings = [_no_effect(parameter, found) for parameter in spec.space]
    try:
        chosen = [found.chosen(given) for given, _ in found.given()]
    except TooManySituationsError:
        return [warning for warning in warnings if warning]
    read = {name for each in chosen if each is not None for name in found.in_force(each)}
    warnings += [
        f"fixed.{name} has no effect in any trial; remove it" for name in spec.fixed if name not in read
    ]
    return [warning for warning in warnings if warning]


def _no_effect(parameter: Parameter, found: _Combinations) -> str:
    try:
        reached = found.reached(parameter.name)
    except TooManySituationsError:
        return ""
    useless = [chosen for chosen in reached if parameter.sets not in found.in_force(chosen)]
    useful = [chosen for chosen in reached if chosen not in useless]
    if not useless:
        return ""
    verb = "set" if isinstance(parameter, FixedParameter) else "sampled"
    if not useful:
        return f"{parameter.name} is {verb} but has no effect in any trial; remove it"
    reasons: list[tuple[str, list[str], list[str]]] = []
    for index, selector in _likely_reasons(parameter.sets, found.catalogue):
        good = list(dict.fromkeys(chosen[index] for chosen in useful))
        bad = list(dict.fromkeys(chosen[index] for chosen in useless))
        if not set(good).intersection(bad):
            reasons.append((selector, good, bad))
    if not reasons:
        words = _words(useless[0], parameter.sets, found.catalogue)
        return f"{parameter.name} is {verb} but has no effect with {words}; give it a condition"
    # A condition can be proposed only where the space has a parameter for it.
    selector, good, bad = next((each for each in reasons if _askable(*each[:2], found)), reasons[0])
    advice = _condition_advice(parameter, selector, good, found)
    return f"{parameter.name} is {verb} but has no effect with {selector} {one_of(bad)}; {advice}"


def _askable(selector: str, values: list[str], found: _Combinations) -> bool:
    parent = _only(found, selector)
    return parent is not None and all(can_take(parent, value) for value in values)


def _likely_reasons(name: str, catalogue: Catalogue) -> list[tuple[int, str]]:
    """Order the selectors: first those whose components declare the setting."""

    def declares(selector: str) -> bool:
        components = components_of(catalogue, selector).values()
        return any(setting.name == name for component in components for setting in component.settings)

    return sorted(enumerate(SELECTORS), key=lambda pair: not declares(pair[1]))


def _condition_advice(parameter: Parameter, selector: str, good: list[str], found: _Combinations) -> str:
    """Propose the condition, naming the parameter that sets the selector."""
    parent = _only(found, selector)
    if parent is None or not _askable(selector, good, found):
        return f"give it a condition that holds only with {selector} {one_of(good)}"
    node = flow_text(condition_node(Is(parent.name, tuple(good))))
    names = [each.name for each in found.space]
    late = names.index(parent.name) > names.index(parameter.name)
    first = f"declare {parent.name} before it and " if late else ""
    return first + (f"add `when: {node}`" if parameter.when is None else f"add {node} to its condition")
