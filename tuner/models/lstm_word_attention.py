"""An LSTM that weighs its words (Zhou et al. 2016, P16-2034, section 3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuner.embeddings.protocol import Prepared
from tuner.models.heads import add_head
from tuner.models.protocol import Family
from tuner.models.recurrent import STACK_SETTINGS, read_words, size_of_stack, stack_dropout, units_of
from tuner.models.size import LSTM_CELL, Shapes, Size
from tuner.models.words import (
    add_dense,
    dense_units,
    dropout,
    embedding_layer,
    size_of_end,
    word_ids,
    word_weights,
)
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["LSTM_WORD_ATTENTION"]

_FAR_BELOW = -1e9
"""Added to a padded place's score: its share is then 0 to the last bit."""


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras
    from keras import ops

    ids = word_ids()  # (B, T)
    reading = read_words(keras.layers.LSTM, params, ids, embedding_layer("lstm_word_attention", inputs))
    outputs = sum(reading.directions()[1:], start=reading.forward)  # H, equation 8: (B, T, U)
    outputs = stack_dropout(params, len(units_of(params)) - 1)(outputs)
    shares = _shares(ops.tanh(outputs), word_weights(ids))  # equations 9 and 10: (B, T)
    weighed = ops.tanh(ops.einsum("bt,btu->bu", shares, outputs))  # h*, equations 11 and 12: (B, U)
    hidden = keras.layers.Dropout(float(params["dropout"]), name="dropout_attention")(weighed)  # (B, U)
    return keras.Model(ids, add_head(add_dense(hidden, params), task, n_classes))


def _shares(outputs: Any, is_word: Any) -> Any:
    """Return alpha, ``(batch, time)``: each word's share, over a text's words 1 in all."""
    import keras
    from keras import ops

    scores = keras.layers.Dense(1, use_bias=False, name="attention")(outputs)  # (B, T, 1)
    return ops.softmax(ops.squeeze(scores, -1) + (1.0 - is_word) * _FAR_BELOW, axis=1)


def _size(params: Params, shapes: Shapes) -> Size:
    stack, _ = size_of_stack(LSTM_CELL, params, shapes)
    units = units_of(params)[-1]  # the two directions are added
    # The sum, its dropout, its tanh, and what is weighed; the scores are one number a word.
    weighed = Size(units, 5 * shapes.words * units, 3 * shapes.words * units)
    return stack + weighed + size_of_end(params, units, shapes)


def _setting(setting: Setting) -> Setting:
    if setting.name == "bidirectional":
        summary = "Read each text from both ends, at twice the cost. Defaults to true, as in the paper."
        return replace(setting, default=True, summary=summary)
    if setting.name == "dropout":
        return dropout(
            0.3, "each recurrent layer, the attention and the dense layer. Defaults to 0.3, as in the paper."
        )
    return setting


LSTM_WORD_ATTENTION = Family(
    Component(
        "lstm_word_attention",
        "An LSTM, both ways unless told otherwise, that weighs its words by learned attention (Zhou et al. "
        "2016, P16-2034, section 3.3).",
        settings=(*(_setting(each) for each in STACK_SETTINGS), dense_units(0)),
        kind="tokens",
    ),
    _build,
    _size,
)
