"""Prepares the texts once for all methods: the parts, the vocabulary and the ids that ``tuner`` makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.front.problem import LENGTH, VOCABULARY, Texts
from benchmarks.front.settings import SPACE_FILE, Comparison, spec_of
from tuner.data.encode import encode, prepare
from tuner.data.values import EncodedDataset, Part

__all__ = ["dataset_of", "padded", "prepare_texts"]

_UNKNOWN = 1


def dataset_of(comparison: Comparison, seed: int, cache: Path) -> EncodedDataset:
    """Return the encoded texts of a seed, prepared in ``cache`` where they were not yet."""
    spec = spec_of(comparison)
    return encode(prepare(spec.data, spec.task, seed, SPACE_FILE.parent, cache), "moderate")


def prepare_texts(comparison: Comparison, seed: int, cache: Path, path: Path) -> None:
    """Write a seed's texts as peers read them, unless that was done before."""
    dataset = dataset_of(comparison, seed, cache)
    if not path.exists():
        Texts(*_part(dataset.train), *_part(dataset.validation)).save(path)


def _part(part: Part) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    rows = [part.ids[start:end] for start, end in zip(part.offsets[:-1], part.offsets[1:], strict=True)]
    return padded(rows), np.asarray(part.labels, dtype=np.int32)


def padded(rows: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int32]:
    """Cut texts to the first 300 words and put padding before the shorter ones, ``(n_texts, 300) int32``.

    Before and not after: without a mask an LSTM forgets a text over the padding that follows it.
    """
    found = np.zeros((len(rows), LENGTH), dtype=np.int32)
    for index, row in enumerate(rows):
        kept = row[:LENGTH]
        found[index, LENGTH - len(kept) :] = np.where(kept < VOCABULARY, kept, _UNKNOWN)
    return found
