"""An LSTM whose words look at each other before they are averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.embeddings.protocol import Prepared
from tuner.models.heads import add_head
from tuner.models.protocol import Family
from tuner.models.recurrent import (
    STACK_SETTINGS,
    joined,
    read_words,
    size_of_stack,
    stack_dropout,
    units_of,
)
from tuner.models.size import LSTM_CELL, Shapes, Size, attention
from tuner.models.words import (
    add_dense,
    dense_units,
    embedding_layer,
    mean_of_words,
    size_of_end,
    word_ids,
    word_weights,
)
from tuner.spec.catalogue import Component
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["LSTM_SELF_ATTENTION"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras
    from keras import ops

    ids = word_ids()  # (B, T)
    is_word = word_weights(ids)  # (B, T)
    reading = read_words(keras.layers.LSTM, params, ids, embedding_layer("lstm_self_attention", inputs))
    outputs = stack_dropout(params, len(units_of(params)) - 1)(
        joined(reading.directions())
    )  # (B, T, U or 2U)
    # Every word asks; only words answer. What padding asks is left out of the mean.
    attended = keras.layers.Attention(name="attention")(
        [outputs, outputs], mask=[None, ops.cast(is_word, "bool")]
    )  # (B, T, U or 2U)
    hidden = add_dense(mean_of_words(attended, is_word), params)  # (B, H)
    return keras.Model(ids, add_head(hidden, task, n_classes))


def _size(params: Params, shapes: Shapes) -> Size:
    stack, width = size_of_stack(LSTM_CELL, params, shapes)
    return stack + attention(shapes.words, width, heads=1) + size_of_end(params, width, shapes)


LSTM_SELF_ATTENTION = Family(
    Component(
        "lstm_self_attention",
        "An LSTM with dot-product self-attention over its outputs (Luong et al. 2015, D15-1166), averaged "
        "over the words.",
        settings=(*STACK_SETTINGS, dense_units(64)),
        kind="tokens",
    ),
    _build,
    _size,
)
