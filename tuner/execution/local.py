"""Workers as child processes of this one, each on its own cores or GPU, spoken to over a socket pair.

A worker's standard output and error go to a log file, so that a library that prints cannot break the
messages. Workers live in sessions of their own: a Ctrl-C in the terminal reaches the coordinator only,
which then decides what becomes of them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tuner.data.store import writing
from tuner.errors import TunerError
from tuner.execution.executor import Died, Heard
from tuner.execution.messages import Down, Ready, Shutdown, Up, decode, encode
from tuner.execution.placement import Place

__all__ = ["LocalExecutor"]

_log = logging.getLogger(__name__)

STARTS_BEFORE_GIVING_UP = 3
"""A worker that dies so often before it was ever ready has a broken installation, not bad luck."""


@dataclass
class _Child:
    """One running worker process."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    pending: bytearray = field(default_factory=bytearray)
    was_ready: bool = False


class LocalExecutor:
    """Executor whose workers are child processes.

    Args:
        places: One a worker.
        log_dir: Folder of ``worker-<n>.log``; made when missing.
        command: What starts a worker, before its own arguments. Defaults to this interpreter with
            ``tuner.execution.worker``.
    """

    def __init__(self, places: Sequence[Place], log_dir: Path, command: Sequence[str] | None = None) -> None:
        self._places = list(places)
        self._log_dir = log_dir
        self._command = list(command or [sys.executable, "-P", "-m", "tuner.execution.worker"])
        self._children: dict[int, _Child] = {}
        self._failed_starts = 0
        self._selector = selectors.DefaultSelector()

    @property
    def places(self) -> Sequence[str]:
        """What each place is, in words."""
        return [str(place) for place in self._places]

    def log_path(self, worker: int) -> Path:
        """Return where a worker's own output goes."""
        return self._log_dir / f"worker-{worker}.log"

    def start(self) -> None:
        """Start one process a place."""
        with writing(self._log_dir):
            self._log_dir.mkdir(parents=True, exist_ok=True)
        for place in self._places:
            self._start_one(place)

    def _start_one(self, place: Place) -> None:
        log = self._open_log(place.index)
        ours, theirs = socket.socketpair()
        arguments = [
            f"--channel={theirs.fileno()}",
            f"--cores={','.join(str(core) for core in place.cores)}",
            f"--threads={place.threads}",
        ]
        if place.is_shared:
            arguments.append("--shared")
        if place.gpu is not None:
            arguments.append(f"--gpu={place.gpu}")
        if place.gpu_memory_limit_mib is not None:
            arguments.append(f"--gpu-memory-limit-mib={place.gpu_memory_limit_mib}")
        with theirs, log:
            process = subprocess.Popen(
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=_environment(place),
            )
        self._children[place.index] = _Child(process, ours)
        self._selector.register(ours, selectors.EVENT_READ, place.index)
        _log.debug("worker %d is process %d on %s", place.index, process.pid, place)

    def _open_log(self, worker: int) -> BinaryIO:
        path = self.log_path(worker)
        with writing(path):
            return path.open("ab")

    def send(self, worker: int, message: Down) -> None:
        """Write a message to a worker's socket."""
        # A worker that is gone breaks the pipe; hear() finds its end and says so.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._children[worker].channel.sendall(encode(message))

    def hear(self, timeout_s: float) -> list[Heard]:
        """Read what has arrived; a closed socket is a death, told after the last words of the dead."""
        heard: list[Heard] = []
        for key, _ in self._selector.select(timeout_s):
            worker: int = key.data
            child = self._children[worker]
            try:
                data = child.channel.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            child.pending += data
            heard += [Heard(worker, message) for message in self._messages(worker, child)]
            if not data:
                heard.append(Heard(worker, Died(self._bury(worker))))
                self._start_one(self._places[worker])
        return heard

    def _messages(self, worker: int, child: _Child) -> list[Up]:
        *lines, rest = bytes(child.pending).split(b"\n")
        child.pending[:] = rest
        messages: list[Up] = []
        for line in lines:
            try:
                message = decode(line)
            except ValueError as error:
                _log.warning("worker %d said what is %s", worker, error)
                continue
            if isinstance(message, Ready):
                child.was_ready = True
                self._failed_starts = 0
            messages.append(message)  # type: ignore[arg-type]  # a worker sends Up messages only
        return messages

    def _bury(self, worker: int) -> str:
        """Take a dead worker away and return why it died, in words."""
        child = self._children.pop(worker)
        self._selector.unregister(child.channel)
        child.channel.close()
        try:
            code = child.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.process.kill()
            code = child.process.wait()
        reason = _end_in_words(code)
        if not child.was_ready:
            self._failed_starts += 1
            if self._failed_starts >= STARTS_BEFORE_GIVING_UP:
                raise TunerError(
                    f"workers cannot be started: {reason}, {self._failed_starts} times in a row",
                    f"see the end of {self.log_path(worker)}",
                )
        return reason

    def replace(self, worker: int) -> None:
        """Kill a worker and start a fresh one; nothing is heard of the old one any more."""
        child = self._children.pop(worker)
        self._selector.unregister(child.channel)
        child.channel.close()
        child.process.kill()
        child.process.wait()
        self._start_one(self._places[worker])

    def stop(self, grace_s: float) -> None:
        """Ask every worker to end, wait, kill the rest."""
        for worker in list(self._children):
            self.send(worker, Shutdown())
        deadline = time.monotonic() + grace_s
        for child in self._children.values():
            try:
                child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            self._selector.unregister(child.channel)
            child.channel.close()
        self._children.clear()


def _environment(place: Place) -> dict[str, str]:
    """Return a worker's environment: threads of every numeric library bounded before it is loaded."""
    threads = str(place.threads)
    return {
        **os.environ,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "PYTHONUNBUFFERED": "1",
    }


def _end_in_words(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    memory = " (out of memory?)" if name == "SIGKILL" else ""
    return f"killed by {name}{memory}"
