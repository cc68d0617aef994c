"""Transactions that are exclusive on SQLite, for every engine that writes to a database of studies.

``SELECT ... FOR UPDATE`` is ignored by SQLite: two processes would read the same state and both write. So who
writes says so first, with :func:`writing`, and its transaction begins with ``BEGIN IMMEDIATE``: it holds the
write lock before it reads. Others begin plainly and wait for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

__all__ = ["make_safe", "writing"]

_mode = threading.local()
"""How deep this thread is in :func:`writing`."""


def make_safe(engine: sa.Engine) -> None:
    """Attach the listeners to an engine; SQLite only."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    engine.dispose()  # connections from before the listeners


@contextmanager
def writing() -> Iterator[None]:
    """Let this thread's transactions that begin inside take the write lock at once."""
    depth = getattr(_mode, "depth", 0)
    _mode.depth = depth + 1
    try:
        yield
    finally:
        _mode.depth = depth


def _begin(connection: sa.Connection) -> None:
    wanted = "BEGIN IMMEDIATE" if getattr(_mode, "depth", 0) else "BEGIN"
    connection.exec_driver_sql(wanted)


def _prepare(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself, for it begins them too late.
    connection.isolation_level = None
    # An acknowledged trial survives a power cut: with NORMAL, WAL loses the last ones.
    connection.execute("PRAGMA synchronous=FULL")
