"""Measures networks again, whoever found them: alone on one core, by the same code on the same batches.

A method's own seconds cannot be compared with another's: one clock counts tracing, one shares its cores, one
pads each text to 300 words. And its accuracies are the luckiest of many on the texts that it chose by. Here
each network is built in plain Keras and trained anew from one seed, on batches of texts of like length; the
clock counts training steps only, and accuracy is that on texts which no method was given.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SEED", "key_of", "measure", "measure_all"]

SEED = 1_000_003
"""Of weights, dropout and the order of texts; no method searched with it."""


def key_of(params: Mapping[str, Any], seed: int) -> str:
    """Name a network on one division of the texts."""
    return json.dumps({**params, "division": seed}, sort_keys=True)


def measure(
    params: Mapping[str, Any], texts_path: str, unseen_path: str, epochs: Collection[int], ceiling_s: float
) -> dict[str, Any]:
    """Train a network; return its training seconds and its accuracy on unseen texts.

    Args:
        params: As for ``problem.build``.
        texts_path: The division that it was found on.
        unseen_path: As ``texts.prepare_unseen`` has written them.
        epochs: After how many of them it is looked at; none: the seconds of one are wanted only.
        ceiling_s: Training ends when its seconds pass this, from which nothing counts.

    Returns:
        ``seconds`` up to the end of each epoch, and ``accuracies`` by the number of epochs, as a string.
    """
    import keras

    from benchmarks.front import problem

    keras.utils.clear_session()
    keras.utils.set_random_seed(SEED)
    texts = problem.Texts.load(texts_path)
    unseen = _by_length(unseen_path)
    model = problem.build(params)
    step, predict = _traced(model)
    accuracies: dict[str, float] = {}
    seconds: list[float] = []
    steps_s: list[float] = []
    for epoch in range(max(epochs, default=1)):
        for chosen in _alike(texts.train, epoch):
            ids, labels = _cut(texts.train[chosen]), texts.train_labels[chosen]
            began_s = time.perf_counter()
            float(step(ids, labels.astype(np.float32)[:, np.newaxis]))
            steps_s.append(time.perf_counter() - began_s)
            if sum(steps_s[1:]) > ceiling_s:
                return {"accuracies": accuracies, "seconds": seconds}
        # The first step of all also lays out the graph: it counts as the mean of the others.
        seconds.append(sum(steps_s[1:]) * len(steps_s) / (len(steps_s) - 1))
        if epoch + 1 in epochs:
            accuracies[str(epoch + 1)] = _accuracy(predict, *unseen)
    return {"accuracies": accuracies, "seconds": seconds}


def _traced(model: Any) -> tuple[Any, Any]:
    """Trace a training step and a prediction for all batches, before the clock runs."""
    import tensorflow as tf

    ids, labels = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, 1], tf.float32)
    model.optimizer.build(model.trainable_variables)

    def step(ids: Any, labels: Any) -> Any:
        return model.train_step((ids, labels))["loss"]

    def predict(ids: Any) -> Any:
        return model(ids, training=False)

    traced = tf.function(step, input_signature=[ids, labels], autograph=False)
    predicting = tf.function(predict, input_signature=[ids], autograph=False)
    return traced.get_concrete_function(), predicting.get_concrete_function()


def _alike(rows: npt.NDArray[np.int32], epoch: int) -> list[npt.NDArray[np.int64]]:
    """Return each batch's texts: texts of like length together, batches in a new order each epoch."""
    from benchmarks.front.problem import BATCH_SIZE

    chance = np.random.default_rng([SEED, epoch])
    shuffled = chance.permutation(len(rows))
    order = shuffled[np.argsort((rows[shuffled] != 0).sum(axis=1), kind="stable")]
    batches = [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]
    return [batches[index] for index in chance.permutation(len(batches))]


def _cut(rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Leave out the padding that all texts of a batch have before their words."""
    return rows[:, rows.shape[1] - int((rows != 0).sum(axis=1).max()) :]


def _by_length(unseen_path: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the ids and labels of the unseen texts, the shortest first."""
    with np.load(unseen_path) as kept:
        ids, labels = kept["ids"], kept["labels"]
    order = np.argsort((ids != 0).sum(axis=1), kind="stable")
    return ids[order], labels[order]


def _accuracy(predict: Any, ids: npt.NDArray[np.int32], labels: npt.NDArray[np.int32]) -> float:
    right = 0
    for start in range(0, len(ids), 250):
        batch = slice(start, start + 250)
        predicted = predict(_cut(ids[batch])).numpy()[:, 0] > 0.5
        right += int((predicted == labels[batch]).sum())
    return right / len(ids)


def measure_all(orders: list[dict[str, Any]], path: Path) -> None:
    """Measure what is not in a file yet, and write each there as soon as it is known.

    Args:
        orders: ``params``, ``division``, ``texts``, ``unseen``, ``epochs``, ``ceiling_s`` of each network.
        path: Of the results, by key.
    """
    from benchmarks.paths import write_json

    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for number, order in enumerate(orders):
        key = key_of(order["params"], order["division"])
        if key in known and set(known[key]["asked"]) >= set(order["epochs"]):
            continue
        again = measure(order["params"], order["texts"], order["unseen"], order["epochs"], order["ceiling_s"])
        known[key] = {**again, "asked": order["epochs"]}
        write_json(path, known)
        print(
            f"{number + 1} of {len(orders)}: {order['params']['family']}", again, file=sys.stderr, flush=True
        )


def main() -> None:
    """Measure the networks whose orders stand in the first file; write them to the second."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmarks.machine import use_cores

    use_cores(1)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    measure_all(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
