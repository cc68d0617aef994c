"""Whether a value fits a :class:`~tuner.spec.catalogue.Setting`, and what to say when it does not."""

from __future__ import annotations

import re
from dataclasses import replace

from tuner.spec.catalogue import Catalogue, Component, Setting
from tuner.spec.fields import nearest, number_in, one_of, shown
from tuner.spec.listed import is_listed, numbers_of
from tuner.spec.values import Value

__all__ = ["SELECTORS", "bounds_text", "components_of", "expectation", "misfit", "variants"]

SELECTORS = ("family", "embedding", "optimizer")
"""The settings that decide which other settings a trial reads."""

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "text": "a text",
    "path": "the path of a file",
    "choice": "one of its choices",
    "numbers": "a list of whole numbers",
}
_WORDS_FOR_BOOL = {
    "yes": "true",
    "on": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "false": "false",
}


def components_of(catalogue: Catalogue, selector: str) -> dict[str, Component]:
    """Return what the setting ``family``, ``embedding`` or ``optimizer`` can name."""
    named = {
        "family": catalogue.families,
        "embedding": catalogue.embeddings,
        "optimizer": catalogue.optimizers,
    }
    return dict(named[selector])


def variants(catalogue: Catalogue) -> dict[str, tuple[Setting, ...]]:
    """Return all declarations of each setting by name.

    Two components may declare the same setting with bounds of their own. The three selectors take the
    names of the catalogue's components as choices, whether declared so or not.
    """
    found: dict[str, list[Setting]] = {}
    for selector in SELECTORS:
        choices = tuple(components_of(catalogue, selector))
        declared = next((each for each in catalogue.common if each.name == selector), None)
        declared = declared or Setting(selector, "choice", None, f"The {selector}.")
        found[selector] = [replace(declared, kind="choice", choices=choices)]
    groups = [catalogue.common, catalogue.token_settings]
    for selector in SELECTORS:
        groups.extend(component.settings for component in components_of(catalogue, selector).values())
    for group in groups:
        for setting in group:
            listed = found.setdefault(setting.name, [])
            if setting.name not in SELECTORS and setting not in listed:
                listed.append(setting)
    return {name: tuple(listed) for name, listed in found.items()}


def bounds_text(setting: Setting) -> str:
    """Put a setting's bounds into words: ``from 1 to 8``, ``of at least 1``, or an empty string."""
    low, high = (None if each is None else _number(each) for each in (setting.low, setting.high))
    if low is not None and high is not None:
        return f"from {low} to {high}"
    if low is not None:
        return f"of at least {low}"
    return f"of at most {high}" if high is not None else ""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def expectation(setting: Setting) -> str:
    """Say what a setting takes: ``a whole number from 1 to 8``."""
    if setting.kind == "choice":
        return one_of(setting.choices)
    most = f", at most {setting.longest}" if setting.kind == "numbers" else ""
    return f"{_KINDS[setting.kind]} {bounds_text(setting)}".rstrip() + most


def misfit(setting: Setting, value: Value) -> tuple[str, str] | None:
    """Compare a value with a setting.

    Returns:
        What was expected and a hint (possibly empty), or None when the value fits.
    """
    number = not isinstance(value, bool | str)
    match setting.kind:
        case "bool":
            fits = isinstance(value, bool)
        case "int":
            fits = number and isinstance(value, int) and _inside(setting, value)
        case "float":
            fits = number and _inside(setting, value)
        case "text" | "path":
            fits = isinstance(value, str)
        case "choice":
            fits = isinstance(value, str) and value in setting.choices
        case "numbers":
            numbers = numbers_of(str(value)) if is_listed(value) else ()
            fits = 0 < len(numbers) <= setting.longest and all(_inside(setting, each) for each in numbers)
    return None if fits else (expectation(setting), _hint(setting, value))


def _inside(setting: Setting, value: Value) -> bool:
    if isinstance(value, str):
        return False
    return (setting.low is None or value >= setting.low) and (setting.high is None or value <= setting.high)


def _hint(setting: Setting, value: Value) -> str:
    if setting.kind == "numbers" and not is_listed(value):
        numbers = re.findall(r"-?[0-9]+", str(value)) if not isinstance(value, bool | float) else []
        return f"write [{', '.join(numbers)}]" if numbers else ""
    if is_listed(value) and setting.kind in ("int", "float"):
        numbers = [str(each) for each in numbers_of(str(value))]
        return f"write {numbers[0]}" if len(numbers) == 1 else ""
    if isinstance(value, str):
        if setting.kind == "bool":
            word = _WORDS_FOR_BOOL.get(value.lower(), "")
            return f"write {word}" if word else ""
        if setting.kind == "choice":
            return nearest(value, setting.choices)
        number = number_in(value)
        unquoted = " without quotes" if number == value else ""
        return f"write {number}{unquoted}" if number else ""
    if setting.kind in ("text", "path", "choice"):
        text = str(shown(value))
        return f'write "{text}"' if setting.kind != "choice" or text in setting.choices else ""
    if setting.kind == "int" and isinstance(value, float) and value.is_integer():
        return f"write {int(value)}"
    return ""
