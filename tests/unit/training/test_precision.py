"""Half precision, here on a processor: where it runs, and that it trains and keeps as single does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.networks import SEQUENTIAL, features, sample, settings, tokens
from tuner.models import FAMILIES
from tuner.models.heads import add_head
from tuner.spec.values import Task, Value
from tuner.training.kept_model import load_model
from tuner.training.precision import Precision, computing_in, in_single_precision, precision_of
from tuner.training.steps import Steps, ready_to_train, trace_predict


def machine_with(*gpus: str) -> Any:
    """Stand for ``tf.config`` of a machine with these GPUs."""
    return SimpleNamespace(list_physical_devices=lambda kind: list(gpus) if kind == "GPU" else ["cpu"])


@pytest.fixture
def half() -> Iterator[None]:
    with computing_in("mixed_float16"):
        yield


@pytest.mark.parametrize(
    ("declared", "gpus", "expected"),
    [
        (True, ["gpu"], "mixed_float16"),
        (True, [], "float32"),
        (False, ["gpu"], "float32"),
        (False, [], "float32"),
    ],
)
def test_half_precision_runs_where_it_is_declared_and_there_is_a_gpu(
    declared: bool, gpus: list[str], expected: Precision
) -> None:
    assert precision_of({"mixed_precision": declared}, machine_with(*gpus)) == expected


def test_the_next_trial_computes_as_if_none_had_been_before() -> None:
    import keras

    def fail() -> None:
        with computing_in("mixed_float16"):
            assert keras.layers.Dense(1).compute_dtype == "float16"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert keras.config.dtype_policy().name == "float32"
    assert keras.layers.Dense(1).compute_dtype == "float32"


def build(family: str, task: Task = "binary") -> Any:
    """Build a model; not as `tests.networks` does, for `clear_session` forgets the precision."""
    import keras

    keras.utils.set_random_seed(3)
    inputs = tokens() if family in SEQUENTIAL else features()
    return FAMILIES[family].build(settings(family, bidirectional=True, dense_units=4), inputs, task, 3)


def small_model(family: str, task: Task = "binary", unit: float = 1.0) -> tuple[Any, Steps]:
    labels: Any = np.array([0, unit, unit], np.float32 if task == "regression" else np.int32)
    return ready_to_train(build(family, task), settings(family), task, labels)


@pytest.mark.usefixtures("half")
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_trains_in_half_precision_and_is_kept_as_it_predicts(
    family: str, tmp_path: Path
) -> None:
    import tensorflow as tf

    model, steps = small_model(family)
    inputs, labels = tf.constant(sample(family)), tf.constant([0, 1, 1])

    losses = [float(steps.train(inputs, labels)) for _ in range(3)]
    found = steps.predict(inputs)
    model.save(tmp_path / "model.keras")
    with computing_in("float32"):  # as whoever loads it does
        loaded = load_model(tmp_path / "model.keras")
        again = trace_predict(loaded)(inputs)
        single = in_single_precision(loaded)

    assert np.isfinite(losses).all()
    assert model.outputs[0].dtype == found.dtype == "float32"
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    computed = {layer.compute_dtype for layer in model._flatten_layers(include_self=False)}
    assert computed == {"float16", "float32"}
    np.testing.assert_allclose(again, found, atol=1e-3)
    assert {layer.compute_dtype for layer in single._flatten_layers(include_self=False)} == {"float32"}
    np.testing.assert_allclose(single(inputs, training=False), found, atol=5e-3)


@pytest.mark.usefixtures("half")
def test_classes_have_shares_that_are_one_in_all() -> None:
    import tensorflow as tf

    _, steps = small_model("cnn", "multiclass")
    inputs = tf.constant(sample("cnn"))

    losses = [float(steps.train(inputs, tf.constant([0, 1, 2]))) for _ in range(3)]

    assert np.isfinite(losses).all()
    np.testing.assert_allclose(np.sum(steps.predict(inputs), axis=1), 1.0, rtol=1e-6)


@pytest.mark.usefixtures("half")
def test_a_regression_learns_numbers_that_half_precision_cannot_hold() -> None:
    import tensorflow as tf

    _, steps = small_model("cnn", "regression", unit=1e6)
    inputs, prices = tf.constant(sample("cnn")), tf.constant([0.0, 1e6, 1e6])

    losses = [float(steps.train(inputs, prices)) for _ in range(3)]

    assert np.isfinite(losses).all()
    assert np.mean(steps.predict(inputs)) == pytest.approx(2e6 / 3, rel=0.5)


def test_padding_changes_no_prediction_in_half_precision_either() -> None:
    with computing_in("mixed_float16"):
        for family in SEQUENTIAL:
            model = build(family)
            padded = np.pad(sample(family), ((0, 0), (0, 5)))
            found, expected = (np.asarray(model(each, training=False)) for each in (padded, sample(family)))
            np.testing.assert_allclose(found, expected, atol=5e-3, err_msg=family)


def linear(**given: Any) -> tuple[Any, Steps]:
    """Make a linear model ready, one layer of which computes in half precision."""
    import keras

    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,), name="features")
    model = keras.Model(inputs, add_head(keras.layers.Dense(3)(inputs), "binary", 2))
    params: dict[str, Value] = {"optimizer": "sgd", "learning_rate": 1.0, "momentum": 0.0, "nesterov": False}
    params |= {"gradient_clip_norm": 0.0, "class_weights": "none", **given}
    return ready_to_train(model, params, "binary", np.array([0, 1], np.int32))


FEATURES = np.array([[1, 2, 3, 4], [4, 1, 0, 2]], np.float32)


def moved(model: Any, steps: Steps) -> float:
    """Return how far one step moves the weights."""
    import tensorflow as tf

    before = model.get_weights()
    steps.train(tf.constant(FEATURES), tf.constant([0, 1]))
    return float(np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(model.get_weights(), before, strict=True))))


def test_a_step_is_as_long_as_in_single_precision() -> None:
    single = moved(*linear())
    with computing_in("mixed_float16"):
        half = moved(*linear())

    assert half == pytest.approx(single, rel=1e-2)


@pytest.mark.usefixtures("half")
def test_gradients_are_clipped_after_they_are_scaled_back() -> None:
    """Clipped before, a gradient of the length of 0.01 would be one of 0.01 / 32,768."""
    assert moved(*linear(gradient_clip_norm=0.01)) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.usefixtures("half")
def test_a_gradient_that_overflows_leaves_the_step_out_and_halves_the_scale() -> None:
    model, steps = linear()
    model.optimizer.dynamic_scale.assign(2.0**40)

    assert moved(model, steps) == 0.0
    assert float(model.optimizer.dynamic_scale) == 2.0**39


@pytest.mark.usefixtures("half")
def test_the_learning_rate_reaches_the_optimizer_within() -> None:
    model, steps = linear()

    model.optimizer.learning_rate = 0.0

    assert moved(model, steps) == 0.0


def test_in_single_precision_no_loss_is_scaled() -> None:
    model, _ = linear()

    assert type(model.optimizer).__name__ == "SGD"
    assert in_single_precision(model) is model
