"""Rules of translating errors: whoever raised it, one line of ours and its exit code."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
import sqlalchemy.exc
from filelock import Timeout
from optuna.exceptions import StorageInternalError

from tuner.errors import NoSpaceError, NotFoundError, StorageRefusedError, StorageUnreachableError, TunerError
from tuner.storage.faults import translated, translation


def of_sqlite(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(f"as {name}")
    error.sqlite_errorname = name
    return error


def wrapped(cause: Exception) -> Exception:
    """As Optuna raises what SQLAlchemy raised about what a driver raised."""
    middle = sqlalchemy.exc.OperationalError("SELECT 1", {}, cause)
    middle.__cause__ = cause
    outer = StorageInternalError("An exception is raised during the commit.")
    outer.__cause__ = middle
    return outer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (of_sqlite("SQLITE_FULL"), NoSpaceError),
        (of_sqlite("SQLITE_BUSY"), StorageUnreachableError),
        (of_sqlite("SQLITE_BUSY_SNAPSHOT"), StorageUnreachableError),
        (of_sqlite("SQLITE_READONLY_DBMOVED"), StorageRefusedError),
        (of_sqlite("SQLITE_CANTOPEN"), StorageRefusedError),
        (of_sqlite("SQLITE_CORRUPT"), StorageRefusedError),
        (of_sqlite("SQLITE_NOTADB"), StorageRefusedError),
        (of_sqlite("SQLITE_IOERR_WRITE"), StorageRefusedError),
        (psycopg.errors.DiskFull("no space"), NoSpaceError),
        (psycopg.errors.ReadOnlySqlTransaction("read only"), StorageRefusedError),
        (psycopg.errors.InsufficientPrivilege("no"), StorageRefusedError),
        (psycopg.errors.InvalidPassword("no"), StorageRefusedError),
        (psycopg.errors.InvalidCatalogName("no"), NotFoundError),
        (psycopg.errors.LockNotAvailable("no"), StorageUnreachableError),
        (psycopg.errors.TooManyConnections("no"), StorageUnreachableError),
        (psycopg.errors.AdminShutdown("no"), StorageUnreachableError),
        (psycopg.OperationalError("connection refused"), StorageUnreachableError),
        (sqlalchemy.exc.TimeoutError("pool"), StorageUnreachableError),
        (Timeout("x.lock"), StorageUnreachableError),
        (OSError(errno.ENOSPC, "No space left on device"), NoSpaceError),
        (OSError(errno.EROFS, "Read-only file system"), StorageRefusedError),
        (FileNotFoundError(errno.ENOENT, "No such file"), NotFoundError),
    ],
)
def test_a_fault_of_the_database_becomes_ours(error: Exception, expected: type[TunerError]) -> None:
    for each in (error, wrapped(error)):
        with pytest.raises(expected, match=r"^shown: ") as found, translated("shown", 60.0):
            raise each
        assert "\n" not in str(found.value)
        assert found.value.__cause__ is each


@pytest.mark.parametrize(
    "error",
    [of_sqlite("SQLITE_CONSTRAINT_UNIQUE"), psycopg.errors.UniqueViolation("twice"), KeyError("x")],
)
def test_a_fault_of_the_program_stays_what_it_is(error: Exception) -> None:
    assert translation(error, "shown", 60.0) is None
    with pytest.raises(type(error)), translated("shown", 60.0):
        raise error
