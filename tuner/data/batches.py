"""Batches of texts of like length.

A recurrent layer pays for every padded place, and one long text makes a whole batch long: padding IMDB
to 500 words costs two to four times the training time. So texts are shuffled, sorted by length within
windows of fifty batches, cut into batches, and the batches shuffled. Every text comes once an epoch, who
sits with whom changes from epoch to epoch, and batch ``(seed, epoch, i)`` is always the same.

Ids beyond a trial's vocabulary become the unknown word here, and texts beyond its sequence length
are cut; what lies on disk serves every trial.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.data.values import UNKNOWN_ID, LabelArray, Part

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = [
    "Keep",
    "evaluation_batches",
    "evaluation_feature_batches",
    "feature_batches",
    "training_batches",
]

Keep: TypeAlias = Literal["start", "end"]
"""Which end of a too long text is kept."""

Ids: TypeAlias = npt.NDArray[np.int32]
Rows: TypeAlias = npt.NDArray[np.float32]
Labels: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int64]

_WINDOW_BATCHES = 50


def training_batches(
    part: Part,
    vocabulary_size: int,
    sequence_length: int,
    keep: Keep,
    batch_size: int,
    seed: int,
    epoch: int,
) -> Iterator[tuple[Ids, Labels]]:
    """Yield the batches of one epoch.

    Args:
        part: Encoded texts.
        vocabulary_size: Ids from this on become the unknown word.
        sequence_length: Words kept of a text.
        keep: The kept end of a longer one.
        batch_size: Texts in a batch; one of the batches holds the rest and may be smaller.
        seed: Of the trial.
        epoch: 0-based.

    Yields:
        ids ``(n, n_words) int32``, padded with 0 on the right to the longest of this batch, and labels
        ``(n,)``, int32 or float32 as the part has them.
    """
    lengths = np.minimum(np.diff(part.offsets), sequence_length)
    labels = np.asarray(part.labels)
    for chosen in _alike(lengths, batch_size, seed, epoch):
        yield _padded(part, chosen, lengths[chosen], vocabulary_size, keep), labels[chosen]


def evaluation_batches(
    part: Part, vocabulary_size: int, sequence_length: int, keep: Keep, batch_size: int = 256
) -> Iterator[tuple[Ids, Labels, Indices]]:
    """Yield every text once, shortest first.

    Args:
        part, vocabulary_size, sequence_length, keep: As for :func:`training_batches`.
        batch_size: Defaults to 256 because without gradients a large batch costs little memory.

    Yields:
        ids and labels as :func:`training_batches`, and the texts' indices ``(n,) int64``: the
        predictions of a batch belong to ``predictions[indices]``.
    """
    lengths = np.minimum(np.diff(part.offsets), sequence_length)
    order = np.argsort(lengths, kind="stable").astype(np.int64)
    labels = np.asarray(part.labels)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        yield _padded(part, chosen, lengths[chosen], vocabulary_size, keep), labels[chosen], chosen


def feature_batches(
    matrix: csr_matrix, labels: LabelArray, batch_size: int, seed: int, epoch: int
) -> Iterator[tuple[Rows, Labels]]:
    """Yield the rows of a sparse matrix in a new order each epoch, dense.

    Args:
        matrix: ``(n_texts, n_features)``.
        labels: ``(n_texts,)``.
        batch_size, seed, epoch: As for :func:`training_batches`.

    Yields:
        rows ``(n, n_features) float32`` and labels ``(n,)`` as given.
    """
    order = np.random.default_rng([seed, epoch]).permutation(matrix.shape[0])
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        yield _dense(matrix, chosen), np.asarray(labels[chosen])


def evaluation_feature_batches(
    matrix: csr_matrix, labels: LabelArray, batch_size: int = 256
) -> Iterator[tuple[Rows, Labels, Indices]]:
    """Yield the rows of a sparse matrix in their order, dense, with labels and indices."""
    for start in range(0, matrix.shape[0], batch_size):
        chosen = np.arange(start, min(start + batch_size, matrix.shape[0]))
        yield _dense(matrix, chosen), np.asarray(labels[chosen]), chosen


def _alike(lengths: Indices, batch_size: int, seed: int, epoch: int) -> Iterator[Indices]:
    """Yield the indices of each batch of an epoch."""
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(len(lengths))
    window = np.arange(len(lengths)) // (_WINDOW_BATCHES * batch_size)
    order = shuffled[np.lexsort((lengths[shuffled], window))]
    for batch in random.permutation(-(-len(order) // batch_size)):
        yield order[batch * batch_size : (batch + 1) * batch_size]


def _padded(part: Part, chosen: Indices, lengths: Indices, vocabulary_size: int, keep: Keep) -> Ids:
    """Return the ids of the chosen texts, ``(len(chosen), max(lengths)) int32``."""
    starts = part.offsets[chosen] if keep == "start" else part.offsets[chosen + 1] - lengths  # (B,)
    place = np.arange(lengths.max())  # (T,)
    # Whatever stands behind a text's end is read as well, and covered: less work than to pick words singly.
    words = np.asarray(part.ids).take(starts[:, None] + place, mode="clip")  # (B, T)
    ids = np.where(words < vocabulary_size, words, np.int32(UNKNOWN_ID))
    ids[place >= lengths[:, None]] = 0
    return ids


def _dense(matrix: csr_matrix, chosen: Indices) -> Rows:
    rows: Rows = matrix[chosen].toarray().astype(np.float32, copy=False)
    return rows
