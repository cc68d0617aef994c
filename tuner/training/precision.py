"""Single precision, or half where a GPU computes: which of the two a trial runs in, and what that asks for.

With ``mixed_float16`` (Micikevicius et al. 2017, arXiv:1710.03740) layers compute in half precision and keep
their weights in single; heads and losses are in single anyway. A processor has no use for it: it computes
half precision many times slower than single.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tuner.spec.values import Params
from tuner.training.exchange import exchanged

if TYPE_CHECKING:
    import keras

__all__ = ["Precision", "computing_in", "in_single_precision", "precision_of", "with_scaled_loss"]

Precision: TypeAlias = Literal["float32", "mixed_float16"]
"""As Keras names its policies."""


def precision_of(params: Params, config: Any) -> Precision:
    """Return what a trial runs in, on this machine.

    Args:
        params: The trial's settings.
        config: ``tf.config``, or a fake of it: asked for GPUs.
    """
    if params["mixed_precision"] and config.list_physical_devices("GPU"):
        return "mixed_float16"
    return "float32"


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Let layers that are made inside compute in ``precision``; a worker's next trial may want another."""
    import keras

    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)


def with_scaled_loss(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return an optimizer that scales the loss, where layers are being made that compute in half precision.

    Gradients below 6e-8 would be 0 there. The scale is found while training: halved, and the step left out,
    when a gradient is not finite; doubled after 2,000 steps without one. Gradients are clipped after they
    are scaled back. The scale is a variable of the optimizer, and so part of checkpoints.
    """
    import keras

    if keras.config.dtype_policy().name != "mixed_float16":
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def in_single_precision(model: keras.Model) -> keras.Model:
    """Return a model with the same weights, every layer of which computes in single precision."""
    config = model.get_config()
    single = exchanged(config, {"mixed_float16": "float32"})
    if single == config:
        return model
    again = type(model).from_config(single)
    again.set_weights(model.get_weights())
    return again
