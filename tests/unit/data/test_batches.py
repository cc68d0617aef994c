"""Batches of texts of like length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tuner.data.batches import (
    evaluation_batches,
    evaluation_feature_batches,
    feature_batches,
    training_batches,
)
from tuner.data.values import Part


def part_of(texts: Sequence[Sequence[int]]) -> Part:
    lengths = [len(text) for text in texts]
    return Part(
        ids=np.array([each for text in texts for each in text], np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        labels=np.arange(len(texts), dtype=np.int32),
    )


SMALL = part_of([[2, 3, 4, 5], [6], [7, 8], [9, 2, 3]])


def random_part(n_texts: int, longest: int = 60) -> Part:
    random = np.random.default_rng(0)
    return part_of([random.integers(2, 50, random.integers(1, longest)).tolist() for _ in range(n_texts)])


def test_ids_are_padded_on_the_right_and_cut_at_the_end() -> None:
    ((ids, labels, indices),) = evaluation_batches(SMALL, 100, 3, "start")

    assert indices.tolist() == labels.tolist() == [1, 2, 0, 3]
    assert ids.tolist() == [[6, 0, 0], [7, 8, 0], [2, 3, 4], [9, 2, 3]]
    assert ids.dtype == labels.dtype == np.dtype(np.int32)


def test_the_end_of_a_long_text_can_be_kept() -> None:
    ((ids, _, _),) = evaluation_batches(SMALL, 100, 2, "end")

    assert ids.tolist() == [[6, 0], [4, 5], [7, 8], [2, 3]]


def test_words_beyond_the_vocabulary_become_unknown() -> None:
    ((ids, _, _),) = evaluation_batches(SMALL, 4, 3, "start")

    assert ids.tolist() == [[1, 0, 0], [1, 1, 0], [2, 3, 1], [1, 2, 3]]


def test_a_batch_is_as_wide_as_its_longest_text() -> None:
    widths = [ids.shape for ids, _, _ in evaluation_batches(SMALL, 100, 10, "start", batch_size=2)]

    assert widths == [(2, 2), (2, 4)]


def test_an_epoch_shows_every_text_once() -> None:
    part = random_part(103)

    batches = list(training_batches(part, 50, 40, "start", 8, seed=1, epoch=0))

    assert sorted(label for _, labels in batches for label in labels.tolist()) == list(range(103))
    assert sorted(len(labels) for _, labels in batches) == [7] + [8] * 12


def test_seed_and_epoch_make_the_order() -> None:
    part = random_part(64)

    def order(seed: int, epoch: int) -> list[int]:
        batches = training_batches(part, 50, 40, "start", 4, seed, epoch)
        return [label for _, labels in batches for label in labels.tolist()]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_batches_hold_texts_of_like_length_but_come_in_no_order_of_length() -> None:
    part = random_part(2000)

    batches = [ids for ids, _ in training_batches(part, 50, 60, "start", 16, seed=0, epoch=0)]

    padding = 1 - sum((ids > 0).sum() for ids in batches) / sum(ids.size for ids in batches)
    assert padding < 0.05
    widths = np.array([ids.shape[1] for ids in batches])
    assert abs(np.corrcoef(widths, np.arange(len(widths)))[0, 1]) < 0.3


@pytest.mark.parametrize("epoch", [0, 1])
def test_features_come_dense_once_an_epoch_with_their_labels(epoch: int) -> None:
    matrix = csr_matrix(np.diag(np.arange(1.0, 11.0)))
    labels = np.arange(10)

    batches = list(feature_batches(matrix, labels, 4, seed=0, epoch=epoch))

    assert [rows.shape for rows, _ in batches] == [(4, 10), (4, 10), (2, 10)]
    assert sorted(label for _, own in batches for label in own.tolist()) == list(range(10))
    for rows, own in batches:
        assert rows.dtype == np.float32
        assert rows[np.arange(len(own)), own].tolist() == (own + 1.0).tolist()


def test_features_are_evaluated_in_their_order() -> None:
    matrix = csr_matrix(np.eye(5, dtype=np.float32))

    batches = list(evaluation_feature_batches(matrix, np.arange(5), batch_size=2))

    assert [indices.tolist() for _, _, indices in batches] == [[0, 1], [2, 3], [4]]
    assert [labels.tolist() for _, labels, _ in batches] == [[0, 1], [2, 3], [4]]
    assert np.concatenate([rows for rows, _, _ in batches]).tolist() == np.eye(5).tolist()
