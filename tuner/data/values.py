"""What the data layer hands on: raw tables of texts, and encoded datasets that live on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.spec.values import Task

__all__ = ["PADDING_ID", "UNKNOWN_ID", "EncodedDataset", "IntArray", "LabelArray", "Part", "TextTable"]

IntArray: TypeAlias = npt.NDArray[np.integer]
LabelArray: TypeAlias = npt.NDArray[np.integer] | npt.NDArray[np.floating]

PADDING_ID = 0
UNKNOWN_ID = 1


@dataclass(frozen=True)
class TextTable:
    """Texts as a source gives them, before cleaning.

    Attributes:
        texts: ``n_texts`` strings.
        labels: ``n_texts`` labels as text.
        split: The split column's values, or None.
        rows: 1-based row numbers in the source, for messages.
        origin: What a message calls the source, e.g. the file's path.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    split: Sequence[str] | None
    rows: Sequence[int]
    origin: str

    def take(self, indices: Sequence[int]) -> TextTable:
        """Return the rows at ``indices``, in that order."""
        return TextTable(
            texts=[self.texts[index] for index in indices],
            labels=[self.labels[index] for index in indices],
            split=None if self.split is None else [self.split[index] for index in indices],
            rows=[self.rows[index] for index in indices],
            origin=self.origin,
        )


@dataclass(frozen=True)
class Part:
    """One split, encoded; arrays are memory-mapped and read-only.

    Attributes:
        ids: ``(n_tokens_in_all,) int32``, the texts one after the other. Ids are ranks by frequency in
            the training texts: 0 padding, 1 unknown, 2 the commonest word. A vocabulary of V words is
            therefore ``where(ids < V, ids, 1)``.
        offsets: ``(n_texts + 1,) int64``; text i is ``ids[offsets[i]:offsets[i + 1]]``.
        labels: ``(n_texts,)``: class indices, int32; of a regression the numbers, float32.
    """

    ids: IntArray
    offsets: IntArray
    labels: LabelArray

    @property
    def n_texts(self) -> int:
        """Number of texts."""
        return len(self.offsets) - 1


@dataclass(frozen=True)
class EncodedDataset:
    """A dataset as workers see it.

    Attributes:
        key: Hash of content and settings; also the folder's name. Whatever is derived from this
            dataset (word2vec vectors, TF-IDF features) is kept under a key that contains it.
        directory: Where it lies.
        task: What it is for.
        classes: Class names; the index is the label. Empty in a regression.
        words: Every word of the training texts, commonest first; word i has id ``i + 2``.
        train, validation, test: The parts.
    """

    key: str
    directory: Path
    task: Task
    classes: tuple[str, ...]
    words: Sequence[str]
    train: Part
    validation: Part
    test: Part
