"""From words and their vectors to the start values of an embedding layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tuner.data.cleaning import words_of
from tuner.data.values import EncodedDataset
from tuner.embeddings.protocol import Coverage, TokenInput
from tuner.errors import VectorsError
from tuner.spec.values import Params

__all__ = [
    "SPELLING_VERSION",
    "KnownVectors",
    "coverage_of",
    "known_vectors",
    "matrix_input",
    "vocabulary_size",
    "wanted_forms",
]

SPELLING_VERSION = 2
"""Counted up when words find other vectors in the same source, so that vectors kept before are not used."""

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
    """Return the spellings to look for: each word, in lower case, and the parts it may be made of."""
    forms: set[str] = set()
    for word in words:
        forms.add(word)
        forms.add(word.lower())
        forms.update(_parts(word))
    return forms


def _parts(word: str) -> list[str]:
    """Take a word apart as vectors of running text do: ``film.`` is ``film``, ``don't`` is ``do n't``."""
    return words_of(word, "moderate")


def known_vectors(
    words: Sequence[str], found: Mapping[str, npt.NDArray[np.float32]], dimension: int, origin: str
) -> KnownVectors:
    """Give each word the vector of its own spelling, or else of its lower-case one, or else of its parts.

    The parts are those of cleaning ``moderate``, where contractions are split as GloVe writes them; a word
    of several known parts gets their mean. So the words of cleaning ``light``, to which marks stick, find
    vectors too: without it a quarter of the 10,000 commonest words of IMDB finds none.

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
        if vector is None:
            parts = [found[part] for part in _parts(word) if part in found]
            vector = np.mean(parts, axis=0) if parts else None
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
    coverage = coverage_of(known, size)
    inside = known.rows < size - _RESERVED_IDS
    rows, vectors = known.rows[inside], known.vectors[inside]  # (n_known,), (n_known, dimension)
    drawn = np.random.default_rng(seed).normal(
        vectors.mean(axis=0), vectors.std(axis=0), (size, vectors.shape[1])
    )
    matrix = drawn.astype(np.float32)  # (size, dimension)
    matrix[rows + _RESERVED_IDS] = vectors
    matrix[0] = 0.0
    return TokenInput(size, matrix.shape[1], matrix, trainable, coverage.share)


def coverage_of(known: KnownVectors, size: int) -> Coverage:
    """Tell how many of a vocabulary's words have a vector.

    Args:
        known: Vectors of the dataset's words.
        size: Number of ids, padding and unknown included.

    Raises:
        VectorsError: If none has.
    """
    n_words = size - _RESERVED_IDS
    n_known = int((known.rows < n_words).sum())
    if not n_known:
        raise VectorsError(
            f"{known.origin}: has a vector for none of the {n_words} words of the vocabulary",
            "it is of another language or spelling; choose other vectors, or embedding: trained",
        )
    return Coverage(known.origin, n_words, n_known / n_words)
