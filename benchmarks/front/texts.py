"""Prepares the texts once for all methods: the parts, the vocabulary and the ids that ``tuner`` makes; and
texts that no method is given, to judge by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.front.problem import LENGTH, VOCABULARY, Texts
from benchmarks.front.settings import CLEANING, SPACE_FILE, Comparison, spec_of
from tuner.data.cleaning import words_of
from tuner.data.encode import encode, prepare
from tuner.data.prepare import read_texts
from tuner.data.values import UNKNOWN_ID, EncodedDataset, Part

__all__ = ["dataset_of", "padded", "prepare_texts", "prepare_unseen"]


def dataset_of(comparison: Comparison, seed: int, cache: Path) -> EncodedDataset:
    """Return the encoded texts of a seed, prepared in ``cache`` where they were not yet."""
    spec = spec_of(comparison)
    return encode(prepare(spec.data, spec.task, seed, SPACE_FILE.parent, cache), CLEANING)


def prepare_texts(comparison: Comparison, seed: int, cache: Path, path: Path) -> None:
    """Write a seed's texts as peers read them, unless that was done before."""
    dataset = dataset_of(comparison, seed, cache)
    if not path.exists():
        Texts(*_part(dataset.train), *_part(dataset.validation)).save(path)


def prepare_unseen(comparison: Comparison, seed: int, cache: Path, path: Path) -> None:
    """Write ``ids (n, 300) int32`` and ``labels (n,) int32`` of texts that no method has seen, if not there.

    They come from the same source and are in no part of the seed's division; words that its training texts
    do not have are unknown ones.

    Args:
        comparison, seed, cache: As for :func:`prepare_texts`.
        path: Of the ``.npz`` file.
    """
    if path.exists():
        return
    spec = spec_of(comparison)
    given = prepare(spec.data, spec.task, seed, SPACE_FILE.parent, cache)
    known = {text for part in read_texts(given).values() for text in part.texts}
    # A part is drawn in an order that the seed decides: with more training texts the others come as well.
    split = replace(spec.data.split, train=comparison.train + comparison.unseen)
    more = replace(spec.data, split=split)
    drawn = read_texts(prepare(more, spec.task, seed, SPACE_FILE.parent, path.parent / "unseen"))["train"]
    chosen = [index for index, text in enumerate(drawn.texts) if text not in known]
    number = {word: index for index, word in enumerate(encode(given, CLEANING).words, start=UNKNOWN_ID + 1)}
    rows = [
        np.array([number.get(word, UNKNOWN_ID) for word in words_of(drawn.texts[index], CLEANING)], np.int32)
        for index in chosen
    ]
    unfinished = path.with_name(f".{path.name}")
    np.savez(unfinished, ids=padded(rows), labels=drawn.labels[chosen])
    unfinished.replace(path)


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
        found[index, LENGTH - len(kept) :] = np.where(kept < VOCABULARY, kept, UNKNOWN_ID)
    return found
