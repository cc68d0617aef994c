"""Who holds a lease: one process, told apart from every other one that ever was.

A pid alone is not enough, for it is given again; with the boot, the pid namespace and the process's
start time it is. All of it can be checked from the same host at once, without waiting for a lease to expire.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

__all__ = ["Life", "Owner", "life_of", "this_owner"]

Life = Literal["running", "stopped", "gone", "elsewhere"]
"""What is known of an owner: alive; halted by a signal; dead; or not to be seen from here."""

_PROC = Path("/proc")

_HIDDEN = ("", "")
"""What is seen of a process that is there and that this user may not look at (``hidepid``)."""


@dataclass(frozen=True)
class Owner:
    """A process.

    Attributes:
        host: Its host's name, for people.
        boot_id: Of that host's running system; another after each boot.
        pid_namespace: In which ``pid`` counts.
        pid: The process.
        process_start: When it started, in a unit of the system's own; only good for comparing.
        database: ``Database.identity`` of where it promised; empty for a server.
    """

    host: str
    boot_id: str
    pid_namespace: str
    pid: int
    process_start: str
    database: str = ""

    def shares_clock(self, other: Owner) -> bool:
        """Tell whether ``time.monotonic`` counts the same for both: one host, not booted in between."""
        return self.boot_id == other.boot_id

    def shares_processes(self, other: Owner) -> bool:
        """Tell whether each can look at the other's process."""
        return self.boot_id == other.boot_id and self.pid_namespace == other.pid_namespace


def this_owner() -> Owner:
    """Return the owner that this process is; a ledger adds its database."""
    start, _ = _look_at(os.getpid()) or ("", "")
    return Owner(socket.gethostname(), _boot_id(), _pid_namespace(), os.getpid(), start)


def life_of(owner: Owner, me: Owner) -> Life:
    """Look whether ``owner`` is alive.

    Args:
        owner: Any.
        me: This process.
    """
    if not owner.shares_processes(me):
        return "elsewhere"
    if owner.database != me.database:
        return "gone"  # it works on the file of which ours is a copy, and knows nothing of the copy
    found = _look_at(owner.pid)
    if found == _HIDDEN:
        return "elsewhere"
    if found is None or found[0] != owner.process_start or found[1] in ("Z", "X"):
        return "gone"
    return "stopped" if found[1] in ("T", "t") else "running"


def _look_at(pid: int) -> tuple[str, str] | None:
    """Return a process's start time and its state letter, ``_HIDDEN``, or None if there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except PermissionError:
        return _HIDDEN
    except (FileNotFoundError, ProcessLookupError):
        if not (_PROC / "self" / "stat").exists():
            return _look_with_psutil(pid)
        return _HIDDEN if _takes_signals(pid) else None
    fields = text.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    return fields[19], fields[0]


def _takes_signals(pid: int) -> bool:
    """Tell whether there is such a process, which needs no right to see it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def _look_with_psutil(pid: int) -> tuple[str, str] | None:
    """Look at a process on a system without /proc."""
    try:
        process = psutil.Process(pid)
        letters = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_DEAD: "X", psutil.STATUS_STOPPED: "T"}
        return f"{process.create_time():.0f}", letters.get(process.status(), "R")
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return _HIDDEN


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{socket.gethostname()}@{psutil.boot_time():.0f}"


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
