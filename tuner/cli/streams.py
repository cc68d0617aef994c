"""Standard streams whose other end goes away while a command runs: a pipe, or a terminal that closes."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["let_go", "said_that_it_went", "that_may_go"]

_GONE = (errno.EPIPE, errno.EIO)
"""What a write to a pipe, and one to a terminal, then says."""


def let_go() -> bool:
    """Point standard streams at nothing whose other end has gone.

    Else the next line that is written would fail as well, and the interpreter would complain at exit.

    Returns:
        Whether there was one.
    """
    gone = [stream for stream in (sys.__stdout__, sys.__stderr__) if stream and _has_gone(stream)]
    if gone:
        nothing = os.open(os.devnull, os.O_WRONLY)
        for stream in gone:
            os.dup2(nothing, stream.fileno())
        os.close(nothing)
    return bool(gone)


def _has_gone(stream: TextIO) -> bool:
    """Tell whether nobody is at the other end; also where nothing waits to be written that would show it."""
    try:
        if hasattr(select, "poll"):
            asked = select.poll()
            asked.register(stream, 0)  # that an end has gone is told unasked
            if any(told & (select.POLLERR | select.POLLHUP) for _, told in asked.poll(0)):
                return True
        stream.flush()
    except ValueError:  # closed, or none of the system's
        return False
    except OSError:
        return True
    return False


def said_that_it_went(error: OSError) -> bool:
    """Tell whether a standard stream raised an error because its other end has gone; it is let go then.

    A terminal says of it what a broken disk says, so that the streams themselves are looked at.
    """
    return error.errno in _GONE and error.filename is None and let_go()


@contextmanager
def that_may_go() -> Iterator[None]:
    """Write inside to standard streams only: where nobody is there any more, what was told is dropped."""
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE and not isinstance(error, BrokenPipeError):
            raise
        let_go()
