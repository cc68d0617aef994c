"""Settings as numbers, for models that are fitted to trials: a column each, on one scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.spec.values import Params

__all__ = ["Column", "Scale", "columns_of"]

_FloatArray = npt.NDArray[np.float64]

Column: TypeAlias = Callable[[Params], float]
"""A setting as a number, NaN where a trial does not have it."""


@dataclass(frozen=True)
class Scale:
    """Brings columns to mean 0 and deviation 1; a setting that a trial does not have is their mean."""

    mean: _FloatArray
    deviation: _FloatArray

    @classmethod
    def of(cls, raw: _FloatArray) -> Scale:
        """Return the scale of ``(n, k)`` columns."""
        here = ~np.isnan(raw)
        count = np.maximum(here.sum(axis=0), 1)
        mean = np.where(here, raw, 0.0).sum(axis=0) / count
        deviation = np.sqrt((np.where(here, raw - mean, 0.0) ** 2).sum(axis=0) / count)
        return cls(mean, np.where(deviation > 1e-12, deviation, 1.0))

    def apply(self, raw: _FloatArray) -> _FloatArray:
        """Return columns on this scale, ``(n, k)``."""
        scaled: _FloatArray = raw - self.mean
        scaled /= self.deviation
        return np.nan_to_num(scaled, copy=False, nan=0.0)


def columns_of(settings: Sequence[Params]) -> list[Column]:
    """Make numbers of all settings that differ between trials.

    Args:
        settings: Of each trial.

    Returns:
        A column of its own for each kind of a setting that is no number; positive numbers by their logarithm.
    """
    names = dict.fromkeys(name for each in settings for name in each)
    columns: list[Column] = []
    for name in names:
        values = [each[name] for each in settings if name in each]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            if len(set(values)) > 1:
                columns.append(_numeric(name, [float(value) for value in values]))
            continue
        kinds = list(dict.fromkeys(map(str, values)))
        if len(kinds) + (len(values) < len(settings)) > 1:
            columns += [_one_of(name, kind) for kind in kinds]
    return columns


def _numeric(name: str, values: Sequence[float]) -> Column:
    def logarithm(settings: Params) -> float:
        value = settings.get(name)
        return math.nan if value is None else math.log(max(float(value), low))

    def plain(settings: Params) -> float:
        value = settings.get(name)
        return math.nan if value is None else float(value)

    low = min(values)
    return logarithm if low > 0 else plain


def _one_of(name: str, kind: str) -> Column:
    def is_there(settings: Params) -> float:
        return float(name in settings and str(settings[name]) == kind)

    return is_there
