"""From bytes to nodes: YAML 1.2 in which every key and every value knows its line and column.

Only plain values are read: no tags, no anchors, no aliases, no objects. So nothing in a file can run
code, and no file can grow when it is read. Scalars follow the core schema of YAML 1.2 (section 10.3):
``1e-3`` is a number, ``no`` is text. Sizes and depth are bounded before they can cost anything.

This module must not know what a search space is: it knows mappings, lists and scalars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tuner.errors import NotFoundError, Problem, SpecError
from tuner.spec.scalars import checked_text, plain_value
from tuner.spec.values import Value

__all__ = [
    "MAX_DEPTH",
    "MAX_NODES",
    "MAX_SIZE_BYTES",
    "Broken",
    "Listing",
    "Mapping",
    "Mark",
    "Node",
    "Problems",
    "Scalar",
    "decode_text",
    "read_bytes",
    "read_nodes",
]

MAX_SIZE_BYTES = 256 * 1024
"""A hundred times a usual file; a bigger one is not a search space but a mistake."""

MAX_NODES = 20_000
MAX_DEPTH = 40
_MAX_PROBLEMS = 200

# ruamel's scanner meets some malformed input with these instead of a YAMLError (e.g. an escape above
# U+10FFFF); they say the same thing: the text is not YAML.
_SCANNER_FAULTS = (
    ValueError,
    OverflowError,
    IndexError,
    KeyError,
    AttributeError,
    TypeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
)


@dataclass(frozen=True)
class Mark:
    """A place in the file, 1-based."""

    line: int
    column: int


@dataclass(frozen=True)
class Scalar:
    """A number, text, true or false, or nothing (``value`` None); ``plain`` is False when quoted."""

    value: Value | None
    text: str
    plain: bool
    mark: Mark


@dataclass(frozen=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True)
class Mapping:
    """A YAML mapping; ``mark`` is the place of its brace or of its first key."""

    entries: tuple[tuple[Scalar, Node], ...]
    mark: Mark


@dataclass(frozen=True)
class Broken:
    """Stands for what could not be read and has been reported: readers pass over it in silence."""

    mark: Mark


Node: TypeAlias = Scalar | Listing | Mapping | Broken


class Problems:
    """Collects the problems of one file; past two hundred, further ones are dropped."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    @property
    def full(self) -> bool:
        """Whether further problems would be dropped."""
        return len(self.found) >= _MAX_PROBLEMS

    def add(self, mark: Mark, message: str, hint: str = "") -> None:
        """Note a problem at ``mark``."""
        problem = Problem(self.file, mark.line, mark.column, _one_line(message), _one_line(hint))
        if not self.full and problem not in self.found:
            self.found.append(problem)

    def raise_if_any(self) -> None:
        """Raise what was collected.

        Raises:
            SpecError: If there is any problem.
        """
        if self.found:
            raise SpecError(self.found)


def _one_line(text: str) -> str:
    """Escape what would break a line or move a terminal's cursor: texts of the file stand in messages."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, at most one more than :data:`MAX_SIZE_BYTES`.

    Raises:
        NotFoundError: If there is no such file.
        SpecError: If it cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise SpecError([Problem(str(path), 1, 1, "found a folder or device, expected a file")])
        with path.open("rb") as handle:
            return handle.read(MAX_SIZE_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file", "see search_spaces/ for examples") from error
    except ValueError as error:  # a NUL in the path
        raise NotFoundError(f"{str(path)!r}: no such file") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SpecError([Problem(str(path), 1, 1, f"the file cannot be read: {reason}")]) from error


def decode_text(data: bytes, file: str) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises:
        SpecError: If the bytes are too many, binary, or of another encoding.
    """
    problems = Problems(file)
    if len(data) > MAX_SIZE_BYTES:
        problems.add(Mark(1, 1), f"the file is over {MAX_SIZE_BYTES // 1024} KiB, expected a few", _DATA_HINT)
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add(Mark(1, 1), "found UTF-16, expected UTF-8", "save the file as UTF-8")
    elif b"\0" in data:
        problems.add(_mark_of(data, data.index(b"\0")), "found binary data, expected text in UTF-8")
    problems.raise_if_any()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        # error.object is the text without its byte order mark, so its offsets fit its own lines.
        mark = _mark_of(error.object, error.start)
        problems.add(mark, f"found the byte 0x{byte:02x}, expected text in UTF-8", "save the file as UTF-8")
        raise SpecError(problems.found) from error


_DATA_HINT = "texts belong in a file of their own that `data` names"


def _mark_of(data: bytes, offset: int) -> Mark:
    before = data[:offset]
    return Mark(before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1)


def read_nodes(text: str, problems: Problems) -> Node:
    """Read one YAML document.

    Duplicate keys, tags, anchors, aliases and impossible numbers are noted in ``problems`` and reading
    goes on; what stops the reader altogether is raised at once.

    Args:
        text: The document.
        problems: Where to note what is wrong.

    Returns:
        The root.

    Raises:
        SpecError: If the text is not YAML, is empty, holds several documents, nests deeper than
            :data:`MAX_DEPTH` or has more than :data:`MAX_NODES` values.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > MAX_SIZE_BYTES:
        problems.add(Mark(1, 1), f"the file is over {MAX_SIZE_BYTES // 1024} KiB, expected a few", _DATA_HINT)
        problems.raise_if_any()
    builder = _Builder(problems)
    try:
        for event in YAML(typ="safe", pure=True).parse(text.removeprefix("\ufeff")):
            builder.take(event)
    except MarkedYAMLError as error:
        _note_syntax(error, builder.mark, problems)
    except YAMLError:
        problems.add(_unprintable(text), "found a control character, expected text")
    except _SCANNER_FAULTS:
        problems.add(builder.mark, "not YAML from here on", "check quotes, brackets and escapes")
    if builder.root is None:
        if not problems.found:
            problems.add(Mark(1, 1), "the file is empty, expected data, task, space...")
        problems.raise_if_any()
    if problems.found and not builder.finished:
        raise SpecError(problems.found)
    return builder.root or Broken(Mark(1, 1))


def _unprintable(text: str) -> Mark:
    for number, line in enumerate(text.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if not character.isprintable() and character not in "\t\r":
                return Mark(number, column)
    return Mark(1, 1)


def _note_syntax(error: Any, last: Mark, problems: Problems) -> None:
    """Say in plain words what ruamel says in the words of its parser."""
    mark = error.problem_mark or error.context_mark
    place = Mark(mark.line + 1, mark.column + 1) if mark else last
    found = str(error.problem or error.context or "cannot be read").split("\n")[0]
    opened = error.context_mark.line + 1 if error.context_mark else place.line
    message, hint = f"not YAML: {found}", "check quotes, brackets and indentation"
    for words, plain, advice in _SYNTAX:
        if words in found:
            message, hint = plain.format(opened=opened), advice
            break
    problems.add(place, message, hint)


_SYNTAX = (
    ("'\\t' that cannot start", "found a tab, expected spaces", "indent with spaces"),
    (
        "mapping values are not allowed",
        "found a ':' where a value ends",
        "quote the value, or indent the line as the one above",
    ),
    (
        "expected <block end>",
        "the line does not fit the ones above it, from line {opened} on",
        "give keys of one section the same indentation",
    ),
    ("could not find expected ':'", "found a line without ':', expected `key: value`", "add the ':'"),
    ("expected ',' or ']'", "the list opened in line {opened} is not closed here", "add ',' or ']'"),
    ("expected ',' or '}'", "the braces opened in line {opened} are not closed here", "add ',' or '}'"),
    ("unexpected end of stream", "the quote opened in line {opened} is not closed", "add the closing quote"),
    ("that cannot start any token", "found a character that no value begins with", "quote the value"),
)


@dataclass
class _Open:
    """A mapping or list that is still being read."""

    is_mapping: bool
    mark: Mark
    items: list[Node]
    broken: bool


class _Builder:
    """Turns parser events into nodes without recursion, so that depth costs nothing but a check."""

    def __init__(self, problems: Problems) -> None:
        self.root: Node | None = None
        self.finished = False
        self.mark = Mark(1, 1)
        self._problems = problems
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if event.start_mark is not None:
            self.mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        match kind:
            case "DocumentStartEvent":
                self._start_document(event)
            case "MappingStartEvent" | "SequenceStartEvent":
                self._count()
                broken = self._refuse_marks(event)
                self._open.append(_Open(kind == "MappingStartEvent", self.mark, [], broken))
            case "MappingEndEvent" | "SequenceEndEvent":
                self._close()
            case "ScalarEvent":
                self._count()
                self._put(self._scalar(event))
            case "AliasEvent":
                self._count()
                self._problems.add(self.mark, f"found the alias *{event.anchor}, expected a value", _NO_ALIAS)
                self._put(Broken(self.mark))
            case "StreamEndEvent":
                self.finished = True

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if event.version not in (None, (1, 2)):
            found = ".".join(str(part) for part in event.version)
            self._problems.add(Mark(1, 1), f"found %YAML {found}, expected YAML 1.2", "remove the line")
        if self._documents > 1:
            self._stop("found a second document, expected one", "remove the `---`")

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(f"found more than {MAX_NODES} values, expected a search space", _DATA_HINT)
        if len(self._open) >= MAX_DEPTH:
            self._stop(f"nested deeper than {MAX_DEPTH} levels")

    def _stop(self, message: str, hint: str = "") -> None:
        self._problems.add(self.mark, message, hint)
        raise SpecError(self._problems.found)

    def _refuse_marks(self, event: Any) -> bool:
        """Note a tag or an anchor; tell whether the value cannot be used."""
        if event.anchor is not None:
            self._problems.add(self.mark, f"found the anchor &{event.anchor}, expected a value", _NO_ALIAS)
        if event.ctag is not None:
            self._problems.add(self.mark, "found a tag (`!...`), expected a plain value", "remove the tag")
            return True
        return False

    def _scalar(self, event: Any) -> Node:
        if self._refuse_marks(event):
            return Broken(self.mark)
        plain = event.style is None
        mark = self.mark
        if plain and event.value == "" and self._open and self._open[-1].items:
            # The parser places a missing value where the next key begins; its own key is nearer.
            mark = self._open[-1].items[-1].mark
        try:
            value = plain_value(event.value) if plain else checked_text(event.value)
        except ValueError as error:
            self._problems.add(mark, str(error))
            return Broken(mark)
        return Scalar(value, event.value, plain, mark)

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1].items.append(node)
        else:
            self.root = node

    def _close(self) -> None:
        done = self._open.pop()
        if done.broken:
            self._put(Broken(done.mark))
        elif done.is_mapping:
            self._put(Mapping(tuple(self._entries(done.items)), done.mark))
        else:
            self._put(Listing(tuple(done.items), done.mark))

    def _entries(self, items: list[Node]) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, int] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, Scalar) or key.value is None:
                if not isinstance(key, Broken):
                    self._problems.add(key.mark, "found a key that is no word, expected `key: value`")
            elif key.text in seen:
                name = key.text[:40]
                hint = "keep one of them"
                self._problems.add(
                    key.mark, f"the key {name!r} stands here twice, first in line {seen[key.text]}", hint
                )
            else:
                seen[key.text] = key.mark.line
                yield key, value


_NO_ALIAS = "anchors and aliases are not read; write the value out"
