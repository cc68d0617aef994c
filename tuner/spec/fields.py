"""Reads values of a wanted type from nodes, and says in a person's words what was found instead.

Every function here notes a problem and returns None where the node does not fit, so that the caller
goes on and a file's mistakes are all found in one go.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from tuner.spec.listed import is_listed, listed_text
from tuner.spec.read import Broken, Listing, Mapping, Mark, Node, Problems, Scalar
from tuner.spec.values import Value

__all__ = [
    "Fields",
    "described",
    "holds_numbers",
    "nearest",
    "number_in",
    "one_of",
    "read_flag",
    "read_listing",
    "read_mapping",
    "read_number",
    "read_text",
    "read_value",
    "read_whole",
    "shown",
    "word",
]

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")
_WORDS_FOR_BOOL = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def shown(value: Value | None) -> str:
    """Write a value as a message shows it: on one line, not too long, text in quotes."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value) if is_listed(value) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def word(value: Value) -> str:
    """Write a value as a list of words shows it: without quotes where none are needed."""
    return value if isinstance(value, str) and value and value.isprintable() else shown(value)


def described(node: Node) -> str:
    """Say what a node is, for "found ..."."""
    match node:
        case Scalar(value=str()):
            return f"the text {shown(node.value)}"
        case Scalar():
            return shown(node.value)
        case Listing():
            return "a list"
        case Mapping():
            return "a group of keys"
        case Broken():
            return "something unreadable"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the hint ``did you mean 'units'?`` for a mistyped name, or an empty string."""
    if len(name) > 64:
        return ""
    lowered = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower().replace("-", "_"), lowered, n=1, cutoff=0.6)
    close = close or difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]!r}?" if close else ""


def one_of(names: Iterable[Value], joint: str = "or") -> str:
    """Join names for a sentence: ``a, b or c``; more than sixteen are cut short."""
    listed = [word(name) for name in names]
    if len(listed) > 16:
        return ", ".join(listed[:16]) + f"... ({len(listed)} in all)"
    if len(listed) < 2:
        return "".join(listed)
    return ", ".join(listed[:-1]) + f" {joint} " + listed[-1]


def number_in(text: str) -> str:
    """Return the number that a text was probably meant as (``0,1`` is 0.1), or an empty string."""
    tidy = re.sub(r"[_\s]", "", text[:40])
    # One comma is a decimal comma; several separate thousands.
    tidy = tidy.replace(",", "." if tidy.count(",") == 1 and "." not in tidy else "")
    return tidy if _NUMBER.fullmatch(tidy) else ""


def _number_hint(node: Node) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        number = number_in(node.value)
        if number:
            return f"write {number}" + ("" if node.plain else " without quotes")
    return ""


def read_whole(
    node: Node | None, where: str, problems: Problems, low: int | None = None, high: int | None = None
) -> int | None:
    """Read a whole number in ``[low, high]``."""
    wanted = "a whole number"
    if low is not None:
        wanted += f" of at least {low}" if high is None else f" from {low} to {high}"
    match node:
        case None | Broken():
            return None
        case Scalar(value=bool()):
            pass
        case Scalar(value=int() as number):
            if (low is None or number >= low) and (high is None or number <= high):
                return number
        case Scalar(value=float() as real) if real.is_integer():
            problems.add(node.mark, f"{where}: found {node.text}, expected {wanted}", f"write {int(real)}")
            return None
    problems.add(node.mark, f"{where}: found {described(node)}, expected {wanted}", _number_hint(node))
    return None


def read_number(node: Node | None, where: str, problems: Problems) -> int | float | None:
    """Read a number, whole or not."""
    match node:
        case None | Broken():
            return None
        case Scalar(value=bool()):
            pass
        case Scalar(value=int() | float() as number):
            return number
    problems.add(node.mark, f"{where}: found {described(node)}, expected a number", _number_hint(node))
    return None


def read_flag(node: Node | None, where: str, problems: Problems) -> bool | None:
    """Read true or false."""
    match node:
        case None | Broken():
            return None
        case Scalar(value=bool() as flag):
            return flag
    hint = ""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        word = _WORDS_FOR_BOOL.get(node.value.lower(), "")
        word = word or (node.value.lower() if node.value.lower() in ("true", "false") else "")
        hint = f"write {word}" if word else ""
    problems.add(node.mark, f"{where}: found {described(node)}, expected true or false", hint)
    return None


def read_text(node: Node | None, where: str, problems: Problems) -> str | None:
    """Read a text that is not empty."""
    match node:
        case None | Broken():
            return None
        case Scalar(value=str() as text) if text:
            return text
        case Scalar(value=bool() | int() | float()):
            problems.add(node.mark, f"{where}: found {node.text}, expected a text", f'write "{node.text}"')
            return None
    problems.add(node.mark, f"{where}: found {described(node)}, expected a text")
    return None


def read_value(node: Node | None, where: str, problems: Problems, with_lists: bool = False) -> Value | None:
    """Read any one value: a number, a text, true or false; ``with_lists`` also whole numbers in a list."""
    match node:
        case None | Broken():
            return None
        case Scalar(value=value) if value is not None:
            return value
        case Listing() if with_lists and holds_numbers(node):
            return _read_numbers(node, where, problems)
    problems.add(node.mark, f"{where}: found {described(node)}, expected a number, a text, true or false")
    return None


def holds_numbers(listing: Listing) -> bool:
    """Tell whether a list is meant as one value: it holds a whole number, or nothing yet."""
    values = [item.value for item in listing.items if isinstance(item, Scalar)]
    return not listing.items or any(type(value) is int for value in values)


def _read_numbers(listing: Listing, where: str, problems: Problems) -> str | None:
    """Read whole numbers in a list as their one text."""
    if not listing.items:
        problems.add(listing.mark, f"{where}: found an empty list, expected whole numbers")
    numbers = [read_whole(item, where, problems) for item in listing.items]
    good = [number for number in numbers if number is not None]
    return listed_text(good) if good and len(good) == len(numbers) else None


def read_mapping(node: Node | None, where: str, problems: Problems) -> Mapping | None:
    """Read a group of keys."""
    match node:
        case None | Broken():
            return None
        case Mapping():
            return node
    problems.add(node.mark, f"{where}: found {described(node)}, expected a group of `key: value` lines")
    return None


def read_listing(node: Node | None, where: str, problems: Problems) -> Listing | None:
    """Read a list."""
    match node:
        case None | Broken():
            return None
        case Listing():
            return node
    problems.add(node.mark, f"{where}: found {described(node)}, expected a list", "write [a, b]")
    return None


class Fields:
    """The keys of one mapping, each taken by name; what was never taken is unknown.

    Args:
        node: The mapping.
        where: How messages call it, e.g. ``space.units``; empty for the whole file.
        problems: Where to note what is wrong.
        mark: Where to note what is missing. Defaults to the first key's place.
    """

    def __init__(self, node: Mapping, where: str, problems: Problems, mark: Mark | None = None) -> None:
        self.where = where
        self.mark = mark or node.mark
        self._entries = {key.text: (key, value) for key, value in node.entries}
        self._problems = problems
        # A dict for its order: a key may be asked for more than once.
        self._known: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def path(self, name: str) -> str:
        """Return how messages call the key ``name``."""
        return f"{self.where}.{name}" if self.where else name

    def key_mark(self, name: str) -> Mark:
        """Return where the key ``name`` stands, or the mapping where it is absent."""
        return self._entries[name][0].mark if name in self._entries else self.mark

    def value_mark(self, name: str) -> Mark:
        """Return where the value of ``name`` stands, or the mapping where it is absent."""
        return self._entries[name][1].mark if name in self._entries else self.mark

    def take(self, name: str, required: str = "") -> Node | None:
        """Return the node under ``name``; note its absence where ``required`` says what is expected."""
        self._known[name] = None
        if name in self._entries:
            return self._entries[name][1]
        if required:
            self._problems.add(self.mark, f"{self.path(name)} is missing, expected {required}")
        return None

    def rest(self) -> list[tuple[Scalar, Node]]:
        """Take all keys that were not taken yet."""
        left = [entry for name, entry in self._entries.items() if name not in self._known]
        self._known.update((key.text, None) for key, _ in left)
        return left

    def refuse_unknown(self, expected: Sequence[str] = ()) -> None:
        """Note every key that was never asked for; ``expected`` defaults to all that were."""
        known_keys = expected or list(self._known)
        before = ""
        for name, (key, node) in self._entries.items():
            empty = isinstance(node, Scalar) and node.value is None and node.text == ""
            if name not in self._known and not self._problems.full:
                where = self.path(shown(name)[1:-1])
                message = f"{where}: unknown key, expected {one_of(known_keys)}"
                hint = nearest(name, [known for known in known_keys if known not in self._entries])
                if empty and name.isdigit() and before:
                    # {low: 0,1} is the two keys low and 1.
                    message = f"{self.where}: found the comma of {before},{name} as the end of a value"
                    hint = f"write {before}.{name}"
                self._problems.add(key.mark, message, hint)
            before = node.text if isinstance(node, Scalar) and node.text.lstrip("+-").isdigit() else ""
