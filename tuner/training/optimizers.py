"""Optimizers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuner.spec.catalogue import Component, Setting
from tuner.spec.values import Params

if TYPE_CHECKING:
    import keras

__all__ = ["OPTIMIZERS", "Optimizer"]


@dataclass(frozen=True)
class Optimizer:
    """One optimizer: what it can be told, and how it is made.

    Attributes:
        component: Name, summary and settings.
        make: ``params -> keras.optimizers.Optimizer``.
        slots: ``params ->`` the numbers that it keeps of each weight.
    """

    component: Component
    make: Callable[[Params], keras.optimizers.Optimizer]
    slots: Callable[[Params], int]


def _learning_rate(default: float) -> Setting:
    return Setting(
        "learning_rate", "float", default, f"Step size. Defaults to {default:g}.", low=1e-8, high=100.0
    )


def _shared(params: Params) -> dict[str, Any]:
    """What every optimizer is told. Clipping is by the norm over all weights: it keeps the direction."""
    longest = float(params["gradient_clip_norm"])
    return {"learning_rate": float(params["learning_rate"]), "global_clipnorm": longest or None}


def _adam(params: Params) -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(**_shared(params))


def _sgd(params: Params) -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.SGD(
        momentum=float(params["momentum"]), nesterov=bool(params["nesterov"]), **_shared(params)
    )


def _rmsprop(params: Params) -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.RMSprop(rho=float(params["rho"]), **_shared(params))


OPTIMIZERS: Mapping[str, Optimizer] = {
    "adam": Optimizer(
        Component(
            "adam",
            "Adam (Kingma and Ba 2014, arXiv:1412.6980), beta 0.9 and 0.999.",
            settings=(_learning_rate(1e-3),),
        ),
        _adam,
        slots=lambda _: 2,  # both moments
    ),
    "sgd": Optimizer(
        Component(
            "sgd",
            "Stochastic gradient descent with momentum.",
            settings=(
                _learning_rate(1e-2),
                Setting(
                    "momentum",
                    "float",
                    0.9,
                    "Share of the last step kept. Defaults to 0.9.",
                    low=0.0,
                    high=1.0,
                ),
                Setting("nesterov", "bool", True, "Look ahead before each step. Defaults to true."),
            ),
        ),
        _sgd,
        slots=lambda params: int(float(params["momentum"]) > 0),
    ),
    "rmsprop": Optimizer(
        Component(
            "rmsprop",
            "RMSprop (Hinton, Coursera lecture 6e).",
            settings=(
                _learning_rate(1e-3),
                Setting(
                    "rho", "float", 0.9, "Memory of the mean square. Defaults to 0.9.", low=0.0, high=0.999999
                ),
            ),
        ),
        _rmsprop,
        slots=lambda _: 1,  # the mean square
    ),
}
"""Every optimizer by the name that is declared; the first is the default."""
