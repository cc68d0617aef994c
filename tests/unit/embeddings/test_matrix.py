from __future__ import annotations

import numpy as np
import pytest

from tuner.embeddings.matrix import KnownVectors, coverage_of, known_vectors, matrix_input, wanted_forms
from tuner.errors import VectorsError


def known(rows: list[int], dimension: int = 4) -> KnownVectors:
    vectors = np.random.default_rng(3).normal([0, 1, 5, -2], [1, 2, 0.1, 1], (len(rows), dimension))
    return KnownVectors(np.array(rows), vectors.astype(np.float32), "vectors.txt")


def test_known_words_get_their_vector_and_padding_is_zero() -> None:
    found = known([0, 2])

    prepared = matrix_input(found, size=5, trainable=False, seed=1)

    assert prepared.matrix is not None
    assert prepared.matrix.shape == (5, 4)
    assert prepared.matrix.dtype == np.float32
    assert not prepared.matrix[0].any()
    np.testing.assert_array_equal(prepared.matrix[[2, 4]], found.vectors)
    assert prepared.coverage == pytest.approx(2 / 3)


def test_words_without_a_vector_are_drawn_from_the_spread_of_the_known() -> None:
    found = known(list(range(3000)))

    prepared = matrix_input(found, size=6002, trainable=False, seed=1)
    assert prepared.matrix is None or len(prepared.matrix) == 6002
    assert prepared.matrix is not None
    drawn = prepared.matrix[3002:]

    np.testing.assert_allclose(drawn.mean(axis=0), found.vectors.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=0), found.vectors.std(axis=0), rtol=0.1)


def test_the_same_seed_draws_the_same_vectors() -> None:
    first, again, other = (matrix_input(known([0, 1]), 9, False, seed).matrix for seed in (1, 1, 2))

    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_vectors_beyond_the_vocabulary_are_left_out() -> None:
    prepared = matrix_input(known([0, 1, 7]), size=4, trainable=True, seed=1)

    assert prepared.matrix is not None
    assert prepared.matrix.shape == (4, 4)
    assert prepared.coverage == 1.0
    assert prepared.trainable


def test_vectors_that_know_no_word_are_refused() -> None:
    with pytest.raises(VectorsError, match=r"vectors\.txt: has a vector for none of the 3 words"):
        matrix_input(known([7]), size=5, trainable=False, seed=1)


def test_a_word_takes_its_own_spelling_first_and_then_the_lower_case_one() -> None:
    found = {form: np.full(2, value, np.float32) for form, value in (("the", 1), ("The", 2), ("film", 3))}

    vectors = known_vectors(["The", "Film", "the", "Oscar"], found, 2, "here")

    assert wanted_forms(["The", "Film"]) == {"The", "the", "Film", "film"}
    assert vectors.rows.tolist() == [0, 1, 2]
    assert vectors.vectors[:, 0].tolist() == [2, 3, 1]


def test_a_word_that_is_unknown_gets_the_mean_of_its_known_parts() -> None:
    values = {"do": [1, 0], "n't": [3, 4], "film": [5, 6], "it": [0, 2], "'s": [2, 0], "movie-goer": [9, 9]}
    found = {form: np.array(value, np.float32) for form, value in values.items()}

    words = ["don't", "Film.", '"It\u2019s', "movie-goer", "film/qqzz", "(qqzz)", "..."]
    vectors = known_vectors(words, found, 2, "here")

    assert wanted_forms(["don't"]) == {"don't", "do", "n't"}
    assert vectors.rows.tolist() == [0, 1, 2, 3, 4]
    assert vectors.vectors.tolist() == [[2, 2], [5, 6], [1, 1], [9, 9], [5, 6]]


def test_coverage_is_that_of_the_vocabulary() -> None:
    found = coverage_of(known([0, 2, 9]), size=6)

    assert (found.origin, found.n_words, found.share) == ("vectors.txt", 4, 0.5)
