"""One step, one prediction, one optimizer; what a step minimises and counts is held against NumPy."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.networks import IDS, build, settings
from tuner.metrics import measure
from tuner.models.heads import add_head
from tuner.spec.values import Task, Value
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.precision import Precision, computing_in
from tuner.training.steps import (
    MOST_AHEAD,
    MOST_AHEAD_BYTES,
    Steps,
    balanced_weights,
    handed_over,
    predict_all,
    ready_to_train,
    seed_dropout,
    trace_predict,
)

FEATURES = np.random.default_rng(5).normal(size=(30, 4)).astype(np.float32)
LABELS: dict[Task, Any] = {
    "binary": np.array([0, 1, 1] * 10, np.int32),
    "multiclass": np.array([0, 1, 2, 2, 2] * 6, np.int32),
    "regression": np.linspace(1, 10, 30, dtype=np.float32),
}

Started = tuple[Any, Steps]
Starter = Callable[..., Started]


@pytest.fixture
def start() -> Starter:
    """Make a linear model without dropout ready for a task; always with the same first weights."""

    def make(task: Task, labels: Any = None, precision: Precision = "float32", **given: Value) -> Started:
        import keras

        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        inputs = keras.Input((4,), name="features")
        model = keras.Model(inputs, add_head(inputs, task, 3))
        params: dict[str, Value] = {"optimizer": "sgd", "learning_rate": 0.0, "momentum": 0.0}
        params |= {"nesterov": False, "gradient_clip_norm": 0.0, "class_weights": "none", **given}
        with computing_in(precision):
            return ready_to_train(model, params, task, LABELS[task] if labels is None else labels)

    return make


def epoch(model: Any, steps: Steps, labels: Any, batch_size: int = 8) -> float:
    """Train on all texts once, in uneven batches; return the loss of the epoch."""
    import tensorflow as tf

    model.reset_metrics()
    loss = np.nan
    for at in range(0, len(labels), batch_size):
        chosen = slice(at, at + batch_size)
        loss = float(steps.train(tf.constant(FEATURES[chosen]), tf.constant(labels[chosen])))
    return loss


def predictions(steps: Steps) -> Any:
    return predict_all(steps.predict, [(FEATURES, None, np.arange(len(FEATURES)))], len(FEATURES))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_with_weights_that_stay_training_metrics_are_those_of_the_whole_part(
    task: Task, start: Starter
) -> None:
    model, steps = start(task)

    loss = epoch(model, steps, LABELS[task])

    expected = measure(LABELS[task], predictions(steps), task)
    assert loss == pytest.approx(expected["loss"], rel=1e-5)
    trained = steps.trained()
    assert trained.keys() == {f"train_{name}" for name in expected if name not in ("loss", "auc")}
    for name, value in trained.items():
        assert value == pytest.approx(expected[name.removeprefix("train_")], rel=1e-5), name


def test_each_epoch_is_counted_for_itself(start: Starter) -> None:
    model, steps = start("multiclass")

    epoch(model, steps, LABELS["multiclass"])
    first = steps.trained()
    epoch(model, steps, LABELS["multiclass"], batch_size=30)

    assert steps.trained() == pytest.approx(first)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_balanced_weights_are_those_of_scikit_learn(task: Task) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    labels = LABELS[task]

    expected = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    np.testing.assert_allclose(balanced_weights(labels), expected, rtol=1e-6)
    assert balanced_weights(labels)[labels].mean() == pytest.approx(1.0)


def test_class_weights_are_in_the_loss_and_in_no_other_metric(start: Starter) -> None:
    labels = LABELS["multiclass"]
    plain_model, plain = start("multiclass")
    model, steps = start("multiclass", class_weights="balanced")

    epoch(plain_model, plain, labels)
    loss = epoch(model, steps, labels)

    probabilities = predictions(steps)
    of_texts = -np.log(probabilities[np.arange(len(labels)), labels])
    assert loss == pytest.approx((balanced_weights(labels)[labels] * of_texts).mean(), rel=1e-5)
    assert loss != pytest.approx(of_texts.mean(), rel=1e-2)
    assert steps.trained() == pytest.approx(plain.trained())
    assert measure(labels, probabilities, "multiclass")["loss"] == pytest.approx(of_texts.mean(), rel=1e-5)


@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_a_step_goes_along_the_gradient_of_the_weighted_loss(start: Starter, weights: str) -> None:
    import tensorflow as tf

    labels = LABELS["multiclass"]
    model, steps = start("multiclass", learning_rate=0.5, class_weights=weights)
    before = model.get_layer("head").get_weights()[0]  # (4, 3)
    errors = predictions(steps) - np.eye(3)[labels]  # (30, 3): of softmax with cross-entropy
    each = balanced_weights(labels)[labels] if weights == "balanced" else np.ones(len(labels))

    steps.train(tf.constant(FEATURES), tf.constant(labels))

    gradient = FEATURES.T @ (each[:, np.newaxis] * errors) / len(labels)
    np.testing.assert_allclose(model.get_layer("head").get_weights()[0], before - 0.5 * gradient, atol=1e-5)


def test_balanced_weights_make_a_rare_class_be_found(start: Starter) -> None:
    labels = np.array([0] * 27 + [1] * 3, np.int32)
    recalls = []
    for weights in ("none", "balanced"):
        model, steps = start("binary", labels, learning_rate=0.2, class_weights=weights)
        for _ in range(5):
            epoch(model, steps, labels)
        recalls.append(measure(labels, predictions(steps), "binary")["recall"])

    assert recalls[0] < recalls[1]


def test_a_regression_begins_near_the_mean_of_its_labels(start: Starter) -> None:
    labels = LABELS["regression"] + 1000

    _, steps = start("regression", labels)

    assert predictions(steps).mean() == pytest.approx(float(labels.mean()), abs=5.0)


def test_a_regression_learns_alike_in_every_unit(start: Starter) -> None:
    labels = LABELS["regression"]
    found = []
    for scale, shift in ((1.0, 0.0), (1000.0, -7e4)):
        scaled = (labels * scale + shift).astype(np.float32)
        model, steps = start("regression", scaled, learning_rate=0.05)
        for _ in range(3):
            loss = epoch(model, steps, scaled)
        found.append(((predictions(steps) - shift) / scale, loss / scale**2))

    np.testing.assert_allclose(found[1][0], found[0][0], atol=2e-3)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-3)


def test_a_regression_fits_what_can_be_fitted(start: Starter) -> None:
    labels = (FEATURES @ np.array([30, -20, 10, 5], np.float32) + 700).astype(np.float32)
    model, steps = start("regression", labels, learning_rate=0.1)

    for _ in range(30):
        epoch(model, steps, labels)

    assert measure(labels, predictions(steps), "regression")["r2"] > 0.99


def test_a_saved_regression_predicts_in_the_unit_of_its_labels(start: Starter, tmp_path: Any) -> None:
    import keras

    model, steps = start("regression", LABELS["regression"] * 100)
    keras.Model(model.inputs, model.outputs).save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)

    again = trace_predict(loaded)(FEATURES).numpy()
    np.testing.assert_allclose(again, predictions(steps), rtol=1e-5)
    assert again.mean() > 100


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_a_worker_lets_go_of_a_trials_graphs(start: Starter, clip_norm: float, precision: Precision) -> None:
    """Kept, they make every trial of a long study slower than the one before."""
    import keras
    from tensorflow.python.framework.func_graph import FuncGraph

    def graphs() -> int:
        keras.utils.clear_session()
        gc.collect()
        return sum(isinstance(each, FuncGraph) for each in gc.get_objects())

    before = graphs()
    start("binary", gradient_clip_norm=clip_norm, precision=precision)

    assert graphs() == before


def test_one_trace_serves_all_batches() -> None:
    import tensorflow as tf

    model = build("lstm")
    traced: list[Any] = []
    train_step = model.train_step

    def counted(data: Any) -> Any:
        traced.append(data)
        return train_step(data)

    model.train_step = counted
    _, steps = ready_to_train(model, settings("lstm"), "binary", np.array([0, 1]))

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


@pytest.mark.parametrize(
    ("n_words", "ahead"),
    [
        (3, MOST_AHEAD),
        (MOST_AHEAD_BYTES // 4 // 5 + 1, 5),  # ids of four bytes
        (MOST_AHEAD_BYTES // 2, 1),
    ],
)
def test_batches_are_made_some_at_a_time_and_come_one_by_one(n_words: int, ahead: int) -> None:
    made = []

    def batches() -> Iterator[tuple[Any, Any]]:
        for number in range(2 * ahead + 1):
            made.append(number)
            yield np.full((1, n_words), number, np.int32), np.array([number], np.int32)

    handed = handed_over(batches())
    assert not made
    for number, (inputs, labels) in enumerate(handed):
        assert len(made) == min(2 * ahead + 1, ahead * (number // ahead + 1))
        assert inputs.shape == (1, n_words)
        assert int(inputs[0, -1]) == int(labels[0]) == number
    assert number == 2 * ahead


def test_how_many_batches_are_made_follows_from_all_of_their_sizes() -> None:
    """A short batch first says nothing of those behind it: each has as many words as its longest text."""
    made = []

    def batches() -> Iterator[tuple[Any, Any]]:
        for n_words in (1, 1, *[MOST_AHEAD_BYTES // 8] * 5):  # half of what is allowed
            made.append(n_words)
            yield np.zeros((1, n_words), np.int32), np.zeros(1, np.int32)

    ahead = [len(made) for _ in handed_over(batches())]
    assert ahead == [4, 4, 4, 4, 6, 6, 7]


def test_predictions_come_back_in_the_order_of_the_texts() -> None:
    batches = [(np.array([[2.0]]), None, np.array([2])), (np.array([[0.0], [1.0]]), None, np.array([0, 1]))]

    told: list[None] = []

    found = predict_all(lambda inputs: inputs, batches, 3, lambda: told.append(None))

    np.testing.assert_array_equal(found, [[0], [1], [2]])
    assert len(told) == len(batches), "a sign of life after each"
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
