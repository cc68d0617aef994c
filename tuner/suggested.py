"""Commands that messages suggest: written in one place, so that each finds the database of this one.

Which ``--storage`` a person gave is known to the command line alone, and a command is suggested wherever
something is to be done. So the command line says it once, for as long as its command lasts.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["command", "for_storage"]

_storage: ContextVar[str] = ContextVar("storage", default="")


@contextmanager
def for_storage(storage: str) -> Iterator[None]:
    """Let commands that are suggested inside the block name a database.

    Args:
        storage: As it may be shown, so without a password; empty where a command finds the database without.
    """
    before = _storage.set(storage)
    try:
        yield
    finally:
        _storage.reset(before)


def command(*words: str) -> str:
    """Write a command as it can be typed, with the ``--storage`` that it needs.

    Args:
        words: What follows ``tuner``.
    """
    storage = _storage.get()
    return shlex.join(["tuner", *words, *(["--storage", storage] if storage else [])])
