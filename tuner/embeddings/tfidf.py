"""TF-IDF: one vector a text, a weight for each of the commonest words or pairs of words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tuner.data.values import UNKNOWN_ID, EncodedDataset, IntArray, Part
from tuner.embeddings.cache import Arrays, cached_arrays
from tuner.embeddings.protocol import EmbeddingSource, FeatureInput, Prepared
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Value

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["TERMS_VERSION", "TFIDF"]

_PARTS = ("train", "validation", "test")

TERMS_VERSION = 2
"""Of what is kept. Before 2 runs reached across unknown words, and terms were strings of one width."""

_NAMES = ("terms", "idf", *(f"{part}_{what}" for part in _PARTS for what in ("values", "columns", "offsets")))


def _prepare(dataset: EncodedDataset, params: Params, seed: int, cache_dir: Path) -> Prepared:  # noqa: ARG001 - the contract's arguments; nothing is drawn here
    settings: dict[str, Value] = {
        "dataset": dataset.key,
        "features": params["tfidf_features"],
        "ngrams": params["tfidf_ngrams"],
        "version": TERMS_VERSION,
    }
    kept = cached_arrays(cache_dir, "tfidf", settings, _NAMES, lambda: _fit(dataset, params))
    terms = _unpacked(kept["terms"])
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
        "terms": _packed(vectorizer.get_feature_names_out()),
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
    """Return the function that lists a text's terms: its words, and runs of up to ``longest`` words.

    An unknown word ends a run. Training texts have none, so a run across one would be another thing there:
    "not" and "good" with any word between them are not "not good".
    """

    def terms(ids: IntArray) -> list[str]:
        runs: list[str] = []
        for stretch in np.split(ids, np.flatnonzero(ids <= UNKNOWN_ID)):
            text = [words[each] for each in stretch[stretch > UNKNOWN_ID]]
            for length in range(1, longest + 1):
                runs.extend(" ".join(text[at : at + length]) for at in range(len(text) - length + 1))
        return runs

    return terms


def _packed(terms: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return terms as the bytes of their lines, ``(n_bytes,)``; no word has a line feed.

    An array of strings would give each as many bytes as the longest takes: one link of 20,000 characters
    made a file of hundreds of megabytes.
    """
    return np.frombuffer("\n".join(terms).encode("utf-8", "surrogatepass"), np.uint8)


def _unpacked(content: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(content.tobytes().decode("utf-8", "surrogatepass").split("\n"))


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
