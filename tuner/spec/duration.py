"""Durations as people write them: ``90s``, ``10m``, ``1.5h``, ``2d``, or plain seconds."""

from __future__ import annotations

import re

__all__ = ["MAX_DURATION_S", "MIN_DURATION_S", "duration_text", "parse_duration"]

MAX_DURATION_S = 10 * 365 * 86400.0
"""Ten years; beyond it a clock's arithmetic overflows and nobody waits."""

MIN_DURATION_S = 0.001
"""Shorter ones are written with an exponent, which no person means."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,20})?)\s*([smhd]?)")


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` says.

    Args:
        text: A positive number with one of the units s, m, h, d; without unit it counts seconds.

    Returns:
        Seconds from :data:`MIN_DURATION_S` to :data:`MAX_DURATION_S`.

    Raises:
        ValueError: If it says anything else; the message says what was expected.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if not MIN_DURATION_S <= seconds <= MAX_DURATION_S:
        raise ValueError("expected a duration such as 90s, 10m, 1.5h or 2d, at most ten years")
    return seconds


def duration_text(seconds: float) -> str:
    """Write seconds in the largest unit that leaves a whole number; the inverse of :func:`parse_duration`."""
    for unit in ("d", "h", "m", "s"):
        if seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds!r}s"
