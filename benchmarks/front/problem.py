"""The task as every method but ``tuner`` writes it: plain Keras, in the words of Keras' own examples.

Each of them loads Keras when it begins, and its seconds count from before that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras

__all__ = [
    "BATCH_SIZE",
    "DIMENSIONS",
    "DROPOUT",
    "FAMILIES",
    "LAYERS",
    "LEARNING_RATE",
    "LENGTH",
    "UNITS",
    "VOCABULARY",
    "Texts",
    "build",
    "train",
]

VOCABULARY = 10_000
LENGTH = 300
BATCH_SIZE = 32

FAMILIES = ("lstm", "bilstm", "cnn")
LAYERS = (1, 2)
UNITS = (32, 128)
DIMENSIONS = (50, 100)
DROPOUT = (0.0, 0.5)
LEARNING_RATE = (1e-4, 1e-2)

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Texts:
    """Encoded reviews, padded to one length, as ``pad_sequences`` leaves them.

    Attributes:
        train, validation: ``(n_texts, 300) int32``; 0 is padding and stands before the words, 1 is a word
            outside the vocabulary.
        train_labels, validation_labels: ``(n_texts,) int32``.
    """

    train: Ids
    train_labels: Ids
    validation: Ids
    validation_labels: Ids

    @classmethod
    def load(cls, path: str | Path) -> Texts:
        """Read what :meth:`save` wrote."""
        with np.load(path) as kept:
            return cls(kept["train"], kept["train_labels"], kept["validation"], kept["validation_labels"])

    def save(self, path: Path) -> None:
        """Write them to one file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        np.savez(unfinished, **vars(self))
        unfinished.replace(path)


def build(params: Mapping[str, Any]) -> keras.Model:
    """Build and compile the network of a point.

    Args:
        params: ``family``, ``layers``, ``units``, ``dimension``, ``dropout``, ``learning_rate``.
    """
    import keras
    from keras import layers

    family, units = params["family"], int(params["units"])
    depth = 1 if family == "cnn" else int(params["layers"])  # one convolution, as tuner's family has it
    model = keras.Sequential([keras.Input((None,), dtype="int32")])
    model.add(layers.Embedding(VOCABULARY, int(params["dimension"])))
    for index in range(depth):
        if family == "cnn":
            model.add(layers.Conv1D(units, 3, padding="same", activation="relu"))
        else:
            layer = layers.LSTM(units, return_sequences=index < depth - 1)
            model.add(layers.Bidirectional(layer) if family == "bilstm" else layer)
        if index < depth - 1:
            model.add(layers.Dropout(params["dropout"]))
    if family == "cnn":
        model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dropout(params["dropout"]))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.Adam(params["learning_rate"]), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(
    params: Mapping[str, Any], texts: Texts, epochs: int, report: Callable[[int, float, float], None]
) -> None:
    """Train a point with ``fit``, as a usual script does.

    Args:
        params: As for :func:`build`.
        texts: Padded to one length.
        epochs: How many.
        report: Told, after each epoch, its number from 0, its validation accuracy, and the seconds of
            ``fit`` so far.
    """
    import keras

    class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            report(epoch, float((logs or {})["val_accuracy"]), time.perf_counter() - began_s)

    keras.utils.clear_session()
    model = build(params)
    began_s = time.perf_counter()
    model.fit(
        texts.train,
        texts.train_labels,
        validation_data=(texts.validation, texts.validation_labels),
        batch_size=BATCH_SIZE,
        epochs=epochs,
        verbose=0,
        callbacks=[Reporter()],
    )
