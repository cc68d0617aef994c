"""What one training step and one prediction compute, as two traced functions.

Not ``Model.fit``: it retraces for odd shapes, stalls on ``PyDataset``'s queue, and knows no clock. Here
batch and length are open from the start, so that there is one trace for all batches, and it happens
when it is asked for and not inside the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tuner.spec.values import Params, Task
from tuner.training.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    import keras

__all__ = ["Steps", "compile_model", "predict_all", "seed_dropout", "trace_predict", "trace_steps"]


@dataclass(frozen=True)
class Steps:
    """The two traced functions of a model.

    Attributes:
        train: ``(inputs, labels) -> {"loss": ..., "accuracy": ...}`` as scalar tensors: means over the
            batches since ``model.reset_metrics()``. Changes weights.
        predict: ``inputs -> probabilities``, as tensors.
    """

    train: Callable[[Any, Any], dict[str, Any]]
    predict: Callable[[Any], Any]


def compile_model(model: keras.Model, params: Params, task: Task) -> None:
    """Give a model its optimizer, loss and accuracy. Without XLA, which was slower for recurrent layers."""
    import keras

    if task == "binary":
        loss: Any = keras.losses.BinaryCrossentropy()
        accuracy: Any = keras.metrics.BinaryAccuracy(name="accuracy")
    else:
        loss = keras.losses.SparseCategoricalCrossentropy()
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    optimizer = OPTIMIZERS[str(params["optimizer"])].make(params)
    # Built here: a step that finds variables to make is traced twice.
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss, metrics=[accuracy], jit_compile=False)


def trace_steps(model: keras.Model, task: Task) -> Steps:
    """Trace a compiled model for batches of any size and length.

    Args:
        model: As :func:`compile_model` left it.
        task: A binary label becomes ``(batch, 1) float32``, as the loss wants it.
    """
    import tensorflow as tf

    def step(inputs: Any, labels: Any) -> Any:
        if task == "binary":
            labels = tf.cast(labels, tf.float32)[:, tf.newaxis]  # (B, 1)
        return model.train_step((inputs, labels))

    signature = [_input_spec(model), tf.TensorSpec([None], tf.int32, name="labels")]
    train = tf.function(step, input_signature=signature, autograph=False, jit_compile=False)
    return Steps(train.get_concrete_function(), trace_predict(model))


def trace_predict(model: keras.Model) -> Callable[[Any], Any]:
    """Trace a model's forward pass, without dropout."""
    import tensorflow as tf

    def predict(inputs: Any) -> Any:
        return model(inputs, training=False)

    traced = tf.function(predict, input_signature=[_input_spec(model)], autograph=False, jit_compile=False)
    return traced.get_concrete_function()  # type: ignore[no-any-return]  # TensorFlow is untyped


def _input_spec(model: keras.Model) -> Any:
    import tensorflow as tf

    given = model.inputs[0]
    return tf.TensorSpec(given.shape, given.dtype, name="inputs")


def predict_all(
    predict: Callable[[Any], Any],
    batches: Iterable[tuple[npt.NDArray[Any], Any, npt.NDArray[np.int64]]],
    n_texts: int,
) -> npt.NDArray[np.float32]:
    """Predict every text of a part.

    Args:
        predict: Traced.
        batches: Inputs, labels (not read) and indices; every text once.
        n_texts: In all.

    Returns:
        ``(n_texts, n_outputs) float32`` probabilities, in the order of the part.
    """
    import tensorflow as tf

    probabilities: npt.NDArray[np.float32] | None = None
    for inputs, _, indices in batches:
        found = predict(tf.constant(inputs)).numpy()  # (B, n_outputs)
        if probabilities is None:
            probabilities = np.empty((n_texts, found.shape[1]), dtype=np.float32)
        probabilities[indices] = found
    if probabilities is None:
        raise ValueError("a part without texts cannot be predicted")
    return probabilities


def seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Set every source of random numbers in a model from the trial's seed and the epoch.

    So an epoch drops the same units whether the trial ran through or was continued before it.
    """
    states = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    for index, state in enumerate(states):
        drawn = np.random.default_rng([seed, epoch, index]).integers(1, 2**31 - 1)
        state.assign(np.array([drawn, 0], dtype=np.int64))
