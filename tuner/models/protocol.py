"""The contract of a model family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.embeddings.protocol import Prepared
from tuner.models.size import Shapes, Size
from tuner.spec.catalogue import Component
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["Family"]


@dataclass(frozen=True)
class Family:
    """One family of models: what it can be told, and how it is built.

    Attributes:
        component: Name, summary, settings and the input kind it takes.
        build: ``(params, inputs, task, n_classes) -> keras.Model``, not compiled. Token families map
            ``(batch, time) int32`` to outputs, feature families ``(batch, n_features) float32``. A binary
            task ends in ``(batch, 1)`` sigmoid probabilities, a multiclass one in ``(batch, n_classes)``
            softmax, a regression in ``(batch, 1)`` in standard units (the mean of the training labels is 0,
            their standard deviation 1). Keras is imported inside, so that declaring costs nothing.
        size: ``(params, shapes) -> Size`` of what ``build`` will build, without the embedding's matrix. None
            when it is not known: then no trial of the family is held back for its memory.
        source_sha256: Of the file of a person's own family; empty for ours.
    """

    component: Component
    build: Callable[[Params, Prepared, Task, int], keras.Model]
    size: Callable[[Params, Shapes], Size] | None = None
    source_sha256: str = ""
