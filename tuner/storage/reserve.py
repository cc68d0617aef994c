"""Room on the disk that a session's end is sure of: a file beside the database that gives way."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tuner.durable import write_synced

__all__ = ["RESERVE_BYTES", "give_way", "keep_reserve"]

RESERVE_BYTES = 1 << 20

_PIECE_BYTES = RESERVE_BYTES // 4
"""What one session's end takes of it, several times over: some ten pages of 4 kB, and 32 kB of index."""


def keep_reserve(path: Path) -> None:
    """Have room kept, where there is room to keep; who finds none begins without.

    Args:
        path: Of the reserve; its folder is made when missing.
    """
    try:
        if path.is_file() and path.stat().st_size >= RESERVE_BYTES:
            return
        path.parent.mkdir(exist_ok=True)
        # Random, for some file systems keep no room for what they can compress.
        write_synced(path, os.urandom(RESERVE_BYTES))
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def give_way(path: Path) -> bool:
    """Give a piece of the room back to the disk; a second session that ends finds the next one.

    Args:
        path: Of the reserve.

    Returns:
        False if nothing is left to give.
    """
    try:
        left_bytes = path.stat().st_size
        if not left_bytes:
            return False
        os.truncate(path, max(0, left_bytes - _PIECE_BYTES))
    except OSError:
        return False
    return True
