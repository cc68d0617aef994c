"""What is counted inside training steps, so that an epoch's training metrics cost next to nothing.

Each step adds a few sums to a variable, in the same traced function; they are read once an epoch. So the
metrics are those of whole epochs, not means of batches, and of the weights as they were at each step,
dropout on. Class weights have no part in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuner.metrics import of_counts
from tuner.spec.values import Task

if TYPE_CHECKING:
    import keras

__all__ = ["Tally", "tally_for"]


@dataclass(frozen=True)
class Tally:
    """What a model counts while it is trained.

    Attributes:
        metric: Given to ``model.compile``, so that ``model.reset_metrics()`` empties it.
        read: Returns the metrics of the steps since then, by name, each with ``train_`` before it.
    """

    metric: keras.metrics.Metric
    read: Callable[[], dict[str, float]]


def tally_for(model: keras.Model, task: Task, scale: float) -> Tally:
    """Make the tally that a task needs.

    Args:
        model: Its outputs say how many classes there are.
        task: What is predicted.
        scale: Standard deviation of the training labels of a regression; R2 needs it.
    """
    if task == "regression":
        return _of_numbers(scale)
    return _of_classes(task, 2 if task == "binary" else int(model.outputs[0].shape[-1]))


def _of_classes(task: Task, n_classes: int) -> Tally:
    import keras
    from keras import ops

    class ClassCounts(keras.metrics.Metric):  # type: ignore[misc]  # Keras is untyped
        """Texts of each class: those that were given it and are it, that were given it, that are it."""

        def __init__(self) -> None:
            super().__init__(name="class_counts")
            self.counts = self.add_variable((3 * n_classes,), "zeros", name="counts")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ARG002 - of Keras' contract
            labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")  # (B,)
            if task == "binary":
                found = ops.cast(ops.greater_equal(y_pred[:, 0], 0.5), "int32")  # (B,)
            else:
                found = ops.cast(ops.argmax(y_pred, axis=-1), "int32")  # (B,)
            one = ops.ones_like(labels, dtype="float32")  # (B,)
            hit = ops.cast(ops.equal(labels, found), "float32")  # (B,)
            values = ops.concatenate([hit, one, one])  # (3B,)
            places = ops.concatenate([labels, n_classes + found, 2 * n_classes + labels])  # (3B,)
            self.counts.assign_add(ops.segment_sum(values, places, num_segments=3 * n_classes))

        def result(self) -> Any:
            return self.counts[0]  # Keras asks for one number; `read` takes all of them

    metric = ClassCounts()

    def read() -> dict[str, float]:
        hits, called, present = metric.counts.numpy().reshape(3, n_classes)
        found = of_counts(hits, called, present, task)
        return {f"train_{name}": value for name, value in found.items()}

    return Tally(metric, read)


def _of_numbers(scale: float) -> Tally:
    import keras
    from keras import ops

    class ErrorSums(keras.metrics.Metric):  # type: ignore[misc]  # Keras is untyped
        """Sums of absolute and of squared errors, and the number of texts."""

        def __init__(self) -> None:
            super().__init__(name="error_sums")
            self.sums = self.add_variable((3,), "zeros", name="sums")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ARG002 - of Keras' contract
            errors = ops.cast(ops.reshape(y_pred, (-1,)), "float32") - ops.reshape(y_true, (-1,))  # (B,)
            sums = [ops.sum(ops.abs(errors)), ops.sum(ops.square(errors)), ops.sum(ops.ones_like(errors))]
            self.sums.assign_add(ops.stack(sums))

        def result(self) -> Any:
            return self.sums[0]  # Keras asks for one number; `read` takes all of them

    metric = ErrorSums()

    def read() -> dict[str, float]:
        absolute, squared, n_texts = (float(each) for each in metric.sums.numpy())
        mse = squared / max(n_texts, 1.0)
        mae = absolute / max(n_texts, 1.0)
        # Every training text comes once an epoch, so that the labels' variance is that of the part.
        return {"train_mae": mae, "train_mse": mse, "train_r2": 1.0 - mse / scale**2}

    return Tally(metric, read)
