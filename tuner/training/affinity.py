"""Which processor cores this process may use; all of them where a system gives none out (macOS)."""

from __future__ import annotations

import os

__all__ = ["can_choose_cores", "own_cores"]


def can_choose_cores() -> bool:
    """Tell whether this system lets a process have cores of its own."""
    return hasattr(os, "sched_getaffinity")


def own_cores() -> tuple[int, ...]:
    """Return the numbers of the cores that this process may use, in order."""
    return tuple(sorted(os.sched_getaffinity(0)) if can_choose_cores() else range(os.cpu_count() or 1))
