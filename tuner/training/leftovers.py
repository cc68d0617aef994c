"""What trials of one process share: sources of random numbers, and what each leaves behind."""

from __future__ import annotations

import gc
import random

import numpy as np

__all__ = ["clean_up", "seed_all"]


def seed_all(seed: int, with_tensorflow: bool) -> None:
    """Set every source of random numbers that a model's first weights are drawn from.

    Args:
        seed: The trial's.
        with_tensorflow: Whether TensorFlow's own is set as well, which layers of a person's own may ask. Then
            it forgets all that it has made ready to be run: kept graphs, the piece of work, each operation.
    """
    import keras

    if with_tensorflow:
        keras.utils.set_random_seed(seed)
    else:
        random.seed(seed)  # Keras draws a seed for each initializer from here
        np.random.seed(seed)


def clean_up(with_tensorflow: bool) -> None:
    """Free what a trial leaves: models refer to themselves, and a worker runs hundreds of them.

    Args:
        with_tensorflow: Whether what Keras and TensorFlow keep outside of the model is forgotten as well, and
            with it all that :func:`seed_all` names. It is half a MB a trial.
    """
    import keras

    if with_tensorflow:
        keras.utils.clear_session()
    gc.collect()
