"""What every family that reads words shares: its input, its vectors, and what tells words from padding.

Texts are padded on the right with :data:`~tuner.data.values.PADDING_ID`, and padding changes no prediction.
There is no Keras mask: a recurrent layer looks it up at every time step, which makes a training step a third
to a half slower. Each family leaves padding out where it matters instead, with ``(batch, time)`` weights of
1 and 0. All of it is plain Keras operations, so that a saved model loads without this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuner.data.values import PADDING_ID
from tuner.embeddings.protocol import Prepared, TokenInput
from tuner.models.size import Shapes, Size, dense
from tuner.spec.catalogue import Setting
from tuner.spec.values import Params

if TYPE_CHECKING:
    import keras

__all__ = [
    "add_dense",
    "dense_units",
    "dropout",
    "embedding_layer",
    "max_of_words",
    "mean_of_words",
    "size_of_end",
    "word_ids",
    "word_weights",
]


def dropout(default: float, where: str) -> Setting:
    """Declare the setting ``dropout``; ``where`` ends its sentence and gives the default's reason."""
    return Setting("dropout", "float", default, f"Share of outputs dropped after {where}", low=0.0, high=0.95)


def dense_units(default: int) -> Setting:
    """Declare the setting ``dense_units`` of a family that ends in at most one dense layer."""
    reason = "none" if default == 0 else "0 for none"
    summary = f"Units of a dense layer before the head. Defaults to {default}: {reason}."
    return Setting("dense_units", "int", default, summary, low=0, high=8192)


def word_ids() -> keras.KerasTensor:
    """Return a model's input, ``(batch, time) int32``, padded on the right."""
    import keras

    return keras.Input((None,), dtype="int32", name="ids")


def embedding_layer(family: str, inputs: Prepared) -> keras.Layer:
    """Make the layer from ``(batch, time)`` ids to ``(batch, time, dimension)`` vectors.

    Raises:
        TypeError: If ``inputs`` are not tokens; the checker lets no such pair pass.
    """
    import keras

    if not isinstance(inputs, TokenInput):
        raise TypeError(f"family {family} takes tokens, found {inputs.kind}")
    return keras.layers.Embedding(
        inputs.vocabulary_size,
        inputs.dimension,
        weights=inputs.matrix,
        trainable=inputs.trainable,
        name="embedding",
    )


def word_weights(ids: Any) -> Any:
    """Return ``(batch, time) float32``: 1 at each word, 0 at padding."""
    from keras import ops

    return ops.cast(ops.not_equal(ids, PADDING_ID), "float32")


def mean_of_words(sequences: Any, is_word: Any) -> Any:
    """Average ``(batch, time, units)`` over each text's words to ``(batch, units)``; of no words, 0."""
    from keras import ops

    count = ops.maximum(ops.sum(is_word, axis=1, keepdims=True), 1.0)  # (B, 1)
    return ops.einsum("bt,btu->bu", is_word / count, sequences)


def max_of_words(sequences: Any, is_word: Any) -> Any:
    """Return the largest of each text's words, ``(batch, units)``; ``sequences`` must not be below 0."""
    from keras import ops

    # What is at least 0 beats a padded place's 0, which so needs no "minus infinity".
    return ops.max(sequences * ops.expand_dims(is_word, -1), axis=1)


def add_dense(hidden: Any, params: Params) -> Any:
    """Put ``dense_units`` rectified units with dropout before the head; none where they are 0."""
    import keras

    units = int(params["dense_units"])
    if not units:
        return hidden
    hidden = keras.layers.Dense(units, activation="relu", name="dense")(hidden)  # (B, H)
    return keras.layers.Dropout(float(params["dropout"]), name="dropout_dense")(hidden)


def size_of_end(params: Params, width: int, shapes: Shapes) -> Size:
    """Return the size of :func:`add_dense` and the head, over ``width`` numbers of a text."""
    units = int(params["dense_units"])
    if not units:
        return dense(width, shapes.outputs)
    return dense(width, units) + dense(units, shapes.outputs)
