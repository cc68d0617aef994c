"""Word2vec vectors (Mikolov et al. 2013, arXiv:1301.3781), of the study's own texts or from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tuner.data.values import EncodedDataset, Part
from tuner.embeddings.cache import Arrays, cached_arrays
from tuner.embeddings.matrix import (
    SPELLING_VERSION,
    KnownVectors,
    coverage_of,
    known_vectors,
    matrix_input,
    vocabulary_size,
)
from tuner.embeddings.protocol import Coverage, EmbeddingSource, Prepared
from tuner.embeddings.settings import EMBEDDING_DIMENSION, EMBEDDING_TRAINABLE, VECTORS_PATH
from tuner.embeddings.vectors_of_file import require_vectors, vectors_of_file
from tuner.errors import VectorsError
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Value

__all__ = ["WORD2VEC"]

_LEAST_OCCURRENCES = 2
"""A word seen once has been seen in one context; its vector would say nothing about it."""


def _prepare(dataset: EncodedDataset, params: Params, seed: int, cache_dir: Path) -> Prepared:
    known = _vectors_of_file if params["vectors_path"] else _own_vectors
    return matrix_input(
        known(dataset, params, cache_dir),
        vocabulary_size(dataset, params),
        bool(params["embedding_trainable"]),
        seed,
    )


def _vectors_of_file(dataset: EncodedDataset, params: Params, cache_dir: Path) -> KnownVectors:
    path, dimension = Path(str(params["vectors_path"])), int(params["embedding_dimension"])
    return vectors_of_file(dataset, path, dimension, cache_dir)


def _require(params: Params, cache_dir: Path) -> str:
    if not params["vectors_path"]:
        return ""
    path, dimension = Path(str(params["vectors_path"])), int(params["embedding_dimension"])
    return require_vectors(path, dimension, cache_dir)


def _coverage(dataset: EncodedDataset, params: Params, cache_dir: Path) -> Coverage | None:
    if not params["vectors_path"]:
        return None
    known = _vectors_of_file(dataset, params, cache_dir)
    return coverage_of(known, vocabulary_size(dataset, params))


def _own_vectors(dataset: EncodedDataset, params: Params, cache_dir: Path) -> KnownVectors:
    """Train on the training texts, with every word in them, once for all trials of these settings.

    The seed comes from the settings and not from the trial: else each trial would train vectors of its
    own, for minutes, and no two trials would stand on the same ones.
    """
    settings: dict[str, Value] = {
        "dataset": dataset.key,
        "algorithm": params["word2vec_algorithm"],
        "dimension": params["embedding_dimension"],
        "window": params["word2vec_window"],
        "epochs": params["word2vec_epochs"],
        "spelling": SPELLING_VERSION,
    }
    seed = int.from_bytes(hashlib.sha256(repr(sorted(settings.items())).encode()).digest()[:4], "big") >> 1
    kept = cached_arrays(
        cache_dir, "word2vec", settings, ("rows", "vectors"), lambda: _train(dataset, params, seed)
    )
    return KnownVectors(kept["rows"], kept["vectors"], "word2vec of the training texts")


class _Sentences:
    """The training texts as words; gensim goes through them once an epoch and once for the vocabulary."""

    def __init__(self, part: Part, words: Sequence[str]) -> None:
        self._part = part
        self._words: npt.NDArray[np.object_] = np.array(["", "", *words], dtype=object)

    def __iter__(self) -> Iterator[list[str]]:
        for start, end in pairwise(self._part.offsets):
            ids = self._part.ids[start:end]
            yield self._words[ids[ids >= 2]].tolist()


def _train(dataset: EncodedDataset, params: Params, seed: int) -> Arrays:
    from gensim.models import Word2Vec

    # One worker: with more, the order of updates depends on the threads, and so do the vectors.
    model = Word2Vec(
        vector_size=int(params["embedding_dimension"]),
        window=int(params["word2vec_window"]),
        sg=int(params["word2vec_algorithm"] == "skip_gram"),
        epochs=int(params["word2vec_epochs"]),
        min_count=_LEAST_OCCURRENCES,
        workers=1,
        seed=seed,
    )
    sentences = _Sentences(dataset.train, dataset.words)
    model.build_vocab(sentences)
    if not len(model.wv):
        raise VectorsError(
            f"word2vec of the training texts: no word occurs {_LEAST_OCCURRENCES} times in "
            f"{dataset.train.n_texts} texts",
            "use more texts, or embedding: trained",
        )
    model.train(sentences, total_examples=model.corpus_count, epochs=model.epochs)
    vectors = {word: model.wv.vectors[row] for word, row in model.wv.key_to_index.items()}
    known = known_vectors(dataset.words, vectors, model.vector_size, "word2vec of the training texts")
    return {"rows": known.rows, "vectors": known.vectors}


WORD2VEC = EmbeddingSource(
    Component(
        "word2vec",
        "Word2vec vectors, trained on the study's own training texts or read from a file.",
        settings=(
            EMBEDDING_DIMENSION,
            EMBEDDING_TRAINABLE,
            Setting(
                "word2vec_algorithm",
                "choice",
                "skip_gram",
                "Predict the context from the word, or the word from the context. Defaults to skip_gram "
                "because it serves rare words and small collections better; cbow trains faster.",
                choices=("skip_gram", "cbow"),
            ),
            Setting(
                "word2vec_window",
                "int",
                5,
                "Words on either side that count as context. Defaults to 5, as in the paper.",
                low=1,
                high=50,
            ),
            Setting(
                "word2vec_epochs",
                "int",
                5,
                "Times word2vec goes through the training texts. Defaults to 5, as gensim does.",
                low=1,
                high=100,
            ),
            VECTORS_PATH,
        ),
        kind="tokens",
    ),
    _prepare,
    _require,
    _coverage,
)
