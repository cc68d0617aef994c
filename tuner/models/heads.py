"""The output layer of each task, and what every model ends in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.spec.values import Task

if TYPE_CHECKING:
    import keras

__all__ = ["add_head", "in_label_units"]


def add_head(hidden: keras.KerasTensor, task: Task, n_classes: int) -> keras.KerasTensor:
    """End a model in probabilities, or in numbers; in single precision whatever the layers before compute in.

    Args:
        hidden: ``(batch, features) float32``.
        task: Binary gets one sigmoid unit, multiclass a softmax over classes, regression one linear unit.
        n_classes: Number of classes; only read for a multiclass task.

    Returns:
        ``(batch, 1)`` or ``(batch, n_classes)``, float32. Numbers are in standard units, see
        :func:`in_label_units`.
    """
    import keras

    units, activation = 1, "linear"
    if task == "binary":
        activation = "sigmoid"
    elif task == "multiclass":
        units, activation = n_classes, "softmax"
    # Half precision would round a sure probability to 1, and a price to infinity.
    return keras.layers.Dense(units, activation=activation, name="head", dtype="float32")(hidden)  # (B, O)


def in_label_units(model: keras.Model, mean: float, scale: float) -> keras.Model:
    """Put a regression's output from standard units into the unit of its labels.

    A family's last layer begins near 0 and moves by about the learning rate a step: it would take
    thousands of steps to reach prices. So it learns numbers of mean 0 and deviation 1, and a fixed layer
    after it, which is saved with the model, gives what is measured and predicted.

    Args:
        model: As a family has built it; ``(batch, 1)``.
        mean, scale: Mean and standard deviation of the training labels.
    """
    import keras

    rescaled = keras.layers.Rescaling(scale, mean, name="label_units", dtype="float32")(
        model.outputs[0]
    )  # (B, 1)
    return keras.Model(model.input, rescaled)
