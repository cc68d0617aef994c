"""Writes a file whole or not at all, whatever dies or loses power in the middle."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["put_in_place", "sync_folder", "write_synced", "write_whole"]


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Bring a file to the disk: temporary file beside it, fsync, rename, fsync of the folder.

    Args:
        path: In a folder that is there; a file of that name is replaced in one step.
        content: All of it.

    Raises:
        OSError: If it cannot be written there; a file of that name is then as it was. After the rename
            only if the folder cannot be brought to the disk: the new file then stands.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_synced(unfinished, content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    if os.name == "posix":
        sync_folder(path.parent)


def put_in_place(unfinished: Path, path: Path) -> None:
    """Give a file its name once its content is on the disk: fsync, rename, fsync of the folder.

    Args:
        unfinished: In the folder of ``path``; written by whom asks for no fsync, as Keras does.
        path: A file of that name is replaced in one step.

    Raises:
        OSError: As :func:`write_whole`.
    """
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
    if os.name == "posix":
        sync_folder(path.parent)


def write_synced(path: Path, content: bytes | memoryview) -> None:
    """Write a file and bring its content to the disk; who dies in the middle leaves a part of it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring what was made, renamed or removed in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
