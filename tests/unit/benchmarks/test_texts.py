from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from benchmarks.front.problem import LENGTH, VOCABULARY, Texts
from benchmarks.front.remeasure import _alike, _cut, key_of
from benchmarks.front.settings import Comparison
from benchmarks.front.texts import padded, prepare_texts, prepare_unseen


def test_padding_stands_before_the_words_and_the_start_of_a_long_text_is_kept() -> None:
    rows = [np.array([5, 6, VOCABULARY, VOCABULARY - 1]), np.arange(2, LENGTH + 50)]

    found = padded(rows)

    assert found.shape == (2, LENGTH)
    assert found[0].tolist() == [0] * (LENGTH - 4) + [5, 6, 1, VOCABULARY - 1]
    assert found[1].tolist() == list(range(2, LENGTH + 2))


def test_padding_that_all_texts_of_a_batch_have_is_cut() -> None:
    rows = np.array([[0, 0, 3, 4], [0, 5, 6, 7]], dtype=np.int32)

    assert _cut(rows).tolist() == [[0, 3, 4], [5, 6, 7]]


def test_every_text_is_measured_once_an_epoch_beside_those_of_like_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 20, size=100)
    rows = (np.arange(20) >= 20 - lengths[:, None]).astype(np.int32)

    batches = _alike(rows, epoch=0)

    assert sorted(np.concatenate(batches).tolist()) == list(range(100))
    spans = sorted((int(lengths[batch].min()), int(lengths[batch].max())) for batch in batches)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert [batch.tolist() for batch in batches] != [batch.tolist() for batch in _alike(rows, epoch=1)]


def test_a_network_is_named_by_its_params_whatever_their_order() -> None:
    assert key_of({"a": 1, "b": 2}, 0) == key_of({"b": 2, "a": 1}, 0)
    assert key_of({"a": 1}, 0) != key_of({"a": 1}, 1)


def test_unseen_texts_are_in_no_part_that_a_method_is_given(tmp_path: Path) -> None:
    comparison = Comparison("small", seconds=1.0, seeds=1, train=200, validation=100, unseen=60)
    given_path, unseen_path = tmp_path / "given.npz", tmp_path / "unseen.npz"

    prepare_texts(comparison, 0, tmp_path / "cache", given_path)
    prepare_unseen(comparison, 0, tmp_path / "cache", unseen_path)

    given = Texts.load(given_path)
    with np.load(unseen_path) as kept:
        ids, labels = kept["ids"], kept["labels"]
    assert ids.shape == (60, LENGTH)
    assert 20 < labels.sum() < 40
    # By words: the vocabulary of 200 reviews tells texts apart well enough.
    seen = {row.tobytes() for row in (*given.train, *given.validation)}
    assert len(seen) == 300
    assert not any(row.tobytes() in seen for row in ids)
