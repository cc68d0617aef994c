"""Families of a person's own, ``module:function``, as a file names them.

What one of them declares is read by :attr:`~tuner.spec.catalogue.Catalogue.read_family`; here it joins the
catalogue that a file is checked against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tuner.errors import InputError
from tuner.spec.catalogue import Catalogue, Component
from tuner.spec.conditions import Path as Place
from tuner.spec.declared import values_of
from tuner.spec.draft import Draft
from tuner.spec.read import Problems
from tuner.spec.values import StudySpec, Value

__all__ = ["OWN_PATTERN", "add_families", "is_own", "own_families", "read_families"]

OWN_PATTERN = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*$"
"""Of ``module:function``, for editors."""


def is_own(family: Value) -> bool:
    """Tell whether a family is a person's own; the names of ours hold no colon."""
    return isinstance(family, str) and ":" in family


def own_families(spec: StudySpec) -> list[str]:
    """Return the families of a person's own that a spec names, each once."""
    return list(dict.fromkeys(str(value) for _, value in _named(spec)))


def _named(spec: StudySpec) -> Iterator[tuple[Place, Value]]:
    """Yield every one with its place."""
    if is_own(spec.fixed.get("family", "")):
        yield ("fixed", "family"), spec.fixed["family"]
    for parameter in spec.space:
        if parameter.sets != "family":
            continue
        for key, value in values_of(parameter):
            if is_own(value):
                yield ("space", parameter.name, *key), value


def add_families(catalogue: Catalogue, names: Iterable[str], folder: Path) -> Catalogue:
    """Return a catalogue that also has these families.

    Args:
        catalogue: Ours.
        names: ``module:function`` each.
        folder: The search-space file's.

    Raises:
        InputError: If one cannot be read, or declares a setting that is another component's already.
    """
    return catalogue.with_families(_read(catalogue, name, folder) for name in names)


def _read(catalogue: Catalogue, name: str, folder: Path) -> Component:
    if catalogue.read_family is None:
        raise InputError(f"found {name!r}, expected a family without a colon")
    component = catalogue.read_family(name, folder)
    taken = {each.name: "every trial" for each in (*catalogue.common, *catalogue.token_settings)}
    for group in (catalogue.embeddings, catalogue.optimizers):
        taken |= {each.name: owner for owner, one in group.items() for each in one.settings}
    for setting in component.settings:
        if setting.name in taken:
            message = f"{name}: SETTINGS: {setting.name} is a setting of {taken[setting.name]} already"
            raise InputError(message, "give yours another name; params has both")
    return component


def read_families(draft: Draft, catalogue: Catalogue, folder: Path, problems: Problems) -> Catalogue:
    """Return a catalogue with the families of their own that a file names; note what is wrong with one."""
    found: dict[str, Component] = {}
    for place, value in _named(draft.spec):
        if value in catalogue.families:
            continue
        try:
            found[str(value)] = _read(catalogue, str(value), folder)
        except InputError as error:
            problems.add(draft.places.at(*place), f"family: {error.message}", error.hint)
    return catalogue.with_families(found.values())
