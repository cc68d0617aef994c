"""How numbers, durations and settings are written for people: the same in tables, lines and pictures.

A metric's unit is in its name (``training_time_s``, ``peak_memory_bytes``), so a name is all that is
needed to write a value. Nothing here may know where the text is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tuner.spec.values import Value

__all__ = ["duration", "noun", "title", "unit", "written", "written_params", "written_value"]

_SIZES = ("B", "kB", "MB", "GB", "TB")
_MINUTE_S = 60
_HOUR_S = 3600


def unit(metric: str) -> str:
    """Return a metric's unit as its name tells it: ``s``, ``bytes`` or an empty string."""
    for suffix, name in (("_s", "s"), ("_bytes", "bytes")):
        if metric.endswith(suffix):
            return name
    return ""


def title(metric: str) -> str:
    """Return a metric's name as an axis or a heading says it, e.g. ``training time (s)``."""
    name = unit(metric)
    suffix = f"_{name}"
    words = metric[: -len(suffix)] if name else metric
    return f"{words.replace('_', ' ')} ({name})" if name else words.replace("_", " ")


def noun(metric: str) -> str:
    """Return a metric's name as a sentence says it, e.g. ``training time``."""
    return title(metric).split(" (")[0]


def duration(seconds: float) -> str:
    """Write a duration in its two largest units: ``4.1 s``, ``3 min 20 s``, ``1 h 05 min``."""
    if not math.isfinite(seconds):
        return str(seconds)
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < _MINUTE_S - 0.05:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def written(metric: str, value: float | None) -> str:
    """Write a metric's value with its unit, e.g. ``0.8123``, ``12.3 s``, ``412 MB``; nothing for None."""
    if value is None:
        return ""
    match unit(metric):
        case "s":
            return duration(value)
        case "bytes":
            return _size(value)
    if float(value).is_integer() and abs(value) >= 1:
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) >= 0.0001 or value == 0 else f"{value:.2e}"


def written_value(value: Value) -> str:
    """Write one setting as a person would type it: ``true``, ``64``, ``0.00131``, ``lstm``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def written_params(params: Mapping[str, Value]) -> str:
    """Write settings on one line, in the order given, e.g. ``family=lstm units=64``."""
    return " ".join(f"{name}={written_value(value)}" for name, value in params.items())


def _size(size_bytes: float) -> str:
    if not math.isfinite(size_bytes):
        return str(size_bytes)
    exponent = 0
    while abs(size_bytes) >= 1000 and exponent < len(_SIZES) - 1:
        size_bytes /= 1000
        exponent += 1
    return f"{size_bytes:.0f} {_SIZES[exponent]}" if exponent == 0 else f"{size_bytes:.3g} {_SIZES[exponent]}"
