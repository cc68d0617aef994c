"""From word ids to counts of terms: words, and runs of words, as sparse matrices.

The ids of an encoded dataset are numbers already, so runs of words are counted by sorting numbers. For two
words that is ten times as fast as counting strings, and gives the same counts as scikit-learn's
``CountVectorizer`` on the same words (a test holds that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.data.values import UNKNOWN_ID, Part

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Terms", "count_terms", "fit_terms"]

_Longs: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """The terms of some texts.

    A word is written as its id. A longer run is written as ``before * n_words + last``: the places, among
    the known runs, of the run without its last word and of that word.

    Attributes:
        runs: For each length from 1, the runs that a term may be made of, as ascending numbers.
        columns: For each length, the column of each run, or -1 for one that is no term itself.
        n_terms: Number of columns.
    """

    runs: Sequence[_Longs]
    columns: Sequence[_Longs]
    n_terms: int


def fit_terms(part: Part, longest: int, min_texts: int, most: int) -> tuple[Terms, csr_matrix]:
    """Choose the terms of some texts, and count them there.

    Args:
        part: The training texts.
        longest: Words of the longest run that is a term, from 1.
        min_texts: Texts in which a term must stand. A run that stands in so many is made of runs that do,
            so all others are left out before they are joined to longer ones (Agrawal and Srikant 1994).
        most: Terms kept, those that are said most often; of equals the shorter, then those of commoner words.

    Returns:
        The terms, and what :func:`count_terms` says of the same texts.
    """
    from scipy.sparse import hstack

    tokens = _Tokens(part)
    runs: list[_Longs] = []
    counted: list[csr_matrix] = []
    places: list[_Longs] = []
    for length in range(1, longest + 1):
        codes = tokens.codes(length, runs, places)
        at = np.flatnonzero(codes >= 0)
        found, which = np.unique(codes[at], return_inverse=True)
        counts = _sparse(tokens.text_of[at], which, part.n_texts, len(found))
        kept = np.bincount(counts.indices, minlength=len(found)) >= min_texts
        runs.append(found[kept])
        counted.append(counts[:, np.flatnonzero(kept)])
        places.append(np.full(len(codes), -1))
        places[-1][at] = np.where(kept, np.cumsum(kept) - 1, -1)[which]
    every = hstack(counted, format="csr")
    times = np.asarray(every.sum(axis=0)).reshape(-1)  # (n_runs,)
    chosen = np.sort(np.argsort(-times, kind="stable")[:most])
    columns = np.full(len(times), -1)
    columns[chosen] = np.arange(len(chosen))
    ends = np.cumsum([len(each) for each in runs])
    return Terms(runs, np.split(columns, ends[:-1]), len(chosen)), every[:, chosen]


def count_terms(part: Part, terms: Terms) -> csr_matrix:
    """Count the terms of some texts; what is none is passed over.

    Returns:
        ``(n_texts, n_terms) float64``: how often each term stands in each text.
    """
    tokens = _Tokens(part)
    texts, columns = [], []
    places: list[_Longs] = []
    for length, (known, column) in enumerate(zip(terms.runs, terms.columns, strict=True), start=1):
        places.append(_places(tokens.codes(length, terms.runs, places), known))
        found = np.append(column, -1)[places[-1]]  # -1 reads the appended -1
        at = np.flatnonzero(found >= 0)
        texts.append(tokens.text_of[at])
        columns.append(found[at])
    return _sparse(np.concatenate(texts), np.concatenate(columns), part.n_texts, terms.n_terms)


class _Tokens:
    """The words of some texts, one after the other, and which runs begin at each."""

    def __init__(self, part: Part) -> None:
        self.ids = np.asarray(part.ids, np.int64)  # (n_tokens,)
        self.text_of = np.repeat(np.arange(part.n_texts), np.diff(part.offsets))  # (n_tokens,)
        self._left = part.offsets[1:][self.text_of] - np.arange(
            len(self.ids)
        )  # (n_tokens,) to the text's end

    def codes(self, length: int, runs: Sequence[_Longs], places: Sequence[_Longs]) -> _Longs:
        """Return ``(n_tokens,)``: the run of ``length`` words that begins at each token, -1 where none does.

        Args:
            length: From 1.
            runs: The known ones of every shorter length.
            places: For every shorter length, the place of each token's run among them, or -1.
        """
        if length == 1:
            return np.where(self.ids > UNKNOWN_ID, self.ids, -1)
        words, before = places[0], places[-1]
        last = np.full(len(words), -1)
        last[: len(words) - length + 1] = words[length - 1 :]
        is_run = (before >= 0) & (last >= 0) & (self._left >= length)
        return np.where(is_run, before * len(runs[0]) + last, -1)


def _places(codes: _Longs, known: _Longs) -> _Longs:
    """Return the place of each code among ``known``, which ascend, or -1."""
    if not len(known):
        return np.full(len(codes), -1)
    places = np.searchsorted(known, codes).clip(max=len(known) - 1)
    return np.where(known[places] == codes, places, -1)


def _sparse(rows: _Longs, columns: _Longs, n_rows: int, n_columns: int) -> csr_matrix:
    """Count how often each column is named in each row."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_rows, n_columns))
