"""How fast a worker is: a fixed piece of recurrent work, timed when it starts and all through its trials.

The work is what trials do, a training step of an LSTM, so that it slows down where they do. Timed once
it tells machines apart. Timed again and again beside a trial's steps, on the same clock, it
follows what happens to one machine meanwhile: turbo, heat, a neighbour that takes caches and memory.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from tuner.training.stopwatch import Clock

__all__ = ["REFERENCE_PIECE_S", "Pace", "calibrate", "piece"]

_BATCH, _TIME, _FEATURES, _UNITS = 32, 64, 32, 64
_STEPS = 3
_ROUNDS = 4

REFERENCE_PIECE_S = 0.008
"""Seconds of one piece on the reference machine, by which calibrated seconds are seconds of that machine.
A round number of the size that cores of servers have: raw and calibrated seconds are alike within a factor
of two. It cancels out in every comparison, and never changes."""

SHARE = 0.005
"""Of a trial's training that pieces may cost: too little to matter, enough for a round in seven seconds."""

FIRST_S = 0.25
"""Training seconds until the second round, the first being before the first step; the next ones are due each
time that these have doubled. So a trial of some seconds is not judged by a single moment."""

A_ROUND = 2
"""Timed pieces of a round. One that is not timed comes before, for the caches are the trial's."""

WINDOW = 9
"""Last pieces whose median is the pace: follows a change within five of them, and ignores four outliers."""


@lru_cache(maxsize=1)
def piece() -> Callable[[], object]:
    """Return the piece, ready to run: a training step of an LSTM of 64 units on 32 sequences of 64.

    Traced once a process, in about a second; it survives ``keras.utils.clear_session``.
    """
    import keras
    import tensorflow as tf

    layer = keras.layers.LSTM(_UNITS, dtype="float32")
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

    def run() -> float:
        # Reading the number waits for a GPU to be done.
        return float(traced(sequences))

    run()
    keras.utils.clear_session()
    return run


def calibrate(clock: Clock = time.perf_counter, work: Callable[[], object] | None = None) -> float:
    """Return the seconds of three pieces.

    The quickest of four rounds, since anything that disturbs a round makes it slower and nothing makes
    it quicker.

    Args:
        clock: Real time.
        work: The piece. Defaults to :func:`piece`.
    """
    work = work or piece()
    rounds_s = []
    for _ in range(_ROUNDS):
        began_s = clock()
        for _ in range(_STEPS):
            work()
        rounds_s.append(clock() - began_s)
    return min(rounds_s)


class Pace:
    """How fast the worker is now, in reference machines.

    Args:
        work: The piece.
        clock: The one that the trial's calibrated steps are timed by: then what halts this process halts
            both or neither.
    """

    def __init__(self, work: Callable[[], object], clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._taken_s: deque[float] = deque(maxlen=WINDOW)
        self._cost_s = 0.0
        self._due_s = 0.0

    def keep_up(self, trained_s: float) -> None:
        """Time a round when one is due; to be called between training steps, never inside one.

        Args:
            trained_s: What the trial has trained so far, on the same clock.
        """
        if trained_s >= self._due_s or self._cost_s <= SHARE * trained_s:
            self._due_s = max(FIRST_S, 2 * trained_s)
            self._time_round()

    def speed(self) -> float:
        """Return reference seconds a second: 2 on a machine twice as fast; 1 before anything was timed."""
        return REFERENCE_PIECE_S / statistics.median(self._taken_s) if self._taken_s else 1.0

    def _time_round(self) -> None:
        began_s = last_s = self._clock()
        for piece_ in range(A_ROUND + 1):
            self._work()
            now_s = self._clock()
            if piece_ and now_s > last_s:  # a clock may be too coarse to see it
                self._taken_s.append(now_s - last_s)
            last_s = now_s
        self._cost_s += last_s - began_s
