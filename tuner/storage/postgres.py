"""PostgreSQL: connections that notice a dead network, and locks that die with their holder."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

__all__ = ["engine_options", "lock", "lock_key", "unlock"]

_CONNECT_TIMEOUT_S = 10
_SILENCE_S = 30
"""A peer that acknowledges nothing for so long is dead; the system's own answer takes hours."""

_POOL = 2
_POOL_OVERFLOW = 4


def engine_options(timeout_s: float) -> dict[str, Any]:
    """Return SQLAlchemy's options for one process: few connections, none of which can hang.

    Args:
        timeout_s: Longest wait for a lock.
    """
    settings = {
        "TimeZone": "UTC",  # else PGTZ decides what time it is
        "lock_timeout": f"{int(timeout_s * 1000)}ms",
        # The server's side too: a machine that vanished must not keep its locks.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "4",
        "idle_in_transaction_session_timeout": f"{_SILENCE_S * 2}s",
    }
    return {
        "pool_size": _POOL,
        "max_overflow": _POOL_OVERFLOW,
        "pool_timeout": timeout_s,
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "tcp_user_timeout": _SILENCE_S * 1000,
            "keepalives": 1,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "application_name": "tuner",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
    }


def lock_key(name: str) -> int:
    """Return the number of the advisory lock ``name``, in the 64 bits that PostgreSQL has for it."""
    return int.from_bytes(hashlib.sha256(f"tuner:{name}".encode()).digest()[:8], "big", signed=True)


def lock(engine: sa.Engine, name: str) -> sa.Connection:
    """Take a lock on a connection of its own, outside any transaction; waits for it.

    Returns:
        The connection that holds it. When it ends, in whatever way, so does the lock.
    """
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection.execute(sa.select(sa.func.pg_advisory_lock(lock_key(name))))
    except BaseException:
        connection.invalidate()
        connection.close()
        raise
    return connection


def unlock(connection: sa.Connection, name: str) -> None:
    """Give a lock back, and the connection to its pool; a connection that broke gave the lock back then."""
    try:
        connection.execute(sa.select(sa.func.pg_advisory_unlock(lock_key(name))))
    except sa.exc.DBAPIError:
        connection.invalidate()
    finally:
        connection.close()
