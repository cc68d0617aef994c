"""Several pictures in one: where each panel's axes lie, and its title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.report.look import Trace

__all__ = ["Panel", "panels"]


@dataclass(frozen=True)
class Panel:
    """A place in a figure with axes of its own.

    Attributes:
        number: From 1, row by row; plotly.js calls axes by it.
        across, up: Its ends, in shares of the figure's width and height.
    """

    number: int
    across: tuple[float, float]
    up: tuple[float, float]

    @property
    def _suffix(self) -> str:
        return str(self.number) if self.number > 1 else ""

    def placed(self, trace: Trace) -> Trace:
        """Return a trace that is drawn here."""
        return {**trace, "xaxis": f"x{self._suffix}", "yaxis": f"y{self._suffix}"}

    def axes(self, x: Mapping[str, Any], y: Mapping[str, Any]) -> dict[str, Any]:
        """Return this panel's axes for a layout."""
        return {
            f"xaxis{self._suffix}": {"anchor": f"y{self._suffix}", "domain": list(self.across), **x},
            f"yaxis{self._suffix}": {"anchor": f"x{self._suffix}", "domain": list(self.up), **y},
        }

    def title(self, said: str, **own: Any) -> dict[str, Any]:
        """Return an annotation above this panel.

        Args:
            said: Its text; escaped, for plotly.js reads it as HTML.
            own: What it has beside or instead of what all have.
        """
        return {
            "text": said,
            "x": sum(self.across) / 2,
            "y": self.up[1],
            "xref": "paper",
            "yref": "paper",
            "xanchor": "center",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 16},
            **own,
        }


def panels(rows: Sequence[int], gap_across: float = 0.0, gap_up: float = 0.0) -> list[list[Panel]]:
    """Divide a figure into panels.

    Args:
        rows: How many panels each row has, from the top; those of a row are as wide as each other.
        gap_across: Between two of a row, in shares of the figure's width.
        gap_up: Between two rows, in shares of its height.

    Returns:
        The panels of each row, from the left.
    """
    height = (1 - gap_up * (len(rows) - 1)) / len(rows)
    found: list[list[Panel]] = []
    number = 1
    for row, count in enumerate(rows):
        low = (len(rows) - 1 - row) * (height + gap_up)
        width = (1 - gap_across * (count - 1)) / count
        starts = [column * (width + gap_across) for column in range(count)]
        found.append(
            [
                Panel(number + column, (start, start + width), (low, low + height))
                for column, start in enumerate(starts)
            ]
        )
        number += count
    return found
