"""One step, one prediction, one optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.networks import IDS, build, settings
from tuner.training.optimizers import OPTIMIZERS
from tuner.training.steps import compile_model, predict_all, seed_dropout, trace_steps


def test_one_trace_serves_all_batches() -> None:
    import tensorflow as tf

    model = build("lstm")
    compile_model(model, settings("lstm"), "binary")
    traced: list[Any] = []
    train_step = model.train_step

    def counted(data: Any) -> Any:
        traced.append(data)
        return train_step(data)

    model.train_step = counted
    steps = trace_steps(model, "binary")

    for size, length in ((3, 4), (1, 9), (5, 1)):
        steps.train(tf.ones([size, length], tf.int32), tf.ones([size], tf.int32))

    assert len(traced) == 1


def test_the_same_seed_and_epoch_drop_the_same_units() -> None:
    model = build("lstm", dropout=0.5, layers=2)

    def drop(seed: int, epoch: int) -> Any:
        seed_dropout(model, seed, epoch)
        return model(IDS, training=True).numpy()

    np.testing.assert_array_equal(drop(1, 4), drop(1, 4))
    assert not np.array_equal(drop(1, 4), drop(1, 5))
    assert not np.array_equal(drop(1, 4), drop(2, 4))


def test_predictions_come_back_in_the_order_of_the_texts() -> None:
    batches = [(np.array([[2.0]]), None, np.array([2])), (np.array([[0.0], [1.0]]), None, np.array([0, 1]))]

    found = predict_all(lambda inputs: inputs, batches, 3)

    np.testing.assert_array_equal(found, [[0], [1], [2]])
    with pytest.raises(ValueError, match="without texts"):
        predict_all(lambda inputs: inputs, [], 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_made_as_declared(name: str) -> None:
    declared = {each.name: each.default for each in OPTIMIZERS[name].component.settings}
    params = {each: value for each, value in declared.items() if value is not None}

    optimizer = OPTIMIZERS[name].make({**params, "learning_rate": 0.25, "gradient_clip_norm": 2.0})
    unclipped = OPTIMIZERS[name].make({**params, "gradient_clip_norm": 0.0})

    assert type(optimizer).__name__.lower() == name
    assert float(optimizer.learning_rate) == 0.25
    assert optimizer.global_clipnorm == 2.0
    assert unclipped.global_clipnorm is None


def test_sgd_takes_momentum_and_nesterov() -> None:
    params = {"learning_rate": 0.1, "momentum": 0.5, "nesterov": False, "gradient_clip_norm": 0.0}

    optimizer = OPTIMIZERS["sgd"].make(params)

    assert (optimizer.momentum, optimizer.nesterov) == (0.5, False)
