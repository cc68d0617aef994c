"""Points at the edges of a search space, for whoever asks how large or how long a trial can become."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Value,
    holds,
)

__all__ = ["corners"]

_SHARE_OF_HIGH = 0.9
"""Most of what is asked here grows with most numbers."""


def corners(space: Sequence[Parameter], count: int, seed: int = 0) -> Iterator[dict[str, Value]]:
    """Yield points whose numbers are each at a bound, mostly the upper one; choices are drawn.

    All bounds of all parameters together are too many to try; ``count`` draws find the largest of what
    grows with each number, as soon as each combination of choices that matters was drawn.

    Args:
        space: Parameters in declared order.
        count: How many; points may be the same.
        seed: Of the draws.

    Yields:
        Parameter names with their values, active ones only.
    """
    drawn = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(count):
        params: dict[str, Value] = {}
        for parameter in space:
            if holds(parameter.when, params):
                params[parameter.name] = _at_a_bound(parameter, drawn)
        yield params


def _at_a_bound(parameter: Parameter, drawn: random.Random) -> Value:
    match parameter:
        case FloatParameter(low=low, high=high) | IntParameter(low=low, high=high):
            return high if drawn.random() < _SHARE_OF_HIGH else low
        case CategoricalParameter(choices=choices):
            return drawn.choice(choices)
        case FixedParameter(value=value):
            return value
