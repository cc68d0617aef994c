from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tuner.errors import NoSpaceError
from tuner.training.checkpoint import (
    Checkpoint,
    Checkpointer,
    CheckpointError,
    discard_checkpoint,
    load_checkpoint,
)

Array = npt.NDArray[Any]
IDENTITY = "a trial"


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def checkpoint(epoch: int) -> Checkpoint:
    weights: list[Array] = [np.full((2, 3), epoch, np.float32), np.array(epoch, np.int64)]
    return Checkpoint({"epoch": epoch}, {"weights": weights, "optimizer": [np.arange(12.0)] * 11})


def saved(folder: Path, *epochs: int) -> None:
    for epoch in epochs:
        checkpointer = Checkpointer(folder, IDENTITY, FakeClock(), every_s=0)
        checkpointer.offer(checkpoint(epoch))


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    saved(tmp_path, 3)

    found = load_checkpoint(tmp_path, IDENTITY)

    assert found is not None
    assert found.record == {"epoch": 3}
    assert [len(found.groups[name]) for name in ("weights", "optimizer")] == [2, 11]
    for kept, original in zip(found.groups["weights"], checkpoint(3).groups["weights"], strict=True):
        np.testing.assert_array_equal(kept, original)
        assert kept.dtype == original.dtype


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, IDENTITY) is None
    assert load_checkpoint(tmp_path / "absent", IDENTITY) is None


def test_a_later_one_takes_the_place_of_the_former(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2)

    found = load_checkpoint(tmp_path, IDENTITY)

    assert found is not None
    assert found.record == {"epoch": 2}
    assert len(list(tmp_path.iterdir())) == 2


def test_is_written_only_when_the_last_is_old_enough(tmp_path: Path) -> None:
    clock = FakeClock()
    checkpointer = Checkpointer(tmp_path, IDENTITY, clock, every_s=5)

    clock.now_s = 4.9
    checkpointer.offer(checkpoint(0))
    assert load_checkpoint(tmp_path, IDENTITY) is None

    clock.now_s = 5.0
    checkpointer.offer(checkpoint(1))
    clock.now_s = 9.0
    checkpointer.offer(checkpoint(2))
    found = load_checkpoint(tmp_path, IDENTITY)
    assert found is not None
    assert found.record == {"epoch": 1}


def test_one_that_was_held_back_is_written_when_the_trial_is_given_back(tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path, IDENTITY, FakeClock(), every_s=5)

    checkpointer.offer(checkpoint(4))
    checkpointer.flush()

    found = load_checkpoint(tmp_path, IDENTITY)
    assert found is not None
    assert found.record == {"epoch": 4}


@pytest.mark.parametrize("kept_bytes", [0, 100, -1])
def test_truncated_arrays_are_refused(tmp_path: Path, kept_bytes: int) -> None:
    saved(tmp_path, 1)
    (arrays,) = tmp_path.glob("*.npz")
    arrays.write_bytes(arrays.read_bytes()[:kept_bytes])

    with pytest.raises(CheckpointError, match="is not what was written"):
        load_checkpoint(tmp_path, IDENTITY)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", "\x80\x04"])
def test_a_damaged_record_is_refused(tmp_path: Path, content: str) -> None:
    saved(tmp_path, 1)
    (tmp_path / "checkpoint.json").write_text(content, encoding="latin-1")

    with pytest.raises(CheckpointError, match=r"checkpoint\.json: is no checkpoint"):
        load_checkpoint(tmp_path, IDENTITY)


def test_missing_arrays_are_refused(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    next(tmp_path.glob("*.npz")).unlink()

    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path, IDENTITY)


def test_one_of_another_trial_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, 1)

    with pytest.raises(CheckpointError, match="is of another trial"):
        load_checkpoint(tmp_path, "another trial")


def test_one_of_another_version_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    record = json.loads((tmp_path / "checkpoint.json").read_text())
    (tmp_path / "checkpoint.json").write_text(json.dumps({**record, "version": 99}))

    with pytest.raises(CheckpointError, match="found version 99, expected 1"):
        load_checkpoint(tmp_path, IDENTITY)


def test_planted_pickles_are_not_loaded(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    (arrays,) = tmp_path.glob("*.npz")
    np.savez(arrays, weights=np.array([{"planted": True}], dtype=object))
    _set_checksum(tmp_path, arrays)

    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path, IDENTITY)


def test_a_record_cannot_name_a_file_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    saved(folder, 1)
    (arrays,) = folder.glob("*.npz")
    arrays.rename(tmp_path / arrays.name)
    record = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps({**record, "arrays": f"../{arrays.name}"}))

    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(folder, IDENTITY)


def test_a_crash_between_the_two_files_leaves_the_former_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 1)
    replace = Path.replace

    def crash_at_the_record(path: Path, target: Path) -> Path:
        if target.suffix == ".json":
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", crash_at_the_record)
    with pytest.raises(KeyboardInterrupt):
        saved(tmp_path, 2)
    monkeypatch.undo()

    found = load_checkpoint(tmp_path, IDENTITY)
    assert found is not None
    assert found.record == {"epoch": 1}
    saved(tmp_path, 3)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_is_told_and_the_former_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 1)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NoSpaceError, match="no space left"):
        saved(tmp_path, 2)

    found = load_checkpoint(tmp_path, IDENTITY)
    assert found is not None
    assert found.record == {"epoch": 1}
    assert not list(tmp_path.glob("*.tmp"))


def test_discarding_leaves_nothing_and_may_be_done_twice(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    (tmp_path / "model.keras").touch()

    discard_checkpoint(tmp_path)
    discard_checkpoint(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


KILLED = """\
import os, signal, sys
from pathlib import Path
from tests.unit.training.test_checkpoint import saved
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
saved(Path(sys.argv[1]), 2)
"""


def test_discarding_takes_away_what_a_killed_process_left_unfinished(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    (tmp_path / "model.keras").touch()
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.wait() == -signal.SIGKILL
    assert list(tmp_path.glob(f".checkpoint-*.npz.{killed.pid}.tmp"))
    for name in (f".model-{killed.pid}.keras", f".model-{killed.pid}.json"):
        (tmp_path / name).write_bytes(b"half of")

    discard_checkpoint(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_discarding_leaves_a_live_process_what_it_is_writing(tmp_path: Path) -> None:
    names = {f".checkpoint-0.npz.{os.getpid()}.tmp", f".model-{os.getpid()}.keras", ".hidden"}
    for name in names:
        (tmp_path / name).touch()

    discard_checkpoint(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == names


def _set_checksum(folder: Path, arrays: Path) -> None:
    import hashlib

    record = json.loads((folder / "checkpoint.json").read_text())
    record["sha256"] = hashlib.sha256(arrays.read_bytes()).hexdigest()
    (folder / "checkpoint.json").write_text(json.dumps(record))
