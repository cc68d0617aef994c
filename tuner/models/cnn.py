"""One-dimensional convolution with the strongest response of each filter (Kim 2014, D14-1181)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuner.embeddings.protocol import Prepared
from tuner.models.heads import add_head
from tuner.models.protocol import Family
from tuner.models.size import Shapes, Size
from tuner.models.words import (
    add_dense,
    dense_units,
    dropout,
    embedding_layer,
    max_of_words,
    size_of_end,
    word_ids,
    word_weights,
)
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["CNN"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras
    from keras import ops

    ids = word_ids()  # (B, T)
    is_word = word_weights(ids)  # (B, T)
    # Padding reads as the zeros that "same" puts beyond both ends: a window at the last word then sees the
    # same in a short batch as in a long one. "same" gives a text of fewer words than the kernel its windows.
    vectors = embedding_layer("cnn", inputs)(ids) * ops.expand_dims(is_word, -1)  # (B, T, D)
    responses = keras.layers.Conv1D(
        int(params["filters"]),
        int(params["kernel_size"]),
        padding="same",
        activation="relu",
        name="convolution",
    )(vectors)  # (B, T, F)
    strongest = max_of_words(responses, is_word)  # (B, F)
    hidden = keras.layers.Dropout(float(params["dropout"]), name="dropout")(strongest)  # (B, F)
    return keras.Model(ids, add_head(add_dense(hidden, params), task, n_classes))


def _size(params: Params, shapes: Shapes) -> Size:
    filters, kernel = int(params["filters"]), int(params["kernel_size"])
    words, width = shapes.words, shapes.width
    # The vectors, those without padding, and the gradients of both; the responses and theirs.
    convolution = Size(
        filters * (kernel * width + 1),
        words * (4 * width + 2 * filters),
        words * (3 * width // 2 + 2 * filters),
    )
    return convolution + size_of_end(params, filters, shapes)


CNN = Family(
    Component(
        "cnn",
        "One-dimensional convolution with the strongest response of each filter (Kim 2014, D14-1181): fast, "
        "sees runs of a few words wherever they stand.",
        settings=(
            Setting(
                "filters",
                "int",
                100,
                "Runs of words that are looked for. Defaults to 100, as in the paper for each kernel size.",
                low=1,
                high=4096,
            ),
            Setting(
                "kernel_size",
                "int",
                3,
                "Words that a filter sees at once. Defaults to 3: 'not very good'.",
                low=1,
                high=50,
            ),
            dropout(0.2, "the pooling and after the dense layer. Defaults to 0.2."),
            dense_units(100),
        ),
        kind="tokens",
    ),
    _build,
    _size,
)
