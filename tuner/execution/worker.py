"""A worker process: takes its device, then runs one trial after another and talks in messages only.

Started by an executor as ``python -m tuner.execution.worker --channel=FD ...``. It knows nothing of
Optuna or of the database. It ends when its channel closes, so no worker outlives its coordinator.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuner.errors import NoSpaceError, StorageRefusedError, TunerError
from tuner.execution.interrupts import ASK_TO_END
from tuner.execution.messages import (
    Down,
    Evaluate,
    Evaluated,
    Progress,
    Ready,
    Shutdown,
    StopTrial,
    Up,
    decode,
    encode,
)
from tuner.training.graphs import Graphs
from tuner.trial import EpochReport, TrialRequest, Verdict

if TYPE_CHECKING:
    from tuner.training.loop import TrialChannel

__all__ = ["leave_signals_to_the_coordinator", "main"]

PROGRESS_EVERY_S = 1.0
"""Often enough for a person who watches, rare enough to cost nothing."""

_PR_SET_PDEATHSIG = 1


class _Line:
    """This worker's end of the channel: a thread reads, whoever wants to write may."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.requests: queue.SimpleQueue[TrialRequest | Evaluate | Shutdown] = queue.SimpleQueue()
        self.verdicts: queue.SimpleQueue[Verdict] = queue.SimpleQueue()
        self.stopped: set[int] = set()
        threading.Thread(target=self._read, daemon=True, name="channel").start()

    def send(self, message: Up) -> None:
        self._channel.sendall(encode(message))

    def _read(self) -> None:
        with self._channel.makefile("rb") as lines:
            for line in lines:
                self._sort(decode(line))  # type: ignore[arg-type]  # a coordinator sends Down messages only
        # The coordinator is gone. A trial's last checkpoint is on disk; nobody would hear its end.
        os._exit(0)

    def _sort(self, message: Down) -> None:
        match message:
            case Verdict():
                self.verdicts.put(message)
            case StopTrial(number=number):
                self.stopped.add(number)
            case TrialRequest(number=number):
                # A trial that was given back may come again to this very worker.
                self.stopped.discard(number)
                self.requests.put(message)
            case Evaluate() | Shutdown():
                self.requests.put(message)


class _Channel:
    """What a running trial sees of the coordinator (a ``TrialChannel``)."""

    def __init__(self, line: _Line, number: int) -> None:
        self._line = line
        self._number = number
        self._last_progress_s = 0.0

    def report(self, report: EpochReport) -> Verdict:
        self._line.send(report)
        while True:
            verdict = self._line.verdicts.get()
            if verdict.number == self._number:
                return verdict

    def progress(self, epoch: int, step: int, steps: int) -> None:
        now = time.monotonic()
        if now - self._last_progress_s >= PROGRESS_EVERY_S:
            self._last_progress_s = now
            self._line.send(Progress(self._number, epoch, step, steps, _rss_bytes()))

    def stop_requested(self) -> bool:
        return self._number in self._line.stopped


def main(argv: Sequence[str] | None = None) -> int:
    """Run a worker until its channel closes or it is told to end.

    Args:
        argv: Arguments; defaults to the process's own.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(argv)
    _die_with_parent()
    leave_signals_to_the_coordinator()
    line = _Line(socket.socket(fileno=options.channel))
    line.send(_take_device(options))
    graphs = Graphs()
    while True:
        match line.requests.get():
            case Shutdown():
                return 0
            case Evaluate(request=request, model_path=model_path):
                line.send(_evaluate(line, request, model_path))
            case TrialRequest() as request:
                _run(line, request, graphs, options.shared)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tuner.execution.worker", description="A worker of a tuner study.")
    parser.add_argument(
        "--channel", type=int, required=True, help="descriptor of the socket to the coordinator"
    )
    parser.add_argument("--cores", type=lambda text: [int(core) for core in text.split(",")], required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--shared", action="store_true", help="whether another worker has the same device")
    parser.add_argument("--gpu", type=int, default=None)
    parser.add_argument("--gpu-memory-limit-mib", type=int, default=None)
    return parser


def _take_device(options: argparse.Namespace) -> Ready:
    began_s = time.monotonic()
    from tuner.training.device import library_versions, prepare_device

    device = prepare_device(options.gpu, options.gpu_memory_limit_mib, options.threads, options.cores)
    from tuner.training.calibrate import calibrate

    import_time_s = time.monotonic() - began_s
    calibration_s = calibrate()
    ready = Ready(os.getpid(), device, import_time_s, calibration_s, library_versions(), _rss_bytes())
    # The libraries' own million objects live as long as the process: without this, collecting a trial's
    # garbage goes through all of them each time, for longer than a small trial trains.
    gc.collect()
    gc.freeze()
    return ready


def _run(line: _Line, request: TrialRequest, graphs: Graphs, is_shared: bool) -> None:
    from tuner.training.loop import Timing, run_trial

    channel: TrialChannel = _Channel(line, request.number)
    outcome = run_trial(request, channel, Timing(is_shared=is_shared), graphs)
    line.send(Progress(request.number, 0, 0, 0, _rss_bytes()))
    line.send(outcome)


def _evaluate(line: _Line, request: TrialRequest, model_path: str) -> Evaluated:
    from tuner.training.evaluate import evaluate_test

    channel = _Channel(line, request.number)
    try:
        tested = evaluate_test(request, model_path, lambda: channel.progress(0, 0, 0))
        return Evaluated(request.number, tested.metrics, confusion=tested.confusion)
    except (NoSpaceError, StorageRefusedError) as error:  # of the disk, and none of the trial's fault
        return Evaluated(request.number, {}, error.message, session_ends_in=error.exit_code)
    except (TunerError, OSError, ValueError) as error:
        return Evaluated(request.number, {}, f"{type(error).__name__}: {error}")


def _rss_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def leave_signals_to_the_coordinator() -> None:
    """Ignore what asks to end: a service manager sends SIGTERM to all processes, Ctrl-C SIGINT, a shell HUP.

    The coordinator then stops the trial with its checkpoint; a worker that ended by itself would count as
    a death of the trial.
    """
    for number in ASK_TO_END:
        signal.signal(number, signal.SIG_IGN)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, also while a library holds the interpreter."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
