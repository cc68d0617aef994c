"""The sample of ``tuner check``: real texts as each cleaning level leaves them, and what models read of them.

Texts are other people's: every character of theirs passes :func:`~tuner.cli.console.one_line`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table
from rich.text import Text

from tuner.catalogue import catalogue_for
from tuner.cli.console import one_line, remark, table
from tuner.cli.template import scalar
from tuner.data.encode import encode, prepare
from tuner.data.sample import SampledText, cut_texts, draw_texts, ranks_of, unknown_share
from tuner.data.shared import told_of_shared_texts
from tuner.errors import StorageRefusedError
from tuner.execution.unknown_words import unknown_words
from tuner.execution.vectors import known_words, require_vectors_of
from tuner.spec.reach import reachable_settings

if TYPE_CHECKING:
    from rich.console import Console

    from tuner.data.encode import PreparedData
    from tuner.data.values import EncodedDataset
    from tuner.spec.values import StudySpec, Value

__all__ = ["show_sample"]

_SHOWN_CHARACTERS = 300
_SHOWN_WORDS = 40
"""Of a long text, from the end that is read."""

_SHOWN_AROUND = 8
"""Words on either side of the place where reading ends."""

_LEGEND = "[word]: outside the largest vocabulary; |: no model reads what lies beyond, in the part drawn dim"


@dataclass(frozen=True)
class _Level:
    """A cleaning level, and how the trials of a space read its words.

    Attributes:
        dataset: All texts at this level.
        vocabulary_sizes, lengths: The smallest and the largest that a trial can have, or the only one;
            empty where no model reads words in their order.
        kept: The ends of a long text that are read, ``start``, ``end`` or both.
    """

    dataset: EncodedDataset
    vocabulary_sizes: tuple[int, ...]
    lengths: tuple[int, ...]
    kept: frozenset[str]


def show_sample(screen: Console, file: Path, spec: StudySpec, count: int) -> None:
    """Print texts of a declared study's training part as its trials will read them.

    What is built for it lies in a temporary folder and is gone afterwards.

    Args:
        screen: Where it goes.
        file: The search-space file.
        spec: What it declares.
        count: Texts to show.

    Raises:
        DataError, VectorsError, NotFoundError: If data or vectors cannot be used as declared.
        NoSpaceError, StorageRefusedError: If temporary files cannot be written.
    """
    base_dir = file.resolve().parent
    with _temporary_folder() as name:
        require_vectors_of(spec, base_dir, Path(name))
        prepared = prepare(spec.data, spec.task, spec.seed, base_dir, Path(name))
        levels = _levels(spec, base_dir, prepared)
        _show_shares(screen, prepared, levels)
        if spec.task == "binary":
            remark(f"{file}: {_positive(spec, prepared.classes)}")
        for known in known_words(spec, base_dir, prepared):
            remark(f"{file}: {known}")
        for unknown in unknown_words(spec, base_dir, prepared):
            remark(f"{file}: {unknown}")
        for warning in prepared.warnings:
            remark(f"{file}: {warning}")
        if told := told_of_shared_texts({name: level.dataset for name, level in levels.items()}):
            remark(f"{file}: {told}")
        texts = draw_texts(prepared, spec.data, base_dir, list(levels), count, spec.seed)
        for number, text in enumerate(texts, start=1):
            _show_text(screen, f"text {number} of {len(texts)}, label {text.label}", text, levels)
    if any(level.lengths for level in levels.values()):
        screen.print(Text(_LEGEND, style="dim"))


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="tuner-check-")
    except OSError as error:
        raise StorageRefusedError(
            f"no temporary folder can be made: {error.strerror or error}",
            "set TMPDIR to a folder that can be written to",
        ) from error


def _levels(spec: StudySpec, base_dir: Path, prepared: PreparedData) -> dict[str, _Level]:
    """Return every level that a trial can ask for, and how it is read there."""
    met: dict[str, list[Mapping[str, Value]]] = {}
    for settings in reachable_settings(
        spec, catalogue_for(spec, base_dir), ["cleaning", "vocabulary_size", "sequence_length", "keep"]
    ):
        met.setdefault(str(settings["cleaning"]), []).append(settings)
    return {
        name: _Level(
            dataset=encode(prepared, name),
            vocabulary_sizes=_ends(each.get("vocabulary_size") for each in readings),
            lengths=_ends(each.get("sequence_length") for each in readings),
            kept=frozenset(str(each["keep"]) for each in readings if "keep" in each),
        )
        for name, readings in met.items()
    }


def _ends(values: Iterable[Value | None]) -> tuple[int, ...]:
    """Return the smallest and the largest of the values that there are; one if they are the same."""
    numbers = [int(value) for value in values if value is not None]
    return tuple(dict.fromkeys((min(numbers), max(numbers)))) if numbers else ()


def _positive(spec: StudySpec, classes: Sequence[str]) -> str:
    """Say which class precision, recall and F1 are of, and how to have the other."""
    zero, one = classes
    told = f"the positive class is '{one}'"
    if "threshold" in spec.data.options:
        return told
    return f"{told}; `positive: {scalar(zero)}` in `data` makes it '{zero}'"


def _show_shares(screen: Console, prepared: PreparedData, levels: Mapping[str, _Level]) -> None:
    """Print what vocabulary and length leave of all texts: a line a fact, a column a level."""
    rows: dict[str, dict[str, str]] = {}
    for name, level in levels.items():
        for fact, value in _shares(level):
            rows.setdefault(fact, {})[name] = value
    sizes = prepared.sizes
    title = f"{sizes['train']:,} training and {sizes['validation']:,} validation texts after cleaning"
    screen.print(Text(title, style="bold"))
    cells = [[fact, *(row.get(name, "") for name in levels)] for fact, row in rows.items()]
    screen.print(table(["", *levels], cells, right=levels))


def _shares(level: _Level) -> Iterator[tuple[str, str]]:
    train, validation = level.dataset.train, level.dataset.validation
    lengths = np.diff(train.offsets)
    yield "words of a text: median", f"{np.median(lengths):,.0f}"
    yield "words of a text: 95 of 100 have at most", f"{np.quantile(lengths, 0.95):,.0f}"
    yield "different words", f"{len(level.dataset.words):,}"
    for size in level.vocabulary_sizes:
        yield f"vocabulary_size {size:,}: words outside it", f"{unknown_share(train, size):.1%}"
        yield f"vocabulary_size {size:,}: in validation", f"{unknown_share(validation, size):.1%}"
    for length in level.lengths:
        cut = cut_texts(train, length)
        yield f"sequence_length {length:,}: texts that are cut", f"{cut.texts:.1%}"
        yield f"sequence_length {length:,}: words that are not read", f"{cut.words:.1%}"


def _span(values: Iterable[str]) -> str:
    return " to ".join(dict.fromkeys(values)) or "all"


def _show_text(screen: Console, title: str, text: SampledText, levels: Mapping[str, _Level]) -> None:
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(style="cyan", no_wrap=True)
    drawn.add_column(overflow="fold")
    hidden = len(text.raw) - _SHOWN_CHARACTERS
    more = f" ... {hidden:,} more characters" if hidden > 0 else ""
    drawn.add_row("as it is", Text.assemble(one_line(text.raw[:_SHOWN_CHARACTERS]), (more, "dim")))
    for name, level in levels.items():
        words = text.words[name]
        ranks = ranks_of(level.dataset, words)
        drawn.add_row(name, Text(_counts(words, ranks, level), style="dim"))
        drawn.add_row("", _marked(words, ranks, level))
    screen.print(Text(one_line(title), style="bold"))
    screen.print(drawn)
    screen.print()


def _counts(words: Sequence[str], ranks: Mapping[str, int], level: _Level) -> str:
    counted = f"{len(words):,} words"
    if level.lengths:
        read = _span(f"{min(length, len(words)):,}" for length in level.lengths)
        unknown = _span(f"{_unknown(words, ranks, size):,}" for size in level.vocabulary_sizes)
        counted += f", {read} read, {unknown} outside the vocabulary"
    return counted


def _unknown(words: Sequence[str], ranks: Mapping[str, int], size: int) -> int:
    return sum(ranks.get(word, size) >= size for word in words)


def _marked(words: Sequence[str], ranks: Mapping[str, int], level: _Level) -> Text:
    """Write the words near both ends of what is read, and mark those that no model sees."""
    size = max(level.vocabulary_sizes, default=len(level.dataset.words) + 2)
    first, end = _read_by_some(len(words), level)
    boundary = end if first == 0 else first
    drawn = Text()
    before = 0
    for place in _shown_places(len(words), level, boundary):
        if place > before:
            drawn.append(f"... {place - before:,} more words ... ", style="dim")
        if 0 < place == boundary:
            drawn.append("| ", style="bold yellow")
        is_read, is_known = first <= place < end, ranks.get(words[place], size) < size
        shown = one_line(words[place])
        drawn.append(
            f"{shown} " if is_known else f"[{shown}] ", "dim" if not is_read else "" if is_known else "yellow"
        )
        before = place + 1
    if before < len(words):
        drawn.append(f"... {len(words) - before:,} more words", style="dim")
    return drawn


def _read_by_some(n_words: int, level: _Level) -> tuple[int, int]:
    """Return the first place of a text that some model reads, and the one after the last."""
    length = min(max(level.lengths, default=n_words), n_words)
    match sorted(level.kept):
        case ["start"]:
            return 0, length
        case ["end"]:
            return n_words - length, n_words
        case _:
            return 0, n_words


def _shown_places(n_words: int, level: _Level, boundary: int) -> list[int]:
    """Return the places of the words to show, in order."""
    from_end = level.kept == {"end"}
    near = range(max(n_words - _SHOWN_WORDS, 0), n_words) if from_end else range(min(_SHOWN_WORDS, n_words))
    around = range(max(boundary - _SHOWN_AROUND, 0), min(boundary + _SHOWN_AROUND, n_words))
    return sorted({*near, *(around if 0 < boundary < n_words else ())})
