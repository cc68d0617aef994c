"""How messages word what all of them have."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """Say how many of something there are: ``1 thread``, ``2 threads``, ``0 threads``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
