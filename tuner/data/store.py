"""Folders on disk that are built once, whole or not at all, whoever builds them.

An entry is a folder with files and a ``meta.json`` that has the size and SHA-256 of each. It is built
under a file lock in a folder of another name, brought to the disk, and renamed: a process that dies
half way leaves nothing that could be taken for an entry, and of two that want the same one builds and
the other waits. An entry that was damaged since is built again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import lzma
import shutil
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from tuner.durable import sync_folder, write_synced
from tuner.errors import DataError, NoSpaceError, StorageRefusedError

__all__ = ["UNREADABLE_ARCHIVE", "Contents", "build_once", "read_facts", "writing"]

UNREADABLE_ARCHIVE: Final = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    OverflowError,
    RuntimeError,  # one changed bit says "encrypted"; NotImplementedError, of a way of packing, is one too
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
"""What reading a damaged archive of arrays (``.npz``) may raise; zipfile has no one error for it."""

_FORMAT: Final = 1
_META: Final = "meta.json"


@dataclass(frozen=True)
class Contents:
    """What an entry shall hold.

    Attributes:
        facts: What JSON can carry.
        files: Bytes by file name.
    """

    facts: Mapping[str, Any]
    files: Mapping[str, bytes]


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn what the operating system says against writing into our own errors.

    Raises:
        NoSpaceError: If the disk or quota is full.
        StorageRefusedError: If the folder cannot be written to.
        OSError: As it was, if a library raised it without the system's number: it is not of the disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceError(f"{where}: no space left on the disk", "free some and run again") from error
        if error.errno is None:
            raise
        raise StorageRefusedError(
            f"{where}: cannot be written: {error.strerror or error}",
            "use a folder that can be written to, e.g. with --storage",
        ) from error


def build_once(directory: Path, build: Callable[[], Contents]) -> Mapping[str, Any]:
    """Return the facts of an entry, building it first where it is not there or not sound.

    Args:
        directory: The entry's folder; its name must say everything that its contents depend on.
        build: Makes the contents. Called by one process at a time, under the entry's lock.

    Raises:
        NoSpaceError: If the disk is full; nothing is left behind.
        StorageRefusedError: If the folder cannot be written to.
    """
    if (facts := _sound_facts(directory)) is not None:
        return facts
    with writing(directory.parent):
        directory.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{directory}.lock")
        lock.acquire()
    try:
        if (facts := _sound_facts(directory)) is not None:
            return facts
        contents = build()
        with writing(directory.parent):
            _replace(directory, contents)
        return read_facts(directory)
    finally:
        lock.release()


def read_facts(directory: Path, *, thorough: bool = False) -> dict[str, Any]:
    """Return an entry's facts after a look at its files.

    Args:
        directory: The entry's folder.
        thorough: Read every file and compare its hash. Defaults to looking at sizes only, because
            workers open an entry for each trial.

    Raises:
        DataError: If it is missing or damaged.
    """
    again = "run the study again: it is built anew"
    try:
        meta = json.loads((directory / _META).read_text("utf-8"))
        checksum = meta.pop("checksum")
        if checksum != _digest(_canonical(meta)) or meta["format"] != _FORMAT:
            raise DataError(f"{directory}: {_META} was changed or is of another version", again)
        for name, described in meta["files"].items():
            if (directory / name).stat().st_size != described["size_bytes"]:
                raise DataError(f"{directory}: {name} is cut short", again)
            if thorough and _digest((directory / name).read_bytes()) != described["sha256"]:
                raise DataError(f"{directory}: {name} is damaged", again)
        facts: dict[str, Any] = meta["facts"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{directory}: is no whole cache entry: {error}", again) from error
    return facts


def _sound_facts(directory: Path) -> dict[str, Any] | None:
    if not directory.exists():
        return None
    try:
        return read_facts(directory, thorough=True)
    except DataError:
        return None


def _replace(directory: Path, contents: Contents) -> None:
    """Write the entry beside its place and move it there. The entry's lock is held."""
    for remnant in directory.parent.glob(f".{directory.name}.*"):
        shutil.rmtree(remnant, ignore_errors=True)
    building = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}")
    building.mkdir()
    try:
        described = {
            name: {"size_bytes": len(content), "sha256": _digest(content)}
            for name, content in contents.files.items()
        }
        for name, content in contents.files.items():
            write_synced(building / name, content)
        meta: dict[str, Any] = {"format": _FORMAT, "facts": dict(contents.facts), "files": described}
        meta["checksum"] = _digest(_canonical(meta))
        write_synced(building / _META, _canonical(meta))
        sync_folder(building)
        if directory.exists():  # damaged: a folder cannot be renamed onto one that is not empty
            directory.rename(building.with_suffix(".damaged"))
        building.rename(directory)
        sync_folder(directory.parent)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    shutil.rmtree(building.with_suffix(".damaged"), ignore_errors=True)


def _canonical(meta: Mapping[str, Any]) -> bytes:
    return json.dumps(meta, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
