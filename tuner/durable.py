"""Writes a file whole or not at all, whatever dies or loses power in the middle."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Bring a file to the disk: temporary file beside it, fsync, rename, fsync of the folder.

    Args:
        path: In a folder that is there; a file of that name is replaced in one step.
        content: All of it.

    Raises:
        OSError: If it cannot be written there; a file of that name is then as it was.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
