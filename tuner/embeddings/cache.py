"""Keeps costly arrays on disk, so that they are made once for all trials and processes.

What is kept can always be made again: a file that cannot be read is made anew, not reported.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tuner.data.store import UNREADABLE_ARCHIVE, writing
from tuner.spec.values import Value

__all__ = ["Arrays", "cached_arrays", "kept_arrays"]

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

_logger = logging.getLogger(__name__)


def cached_arrays(
    cache_dir: Path,
    name: str,
    settings: Mapping[str, Value],
    arrays: Collection[str],
    make: Callable[[], Arrays],
) -> Arrays:
    """Return the arrays kept under ``name`` and ``settings``; make and keep them if there are none.

    Processes that ask for the same thing at once wait for the first to make it. The file appears whole
    or not at all.

    Args:
        cache_dir: Folder to keep them in; made if absent.
        name: Beginning of the file's name.
        settings: Everything that the arrays depend on, the dataset's key among it.
        arrays: The names of what is made; a file with others is damaged.
        make: Called without arguments when nothing usable is kept.

    Returns:
        The arrays by name.

    Raises:
        NoSpaceError: If the disk is full.
        StorageRefusedError: If the folder cannot be written to.
    """
    from filelock import FileLock

    path = _path(cache_dir, name, settings)
    with writing(cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        lock.acquire()
    try:
        found = _load_if_sound(path, arrays)
        if found is None:
            found = make()
            with writing(cache_dir):
                _store(path, found)
    finally:
        lock.release()
    return found


def kept_arrays(
    cache_dir: Path, name: str, settings: Mapping[str, Value], arrays: Collection[str]
) -> Arrays | None:
    """Return what :func:`cached_arrays` has kept, or None; nothing is made or written, not even a lock."""
    return _load_if_sound(_path(cache_dir, name, settings), arrays)


def _path(cache_dir: Path, name: str, settings: Mapping[str, Value]) -> Path:
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()[:24]
    return cache_dir / f"{name}-{digest}.npz"


def _load_if_sound(path: Path, arrays: Collection[str]) -> Arrays | None:
    if not path.exists():
        return None
    try:
        found = _load(path)
        if found.keys() != set(arrays):
            raise ValueError(f"it has {', '.join(found) or 'nothing'}, expected {', '.join(arrays)}")
    except UNREADABLE_ARCHIVE as error:
        _logger.warning("%s: cannot be read (%s); making it again", path, error)
        return None
    return found


def _load(path: Path) -> Arrays:
    # allow_pickle=False: a planted file must not run code.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def _store(path: Path, arrays: Arrays) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
