"""The stack that all recurrent families share; a family gives its cell's layer and nothing else.

Word ids -> vectors -> one or more recurrent layers, each followed by dropout -> optional dense layer ->
head. Every recurrent layer but the last hands on its whole sequence.

Padding changes no prediction. Texts are padded on the right, so a forward layer meets padding only after
the last word, where its output is not read; a backward layer reads each text turned round within its own
length, which puts the padding last again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tuner.data.values import PADDING_ID
from tuner.embeddings.protocol import Prepared
from tuner.models.heads import add_head
from tuner.models.size import CellSize, Shapes, Size, recurrent
from tuner.models.words import (
    add_dense,
    dense_units,
    dropout,
    embedding_layer,
    size_of_end,
    word_ids,
    word_weights,
)
from tuner.spec.catalogue import Setting
from tuner.spec.listed import numbers_of
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = [
    "RECURRENT_SETTINGS",
    "STACK_SETTINGS",
    "Cell",
    "Reading",
    "build_recurrent",
    "joined",
    "read_words",
    "size_of_recurrent",
    "size_of_stack",
    "stack_dropout",
    "units_by_layer",
    "units_of",
]

Cell: TypeAlias = Callable[..., Any]
"""A recurrent Keras layer class: called with ``units`` and keyword arguments."""

_MOST_LAYERS = 8

STACK_SETTINGS = (
    Setting(
        "units",
        "int",
        64,
        "Units of the first recurrent layer, in each direction. Defaults to 64: small and quick.",
        low=1,
        high=4096,
    ),
    Setting("layers", "int", 1, "Recurrent layers. Defaults to 1; 3 are many.", low=1, high=_MOST_LAYERS),
    Setting(
        "units_pattern",
        "choice",
        "same",
        "Units of later layers: the same, or half of the layer before. Defaults to same.",
        choices=("same", "halving"),
    ),
    Setting(
        "layer_units",
        "numbers",
        "",
        "Units of each recurrent layer, first to last, e.g. [256, 128, 64]; then `units`, `layers` and "
        "`units_pattern` are not read. Defaults to none.",
        low=1,
        high=4096,
        longest=_MOST_LAYERS,
        overrides=("units", "layers", "units_pattern"),
    ),
    Setting(
        "bidirectional", "bool", False, "Read each text from both ends, at twice the cost. Defaults to false."
    ),
    dropout(0.2, "each recurrent layer and after the dense one. Defaults to 0.2."),
    Setting(
        "recurrent_dropout",
        "float",
        0.0,
        "Share of the recurrent state dropped. Defaults to 0, since anything else turns cuDNN off on a GPU.",
        low=0.0,
        high=0.95,
    ),
)
"""Of the recurrent layers themselves."""

RECURRENT_SETTINGS = (*STACK_SETTINGS, dense_units(0))


def units_by_layer(units: int, layers: int, pattern: str) -> list[int]:
    """Return the units of each recurrent layer, first to last, never below 1.

    Args:
        units: Of the first layer.
        layers: Their number.
        pattern: ``same`` or ``halving``.
    """
    return [units if pattern == "same" else max(1, units >> layer) for layer in range(layers)]


@dataclass(frozen=True)
class Reading:
    """What the last recurrent layer says at each word, before its dropout.

    Attributes:
        ids: ``(batch, time) int32``, as they were read.
        forward: ``(batch, time, units)``.
        backward: The same of the layer that reads each text turned round, at the places of the turned text;
            None where texts are read one way.
        turned: ``(batch, time) int32``, the place in the text of each place in the turned text; or None.
    """

    ids: Any
    forward: Any
    backward: Any = None
    turned: Any = None

    def directions(self) -> list[Any]:
        """Return each direction's ``(batch, time, units)``, at the places of the text as it stands."""
        return [self.forward] if self.backward is None else [self.forward, _turn(self.backward, self.turned)]

    def at_the_end(self) -> Any:
        """Return what each direction says when it has read the whole text, ``(batch, units or 2 units)``."""
        last = _last_word(self.ids)  # (B, T)
        return joined(
            [_at_last_word(each, last) for each in (self.forward, self.backward) if each is not None]
        )


def joined(directions: list[Any]) -> Any:
    """Put one or two directions side by side along their last axis."""
    from keras import ops

    return directions[0] if len(directions) == 1 else ops.concatenate(directions, axis=-1)


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

    ids = word_ids()  # (B, T)
    reading = read_words(cell, params, ids, embedding_layer(str(params["family"]), inputs))
    last = len(units_of(params)) - 1
    hidden = stack_dropout(params, last)(reading.at_the_end())  # (B, U or 2U)
    return keras.Model(ids, add_head(add_dense(hidden, params), task, n_classes))


def size_of_recurrent(cell: CellSize, params: Params, shapes: Shapes) -> Size:
    """Return the size of what :func:`build_recurrent` builds."""
    stack, width = size_of_stack(cell, params, shapes)
    return stack + size_of_end(params, width, shapes)


def size_of_stack(cell: CellSize, params: Params, shapes: Shapes) -> tuple[Size, int]:
    """Return the size of what :func:`read_words` builds, and how much its directions say of a word."""
    widths = units_of(params)
    both_ways = bool(params["bidirectional"])
    return recurrent(cell, widths, shapes, both_ways), widths[-1] * (2 if both_ways else 1)


def read_words(cell: Cell, params: Params, ids: Any, embedding: Any) -> Reading:
    """Stack the recurrent layers over word vectors.

    Args:
        cell: The recurrent layer's class.
        params: A trial's settings.
        ids: ``(batch, time) int32``.
        embedding: Layer from ids to vectors.
    """
    if params["bidirectional"]:
        return _both_ways(cell, params, ids, embedding)
    return _one_way(cell, params, ids, embedding)


def _one_way(cell: Cell, params: Params, ids: Any, embedding: Any) -> Reading:
    sequences = embedding(ids)  # (B, T, D)
    for index, units in enumerate(units_of(params)):
        if index:
            sequences = stack_dropout(params, index - 1)(sequences)
        sequences = _layer(cell, params, units, f"forward_{index}")(sequences)  # (B, T, U)
    return Reading(ids, sequences)


def _both_ways(cell: Cell, params: Params, ids: Any, embedding: Any) -> Reading:
    from keras import ops

    turned = _turned_places(ids)  # (B, T)
    # Turning ids is free; turning vectors is not.
    turned_ids = ops.take_along_axis(ids, turned, axis=1)  # (B, T)
    reading = Reading(ids, embedding(ids), embedding(turned_ids), turned)  # 2 x (B, T, D)
    for index, units in enumerate(units_of(params)):
        sequences, turned_sequences = reading.forward, reading.backward
        if index:
            sequences = stack_dropout(params, index - 1)(joined(reading.directions()))  # (B, T, 2U)
            turned_sequences = _turn(sequences, turned)
        forward = _layer(cell, params, units, f"forward_{index}")(sequences)  # (B, T, U)
        backward = _layer(cell, params, units, f"backward_{index}")(turned_sequences)  # (B, T, U)
        reading = Reading(ids, forward, backward, turned)
    return reading


def units_of(params: Params) -> list[int]:
    """Return the units of each recurrent layer that a trial's settings ask for."""
    if params["layer_units"]:
        return list(numbers_of(str(params["layer_units"])))
    return units_by_layer(int(params["units"]), int(params["layers"]), str(params["units_pattern"]))


def stack_dropout(params: Params, index: int) -> Any:
    """Make the dropout that follows recurrent layer ``index``."""
    import keras

    return keras.layers.Dropout(float(params["dropout"]), name=f"dropout_{index}")


def _layer(cell: Cell, params: Params, units: int, name: str) -> Any:
    dropped = float(params["recurrent_dropout"])
    return cell(units, return_sequences=True, recurrent_dropout=dropped, name=name)


def _last_word(ids: Any) -> Any:
    """Return ``(batch, time) float32``: 1 at the last word of each text, else 0."""
    from keras import ops

    is_word = word_weights(ids)  # (B, T)
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
