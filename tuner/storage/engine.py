"""Opening a database, and the only ways to it: read, write, lock.

Knows SQLite and PostgreSQL and that a database holds our tables beside Optuna's; nothing of studies.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from filelock import FileLock

from tuner.errors import NoSpaceError, NotFoundError, StorageRefusedError, StorageUnreachableError
from tuner.search.quiet import quiet_optuna
from tuner.storage import postgres, sqlite
from tuner.storage.faults import translated
from tuner.storage.migrations import STEPS, check_version, upgrade, version_of
from tuner.storage.optuna_version import is_current
from tuner.storage.reserve import give_way, keep_reserve
from tuner.storage.transactions import make_safe, writing
from tuner.storage.urls import Location, locate

if TYPE_CHECKING:
    from tuner.storage.optuna_storage import SafeStorage

__all__ = ["TIMEOUT_S", "Database", "open_database"]

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

TIMEOUT_S = 120.0
"""How long a database may be locked or away before a run gives up: longer than a restart takes."""

_SCHEMA_LOCK = "schema"


class Database:
    """An open database. Made by :func:`open_database`.

    Attributes:
        safe_url: The database as people may read it.
        timeout_s: How long it is waited for.
    """

    def __init__(self, location: Location, options: Mapping[str, Any], timeout_s: float) -> None:
        self.safe_url = location.shown
        self.timeout_s = timeout_s
        self._location = location
        self._options = options
        self._made: SafeStorage | None = None
        self._making = threading.Lock()
        self._engine = self._first = _engine(location, options)

    @property
    def storage(self) -> SafeStorage:
        """Optuna's, to be given to its studies as it is: another one on the same database would race.

        It is made when it is first asked for, since who only reads does without.
        """
        with self._making:
            if self._made is None:
                self._made = _storage(self._location, self._options)
                if self._location.kind == "sqlite":
                    make_safe(self._made.engine)
                else:  # a server counts connections: from now on Optuna's engine is the only one
                    self._engine = self._made.engine
                    self._first.pool.dispose()  # but for a connection that is in use, which `close` ends
            return self._made

    @property
    def identity(self) -> str:
        """What tells an SQLite file from a copy of it on the same host; empty for a server."""
        path = self._location.path
        if path is None:
            return ""
        found = path.stat()
        return f"{found.st_dev}:{found.st_ino}"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one state of the database throughout.

        Raises:
            StorageRefusedError, StorageUnreachableError: See ``tuner.storage.faults``.
        """
        with self.translated(), self._connected() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection as :meth:`reading` does, to a reader who may take as long as he likes.

        Between two queries he may wait for a person who turns pages. Others go on writing; meanwhile SQLite's
        log, or what PostgreSQL has not cleaned up, grows by what they write. Errors of the block pass as they
        are: a closed pipe is none of the database's. What reads inside asks for :meth:`translated` itself.

        Raises:
            StorageRefusedError, StorageUnreachableError: See ``tuner.storage.faults``; from the beginning.
        """
        open_until_then = ExitStack()
        try:
            with self.translated():
                connection = open_until_then.enter_context(self._connected())
                if self._location.kind == "postgresql":  # else the server ends whoever idles
                    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection
        finally:
            with suppress(sa.exc.SQLAlchemyError):  # a server that has gone: who only read loses nothing
                open_until_then.close()

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        with self._engine.connect() as connection:
            if self._location.kind == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that is kept if the block ends well, and undone otherwise.

        On SQLite it has the write lock from its beginning. On PostgreSQL what is decided upon must be
        selected ``FOR UPDATE``.

        Raises:
            NoSpaceError, StorageRefusedError, StorageUnreachableError: See ``tuner.storage.faults``.
        """
        with self.translated(), writing(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn errors of the database into ours; for blocks that call Optuna."""
        with translated(self.safe_url, self.timeout_s):
            yield

    @contextmanager
    def study_lock(self, study: str) -> Iterator[None]:
        """Exclude all other processes, on all machines, from the same block on the same study.

        Not reentrant. The lock ends with the process that holds it, however it ends.

        Raises:
            StorageUnreachableError: If it cannot be had within ``timeout_s``.
        """
        with _locked(self._location, self._engine, f"study-{study}", self.timeout_s):
            yield

    def schema_lock(self) -> AbstractContextManager[None]:
        """Exclude all other processes from changing the tables; as :meth:`study_lock`."""
        return _locked(self._location, self._engine, _SCHEMA_LOCK, self.timeout_s)

    def now(self, connection: sa.Connection) -> float:
        """Return seconds since 1970, UTC, by the one clock that all who share the database go by."""
        if self._location.kind == "sqlite":
            return time.time()  # one host, one clock
        clock = sa.func.extract("epoch", sa.func.clock_timestamp())
        return float(connection.scalar(sa.select(clock)) or 0.0)

    def persist(self, operation: Callable[[], _Result]) -> _Result:
        """Repeat ``operation`` while the database is away, up to ``timeout_s``.

        Args:
            operation: One that may be repeated although its first attempt, unheard, succeeded.

        Raises:
            StorageUnreachableError: If it stays away.
        """
        deadline = time.monotonic() + self.timeout_s
        wait_s = 0.1
        while True:
            try:
                return operation()
            except StorageUnreachableError as error:
                if time.monotonic() + wait_s > deadline:
                    raise
                _log.warning("%s; trying again", error.message)
                time.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads processes, hides nothing
                wait_s = min(wait_s * 2, 2.0)

    def keep_reserve(self) -> None:
        """Keep room on an SQLite file's disk for :meth:`persist_if_full`; a server's disk is not ours."""
        if self._location.path is not None:
            keep_reserve(sqlite.reserve_path(self._location.path))

    def persist_if_full(self, operation: Callable[[], _Result]) -> _Result:
        """Repeat ``operation`` as :meth:`persist` does and, where the disk is full, in the room kept for it.

        Raises:
            StorageUnreachableError: If the database stays away.
            NoSpaceError: If none of the room is left, others having filled it.
        """
        while True:
            try:
                return self.persist(operation)
            except NoSpaceError:
                path = self._location.path
                if path is None or not give_way(sqlite.reserve_path(path)):
                    raise

    def close(self) -> None:
        """Close all connections; the last process to do so leaves a single SQLite file."""
        if self._made is not None:
            self._made.remove_session()
            self._made.engine.dispose()
        self._first.dispose()


def open_database(storage: str, create: bool, timeout_s: float = TIMEOUT_S) -> Database:
    """Open the database of studies.

    Args:
        storage: A path, or an SQLAlchemy URL of SQLite or PostgreSQL.
        create: Make the file (SQLite) or the tables (PostgreSQL) when there are none.
        timeout_s: How long it may be locked or away, in seconds. Defaults to 120.

    Raises:
        InputError: If ``storage`` is neither.
        NotFoundError: If there is none and ``create`` is false.
        StorageRefusedError: If it is foreign, empty, damaged, read-only, of another version or on a network
            file system; nothing was written to it.
        StorageUnreachableError: If it does not answer.
        NoSpaceError: If the disk is full.
    """
    quiet_optuna()
    location = locate(storage)
    with translated(location.shown, timeout_s):
        if location.kind == "sqlite":
            return _open_sqlite(location, create, timeout_s)
        return _open_postgresql(location, create, timeout_s)


def _open_sqlite(location: Location, create: bool, timeout_s: float) -> Database:
    path = location.path
    assert path is not None  # noqa: S101 - by `locate`
    sqlite.check_place(path)
    if create and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(location, None, _SCHEMA_LOCK, timeout_s):
            if not path.exists():
                sqlite.make_file(path, lambda draft: _fill(Location("sqlite", location.url, draft)))
    sqlite.check_file(path)
    options = {"connect_args": {"timeout": timeout_s}}
    return _brought_up_to_date(Database(location, options, timeout_s), location)


def _fill(draft: Location) -> None:
    """Make all tables in a new SQLite file."""
    url = draft.url.set(database=str(draft.path))
    storage = _storage(Location("sqlite", url, draft.path), {}, make_tables=True)
    with storage.engine.begin() as connection:
        upgrade(connection, time.time())
    storage.remove_session()
    storage.engine.dispose()


def _open_postgresql(location: Location, create: bool, timeout_s: float) -> Database:
    options = postgres.engine_options(timeout_s)
    probe = sa.create_engine(location.url, **options | {"pool_size": 1})
    try:
        with probe.connect() as connection:
            version = version_of(connection)
        if not version and not create:
            raise NotFoundError(
                f"{location.shown}: the database holds no studies", "begin one with: tuner run FILE"
            )
        if not version:
            with _locked(location, probe, _SCHEMA_LOCK, timeout_s), probe.connect() as connection:
                if not version_of(connection):
                    _storage(location, options, make_tables=True).engine.dispose()
                    with probe.begin() as writing:
                        upgrade(writing, time.time())
    finally:
        probe.dispose()
    return _brought_up_to_date(Database(location, options, timeout_s), location)


def _brought_up_to_date(database: Database, location: Location) -> Database:
    """Bring our tables to this program's version; refuse those of a newer one, and Optuna's of another."""
    try:
        with database.reading() as connection:
            is_known = is_current(connection)
        if not is_known and database.storage.get_current_version() != database.storage.get_head_version():
            raise StorageRefusedError(
                f"{location.shown}: Optuna's tables in it are of another version",
                "use the Optuna that made it, or on a copy: optuna storage upgrade --storage URL",
            )
        with database.reading() as connection:
            version = version_of(connection)
        check_version(version, location.shown)
        if version < len(STEPS):
            lock = database.schema_lock()
            with lock, database.writing() as connection:
                upgrade(connection, database.now(connection))
    except BaseException:
        database.close()
        raise
    return database


def _engine(location: Location, options: Mapping[str, Any]) -> sa.Engine:
    """Make an engine for all that is no business of Optuna's."""
    engine = sa.create_engine(location.url, **options)
    if location.kind == "sqlite":
        make_safe(engine)
    return engine


def _storage(location: Location, options: Mapping[str, Any], make_tables: bool = False) -> SafeStorage:
    """Make Optuna's storage, which is not looked at for the version of its tables yet."""
    from tuner.storage.optuna_storage import SafeStorage

    # Optuna formats the URL as a template.
    url = location.secret_url.replace("{", "{{").replace("}", "}}")
    return SafeStorage(url, dict(options), skip_compatibility_check=True, skip_table_creation=not make_tables)


@contextmanager
def _locked(location: Location, engine: sa.Engine | None, name: str, timeout_s: float) -> Iterator[None]:
    with translated(location.shown, timeout_s):
        if location.path is not None or engine is None:
            assert location.path is not None  # noqa: S101 - PostgreSQL comes with an engine
            path = sqlite.lock_path(location.path, name)
            path.parent.mkdir(exist_ok=True)
            # A lock of its own each time: shared by threads, one object would let the second in.
            with FileLock(path, timeout=timeout_s, poll_interval=0.02, fallback_to_soft=False):
                yield
            return
        connection = postgres.lock(engine, name)
        try:
            yield
        finally:
            postgres.unlock(connection, name)
