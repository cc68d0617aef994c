"""The simple recurrent network of Elman (1990): the baseline, cheap and forgetful."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.embeddings.protocol import Prepared
from tuner.models.protocol import Family
from tuner.models.recurrent import RECURRENT_SETTINGS, build_recurrent, size_of_recurrent
from tuner.models.size import SIMPLE_CELL, Shapes, Size
from tuner.spec.catalogue import Component
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["SIMPLE_RNN"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras

    return build_recurrent(keras.layers.SimpleRNN, params, inputs, task, n_classes)


def _size(params: Params, shapes: Shapes) -> Size:
    return size_of_recurrent(SIMPLE_CELL, params, shapes)


SIMPLE_RNN = Family(
    Component(
        "simple_rnn",
        "The simple recurrent network of Elman (1990): the baseline, cheap and forgetful.",
        settings=RECURRENT_SETTINGS,
        kind="tokens",
    ),
    _build,
    _size,
)
