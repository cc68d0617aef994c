"""The one seam at which errors of databases become ours."""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy.exc
from filelock import Timeout
from optuna.exceptions import StorageInternalError

from tuner.errors import (
    NoSpaceError,
    NotFoundError,
    StorageRefusedError,
    StorageUnreachableError,
    TunerError,
)
from tuner.suggested import command

if TYPE_CHECKING:
    import psycopg

__all__ = ["translated", "translation"]

_TURNED_AWAY = (
    "password authentication failed",
    "no password supplied",
    "is not permitted to log in",
    "no pg_hba.conf entry",
)
"""What a server says to a user whom it does not let in: an error in connecting carries no code."""

_SEE_TOO = "look at the server's log, or give another --storage"


@contextmanager
def translated(shown: str, timeout_s: float) -> Iterator[None]:
    """Turn what drivers, SQLAlchemy, Optuna and the operating system raise into errors of ours.

    Args:
        shown: The database as people may read it.
        timeout_s: How long it was waited for, for the message.

    Raises:
        NoSpaceError, NotFoundError, StorageRefusedError, StorageUnreachableError: See ``tuner.errors``.
    """
    try:
        yield
    except _foreign() as error:
        ours = translation(error, shown, timeout_s)
        if ours is None:
            raise
        raise ours from error


def _foreign() -> tuple[type[Exception], ...]:
    known = (sqlalchemy.exc.SQLAlchemyError, StorageInternalError, sqlite3.Error, OSError)
    return known + _of_psycopg()


def _of_psycopg() -> tuple[type[psycopg.Error], ...]:
    """Return the root of the driver's errors; nothing before it was loaded, for then it raised none."""
    driver = sys.modules.get("psycopg")
    return () if driver is None else (driver.Error,)


def translation(error: BaseException, shown: str, timeout_s: float) -> TunerError | None:
    """Return the error of ours that ``error`` amounts to, or None if it is no fault of a database."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, sqlite3.Error):
            return _of_sqlite(cause, shown, timeout_s)
        if isinstance(cause, _of_psycopg()):
            return _of_postgresql(cause, shown)
        if isinstance(cause, Timeout):
            return StorageUnreachableError(
                f"{shown}: another process held the lock for more than {timeout_s:.0f} s",
                "wait for it, or end it if it hangs",
            )
        if isinstance(cause, sqlalchemy.exc.TimeoutError):
            return StorageUnreachableError(f"{shown}: no connection came free within {timeout_s:.0f} s")
        if isinstance(cause, OSError):
            return _of_system(cause, shown)
        cause = cause.__cause__
    return None


def _of_sqlite(error: sqlite3.Error, shown: str, timeout_s: float) -> TunerError | None:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return _no_space(shown)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return StorageUnreachableError(
            f"{shown}: locked by another process for more than {timeout_s:.0f} s",
            "end what has it open, or try again later",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")):
        return StorageRefusedError(f"{shown}: cannot be written to", "make the file and its folder writable")
    if name.startswith("SQLITE_CANTOPEN"):
        return StorageRefusedError(
            f"{shown}: cannot be opened", "check that the file and its folder may be read and written"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StorageRefusedError(
            f"{shown}: is damaged ({error})", "restore a copy, or salvage it with: sqlite3 FILE .recover"
        )
    if name.startswith("SQLITE_IOERR"):
        return StorageRefusedError(f"{shown}: the disk failed ({name})", "check the disk and its free space")
    return None


def _of_postgresql(error: psycopg.Error, shown: str) -> TunerError | None:
    state, said = error.sqlstate or "", _first_line(error)
    if state == "53100":
        return _no_space(shown)
    if state == "25006":
        return StorageRefusedError(f"{shown}: the server is read-only", "give the primary server")
    if state == "42501":
        return StorageRefusedError(
            f"{shown}: the user lacks a right ({said})", "grant it, or use another user"
        )
    no_role = 'role "' in said and "does not exist" in said
    if state in ("28P01", "28000") or no_role or any(phrase in said for phrase in _TURNED_AWAY):
        return StorageRefusedError(f"{shown}: the server does not let the user in", "check user and password")
    if state == "3D000" or ('database "' in said and "does not exist" in said):
        return NotFoundError(f"{shown}: the server has no such database", "create it with: createdb NAME")
    if state == "55P03":
        return StorageUnreachableError(
            f"{shown}: another client held a lock for too long", "end what holds it, or try again later"
        )
    import psycopg

    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StorageUnreachableError(f"{shown}: the server cannot be reached ({said})", _SEE_TOO)
    return None


def _of_system(error: OSError, shown: str) -> TunerError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(shown)
    if error.errno == errno.ENOENT:
        return NotFoundError(f"{shown}: is not there", "check the path")
    reason = error.strerror or type(error).__name__
    return StorageRefusedError(f"{shown}: cannot be used ({reason})", "check the path and its permissions")


def _no_space(shown: str) -> NoSpaceError:
    return NoSpaceError(
        f"{shown}: the disk is full; what was recorded is kept",
        f"free some space, then go on with: {command('resume')}",
    )


def _first_line(error: psycopg.Error) -> str:
    """Return what the server said, without addresses of other attempts and without line breaks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
