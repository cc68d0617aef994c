"""The output layer of each task, and what every model ends in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.spec.values import Task

if TYPE_CHECKING:
    import keras

__all__ = ["add_head"]


def add_head(hidden: keras.KerasTensor, task: Task, n_classes: int) -> keras.KerasTensor:
    """End a model in probabilities.

    Args:
        hidden: ``(batch, features) float32``.
        task: Binary gets one sigmoid unit, multiclass a softmax over classes.
        n_classes: Number of classes; not read for a binary task.

    Returns:
        ``(batch, 1)`` or ``(batch, n_classes)``, float32.
    """
    import keras

    if task == "binary":
        return keras.layers.Dense(1, activation="sigmoid", name="head")(hidden)  # (B, 1)
    return keras.layers.Dense(n_classes, activation="softmax", name="head")(hidden)  # (B, C)
