"""The contract of an embedding source, and what it hands to a model family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.data.values import EncodedDataset
from tuner.spec.catalogue import Component
from tuner.spec.values import Params

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Coverage", "EmbeddingSource", "FeatureInput", "Prepared", "TokenInput"]


@dataclass(frozen=True)
class TokenInput:
    """Input of a family that reads sequences of word ids.

    Attributes:
        vocabulary_size: Number of ids, padding and unknown included; ids lie in ``[0, vocabulary_size)``.
        dimension: Length of a word's vector.
        matrix: ``(vocabulary_size, dimension) float32`` start values with row 0 all zero, or None for
            vectors learned from scratch.
        trainable: Whether training may change the vectors.
        coverage: Share of the vocabulary's words that have a vector in the source, in [0, 1]; None
            where the question does not arise.
    """

    vocabulary_size: int
    dimension: int
    matrix: npt.NDArray[np.float32] | None
    trainable: bool
    coverage: float | None = None
    kind: Literal["tokens"] = "tokens"


@dataclass(frozen=True)
class FeatureInput:
    """Input of a family that reads one vector a text.

    Attributes:
        n_features: Length of a text's vector.
        train, validation, test: Sparse ``(n_texts, n_features) float32``.
        terms: ``n_features`` words or runs of words, and
        idf: ``(n_features,) float32``, their weights: what it takes to make the vector of a new text.
    """

    n_features: int
    train: csr_matrix
    validation: csr_matrix
    test: csr_matrix
    terms: tuple[str, ...]
    idf: npt.NDArray[np.float32]
    kind: Literal["features"] = "features"


Prepared: TypeAlias = TokenInput | FeatureInput


@dataclass(frozen=True)
class Coverage:
    """How much of a vocabulary ready vectors know.

    Attributes:
        origin: What a message calls the vectors.
        n_words: Words of the vocabulary, without padding and unknown.
        share: Of them that have a vector, in (0, 1].
    """

    origin: str
    n_words: int
    share: float


def _needs_nothing(_params: Params, _cache_dir: Path) -> str:
    """Need nothing that could be missing."""
    return ""


@dataclass(frozen=True)
class EmbeddingSource:
    """One embedding source: what it can be told, and how it prepares a model's input.

    Attributes:
        component: Name, summary, settings and the input kind it gives.
        prepare: ``(dataset, params, seed, cache_dir) -> Prepared``. ``params`` are a trial's complete
            settings. Fits on the training part only. Costly results are kept under ``cache_dir`` with a
            key that holds ``dataset.key`` and every setting they depend on, written atomically under a
            lock, so that processes may prepare the same thing at once.
        require: ``(params, cache_dir) -> str``. Looks, before a study is begun, at what a trial of these
            settings will read, and raises VectorsError if it cannot. Writes nothing when it raises. Returns a
            hash of it, under which a study goes on and under no other; empty where nothing is read. Defaults
            to needing nothing.
        coverage: ``(dataset, params, cache_dir) -> Coverage | None``. How much of the vocabulary the ready
            vectors know, without any training; None for settings under which the source learns its own.
            Raises VectorsError if they know no word of it. Defaults to None: there are never ready vectors.
    """

    component: Component
    prepare: Callable[[EncodedDataset, Params, int, Path], Prepared]
    require: Callable[[Params, Path], str] = _needs_nothing
    coverage: Callable[[EncodedDataset, Params, Path], Coverage | None] | None = None
