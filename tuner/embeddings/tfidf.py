"""TF-IDF: one vector a text, a weight for each of the commonest words or pairs of words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuner.data.values import EncodedDataset, IntArray, Part
from tuner.embeddings.cache import Arrays, cached_arrays
from tuner.embeddings.protocol import EmbeddingSource, FeatureInput, Prepared
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Value

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["TFIDF"]

_PARTS = ("train", "validation", "test")

_NAMES = ("terms", "idf", *(f"{part}_{what}" for part in _PARTS for what in ("values", "columns", "offsets")))


def _prepare(dataset: EncodedDataset, params: Params, seed: int, cache_dir: Path) -> Prepared:  # noqa: ARG001 - the contract's arguments; nothing is drawn here
    settings: dict[str, Value] = {
        "dataset": dataset.key,
        "features": params["tfidf_features"],
        "ngrams": params["tfidf_ngrams"],
    }
    kept = cached_arrays(cache_dir, "tfidf", settings, _NAMES, lambda: _fit(dataset, params))
    terms = tuple(kept["terms"].tolist())
    train, validation, test = (_matrix(kept, name, len(terms)) for name in _PARTS)
    return FeatureInput(len(terms), train, validation, test, terms=terms, idf=kept["idf"])


def _fit(dataset: EncodedDataset, params: Params) -> Arrays:
    """Choose and weigh terms by the training texts alone, and apply that to all three parts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer=_terms_of(["", "", *dataset.words], longest=int(params["tfidf_ngrams"])),
        max_features=int(params["tfidf_features"]),
        # A word said ten times is not ten times the evidence.
        sublinear_tf=True,
        dtype=np.float32,
    )
    matrices = {"train": vectorizer.fit_transform(_texts(dataset.train))}
    matrices["validation"] = vectorizer.transform(_texts(dataset.validation))
    matrices["test"] = vectorizer.transform(_texts(dataset.test))
    arrays: Arrays = {
        "terms": np.array(vectorizer.get_feature_names_out(), dtype=np.str_),
        "idf": vectorizer.idf_.astype(np.float32),
    }
    for name, matrix in matrices.items():
        arrays |= {
            f"{name}_values": matrix.data,
            f"{name}_columns": matrix.indices,
            f"{name}_offsets": matrix.indptr,
        }
    return arrays


def _texts(part: Part) -> Iterator[IntArray]:
    for start, end in pairwise(part.offsets):
        yield part.ids[start:end]


def _terms_of(words: Sequence[str], longest: int) -> Callable[[IntArray], list[str]]:
    """Return the function that lists a text's terms: words, then runs of up to ``longest`` words."""

    def terms(ids: IntArray) -> list[str]:
        text = [words[each] for each in ids[ids >= 2]]
        runs = list(text)
        for length in range(2, longest + 1):
            runs.extend(" ".join(text[at : at + length]) for at in range(len(text) - length + 1))
        return runs

    return terms


def _matrix(kept: Arrays, name: str, n_features: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    offsets = kept[f"{name}_offsets"]
    return csr_matrix(
        (kept[f"{name}_values"], kept[f"{name}_columns"], offsets), shape=(len(offsets) - 1, n_features)
    )


TFIDF = EmbeddingSource(
    Component(
        "tfidf",
        "TF-IDF weights of the commonest terms, for families without a recurrent layer.",
        settings=(
            Setting(
                "tfidf_features",
                "int",
                5000,
                "Terms kept, the commonest of the training texts. Defaults to 5000 because it carries "
                "most of what 50,000 do at a tenth of the weights.",
                low=1,
                high=1_000_000,
            ),
            Setting(
                "tfidf_ngrams",
                "int",
                1,
                "Longest run of words that counts as a term. Defaults to 1; 2 tells 'not good' from 'good'.",
                low=1,
                high=3,
            ),
        ),
        kind="features",
    ),
    _prepare,
)
