"""How fast this worker is: a fixed piece of recurrent work, timed.

Trials from unlike machines are put on one time axis by it. The work is what trials do, an LSTM forward
and back, so that it slows down where they do.
"""

from __future__ import annotations

import time
from typing import Any

from tuner.training.stopwatch import Clock

__all__ = ["calibrate"]

_BATCH, _TIME, _FEATURES, _UNITS = 32, 64, 32, 64
_STEPS = 3
_ROUNDS = 4


def calibrate(clock: Clock = time.perf_counter) -> float:
    """Return the seconds of three training steps of an LSTM of 64 units on 32 sequences of 64.

    The quickest of four rounds, since anything that disturbs a round makes it slower and nothing makes
    it quicker. Takes about a second with tracing.

    Args:
        clock: Real time.
    """
    import keras
    import tensorflow as tf

    layer = keras.layers.LSTM(_UNITS)
    sequences = tf.random.stateless_normal([_BATCH, _TIME, _FEATURES], seed=[1, 2])  # (B, T, F)
    layer.build(sequences.shape)

    def work(sequences: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(layer(sequences) ** 2)  # (B, U) -> ()
        gradients = tape.gradient(loss, layer.trainable_variables)
        return tf.add_n([tf.reduce_sum(gradient) for gradient in gradients])

    traced = tf.function(work, autograph=False, jit_compile=False).get_concrete_function(
        tf.TensorSpec(sequences.shape, sequences.dtype)
    )
    float(traced(sequences))
    rounds_s = []
    for _ in range(_ROUNDS):
        began_s = clock()
        for _ in range(_STEPS):
            # Reading the number waits for a GPU to be done.
            float(traced(sequences))
        rounds_s.append(clock() - began_s)
    keras.utils.clear_session()
    return min(rounds_s)
