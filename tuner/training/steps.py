"""What one training step and one prediction compute, as two traced functions.

Not ``Model.fit``: it retraces for odd shapes, stalls on ``PyDataset``'s queue, and knows no clock. Here
batch and length are open from the start, so that there is one trace for all batches, and it happens
when it is asked for and not inside the first step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tuner.data.values import LabelArray
from tuner.models.heads import in_label_units
from tuner.spec.values import Params, Task
from tuner.training.graphs import Graph, Graphs, graph_key
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.precision import with_scaled_loss
from tuner.training.tally import Tally, tally_for

if TYPE_CHECKING:
    import keras

__all__ = [
    "Steps",
    "balanced_weights",
    "handed_over",
    "predict_all",
    "ready_to_train",
    "seed_dropout",
    "trace_predict",
    "warm_up",
]


MOST_AHEAD = 32
"""Batches that are made at a time. What runs once between two steps finds neither its code nor its data in
the processor's caches, and takes several times as long as in a row (``benchmarks/trial_cost.py``)."""

MOST_AHEAD_BYTES = 4 * 2**20
"""Of inputs after which no more are made: rows of TF-IDF are a MiB a batch."""


MOST_TO_WARM_UP = 256
"""Texts of a step that is taken for nothing. After it a step of 256 texts took what later ones do, and one of
2,048 as well; a whole batch may be all texts there are, and would cost as much as an epoch."""


@dataclass(frozen=True)
class Steps:
    """The two traced functions of a model.

    Attributes:
        train: ``(inputs, labels) -> loss`` as a scalar tensor: the mean over the texts of all batches since
            ``model.reset_metrics()``, class weights applied. Changes weights.
        predict: ``inputs -> probabilities``, or numbers in the label's unit, as tensors.
        trained: Returns the training metrics of the batches since ``model.reset_metrics()`` but the loss.
    """

    train: Callable[[Any, Any], Any]
    predict: Callable[[Any], Any]
    trained: Callable[[], dict[str, float]]


def ready_to_train(
    model: keras.Model, params: Params, task: Task, labels: LabelArray, graphs: Graphs | None = None
) -> tuple[keras.Model, Steps]:
    """Make what a family has built ready to be trained.

    Args:
        model: Not compiled.
        params: The trial's settings.
        task: Decides loss and metrics.
        labels: Of the training part: a regression's unit, and how often each class comes.
        graphs: What former trials have traced, to be used again and added to. Defaults to none.

    Returns:
        The model, of a regression with its output in the label's unit, and its steps. Where a graph is used
        again the model is another one than was given, with the same weights.
    """
    scale = 1.0
    if task == "regression":
        scale = float(np.std(labels, dtype=np.float64))
        model = in_label_units(model, float(np.mean(labels, dtype=np.float64)), scale)
    weights = balanced_weights(labels) if params["class_weights"] == "balanced" else None
    learning = _Learning(_compile(model, params, task, scale), scale, weights)
    if graphs is None:
        return model, _trace_steps(model, task, learning)
    key = graph_key(model, params, task, weights)
    graph = graphs.find(key)
    if graph is None:
        graph = Graph(model, _trace_steps(model, task, learning))
        graphs.keep(key, graph)
    else:
        graph.begin_as(model)
    return graph.model, graph.steps


def balanced_weights(labels: LabelArray) -> npt.NDArray[np.float32]:
    """Return what a text of each class counts, ``(n_classes,) float32``.

    ``n / (k * count)``, as scikit-learn's ``class_weight="balanced"`` (King and Zeng 2001): each class
    counts alike, and the mean over texts is 1, so that learning rates keep their meaning.

    Args:
        labels: ``(n_texts,)`` class indices of the training part, which has every class.
    """
    counts = np.bincount(labels.astype(np.int64))
    return (len(labels) / (len(counts) * counts)).astype(np.float32)


@dataclass(frozen=True)
class _Learning:
    """What a traced step needs beside the model.

    Attributes:
        tally: Compiled into the model.
        scale: Of a regression; brings the loss back into the label's unit.
        weights: ``(n_classes,)`` of the training loss, or None.
    """

    tally: Tally
    scale: float
    weights: npt.NDArray[np.float32] | None


def _compile(model: keras.Model, params: Params, task: Task, scale: float) -> Tally:
    """Give a model its optimizer, loss and tally. Without XLA, which was slower for recurrent layers.

    Args:
        model: As :func:`ready_to_train` has it.
        params: The trial's settings.
        task: What is predicted.
        scale: Of a regression, see :func:`~tuner.models.heads.in_label_units`. Errors are minimised in
            standard units, so that learning rates mean the same whatever the label's unit.
    """
    import keras
    from keras import ops

    def standard_mse(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square((y_pred - y_true) / scale), axis=-1)  # (B,)

    if task == "binary":
        loss: Any = keras.losses.BinaryCrossentropy()
    elif task == "regression":
        loss = standard_mse
    else:
        loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = OPTIMIZERS[str(params["optimizer"])].make(params)
    # Of one device there is nothing to reduce. Where TensorFlow is asked to, `tf.custom_gradient` registers a
    # function for ever, and with it this trial's graph: a worker would grow, and slow down, trial by trial.
    optimizer._all_reduce_sum_gradients = list
    optimizer = with_scaled_loss(optimizer)
    # Built here: a step that finds variables to make is traced twice.
    optimizer.build(model.trainable_variables)
    tally = tally_for(model, task, scale)
    model.compile(optimizer, loss, metrics=[tally.metric], jit_compile=False)
    return tally


def _trace_steps(model: keras.Model, task: Task, learning: _Learning) -> Steps:
    """Trace a compiled model for batches of any size and length.

    Args:
        model: As :func:`_compile` left it.
        task: Labels of two classes and numbers become ``(batch, 1) float32``, as their losses want them.
        learning: See there.
    """
    import tensorflow as tf

    kind = tf.float32 if task == "regression" else tf.int32

    def step(inputs: Any, labels: Any) -> Any:
        weights = () if learning.weights is None else (tf.gather(learning.weights, labels),)  # (B,)
        if task != "multiclass":
            labels = tf.cast(labels, tf.float32)[:, tf.newaxis]  # (B, 1)
        return model.train_step((inputs, labels, *weights))["loss"] * learning.scale**2

    signature = [_input_spec(model), tf.TensorSpec([None], kind, name="labels")]
    train = tf.function(step, input_signature=signature, autograph=False, jit_compile=False)
    return Steps(train.get_concrete_function(), trace_predict(model), learning.tally.read)


def trace_predict(model: keras.Model) -> Callable[[Any], Any]:
    """Trace a model's forward pass, without dropout."""
    import tensorflow as tf

    def predict(inputs: Any) -> Any:
        return model(inputs, training=False)

    traced = tf.function(predict, input_signature=[_input_spec(model)], autograph=False, jit_compile=False)
    return traced.get_concrete_function()  # type: ignore[no-any-return]  # TensorFlow is untyped


def warm_up(model: keras.Model, steps: Steps, batch: tuple[Any, Any]) -> None:
    """Take a training step for nothing, so that the next one takes no longer than those after it.

    The first step optimizes the graph and allocates memory. What this one changes is put back: weights, the
    optimizer's numbers, metrics, and the states of random numbers.

    Args:
        model: Compiled.
        steps: Its own.
        batch: Inputs and labels as tensors; the first texts are taken.
    """
    inputs, labels = batch
    variables = (*model.variables, *model.optimizer.variables, *model.metrics_variables)
    before = [(variable, variable.numpy()) for variable in variables]
    float(steps.train(inputs[:MOST_TO_WARM_UP], labels[:MOST_TO_WARM_UP]))
    for variable, value in before:
        variable.assign(value)


def _input_spec(model: keras.Model) -> Any:
    import tensorflow as tf

    given = model.inputs[0]
    return tf.TensorSpec(given.shape, given.dtype, name="inputs")


def handed_over(
    batches: Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]],
) -> Iterator[tuple[Any, Any]]:
    """Hand batches to TensorFlow, several before the first is asked for.

    Args:
        batches: Inputs and labels.

    Yields:
        The same as tensors, in the same order.
    """
    import tensorflow as tf

    ahead: deque[tuple[Any, Any]] = deque()
    size_bytes = 0
    for inputs, labels in batches:
        ahead.append((tf.constant(inputs), tf.constant(labels)))
        size_bytes += inputs.nbytes
        if len(ahead) == MOST_AHEAD or size_bytes >= MOST_AHEAD_BYTES:
            while ahead:
                yield ahead.popleft()
            size_bytes = 0
    yield from ahead


def predict_all(
    predict: Callable[[Any], Any],
    batches: Iterable[tuple[npt.NDArray[Any], Any, npt.NDArray[np.int64]]],
    n_texts: int,
    alive: Callable[[], None] = lambda: None,
) -> npt.NDArray[np.float32]:
    """Predict every text of a part.

    Args:
        predict: Traced.
        batches: Inputs, labels (not read) and indices; every text once.
        n_texts: In all.
        alive: Called after each batch: a pass may take longer than a worker may be silent.

    Returns:
        ``(n_texts, n_outputs) float32`` probabilities or numbers, in the order of the part.
    """
    import tensorflow as tf

    probabilities: npt.NDArray[np.float32] | None = None
    for inputs, _, indices in batches:
        found = predict(tf.constant(inputs)).numpy()  # (B, n_outputs)
        if probabilities is None:
            probabilities = np.empty((n_texts, found.shape[1]), dtype=np.float32)
        probabilities[indices] = found
        alive()
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
