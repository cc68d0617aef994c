"""Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078): three quarters of an LSTM's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.embeddings.protocol import Prepared
from tuner.models.protocol import Family
from tuner.models.recurrent import RECURRENT_SETTINGS, build_recurrent, size_of_recurrent
from tuner.models.size import GRU_CELL, Shapes, Size
from tuner.spec.catalogue import Component
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["GRU"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras

    return build_recurrent(keras.layers.GRU, params, inputs, task, n_classes)


def _size(params: Params, shapes: Shapes) -> Size:
    return size_of_recurrent(GRU_CELL, params, shapes)


GRU = Family(
    Component(
        "gru",
        "Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078): three quarters of an LSTM's weights.",
        settings=RECURRENT_SETTINGS,
        kind="tokens",
    ),
    _build,
    _size,
)
