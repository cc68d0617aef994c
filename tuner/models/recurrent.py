"""The stack that all recurrent families share; a family gives its cell's layer and nothing else.

Word ids -> vectors -> one or more recurrent layers, each followed by dropout -> optional dense layer ->
head. Every recurrent layer but the last hands on its whole sequence.

Padding changes no prediction, and yet there is no Keras mask: a mask is looked up at every time step
and makes a training step a third to a half slower. Texts are padded on the right, so a forward layer
meets padding only after the last word, where its output is not read; a backward layer reads each text
turned round within its own length, which puts the padding last again. All of it is plain Keras
operations, so that a saved model loads without this package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from tuner.data.values import PADDING_ID
from tuner.embeddings.protocol import Prepared, TokenInput
from tuner.models.heads import add_head
from tuner.spec.catalogue import Setting
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["RECURRENT_SETTINGS", "Cell", "build_recurrent", "units_by_layer"]

Cell: TypeAlias = Callable[..., Any]
"""A recurrent Keras layer class: called with ``units`` and keyword arguments."""

RECURRENT_SETTINGS = (
    Setting(
        "units",
        "int",
        64,
        "Units of the first recurrent layer, in each direction. Defaults to 64: small and quick.",
        low=1,
        high=4096,
    ),
    Setting("layers", "int", 1, "Recurrent layers. Defaults to 1; 3 are many.", low=1, high=8),
    Setting(
        "units_pattern",
        "choice",
        "same",
        "Units of later layers: the same, or half of the layer before. Defaults to same.",
        choices=("same", "halving"),
    ),
    Setting(
        "bidirectional", "bool", False, "Read each text from both ends, at twice the cost. Defaults to false."
    ),
    Setting(
        "dropout",
        "float",
        0.2,
        "Share of outputs dropped after each recurrent layer and after the dense one. Defaults to 0.2.",
        low=0.0,
        high=0.95,
    ),
    Setting(
        "recurrent_dropout",
        "float",
        0.0,
        "Share of the recurrent state dropped. Defaults to 0, since anything else turns cuDNN off on a GPU.",
        low=0.0,
        high=0.95,
    ),
    Setting(
        "dense_units",
        "int",
        0,
        "Units of a dense layer before the head. Defaults to 0: none.",
        low=0,
        high=8192,
    ),
)


def units_by_layer(units: int, layers: int, pattern: str) -> list[int]:
    """Return the units of each recurrent layer, first to last, never below 1.

    Args:
        units: Of the first layer.
        layers: Their number.
        pattern: ``same`` or ``halving``.
    """
    return [units if pattern == "same" else max(1, units >> layer) for layer in range(layers)]


def build_recurrent(cell: Cell, params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    """Build the stack, not compiled.

    Args:
        cell: The recurrent layer's class.
        params: A trial's settings.
        inputs: Vocabulary, and the vectors to start from.
        task, n_classes: See :func:`~tuner.models.heads.add_head`.

    Returns:
        A model from ``(batch, time) int32``, padded with 0 on the right, to probabilities. Its layers are
        ``embedding``, ``forward_0``, ``backward_0``, ..., ``dense``, ``head``.

    Raises:
        TypeError: If ``inputs`` are not tokens; the checker lets no such pair pass.
    """
    import keras

    if not isinstance(inputs, TokenInput):
        raise TypeError(f"a recurrent family takes tokens, found {inputs.kind}")
    ids = keras.Input((None,), dtype="int32", name="ids")  # (B, T)
    embedding = keras.layers.Embedding(
        inputs.vocabulary_size,
        inputs.dimension,
        weights=inputs.matrix,
        trainable=inputs.trainable,
        name="embedding",
    )
    if params["bidirectional"]:
        hidden = _both_ways(cell, params, ids, embedding)  # (B, 2U)
    else:
        hidden = _one_way(cell, params, ids, embedding)  # (B, U)
    if int(params["dense_units"]):
        hidden = keras.layers.Dense(int(params["dense_units"]), activation="relu", name="dense")(
            hidden
        )  # (B, H)
        hidden = keras.layers.Dropout(float(params["dropout"]), name="dropout_dense")(hidden)
    return keras.Model(ids, add_head(hidden, task, n_classes))


def _one_way(cell: Cell, params: Params, ids: Any, embedding: Any) -> Any:
    sequences = embedding(ids)  # (B, T, D)
    widths = _widths(params)
    for index, units in enumerate(widths):
        sequences = _layer(cell, params, units, f"forward_{index}")(sequences)  # (B, T, U)
        if index < len(widths) - 1:
            sequences = _dropout(params, index)(sequences)
    return _dropout(params, len(widths) - 1)(_at_last_word(sequences, _last_word(ids)))  # (B, U)


def _both_ways(cell: Cell, params: Params, ids: Any, embedding: Any) -> Any:
    from keras import ops

    turned = _turned_places(ids)  # (B, T)
    sequences = embedding(ids)  # (B, T, D)
    # Turning ids is free; turning vectors is not.
    turned_sequences = embedding(ops.take_along_axis(ids, turned, axis=1))  # (B, T, D)
    widths = _widths(params)
    for index, units in enumerate(widths):
        forward = _layer(cell, params, units, f"forward_{index}")(sequences)  # (B, T, U)
        backward = _layer(cell, params, units, f"backward_{index}")(turned_sequences)  # (B, T, U)
        if index < len(widths) - 1:
            both = ops.concatenate([forward, _turn(backward, turned)], axis=-1)  # (B, T, 2U)
            sequences = _dropout(params, index)(both)
            turned_sequences = _turn(sequences, turned)
    last = _last_word(ids)  # (B, T)
    ends = [_at_last_word(forward, last), _at_last_word(backward, last)]  # 2 x (B, U)
    return _dropout(params, len(widths) - 1)(ops.concatenate(ends, axis=-1))  # (B, 2U)


def _widths(params: Params) -> list[int]:
    return units_by_layer(int(params["units"]), int(params["layers"]), str(params["units_pattern"]))


def _layer(cell: Cell, params: Params, units: int, name: str) -> Any:
    dropped = float(params["recurrent_dropout"])
    return cell(units, return_sequences=True, recurrent_dropout=dropped, name=name)


def _dropout(params: Params, index: int) -> Any:
    import keras

    return keras.layers.Dropout(float(params["dropout"]), name=f"dropout_{index}")


def _last_word(ids: Any) -> Any:
    """Return ``(batch, time) float32``: 1 at the last word of each text, else 0."""
    from keras import ops

    is_word = ops.cast(ops.not_equal(ids, PADDING_ID), "float32")  # (B, T)
    next_is_word = ops.pad(is_word[:, 1:], ((0, 0), (0, 1)))  # (B, T)
    return is_word * (1.0 - next_is_word)


def _at_last_word(sequences: Any, last: Any) -> Any:
    """Pick ``(batch, units)`` out of ``(batch, time, units)``: a product, since its gradient is cheap."""
    from keras import ops

    return ops.einsum("bt,btu->bu", last, sequences)


def _turned_places(ids: Any) -> Any:
    """Return ``(batch, time) int32``: for each place the one whose word stands there in the turned text."""
    from keras import ops

    place = ops.cumsum(ops.ones_like(ids), axis=1) - 1  # (B, T)
    length = ops.sum(ops.cast(ops.not_equal(ids, PADDING_ID), "int32"), axis=1, keepdims=True)  # (B, 1)
    return ops.where(ops.less(place, length), length - 1 - place, place)


def _turn(sequences: Any, turned: Any) -> Any:
    """Turn ``(batch, time, units)`` round within each text; turned twice, it is as it was."""
    from keras import ops

    return ops.take_along_axis(sequences, ops.expand_dims(turned, -1), axis=1)
