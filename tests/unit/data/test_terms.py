"""Terms are counted as scikit-learn counts them, only by sorting numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from tests.conftest import DatasetMaker
from tuner.data.terms import count_terms, fit_terms
from tuner.data.values import EncodedDataset

MANY = 10**9


@pytest.fixture(scope="module")
def dataset(make_dataset: DatasetMaker, short_reviews: list[tuple[str, int]]) -> EncodedDataset:
    return make_dataset(short_reviews[::2], short_reviews[1::2])


def vectorizer(ngrams: int, min_texts: int) -> CountVectorizer:
    return CountVectorizer(
        tokenizer=str.split, token_pattern=None, lowercase=False, ngram_range=(1, ngrams), min_df=min_texts
    )


@pytest.mark.parametrize("ngrams", [1, 2, 3])
@pytest.mark.parametrize("min_texts", [1, 2, 5])
def test_counts_are_those_of_a_count_vectorizer(
    ngrams: int, min_texts: int, dataset: EncodedDataset, short_reviews: list[tuple[str, int]]
) -> None:
    theirs = vectorizer(ngrams, min_texts)
    train = theirs.fit_transform([text for text, _ in short_reviews[::2]]).toarray()
    validation = theirs.transform([text for text, _ in short_reviews[1::2]]).toarray()

    terms, counted = fit_terms(dataset.train, ngrams, min_texts, MANY)

    ours = np.vstack([counted.toarray(), count_terms(dataset.validation, terms).toarray()])
    # Their columns are sorted by the alphabet and ours are not: compared as a bag of columns.
    assert sorted(map(tuple, ours.T)) == sorted(map(tuple, np.vstack([train, validation]).T))
    assert (count_terms(dataset.train, terms) != counted).nnz == 0


def test_only_training_texts_decide_what_a_term_is(
    make_dataset: DatasetMaker, short_reviews: list[tuple[str, int]]
) -> None:
    other = make_dataset(short_reviews, [("quite unheard of", 0), ("the film was great", 1)])

    terms, _ = fit_terms(other.train, 2, 1, MANY)
    counts = count_terms(other.validation, terms).toarray()

    assert terms.n_terms == fit_terms(make_dataset(short_reviews).train, 2, 1, MANY)[0].n_terms
    assert counts[0].sum() == 0
    assert counts[1].sum() == 7  # four words and three pairs


def test_a_run_does_not_reach_over_a_word_that_is_none_or_into_the_next_text(
    make_dataset: DatasetMaker,
) -> None:
    dataset = make_dataset([("good film", 1), ("good film", 0)], [("good unheard film", 1), ("film good", 0)])

    terms, _ = fit_terms(dataset.train, 2, 2, MANY)

    assert terms.n_terms == 3  # not "film good", which stands from the first text into the second
    assert count_terms(dataset.validation, terms).toarray().sum(axis=1).tolist() == [2, 2]


def test_the_most_frequent_terms_are_kept(make_dataset: DatasetMaker) -> None:
    dataset = make_dataset([("a a a b b c", 1), ("a b c d", 0)])

    terms, counts = fit_terms(dataset.train, 1, 1, 2)

    assert terms.n_terms == 2
    assert counts.toarray().tolist() == [[3, 2], [1, 1]]


def test_texts_without_a_single_term_have_empty_rows(make_dataset: DatasetMaker) -> None:
    dataset = make_dataset([("a", 1), ("b", 0)])

    terms, counts = fit_terms(dataset.train, 3, 2, MANY)

    assert terms.n_terms == 0
    assert counts.shape == count_terms(dataset.train, terms).shape == (2, 0)
