"""Standard streams whose other end goes away while a command runs: a pipe, or a terminal that closes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["let_go", "that_may_go"]

_GONE = (errno.EPIPE, errno.EIO)
"""What a write to a pipe, and one to a terminal, then says."""


def let_go() -> None:
    """Point standard streams at nothing that cannot be flushed, or the interpreter would complain at exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except OSError:
            os.dup2(nothing, stream.fileno())


@contextmanager
def that_may_go() -> Iterator[None]:
    """Write inside to standard streams only: where nobody is there any more, what was told is dropped."""
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE and not isinstance(error, BrokenPipeError):
            raise
        let_go()
