"""Optuna's storage made safe on SQLite.

Optuna guards its writes with ``SELECT ... FOR UPDATE``, which SQLite ignores. Here every writing method
begins its transactions as :mod:`tuner.storage.transactions` has it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from optuna.storages import RDBStorage

from tuner.storage.transactions import writing

__all__ = ["SafeStorage"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _writes(method: _Method) -> _Method:
    @functools.wraps(method)
    def with_lock(self: SafeStorage, *arguments: Any, **named: Any) -> Any:
        with writing():
            return method(self, *arguments, **named)

    return cast("_Method", with_lock)


class SafeStorage(RDBStorage):
    """``RDBStorage`` whose writing transactions are exclusive on SQLite.

    Its engine is to be made safe once, after construction: during it, Optuna checks its version on a
    second connection inside a transaction, and would wait for itself.
    """

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
