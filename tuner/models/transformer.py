"""A small Transformer encoder (Vaswani et al. 2017, arXiv:1706.03762, section 3.1), averaged over the words.

With the norm before each part and not after it (Xiong et al. 2020, arXiv:2002.04745): such a stack learns
at a plain learning rate, where the original needs one that warms up first, and a search over learning rates
would mistake a missing warm-up for a bad model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tuner.embeddings.protocol import Prepared
from tuner.models.heads import add_head
from tuner.models.protocol import Family
from tuner.models.size import Shapes, Size, attention, dense
from tuner.models.words import (
    add_dense,
    dense_units,
    dropout,
    embedding_layer,
    mean_of_words,
    size_of_end,
    word_ids,
    word_weights,
)
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["TRANSFORMER"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras

    ids = word_ids()  # (B, T)
    is_word = word_weights(ids)  # (B, T)
    words = embedding_layer("transformer", inputs)(ids)  # (B, T, D)
    words = words + _positions(ids, int(params["sequence_length"]), int(words.shape[-1]))  # (B, T, D)
    words = _dropout(params, "embedding")(words)
    for index in range(int(params["blocks"])):
        words = _block(words, is_word, params, index)  # (B, T, D)
    words = _norm("last")(words)  # the sum of all parts was never normalised itself
    hidden = add_dense(mean_of_words(words, is_word), params)  # (B, D or H)
    return keras.Model(ids, add_head(hidden, task, n_classes))


def _positions(ids: Any, longest: int, dimension: int) -> Any:
    """Return each place's learned vector, ``(batch, time, dimension)``; beyond ``longest`` the last one's."""
    import keras
    from keras import ops

    place = ops.minimum(ops.cumsum(ops.ones_like(ids), axis=1) - 1, longest - 1)  # (B, T)
    return keras.layers.Embedding(longest, dimension, name="positions")(place)


def _block(words: Any, is_word: Any, params: Params, index: int) -> Any:
    """Let words look at each other, then rework each by itself; both are added to what was there."""
    import keras
    from keras import ops

    dimension, heads = int(words.shape[-1]), int(params["heads"])
    attention = keras.layers.MultiHeadAttention(heads, max(1, dimension // heads), name=f"attention_{index}")
    normed = _norm(f"attention_{index}")(words)  # (B, T, D)
    answers = ops.cast(ops.expand_dims(is_word, 1), "bool")  # (B, 1, T): only words answer
    attended = attention(normed, normed, attention_mask=answers)  # (B, T, D)
    words = words + _dropout(params, f"attention_{index}")(attended)
    wide = keras.layers.Dense(int(params["feed_forward_units"]), activation="relu", name=f"wide_{index}")
    narrow = keras.layers.Dense(dimension, name=f"narrow_{index}")
    reworked = narrow(wide(_norm(f"feed_forward_{index}")(words)))  # (B, T, F) -> (B, T, D)
    return words + _dropout(params, f"feed_forward_{index}")(reworked)


def _norm(name: str) -> Any:
    import keras

    return keras.layers.LayerNormalization(epsilon=1e-6, name=f"norm_{name}")


def _dropout(params: Params, name: str) -> Any:
    import keras

    return keras.layers.Dropout(float(params["dropout"]), name=f"dropout_{name}")


def _size(params: Params, shapes: Shapes) -> Size:
    words, width = shapes.words, shapes.width
    places = int(params["sequence_length"]) * width
    total = Size(places, 4 * words * width, 2 * words * width) + _norm_size(words, width)
    block, blocks = _block_size(params, words, width), int(params["blocks"])
    total += Size(blocks * block.weights, blocks * block.kept, block.passing)
    return total + size_of_end(params, width, shapes)


def _block_size(params: Params, words: int, width: int) -> Size:
    """Return the size of a block; what it needs when it only predicts is the most that it has at once."""
    heads, feed_forward = int(params["heads"]), int(params["feed_forward_units"])
    inner = heads * max(1, width // heads)  # all heads side by side: at least one number each
    asked = dense(width, inner, words)
    attended = attention(words, inner, heads)
    wide, narrow = dense(width, feed_forward, words), dense(feed_forward, width, words)
    norms = _norm_size(words, width) + _norm_size(words, width)
    block = norms + asked + asked + asked + attended + dense(inner, width, words) + wide + narrow
    return replace(block, passing=max(attended.passing, wide.passing + narrow.passing))


def _norm_size(words: int, width: int) -> Size:
    return Size(2 * width, words * width, words * width)


TRANSFORMER = Family(
    Component(
        "transformer",
        "A small Transformer encoder (Vaswani et al. 2017, arXiv:1706.03762) with learned positions and the "
        "norm first, averaged over the words; as wide as the word vectors.",
        settings=(
            Setting("blocks", "int", 1, "Encoder blocks. Defaults to 1: small.", low=1, high=12),
            Setting(
                "heads",
                "int",
                4,
                "Attention heads of a block, each of dimension / heads values. Defaults to 4.",
                low=1,
                high=32,
            ),
            Setting(
                "feed_forward_units",
                "int",
                256,
                "Units of the wide layer of a block. Defaults to 256, some two to four times the width.",
                low=1,
                high=8192,
            ),
            dropout(
                0.1,
                "the embedding, each part of a block and the dense layer. Defaults to 0.1, as in the paper.",
            ),
            dense_units(0),
        ),
        kind="tokens",
    ),
    _build,
    _size,
)
