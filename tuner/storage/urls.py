"""Where a database is: reading a path or URL, shown without its password, finding the folder beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tuner.errors import InputError

__all__ = ["CACHE_NAME", "Location", "cache_folder", "locate", "safe_url", "studies_folder", "study_folder"]

CACHE_NAME = "cache"
"""Of the folder that all studies share, beside those of the studies."""

_HALF_A_URL = re.compile(r"(sqlite|postgres(ql)?)(\+\w+)?:", re.IGNORECASE)
_SUPPORTED = "give a file such as studies/tuner.db, or postgresql://user:password@host/database"


@dataclass(frozen=True)
class Location:
    """A database that is known to be of a supported kind; nothing of it has been touched.

    Attributes:
        kind: Which of the two.
        url: For SQLAlchemy, password included: never to be shown.
        path: The file, under ``sqlite``.
    """

    kind: Literal["sqlite", "postgresql"]
    url: URL
    path: Path | None = None

    @property
    def shown(self) -> str:
        """The database as people may read it."""
        if self.path:
            return str(self.path)
        secret = [name for name in self.url.query if "pass" in name.lower()]  # libpq takes it there too
        return self.url.difference_update_query(secret).render_as_string(hide_password=True)

    @property
    def secret_url(self) -> str:
        """The URL for libraries, password included."""
        return self.url.render_as_string(hide_password=False)


def locate(storage: str) -> Location:
    """Read what a person gave as the storage.

    Args:
        storage: A path, ``sqlite:///path``, ``postgresql://...`` or ``postgres://...``.

    Raises:
        InputError: If it is none of these. The message holds no part of a password.
    """
    if "\x00" in storage or not storage.strip():
        raise InputError("the storage is an empty text or holds a NUL character", _SUPPORTED)
    if "://" not in storage:
        if _HALF_A_URL.match(storage):
            raise InputError("the storage begins as a URL, but without its two slashes", _SUPPORTED)
        return _sqlite(storage)
    scheme = storage.split("://", 1)[0].lower()
    dialect = scheme.split("+", 1)[0]
    if dialect == "sqlite":
        return _sqlite(_sqlite_path(storage))
    if dialect in ("postgresql", "postgres"):
        return _postgresql(storage)
    raise InputError(
        f"{_masked(storage)}: '{dialect}' is not supported, SQLite and PostgreSQL are", _SUPPORTED
    )


def _sqlite_path(storage: str) -> str:
    path = storage.split("://", 1)[1].split("?", 1)[0]
    if not path.startswith("/") or path in ("/", "/:memory:"):
        raise InputError(
            f"{storage}: names no file; a database in memory is gone with its process",
            "give a path, such as studies/tuner.db or sqlite:///studies/tuner.db",
        )
    return path[1:]


def _sqlite(path: str) -> Location:
    if path == ":memory:":
        return _sqlite(_sqlite_path("sqlite:///:memory:"))
    try:
        file = Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path}: there is no such user", _SUPPORTED) from error
    return Location("sqlite", URL.create("sqlite", database=str(file)), file)


def _postgresql(storage: str) -> Location:
    try:
        url = make_url(storage)
    except (ArgumentError, ValueError) as error:
        raise InputError(f"{_masked(storage)}: cannot be read as a URL", _SUPPORTED) from error
    if url.host and "@" in url.host:
        raise InputError(
            f"{_masked(storage)}: has more than one @ before the host",
            "write an @ of the password as %40",
        )
    driver = url.drivername.partition("+")[2]
    if driver not in ("", "psycopg"):
        raise InputError(
            f"{_masked(storage)}: driver '{driver}' is not supported, psycopg is", "leave the driver out"
        )
    return Location("postgresql", url.set(drivername="postgresql+psycopg"))


def _masked(storage: str) -> str:
    """Hide what stands before the last @ and after a ?, however badly the URL is formed."""
    return re.sub(r"(?<=://).*@", "***@", storage, flags=re.DOTALL).partition("?")[0]


def safe_url(storage: str) -> str:
    """Return a storage as it may be shown: without its password.

    Raises:
        InputError: As :func:`locate`.
    """
    return locate(storage).shown


def studies_folder(storage: str) -> Path:
    """Return the folder in which studies leave their files.

    Returns:
        The folder of an SQLite file; ``studies`` in the working folder for PostgreSQL.

    Raises:
        InputError: As :func:`locate`.
    """
    location = locate(storage)
    return location.path.parent if location.path else Path("studies")


def cache_folder(storage: str) -> Path:
    """Return the folder of what studies share: texts, encoded and as they were, and vectors."""
    return studies_folder(storage) / CACHE_NAME


def study_folder(storage: str, study: str) -> Path:
    """Return the folder of one study's files; see :func:`studies_folder`."""
    return studies_folder(storage) / study
