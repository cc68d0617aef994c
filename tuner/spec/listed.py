"""Whole numbers in a list as one value: ``[64, 32]`` in a file, and that text everywhere else.

So a value stays something that Optuna, JSON and a table can carry, and a person reads in all of them what
was written in the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuner.spec.values import Value

__all__ = ["is_listed", "listed_node", "listed_text", "numbers_of"]

# As YAML reads them back: no leading zero, and no more digits than a whole number may have.
_LISTED = re.compile(r"\[(0|-?[1-9][0-9]{0,14})(, (0|-?[1-9][0-9]{0,14}))*\]")


def listed_text(numbers: Sequence[int]) -> str:
    """Write whole numbers as their one text, e.g. ``[64, 32]``."""
    return "[" + ", ".join(str(number) for number in numbers) + "]"


def is_listed(value: object) -> bool:
    """Tell whether a value is such a text, exactly as :func:`listed_text` writes it."""
    return isinstance(value, str) and _LISTED.fullmatch(value) is not None


def listed_node(value: Value) -> Value | list[int]:
    """Return what a file has in a value's place: numbers in a list, or the value itself."""
    return list(numbers_of(str(value))) if is_listed(value) else value


def numbers_of(text: str) -> tuple[int, ...]:
    """Return the numbers of a text that :func:`listed_text` wrote.

    Raises:
        ValueError: If it is another text.
    """
    if not is_listed(text):
        raise ValueError(f"found {text!r}, expected whole numbers in a list, such as [64, 32]")
    return tuple(int(number) for number in text[1:-1].split(", "))
