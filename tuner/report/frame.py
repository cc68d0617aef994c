"""The rectangle that a picture of points shows: its ranges, its scale, its ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tuner.analysis.points import Axes
from tuner.report.look import axis_title, x_axis, y_axis
from tuner.spec.values import Direction

__all__ = ["Frame", "frame_of", "range_of"]

_LOG_SPREAD = 10
"""An x axis is logarithmic when its largest value is more than ten times its smallest."""

_MARGIN = 0.06


@dataclass(frozen=True)
class Frame:
    """What a picture shows.

    Attributes:
        x, y: Their ends; those of a logarithmic x in powers of ten.
        logarithmic: Whether x is.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    logarithmic: bool

    def edge(self, direction: Direction) -> float:
        """Return x at the worse edge, in the units of the data."""
        end = self.x[1] if direction == "minimize" else self.x[0]
        return 10**end if self.logarithmic else end

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies, in shares of width and height from the lower left corner."""
        across = math.log10(x) if self.logarithmic else x
        return (
            (across - self.x[0]) / (self.x[1] - self.x[0]),
            (y - self.y[0]) / (self.y[1] - self.y[0]),
        )

    def axes(self, axes: Axes, *, aims_at_x: bool = True) -> dict[str, Any]:
        """Return these axes for a layout, with titles that say unit, scale and which way is better.

        Args:
            axes: What x and y are.
            aims_at_x: Whether one way along x is better.
        """
        scale: dict[str, Any] = {}
        if self.logarithmic:
            ticks = _log_ticks(10 ** self.x[0], 10 ** self.x[1])
            scale = {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
        across = axis_title(axes.x.metric, self.logarithmic, axes.x.direction if aims_at_x else None)
        up = axis_title(axes.y.metric, False, axes.y.direction)
        return {
            "xaxis": x_axis(across, range=list(self.x), **scale),
            "yaxis": y_axis(up, range=list(self.y), **_tick_format(self.y)),
        }


def frame_of(x: Sequence[float], y: Sequence[float]) -> Frame:
    """Return a frame that holds every point with a margin."""
    logarithmic = bool(x) and min(x) > 0 and max(x) > _LOG_SPREAD * min(x)
    return Frame(range_of(x, logarithmic), range_of(y), logarithmic)


def range_of(values: Sequence[float], logarithmic: bool = False) -> tuple[float, float]:
    """Return the ends of an axis that holds all values with a margin; in powers of ten where logarithmic."""
    if not values:
        return 0.0, 1.0
    low, high = (math.log10(value) if logarithmic else value for value in (min(values), max(values)))
    margin = (high - low) * _MARGIN or abs(high) * _MARGIN or 0.5
    return low - margin, high + margin


def _tick_format(ends: tuple[float, float]) -> dict[str, str]:
    """Write shares with two digits all along the axis; leave other axes to plotly."""
    is_share = ends[0] >= 0 and ends[1] <= 1.1 and ends[1] - ends[0] > 0.05
    return {"tickformat": ".2f"} if is_share else {}


def _log_ticks(low: float, high: float) -> list[float]:
    """Return the 1-2-5 numbers inside ``[low, high]``."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]
