"""SQLite files: looked at before anything is written to them, and made whole or not at all."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tuner.errors import NotFoundError, StorageRefusedError
from tuner.suggested import command

__all__ = [
    "APPLICATION_ID",
    "check_file",
    "check_place",
    "databases_beside",
    "lock_path",
    "make_file",
    "reading_ahead",
    "reserve_path",
]

APPLICATION_ID = 0x54554E52
"""Stands in the header of every file of ours ("TUNR"), so that a foreign one is told by its first bytes."""

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_APPLICATION_ID_AT = 68

_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs",
    "9p", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse",
    "fuse.davfs",
})  # fmt: skip
"""File systems whose locks do not hold between machines, or not at all."""


def lock_path(path: Path, name: str) -> Path:
    """Return the lock file ``name`` of a database; all stand in a hidden folder beside it."""
    return path.parent / f".{path.name}.locks" / f"{name}.lock"


def reserve_path(path: Path) -> Path:
    """Return the file that keeps room on the disk of a database, in the same folder as its locks."""
    return path.parent / f".{path.name}.locks" / "reserve"


def databases_beside(path: Path, shared: Path) -> list[Path]:
    """Return other SQLite files whose studies may use a folder that a database's studies share.

    Args:
        path: The database; a link to it may stand in another folder.
        shared: The folder.

    Raises:
        OSError: If a folder or a file in it cannot be read.
    """
    folders = {path.parent.resolve(), path.resolve().parent, shared.resolve().parent}
    files = sorted(each for folder in folders for each in folder.iterdir() if each.is_file())
    return [each for each in files if not each.samefile(path) and _is_sqlite(each)]


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def check_place(path: Path, mounts: str | None = None) -> None:
    """Refuse a place where SQLite's locks do not hold.

    Args:
        path: Of the database, existing or not.
        mounts: As in ``/proc/mounts``; read from there by default.

    Raises:
        StorageRefusedError: If it is on a network file system.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(errors="replace")
        except OSError:
            return  # no Linux: nothing to ask
    kind = _file_system(path.absolute().parent.resolve(), mounts)
    if kind in _NETWORK:
        raise StorageRefusedError(
            f"{path}: is on a network file system ({kind}), where SQLite's locks do not hold",
            "put it on a local disk, or use PostgreSQL for several machines",
        )


def _file_system(folder: Path, mounts: str) -> str:
    """Return the type of the mount that ``folder`` is on; the last one mounted there counts."""
    found, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        # Blanks in a path are written \040.
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1]))
        if folder.is_relative_to(point) and len(point.parts) >= found:
            found, kind = len(point.parts), fields[2]
    return kind


def check_file(path: Path) -> None:
    """Refuse a file that is not a whole database of ours; writes nothing to it.

    Args:
        path: An existing file.

    Raises:
        NotFoundError: If there is none.
        StorageRefusedError: If it is empty, foreign, damaged or may not be written to.
    """
    if not path.exists():
        raise NotFoundError(
            f"{path}: there is no such database",
            f"begin a study with: {command('run', 'FILE')}; for another give --storage or TUNER_STORAGE",
        )
    if not path.is_file():
        raise StorageRefusedError(f"{path}: is no file", "give the path of a file, such as studies/tuner.db")
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    _check_header(path, header)
    for each in (path, path.parent):
        if not os.access(each, os.W_OK):
            raise StorageRefusedError(
                f"{each}: may not be written to", "make the file and its folder writable, or copy them"
            )
    _check_pages(path)


def _check_header(path: Path, header: bytes) -> None:
    another = "give another --storage; nothing was written to it"
    if not header:
        raise StorageRefusedError(f"{path}: is an empty file, not a database", "delete it, or " + another)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise StorageRefusedError(f"{path}: is no SQLite database", another)
    found = int.from_bytes(header[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4], "big")
    if found != APPLICATION_ID:
        raise StorageRefusedError(f"{path}: is a database of another program, not of tuner", another)


def _check_pages(path: Path) -> None:
    """Read every page: a truncated or damaged file shows here, before any page of it is trusted."""
    begun = _begun.get(path.absolute())
    found = _read_pages(path) if begun is None else begun.result()
    if found != "ok":
        raise StorageRefusedError(
            f"{path}: is damaged ({found.splitlines()[-1]})",
            "restore a copy, or salvage it with: sqlite3 FILE .recover",
        )


def _read_pages(path: Path) -> str:
    """Return what SQLite finds: ``ok``, or what is wrong."""
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=60)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    finally:
        connection.close()


_begun: dict[Path, Future[str]] = {}
"""Files whose pages are being read by :func:`reading_ahead`."""


@contextmanager
def reading_ahead(storage: str) -> Iterator[None]:
    """Read a file's pages on another core while the block loads what it needs to open the file.

    :func:`check_file` in the block waits for what is found; nothing of the file is trusted before.

    Args:
        storage: As a person gave it. Whatever is no file of ours is left to the block.
    """
    path = Path(storage).absolute()
    if not _looks_like_ours(path):
        yield
        return
    with ThreadPoolExecutor(1) as beside:
        _begun[path] = beside.submit(_read_pages, path)
        try:
            yield
        finally:
            del _begun[path]


def _looks_like_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            _check_header(path, file.read(_HEADER_BYTES))
    except (OSError, StorageRefusedError):
        return False
    return True


def make_file(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a database so that at ``path`` there is none or a whole one, whenever the process dies.

    Args:
        path: Where it shall be; its folder exists and the schema lock is held.
        fill: Makes the tables in a file at the path it is given, and closes it.

    Raises:
        OSError, sqlite3.Error: Of the disk.
    """
    draft = path.with_name(f".{path.name}.draft")
    for suffix in ("", "-wal", "-shm", "-journal"):  # of one that died here
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    fill(draft)
    connection = sqlite3.connect(draft)
    try:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    _sync(draft)
    draft.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
