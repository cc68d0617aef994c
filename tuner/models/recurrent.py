"""The stack that all recurrent families share; a family gives its cell's layer and nothing else.

Word ids -> vectors -> one or more recurrent layers, each followed by dropout -> optional dense layer ->
head. Every recurrent layer but the last returns its whole sequence. Padding is masked, so that it
changes no prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

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
        A model from ``(batch, time) int32`` to probabilities.

    Raises:
        TypeError: If ``inputs`` are not tokens; the checker lets no such pair pass.
    """
    import keras

    if not isinstance(inputs, TokenInput):
        raise TypeError(f"a recurrent family takes tokens, found {inputs.kind}")
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32", name="ids")  # (B, T)
    hidden = _embedding(inputs)(ids)  # (B, T, D)
    units = units_by_layer(int(params["units"]), int(params["layers"]), str(params["units_pattern"]))
    for index, width in enumerate(units):
        recurrent = cell(
            width,
            return_sequences=index < len(units) - 1,
            recurrent_dropout=float(params["recurrent_dropout"]),
            name=f"recurrent_{index}",
        )
        if params["bidirectional"]:
            recurrent = layers.Bidirectional(recurrent, name=f"bidirectional_{index}")
        hidden = recurrent(hidden)  # (B, T, U), of the last layer (B, U); 2U where bidirectional
        hidden = layers.Dropout(float(params["dropout"]), name=f"dropout_{index}")(hidden)
    if int(params["dense_units"]):
        hidden = layers.Dense(int(params["dense_units"]), activation="relu", name="dense")(hidden)  # (B, H)
        hidden = layers.Dropout(float(params["dropout"]), name="dropout_dense")(hidden)
    return keras.Model(ids, add_head(hidden, task, n_classes))


def _embedding(inputs: TokenInput) -> Any:
    import keras

    return keras.layers.Embedding(
        inputs.vocabulary_size,
        inputs.dimension,
        mask_zero=True,
        weights=inputs.matrix,
        trainable=inputs.trainable,
        name="embedding",
    )
