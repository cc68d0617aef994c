"""What a method found: networks, what it thought they were worth, and when it knew."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Found", "Recorder", "is_recorded", "read_lines", "read_record"]


@dataclass(frozen=True)
class Found:
    """A network that a method has trained, as far as it knew it at one moment.

    Attributes:
        at_s: Seconds from the method's start, its imports included, to that moment.
        params: The point, in the words of ``problem.build``.
        epochs: Epochs behind it, those of an earlier round included.
        accuracy: Best validation accuracy among them, by the method's own count.
        seconds: What the method's own clock says they took.
    """

    at_s: float
    params: Mapping[str, Any]
    epochs: int
    accuracy: float
    seconds: float


class Recorder:
    """Appends to a file what was found, from any process of one method.

    Args:
        path: The file.
        started: ``time.time()`` when the method was started.
    """

    def __init__(self, path: str | Path, started: float) -> None:
        self._path = path
        self._started = started

    def add(self, params: Mapping[str, Any], epochs: int, accuracy: float, seconds: float) -> None:
        """Write a line, at once and whole, so that processes do not mix and a killed one leaves no half."""
        found = Found(time.time() - self._started, dict(params), epochs, accuracy, seconds)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, json.dumps(asdict(found)).encode() + b"\n")
        finally:
            os.close(descriptor)


def read_lines(path: Path) -> list[Found]:
    """Return what a :class:`Recorder` wrote, by the moment; nothing if it wrote nothing."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sorted((Found(**json.loads(line)) for line in lines), key=lambda found: found.at_s)


def is_recorded(path: Path, settings: Mapping[str, Any]) -> bool:
    """Tell whether a run is there that was made with the same settings; any other one is to be run again."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return bool(document.get("settings") == json.loads(json.dumps(settings)))


def read_record(path: Path) -> list[Found]:
    """Return what a finished run has found, by the moment."""
    return [Found(**each) for each in json.loads(path.read_text(encoding="utf-8"))["found"]]
