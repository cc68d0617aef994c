"""Long short-term memory (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.embeddings.protocol import Prepared
from tuner.models.protocol import Family
from tuner.models.recurrent import RECURRENT_SETTINGS, build_recurrent, size_of_recurrent
from tuner.models.size import LSTM_CELL, Shapes, Size
from tuner.spec.catalogue import Component
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["LSTM"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras

    return build_recurrent(keras.layers.LSTM, params, inputs, task, n_classes)


def _size(params: Params, shapes: Shapes) -> Size:
    return size_of_recurrent(LSTM_CELL, params, shapes)


LSTM = Family(
    Component(
        "lstm",
        "Long short-term memory (Hochreiter and Schmidhuber 1997).",
        settings=RECURRENT_SETTINGS,
        kind="tokens",
    ),
    _build,
    _size,
)
