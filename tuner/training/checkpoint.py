"""Everything that a trial needs to go on exactly where it was, on disk.

Two files: the arrays under a name with the epoch, and ``checkpoint.json``, the record, which names the
arrays' file and its checksum. The arrays are brought to the disk first and the record replaced after
them, so that a crash at any point leaves the former checkpoint or the new one, whole. NumPy and JSON
only: nothing that is read here can run code. This module knows no Keras; the loop gives it arrays.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import psutil

from tuner.data.store import writing
from tuner.durable import write_whole
from tuner.errors import TunerError
from tuner.training.stopwatch import Clock
from tuner.trial import Ending

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Checkpointer",
    "clear_folder",
    "discard_checkpoint",
    "load_checkpoint",
]

_RECORD = "checkpoint.json"
_VERSION = 1

_UNFINISHED = re.compile(r"\.(?:checkpoint.+\.(?P<of>\d+)\.tmp|model-(?P<of_model>\d+)\.(?:keras|json))")
"""What ``durable`` and ``kept_model`` call a file, with the process in the name, until it is whole."""

CHECKPOINT_EVERY_S = 5.0
"""Writing 16 MB, a usual model with its optimizer, took 0.1 s, so this is 2 % at most; and a killed
worker loses no more than the epochs of five seconds."""

Array: TypeAlias = npt.NDArray[Any]


class CheckpointError(TunerError):
    """A checkpoint is there but cannot be used; the trial begins again."""


@dataclass(frozen=True)
class Checkpoint:
    """A trial at the end of an epoch.

    Attributes:
        record: What JSON can carry: course, times, and whatever else the loop keeps.
        groups: Arrays by group (weights, optimizer, best weights), in the order of the model's variables.
    """

    record: Mapping[str, Any]
    groups: Mapping[str, Sequence[Array]]


class Checkpointer:
    """Writes checkpoints of one trial, not more often than is worth it.

    Args:
        folder: The trial's folder.
        identity: Hash of everything that the trial depends on; a checkpoint of another is refused.
        clock: Real time.
        every_s: Least time between two checkpoints. Defaults to :data:`CHECKPOINT_EVERY_S`.
    """

    def __init__(
        self, folder: Path, identity: str, clock: Clock, every_s: float = CHECKPOINT_EVERY_S
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._clock = clock
        self._every_s = every_s
        self._last_s = clock()
        self._waiting: Checkpoint | None = None

    def offer(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint if the last is old enough, else hold it for :meth:`flush`."""
        self._waiting = checkpoint
        if self._clock() - self._last_s >= self._every_s:
            self.flush()

    def flush(self) -> None:
        """Write the checkpoint that waits, if any.

        Raises:
            NoSpaceError: If the disk is full; the former checkpoint stays.
            StorageRefusedError: If the folder cannot be written to.
        """
        if self._waiting is not None:
            _write(self._folder, self._identity, self._waiting)
            self._waiting = None
            self._last_s = self._clock()


def load_checkpoint(folder: Path, identity: str) -> Checkpoint | None:
    """Read a trial's last checkpoint.

    Args:
        folder: The trial's folder.
        identity: As it was written with.

    Returns:
        The checkpoint, or None if there is none.

    Raises:
        CheckpointError: If it is truncated, altered, of another version or of another trial.
    """
    path = folder / _RECORD
    try:
        document = json.loads(path.read_bytes())
        version, found = document["version"], document["identity"]
        record, name, checksum = document["record"], document["arrays"], document["sha256"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: is no checkpoint ({error!r})") from error
    if version != _VERSION:
        raise CheckpointError(f"{path}: found version {version}, expected {_VERSION}")
    if found != identity:
        raise CheckpointError(f"{path}: is of another trial, of other settings, data or precision")
    return Checkpoint(record, _read_arrays(folder / Path(name).name, checksum))


def discard_checkpoint(folder: Path) -> None:
    """Delete a trial's checkpoint; for when its outcome is recorded. The record goes first.

    What processes left unfinished that were killed at the trial goes too; a live one, which may have lost
    the trial and not know it yet, keeps its own.
    """
    (folder / _RECORD).unlink(missing_ok=True)
    for path in folder.glob("checkpoint-*.npz"):
        path.unlink(missing_ok=True)
    for path in folder.glob(".*"):
        found = _UNFINISHED.fullmatch(path.name)
        if found and not psutil.pid_exists(int(found["of"] or found["of_model"])):
            path.unlink(missing_ok=True)


def clear_folder(folder: Path, ending: Ending) -> None:
    """Delete the files of an ended trial, but for what a complete one keeps."""
    if not folder.is_dir():
        return  # most are gone, of thousands of trials
    if ending is Ending.COMPLETE:
        discard_checkpoint(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, identity: str, checkpoint: Checkpoint) -> None:
    content = io.BytesIO()
    arrays = {
        f"{group}.{index:04}": array
        for group, members in checkpoint.groups.items()
        for index, array in enumerate(members)
    }
    np.savez(content, allow_pickle=False, **arrays)
    raw = content.getbuffer()  # not a copy: a large model's state is of hundreds of MB
    checksum = hashlib.sha256(raw).hexdigest()
    name = f"checkpoint-{checksum[:16]}.npz"
    document = {
        "version": _VERSION,
        "identity": identity,
        "arrays": name,
        "sha256": checksum,
        "record": checkpoint.record,
    }
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, raw)
        write_whole(folder / _RECORD, json.dumps(document).encode())
        for former in folder.glob("checkpoint-*.npz"):
            if former.name != name:
                former.unlink(missing_ok=True)


def _read_arrays(path: Path, checksum: str) -> dict[str, list[Array]]:
    try:
        raw = path.read_bytes()
        if hashlib.sha256(raw).hexdigest() != checksum:
            raise CheckpointError(f"{path}: is not what was written; truncated or altered")
        with np.load(io.BytesIO(raw), allow_pickle=False) as kept:
            groups: dict[str, list[Array]] = {}
            for name in sorted(kept.files):
                groups.setdefault(name.partition(".")[0], []).append(kept[name])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: cannot be read ({error})") from error
    return groups
