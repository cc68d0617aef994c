"""``when:`` read from a file, written back as nodes, and put into words.

A mapping with several keys means all of them; ``all`` and ``any`` take lists of mappings. What a
condition names is checked in ``spec.check``; here it only gets its shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from tuner.spec.fields import described, read_mapping, read_value, shown, word
from tuner.spec.listed import listed_node
from tuner.spec.read import Broken, Listing, Mapping, Mark, Node, Problems, Scalar
from tuner.spec.values import AllOf, AnyOf, Condition, Is, Value

__all__ = [
    "RESERVED",
    "Path",
    "Places",
    "condition_node",
    "condition_text",
    "mentions",
    "read_condition",
    "walk",
]

RESERVED = ("all", "any")
"""Words of conditions, hence no names for parameters."""

Path: TypeAlias = tuple[str | int, ...]
"""Names a spot in a spec, e.g. ``("space", "units", "low")``; inside a condition the index of each branch."""


class Places:
    """Where each part of a spec stands in its file."""

    def __init__(self) -> None:
        self._marks: dict[Path, Mark] = {}

    def put(self, path: Path, mark: Mark) -> None:
        """Remember where ``path`` stands."""
        self._marks[path] = mark

    def at(self, *path: str | int) -> Mark:
        """Return where ``path`` stands, or else the nearest part that contains it."""
        while path:
            if path in self._marks:
                return self._marks[path]
            path = path[:-1]
        return Mark(1, 1)


def read_condition(
    node: Node | None, path: Path, where: str, places: Places, problems: Problems
) -> Condition | None:
    """Read a ``when:`` mapping.

    Args:
        node: The mapping.
        path: What ``places`` calls it.
        where: What messages call it.
        places: Gets the place of each branch and of each value.
        problems: Gets what is wrong.

    Returns:
        The condition, or None when any part of it is wrong.
    """
    if isinstance(node, Listing):
        problems.add(
            node.mark, f"{where}: found a list, expected `parameter: value`", "put it under all: or any:"
        )
        return None
    mapping = read_mapping(node, where, problems)
    if mapping is None:
        return None
    places.put(path, mapping.mark)
    if not mapping.entries:
        problems.add(mapping.mark, f"{where}: empty, expected `parameter: value`", "leave `when` out")
        return None
    several = len(mapping.entries) > 1
    parts: list[Condition | None] = []
    for index, (key, value) in enumerate(mapping.entries):
        inner = (*path, index) if several else path
        places.put(inner, key.mark)
        if key.text in RESERVED:
            parts.append(_read_branches(key, value, inner, where, places, problems))
        else:
            parts.append(_read_is(key, value, inner, where, places, problems))
    good = tuple(part for part in parts if part is not None)
    if len(good) < len(parts):
        return None
    return AllOf(good) if several else good[0]


def _read_branches(
    key: Scalar, node: Node, path: Path, where: str, places: Places, problems: Problems
) -> Condition | None:
    where = f"{where}.{key.text}"
    if not isinstance(node, Listing) or not node.items:
        if not isinstance(node, Broken):
            found = "an empty list" if isinstance(node, Listing) else described(node)
            hint = f"write {key.text}: [{{family: lstm}}, {{layers: 2}}]"
            problems.add(node.mark, f"{where}: found {found}, expected a list of conditions", hint)
        return None
    parts = [
        read_condition(item, (*path, index), where, places, problems) for index, item in enumerate(node.items)
    ]
    good = tuple(part for part in parts if part is not None)
    if len(good) < len(parts):
        return None
    return AllOf(good) if key.text == "all" else AnyOf(good)


def _read_is(
    key: Scalar, node: Node, path: Path, where: str, places: Places, problems: Problems
) -> Condition | None:
    where = f"{where}.{shown(key.text)[1:-1]}"
    if isinstance(node, Mapping):
        hint = "write the value or a list of values"
        problems.add(node.mark, f"{where}: found a group of keys, expected a value", hint)
        return None
    items = node.items if isinstance(node, Listing) else (node,)
    if not items:
        problems.add(node.mark, f"{where}: found an empty list, expected values")
        return None
    values: list[Value] = []
    for index, item in enumerate(items):
        places.put((*path, "value", index), item.mark)
        value = read_value(item, where, problems, with_lists=isinstance(node, Listing))
        if value is None:
            return None
        if value in values:
            problems.add(item.mark, f"{where}: {shown(value)} stands here twice", "leave one out")
            return None
        values.append(value)
    return Is(key.text, tuple(values))


def walk(condition: Condition | None, path: Path = ()) -> Iterator[tuple[Path, Condition]]:
    """Yield a condition and all its branches, each with the path that :func:`read_condition` gave it."""
    if condition is None:
        return
    yield path, condition
    if not isinstance(condition, Is):
        for index, branch in enumerate(condition.conditions):
            yield from walk(branch, (*path, index))


def mentions(condition: Condition | None) -> tuple[str, ...]:
    """Return the names of the parameters that a condition depends on, each once, in order."""
    names = [each.name for _, each in walk(condition) if isinstance(each, Is)]
    return tuple(dict.fromkeys(names))


def condition_node(condition: Condition) -> dict[str, Any]:
    """Write a condition as the mapping that :func:`read_condition` reads back as the same condition."""
    match condition:
        case Is(name, values):
            listed = [listed_node(value) for value in values]
            # A list by itself would be read as several values.
            return {name: listed if len(listed) > 1 or isinstance(listed[0], list) else listed[0]}
        case AnyOf(conditions):
            return {"any": [condition_node(each) for each in conditions]}
        case AllOf(conditions):
            nodes = [condition_node(each) for each in conditions]
            keys = {key for node in nodes for key in node}
            if len(nodes) > 1 and len(keys) == len(nodes) and all(len(node) == 1 for node in nodes):
                return {key: value for node in nodes for key, value in node.items()}
            return {"all": nodes}


def condition_text(condition: Condition | None) -> str:
    """Put a condition into words: ``embedding is word2vec or glove``; no condition is ``always``."""
    match condition:
        case None:
            return "always"
        case Is(name, values):
            words = [word(value) for value in values]
            listed = ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]
            return f"{name} is {listed}"
        case AllOf(conditions):
            return " and ".join(_nested_text(each, inside_any=False) for each in conditions)
        case AnyOf(conditions):
            return ", or ".join(_nested_text(each, inside_any=True) for each in conditions)


def _nested_text(condition: Condition, inside_any: bool) -> str:
    text = condition_text(condition)
    if isinstance(condition, Is) or (isinstance(condition, AllOf) and inside_any):
        return text
    return f"({text})"
