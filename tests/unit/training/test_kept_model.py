"""How the model of a finished trial comes to the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.networks import build, settings, tokens
from tuner.data.values import EncodedDataset, Part
from tuner.training.checkpoint import discard_checkpoint
from tuner.training.kept_model import keep_model
from tuner.trial import TrialRequest

PART = Part(np.array([1], np.int32), np.array([0, 1]), np.array([0], np.int32))

KILLED = """\
import os, signal, sys
from pathlib import Path
from tests.unit.training.test_kept_model import keep
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
keep(Path(sys.argv[1]))
"""
"""Dies with the model written and without its name."""


def keep(folder: Path) -> None:
    words = [f"word{index}" for index in range(18)]
    dataset = EncodedDataset("key", folder, "binary", ("a", "b"), words, PART, PART, PART)
    request = TrialRequest("study", 0, settings("lstm"), 1, "binary", "", "", str(folder))
    keep_model(build("lstm"), request, dataset, tokens())


def test_a_kept_model_is_on_the_disk_before_its_name_and_its_name_before_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[int, int] = {}  # of each file, by its inode, the size that was brought to the disk
    names_synced: set[str] = set()
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(handle: int) -> None:
        fsync(handle)
        found = os.fstat(handle)
        synced[found.st_ino] = found.st_size
        if found.st_ino == tmp_path.stat().st_ino:
            names_synced.update(path.name for path in tmp_path.iterdir())

    def watched_replace(path: Path, target: Path) -> Path:
        found = path.stat()
        assert synced.get(found.st_ino) == found.st_size > 0, f"a power cut would empty {target.name}"
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    keep(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "model.keras"}
    assert names_synced >= {"model.json", "model.keras"}


def test_what_is_left_of_keeping_a_model_by_a_killed_process_goes_with_its_checkpoint(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.wait() == -signal.SIGKILL
    left = {f".model-{killed.pid}.keras", f".model-{killed.pid}.json"}
    assert {path.name for path in tmp_path.iterdir()} == left

    discard_checkpoint(tmp_path)

    assert not list(tmp_path.iterdir())
