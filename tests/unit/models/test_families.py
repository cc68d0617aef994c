"""What holds for every family; each test builds few and tiny models, since tracing them takes the time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.networks import ALL_ON, IDS, SEQUENTIAL, build, features, sample, settings, tokens, trained
from tuner.data.values import EncodedDataset
from tuner.models import FAMILIES
from tuner.models.size import Shapes
from tuner.spec.values import Task

DatasetMaker = Callable[..., EncodedDataset]


@cache
def whole(family: str) -> Any:
    """A model with every part that its family can have; nobody changes it."""
    return build(family, task="multiclass", **ALL_ON)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_ends_in_probabilities(family: str, task: Task) -> None:
    found = build(family, task=task)(sample(family)).numpy()

    assert found.shape == ((3, 1) if task == "binary" else (3, 3))
    assert ((found > 0) & (found < 1)).all()
    if task == "multiclass":
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_ends_in_one_number_in_a_regression(family: str) -> None:
    model = build(family, task="regression")

    assert model.output.shape == (None, 1)
    assert model.get_layer("head").get_config()["activation"] == "linear"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("parts", ["default", "all"])
def test_its_size_has_every_weight(family: str, parts: str) -> None:
    model = build(family, task="multiclass") if parts == "default" else whole(family)
    params = settings(family, **({} if parts == "default" else ALL_ON))
    embedding = model.get_layer("embedding") if family in SEQUENTIAL else None
    width = embedding.output_dim if embedding else model.inputs[0].shape[-1]
    size = FAMILIES[family].size
    assert size is not None

    found = size(params, Shapes(words=7, width=width, outputs=3))

    assert found.weights == model.count_params() - (embedding.count_params() if embedding else 0)
    assert found.kept > 0
    assert found.passing > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_short_texts(
    family: str, make_dataset: DatasetMaker, short_reviews: list[tuple[str, int]], tmp_path: Path
) -> None:
    embedding = "trained" if family in SEQUENTIAL else "tfidf"
    params = settings(family, embedding, learning_rate=0.02, batch_size=16)

    assert trained(make_dataset(short_reviews), params, 20, tmp_path)[2] > 0.95


@pytest.mark.parametrize("family", FAMILIES)
def test_a_gradient_reaches_every_trainable_weight(family: str) -> None:
    import tensorflow as tf

    model = whole(family)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(sample(family)) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)

    assert len(gradients) == len(model.trainable_variables)
    for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.abs(tf.convert_to_tensor(gradient).numpy()).sum() > 0, weight.path


@pytest.mark.parametrize("family", SEQUENTIAL)
@pytest.mark.parametrize("parts", ["default", "all"])
def test_padding_does_not_change_a_prediction(family: str, parts: str) -> None:
    model = build(family) if parts == "default" else whole(family)

    together = model(np.pad(IDS, ((0, 0), (0, 5)))).numpy()
    alone = np.concatenate([model(row[: max(2, np.count_nonzero(row))][np.newaxis]).numpy() for row in IDS])

    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("family", SEQUENTIAL)
def test_the_vector_of_padding_changes_no_prediction(family: str) -> None:
    model = build(family, tokens(with_matrix=True))
    before = model(IDS).numpy()
    vectors = model.get_layer("embedding").get_weights()[0]
    vectors[0] = 9.0

    model.get_layer("embedding").set_weights([vectors])

    np.testing.assert_allclose(model(IDS).numpy(), before, atol=1e-6)


@pytest.mark.parametrize("family", SEQUENTIAL)
def test_the_order_of_words_matters(family: str) -> None:
    turned = IDS[:1, ::-1]

    assert np.abs(whole(family)(IDS[:1]).numpy() - whole(family)(turned).numpy()).max() > 1e-7


@pytest.mark.parametrize("family", SEQUENTIAL)
def test_a_text_without_words_has_a_prediction(family: str) -> None:
    found = whole(family)(np.zeros((2, 3), np.int32)).numpy()

    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_predicts_the_same(family: str, tmp_path: Path) -> None:
    import keras

    model = whole(family)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)

    np.testing.assert_allclose(loaded(sample(family)).numpy(), model(sample(family)).numpy(), atol=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_refuses_the_other_kind_of_input(family: str) -> None:
    inputs, words = (features(), "tokens") if family in SEQUENTIAL else (tokens(), "features")

    with pytest.raises(TypeError, match=f"{family} takes {words}, found"):
        build(family, inputs)
