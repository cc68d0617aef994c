"""Dense layers over TF-IDF weights: the fast family, without word order."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tuner.embeddings.protocol import FeatureInput, Prepared
from tuner.models.heads import add_head
from tuner.models.protocol import Family
from tuner.models.size import Shapes, Size, dense
from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params, Task

if TYPE_CHECKING:
    import keras

__all__ = ["TFIDF_DENSE"]


def _build(params: Params, inputs: Prepared, task: Task, n_classes: int) -> keras.Model:
    import keras

    if not isinstance(inputs, FeatureInput):
        raise TypeError(f"family tfidf_dense takes features, found {inputs.kind}")
    features = keras.Input((inputs.n_features,), dtype="float32", name="features")  # (B, F)
    hidden = features
    for index, width in enumerate(_widths(params)):
        hidden = keras.layers.Dense(width, activation="relu", name=f"dense_{index}")(hidden)  # (B, H)
        hidden = keras.layers.Dropout(float(params["dropout"]), name=f"dropout_{index}")(hidden)
    return keras.Model(features, add_head(hidden, task, n_classes))


def _widths(params: Params) -> list[int]:
    return [max(1, int(params["dense_units"]) >> index) for index in range(int(params["dense_layers"]))]


def _size(params: Params, shapes: Shapes) -> Size:
    widths = [shapes.width, *_widths(params), shapes.outputs]
    # A batch lies in memory as it was cut from the sparse matrix, as it was made dense, as TensorFlow has it.
    layers = Size(0, 3 * shapes.width, 3 * shapes.width)
    for n_in, n_out in pairwise(widths):
        layers += dense(n_in, n_out)
    return layers


TFIDF_DENSE = Family(
    Component(
        "tfidf_dense",
        "Dense layers over TF-IDF weights, each half as wide as the last: fast, blind to word order.",
        settings=(
            Setting(
                "dense_units",
                "int",
                256,
                "Units of the first dense layer. Defaults to 256.",
                low=1,
                high=8192,
            ),
            Setting(
                "dense_layers",
                "int",
                2,
                "Dense layers, each half as wide as the one before. Defaults to 2: 256 and 128.",
                low=1,
                high=8,
            ),
            Setting(
                "dropout",
                "float",
                0.4,
                "Share of outputs dropped after each dense layer. Defaults to 0.4: rare terms overfit.",
                low=0.0,
                high=0.95,
            ),
        ),
        kind="features",
    ),
    _build,
    _size,
)
