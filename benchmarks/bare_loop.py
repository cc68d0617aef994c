"""A worker without an orchestrator: reads trials from stdin, trains each in a bare Keras loop, says so.

The same networks as ``tuner`` builds, on the same batches from the same seeds, on a core of its own with one
thread; each is trained for all its epochs and validated after each. No messages within a trial, no verdicts,
no clocks, no checkpoints, no kept model, only loss and accuracy: what a person's own loop would do.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Take the core that the first argument names, say ``ready``, and run trials until stdin ends."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    core = int(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Before it says that it is ready: all that is imported once, and the garbage collector kept from going
    # through it at each trial's end, which is worth a second a trial and no part of what is compared.
    import keras  # noqa: F401

    from tuner.data.encode import open_dataset  # noqa: F401
    from tuner.embeddings import EMBEDDINGS  # noqa: F401
    from tuner.models import FAMILIES  # noqa: F401
    from tuner.training.calibrate import calibrate
    from tuner.training.feed import feed_for  # noqa: F401

    calibrate()  # TensorFlow's first use costs a second, and is over in a worker of tuner that is ready, too
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        began_s = time.monotonic()
        found = train(json.loads(line))
        print(json.dumps({**found, "began_s": began_s, "ended_s": time.monotonic()}), flush=True)


def train(order: dict[str, Any]) -> dict[str, float]:
    """Train one network.

    Args:
        order: ``settings``, ``seed``, ``dataset_dir``, ``cache_dir`` and ``task``, as of a ``TrialRequest``.

    Returns:
        What the last epoch's validation found.
    """
    import keras
    import tensorflow as tf

    from tuner.data.encode import open_dataset
    from tuner.embeddings import EMBEDDINGS
    from tuner.models import FAMILIES
    from tuner.training.feed import feed_for

    settings, seed = order["settings"], order["seed"]
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    dataset = open_dataset(Path(order["dataset_dir"]))
    inputs = EMBEDDINGS[settings["embedding"]].prepare(dataset, settings, seed, Path(order["cache_dir"]))
    feed = feed_for(dataset, inputs, settings, seed)
    model = FAMILIES[settings["family"]].build(settings, inputs, order["task"], len(dataset.classes))
    model.compile(
        keras.optimizers.Adam(settings["learning_rate"]), "binary_crossentropy", metrics=["accuracy"]
    )
    model.optimizer.build(model.trainable_variables)
    ids, labels = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, 1], tf.float32)
    step = tf.function(
        lambda ids, labels: model.train_step((ids, labels))["loss"],
        input_signature=[ids, labels],
        autograph=False,
    )
    predict = tf.function(lambda ids: model(ids, training=False), input_signature=[ids], autograph=False)
    accuracy = 0.0
    for epoch in range(int(settings["epochs"])):
        for chosen, truth in feed.training(epoch):
            step(chosen, truth.astype(np.float32)[:, np.newaxis])
        right = 0
        for chosen, truth, _ in feed.evaluation("validation"):
            right += int(((predict(chosen).numpy()[:, 0] > 0.5) == truth).sum())
        accuracy = right / dataset.validation.n_texts
    return {"accuracy": accuracy}


if __name__ == "__main__":
    main()
