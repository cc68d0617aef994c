"""A kept model is given the texts as training gave them, made from what was kept alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuner.data.values import EncodedDataset
from tuner.embeddings import EMBEDDINGS
from tuner.embeddings.protocol import FeatureInput
from tuner.errors import ModelError
from tuner.export.kept_weights import KeptModel
from tuner.export.texts import _features, _ids, predict_part

DatasetMaker = Callable[..., EncodedDataset]


def model(**given: Any) -> KeptModel:
    fields: dict[str, Any] = {
        "family": "tfidf_dense",
        "task": "binary",
        "classes": ("a", "b"),
        "params": {"sequence_length": 4, "keep": "end"},
        "words": (),
        "terms": (),
        "idf": np.empty(0),
        "layers": {},
    }
    return KeptModel(**{**fields, **given})


@pytest.fixture
def dataset(make_dataset: DatasetMaker, short_reviews: list[tuple[str, int]]) -> EncodedDataset:
    validation = [("the film was great great qqzz film", 1), ("qqzz", 0), ("the qqzz film qqzz was great", 0)]
    return make_dataset(short_reviews, validation)


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_features_are_those_of_training(longest: int, dataset: EncodedDataset, tmp_path: Path) -> None:
    params = {"tfidf_features": 30, "tfidf_ngrams": longest}
    trained = EMBEDDINGS["tfidf"].prepare(dataset, params, 1, tmp_path)
    assert isinstance(trained, FeatureInput)
    kept = model(terms=trained.terms, idf=trained.idf.astype(np.float64))

    for part, expected in ((dataset.validation, trained.validation), (dataset.train, trained.train)):
        batches = list(_features(kept, dataset, part))
        found = np.concatenate([texts for texts, _ in batches])
        assert np.concatenate([indices for _, indices in batches]).tolist() == list(range(part.n_texts))
        np.testing.assert_allclose(found, expected.toarray(), atol=1e-6)


def test_words_are_cut_and_unknown_as_in_training(dataset: EncodedDataset) -> None:
    kept = model(family="lstm", words=tuple(dataset.words[:3]))

    ((ids, indices),) = _ids(kept, dataset, dataset.validation)

    assert sorted(indices.tolist()) == [0, 1, 2]
    assert ids.shape == (3, 4)
    assert ids.max() <= 4
    assert ids[indices.tolist().index(1)].tolist() == [1, 0, 0, 0]


def test_a_model_of_other_texts_is_refused(dataset: EncodedDataset) -> None:
    with pytest.raises(ModelError, match="its vocabulary is not theirs; restore the study's folder"):
        predict_part(model(family="lstm", words=("other", "words")), dataset, "validation")


def test_predictions_stand_in_the_order_of_the_part(dataset: EncodedDataset) -> None:
    first = dataset.words[0]
    layers = {"head": {"0": np.array([[4.0]]), "1": np.array([-2.0])}}

    found = predict_part(model(terms=(first,), idf=np.ones(1), layers=layers), dataset, "test")

    has_first = [
        2 in dataset.test.ids[start:end]
        for start, end in zip(dataset.test.offsets[:-1], dataset.test.offsets[1:], strict=True)
    ]
    assert found.shape == (64, 1)
    assert (found[:, 0] > 0.5).tolist() == has_first
