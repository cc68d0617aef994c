"""How alike two points of a search space are.

The distance of Gower (1971), for settings of all kinds: the mean over the searched parameters that one of two
points has. A number counts its share of the range, of the logarithm where it is searched so; a choice 0 or 1;
a parameter that only one of them has 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tuner.spec.values import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Params,
    Value,
    same_value,
)

__all__ = ["Nearness"]

_Array = npt.NDArray[np.float64]


class Nearness:
    """Measures distances in one space.

    Args:
        space: Parameters in declared order; fixed ones tell nothing.
    """

    def __init__(self, space: Sequence[Parameter]) -> None:
        self._searched = [each for each in space if not isinstance(each, FixedParameter)]
        self._is_choice = np.array(
            [isinstance(each, CategoricalParameter) for each in self._searched], dtype=bool
        )

    def places(self, points: Sequence[Params]) -> _Array:
        """Return where points lie in the ranges of their parameters, ``(n_points, n_params)``.

        Args:
            points: Each one that the space allows.

        Returns:
            From 0 to 1; of a choice, which one it is; NaN where a point does not have the parameter.
        """
        rows = [
            [_place_of(each, point[each.name]) if each.name in point else math.nan for each in self._searched]
            for point in points
        ]
        return np.array(rows, dtype=np.float64).reshape(len(points), len(self._searched))

    def distances(self, place: _Array, others: _Array) -> _Array:
        """Return how far a point lies from others, ``(n,)``: 0 the same, 1 nothing alike.

        Args:
            place: ``(n_params,)``, from :meth:`places`.
            others: ``(n, n_params)``.
        """
        apart = np.abs(others - place)
        apart[:, self._is_choice] = apart[:, self._is_choice] > 0.0
        has, have = ~np.isnan(place), ~np.isnan(others)
        apart = np.where(has & have, apart, (has ^ have).astype(float))
        counted = np.maximum((has | have).sum(axis=1), 1)
        found: _Array = apart.sum(axis=1) / counted
        return found


def _place_of(parameter: Parameter, value: Value) -> float:
    match parameter:
        case CategoricalParameter(choices=choices):
            return float(next(at for at, each in enumerate(choices) if same_value(value, each)))
        case FloatParameter(low=low, high=high, log=log) | IntParameter(low=low, high=high, log=log):
            ends = (float(low), float(value), float(high))
            least, here, most = map(math.log, ends) if log else ends
            return (here - least) / (most - least) if most > least else 0.0
        case FixedParameter():
            return 0.0
