"""What the stack of recurrent layers does beside what holds for every family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.networks import IDS, RECURRENT, build, settings, trained
from tuner.catalogue import CATALOGUE
from tuner.data.values import EncodedDataset
from tuner.models.recurrent import units_by_layer, units_of

DatasetMaker = Callable[..., EncodedDataset]


@pytest.mark.slow
def test_fits_three_classes_with_all_options_on(make_dataset: DatasetMaker, tmp_path: Path) -> None:
    words = (["dull", "awful", "weak"], ["long", "plain", "usual"], ["great", "fresh", "superb"])
    texts = [
        (f"the {thing} was {word} in the end", label)
        for label, chosen in enumerate(words)
        for word in chosen
        for thing in ("film", "story", "cast", "music", "script")
    ]
    params = settings(
        "gru", bidirectional=True, layers=2, units_pattern="halving", dense_units=8, recurrent_dropout=0.1,
        dropout=0.1, learning_rate=0.02, batch_size=8, gradient_clip_norm=1.0,
    )  # fmt: skip

    assert trained(make_dataset(texts), params, 15, tmp_path)[2] > 0.95


@pytest.mark.parametrize("family", RECURRENT)
def test_agrees_with_keras_own_masked_and_bidirectional_layers(family: str) -> None:
    import keras

    ours = build(family, layers=2, bidirectional=True)
    cell = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple_rnn": keras.layers.SimpleRNN}[family]
    ids = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(20, 6, mask_zero=True, weights=ours.get_layer("embedding").get_weights())(
        ids
    )
    wrapped = []
    for index in range(2):
        wrapped.append(keras.layers.Bidirectional(cell(8, return_sequences=index == 0)))
        hidden = wrapped[-1](hidden)
    head = keras.layers.Dense(1, activation="sigmoid")
    theirs = keras.Model(ids, head(hidden))
    for index, layer in enumerate(wrapped):
        layer.forward_layer.set_weights(ours.get_layer(f"forward_{index}").get_weights())
        layer.backward_layer.set_weights(ours.get_layer(f"backward_{index}").get_weights())
    head.set_weights(ours.get_layer("head").get_weights())

    np.testing.assert_allclose(ours(IDS).numpy(), theirs(IDS).numpy(), atol=1e-6)


def test_dropout_follows_every_recurrent_layer_and_the_dense_one() -> None:
    model = build("lstm", layers=2, dense_units=4, dropout=0.3)

    rates = {layer.name: layer.rate for layer in model.layers if layer.name.startswith("dropout")}
    assert rates == {"dropout_0": 0.3, "dropout_1": 0.3, "dropout_dense": 0.3}


def test_recurrent_dropout_reaches_the_cells() -> None:
    model = build("gru", bidirectional=True, recurrent_dropout=0.4)

    assert model.get_layer("forward_0").recurrent_dropout == 0.4
    assert model.get_layer("backward_0").recurrent_dropout == 0.4


@pytest.mark.parametrize(
    ("units", "layers", "pattern", "expected"),
    [
        (64, 1, "same", [64]),
        (64, 3, "same", [64] * 3),
        (64, 3, "halving", [64, 32, 16]),
        (2, 3, "halving", [2, 1, 1]),
    ],
)
def test_units_of_each_layer(units: int, layers: int, pattern: str, expected: list[int]) -> None:
    assert units_by_layer(units, layers, pattern) == expected


@pytest.mark.parametrize("family", ["lstm", "lstm_self_attention", "lstm_word_attention"])
@pytest.mark.parametrize(
    "given", [{"units": 4, "layers": 2, "units_pattern": "halving"}, {"layer_units": "[4, 2]"}]
)
def test_units_are_those_of_the_layers(family: str, given: dict[str, Any]) -> None:
    model = build(family, **given)

    assert [layer.units for layer in model.layers if layer.name.startswith("forward_")] == [4, 2]


def test_units_listed_by_layer_stand_in_place_of_the_others() -> None:
    params = CATALOGUE.complete({"family": "gru", "layer_units": "[3, 5, 2]", "units": 64, "layers": 8})

    assert params.keys().isdisjoint({"units", "layers", "units_pattern"})
    assert units_of(params) == [3, 5, 2]
