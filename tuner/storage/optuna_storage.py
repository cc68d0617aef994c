"""Optuna's storage made safe on SQLite.

Optuna guards its writes with ``SELECT ... FOR UPDATE``, which SQLite ignores: two processes read the
same state and both write. Here every writing method begins its transaction with ``BEGIN IMMEDIATE``,
so that it holds the write lock before it reads. Reading methods begin plainly and wait for nobody.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from optuna.storages import RDBStorage
from sqlalchemy import event

__all__ = ["SafeStorage"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _writes(method: _Method) -> _Method:
    @functools.wraps(method)
    def with_lock(self: SafeStorage, *arguments: Any, **named: Any) -> Any:
        with self.writing():
            return method(self, *arguments, **named)

    return cast("_Method", with_lock)


class SafeStorage(RDBStorage):
    """``RDBStorage`` whose writing transactions are exclusive on SQLite.

    :meth:`make_safe` is called once, after construction: during it, Optuna checks its version on a
    second connection inside a transaction, and would wait for itself.
    """

    _mode = threading.local()
    """How deep this thread is in writing methods; of the class, so that a storage can be pickled."""

    def make_safe(self) -> None:
        """Attach the listeners to the engine; SQLite only."""
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", self._begin)
        self.engine.dispose()  # connections from before the listeners

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let this thread's transactions that begin inside take the write lock at once."""
        depth = getattr(self._mode, "depth", 0)
        self._mode.depth = depth + 1
        try:
            yield
        finally:
            self._mode.depth = depth

    def _begin(self, connection: sa.Connection) -> None:
        wanted = "BEGIN IMMEDIATE" if getattr(self._mode, "depth", 0) else "BEGIN"
        connection.exec_driver_sql(wanted)

    create_new_study = _writes(RDBStorage.create_new_study)
    delete_study = _writes(RDBStorage.delete_study)
    set_study_user_attr = _writes(RDBStorage.set_study_user_attr)
    set_study_system_attr = _writes(RDBStorage.set_study_system_attr)
    create_new_trial = _writes(RDBStorage.create_new_trial)
    _create_new_trial = _writes(RDBStorage._create_new_trial)
    set_trial_param = _writes(RDBStorage.set_trial_param)
    _set_trial_param = _writes(RDBStorage._set_trial_param)
    set_trial_state_values = _writes(RDBStorage.set_trial_state_values)
    set_trial_intermediate_value = _writes(RDBStorage.set_trial_intermediate_value)
    set_trial_user_attr = _writes(RDBStorage.set_trial_user_attr)
    set_trial_system_attr = _writes(RDBStorage.set_trial_system_attr)
    record_heartbeat = _writes(RDBStorage.record_heartbeat)


def _prepare(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself, for it begins them too late.
    connection.isolation_level = None
    # An acknowledged trial survives a power cut: with NORMAL, WAL loses the last ones.
    connection.execute("PRAGMA synchronous=FULL")
