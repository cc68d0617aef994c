"""A look at texts before anything is trained: what cleaning makes of some, and what models will not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tuner.data.cleaning import words_of
from tuner.data.prepare import PreparedData, originals, read_texts
from tuner.data.values import UNKNOWN_ID, EncodedDataset, Part
from tuner.spec.values import DataSpec

__all__ = ["CutTexts", "SampledText", "cut_texts", "draw_texts", "ranks_of", "unknown_share"]


@dataclass(frozen=True)
class SampledText:
    """A text of the training part.

    Attributes:
        raw: As the source writes it: markup, control characters and all.
        label: Its class, or its number in a regression.
        words: By cleaning level.
    """

    raw: str
    label: str
    words: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class CutTexts:
    """What a sequence length leaves unread of a part.

    Attributes:
        texts: Share of texts that are longer, in [0, 1].
        words: Share of all words that are not read, in [0, 1].
    """

    texts: float
    words: float


def draw_texts(
    prepared: PreparedData, data: DataSpec, base_dir: Path, levels: Sequence[str], count: int, seed: int
) -> list[SampledText]:
    """Draw texts of the training part; the same seed draws the same ones.

    Args:
        prepared: The study's texts.
        data: Where they come from; it is read again, for how it writes them.
        base_dir: Folder that its relative paths start from.
        levels: Cleaning levels to show.
        count: Texts to draw; fewer where there are fewer.
        seed: Of the draw.

    Raises:
        DataError, NotFoundError: If the kept copy or the source cannot be read.
    """
    train = read_texts(prepared)["train"]
    chosen = np.random.default_rng(seed).permutation(len(train.texts))[:count].tolist()
    raw = originals(data, base_dir, [train.texts[index] for index in chosen])
    return [
        SampledText(
            raw=raw.get(train.texts[index], train.texts[index]),
            label=prepared.classes[int(train.labels[index])]
            if prepared.classes
            else f"{train.labels[index]:g}",
            words={level: words_of(train.texts[index], level) for level in levels},
        )
        for index in chosen
    ]


def ranks_of(dataset: EncodedDataset, words: Sequence[str]) -> dict[str, int]:
    """Return the ids of those words that occur in the training texts; the commonest has the lowest."""
    wanted = set(words)
    return {word: rank for rank, word in enumerate(dataset.words, start=UNKNOWN_ID + 1) if word in wanted}


def unknown_share(part: Part, vocabulary_size: int) -> float:
    """Return the share of a part's words that become the unknown word, in [0, 1].

    Args:
        part: Encoded texts.
        vocabulary_size: Ids from this on are unknown.
    """
    ids = np.asarray(part.ids)
    return float(((ids >= vocabulary_size) | (ids == UNKNOWN_ID)).mean())


def cut_texts(part: Part, sequence_length: int) -> CutTexts:
    """Measure what is not read of a part's texts when this many words are read of each."""
    lengths = np.diff(part.offsets)
    unread = np.maximum(lengths - sequence_length, 0)
    return CutTexts(texts=float((unread > 0).mean()), words=float(unread.sum() / lengths.sum()))
