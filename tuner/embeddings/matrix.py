"""From words and their vectors to the start values of an embedding layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.data.values import EncodedDataset
from tuner.embeddings.protocol import TokenInput
from tuner.errors import VectorsError
from tuner.spec.values import Params

__all__ = ["KnownVectors", "known_vectors", "matrix_input", "vocabulary_size", "wanted_forms"]

_RESERVED_IDS = 2
"""Padding and unknown; word i of a dataset has id i + 2."""


@dataclass(frozen=True)
class KnownVectors:
    """The vectors that a source has for a dataset's words.

    Attributes:
        rows: ``(n_known,) int64``, indices of words, commonest first.
        vectors: ``(n_known, dimension) float32``.
        origin: What a message calls the source.
    """

    rows: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]
    origin: str


def vocabulary_size(dataset: EncodedDataset, params: Params) -> int:
    """Return the number of ids a trial uses: as declared, but no more than there are."""
    return min(int(params["vocabulary_size"]), len(dataset.words) + _RESERVED_IDS)


def wanted_forms(words: Iterable[str]) -> set[str]:
    """Return the spellings to look for: each word, and in lower case for sources that know no other."""
    forms: set[str] = set()
    for word in words:
        forms.add(word)
        forms.add(word.lower())
    return forms


def known_vectors(
    words: Sequence[str], found: Mapping[str, npt.NDArray[np.float32]], dimension: int, origin: str
) -> KnownVectors:
    """Give each word the vector of its own spelling, or else of its lower-case one.

    Args:
        words: The dataset's words.
        found: ``(dimension,) float32`` by spelling.
        dimension: Length of a vector.
        origin: What a message calls the source.
    """
    rows = []
    vectors = []
    for row, word in enumerate(words):
        vector = found.get(word)
        if vector is None:
            vector = found.get(word.lower())
        if vector is not None:
            rows.append(row)
            vectors.append(vector)
    stacked = np.stack(vectors) if vectors else np.empty((0, dimension))
    return KnownVectors(np.asarray(rows, dtype=np.int64), stacked.astype(np.float32), origin)


def matrix_input(known: KnownVectors, size: int, trainable: bool, seed: int) -> TokenInput:
    """Fill an embedding matrix for a vocabulary.

    A word without a vector, and the unknown word, get one drawn from the mean and the standard deviation
    of each dimension of the known ones: with another scale they would be louder or quieter than real
    words. Padding is all zero.

    Args:
        known: Vectors of the dataset's words, also of those beyond this vocabulary.
        size: Number of ids, padding and unknown included.
        trainable: Whether training may change the matrix.
        seed: Of the drawn vectors.

    Raises:
        VectorsError: If no word of the vocabulary has a vector.
    """
    n_words = size - _RESERVED_IDS
    inside = known.rows < n_words
    rows, vectors = known.rows[inside], known.vectors[inside]  # (n_known,), (n_known, dimension)
    if not len(rows):
        raise VectorsError(
            f"{known.origin}: has a vector for none of the {n_words} words of the vocabulary",
            "it is of another language or spelling; choose other vectors, or embedding: trained",
        )
    drawn = np.random.default_rng(seed).normal(
        vectors.mean(axis=0), vectors.std(axis=0), (size, vectors.shape[1])
    )
    matrix = drawn.astype(np.float32)  # (size, dimension)
    matrix[rows + _RESERVED_IDS] = vectors
    matrix[0] = 0.0
    return TokenInput(size, matrix.shape[1], matrix, trainable, coverage=len(rows) / n_words)
