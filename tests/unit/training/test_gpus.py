from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tuner.training.gpus import Gpus, count_gpus, gpu_named, gpus_here, visible_gpus

TWO = "GPU 0: NVIDIA A (UUID: GPU-aa)\n  MIG 1g\nGPU 1: NVIDIA B (UUID: GPU-bb)\n"


@pytest.mark.parametrize("declared", [None, "1", " 1, 0", "0,7,1", "GPU-aa,1", "1,0,", "1,,0"])
def test_a_visible_gpu_has_the_name_that_it_is_listed_by(declared: str | None) -> None:
    environment = {} if declared is None else {"CUDA_VISIBLE_DEVICES": declared}
    shown = visible_gpus(environment, present=2)

    assert shown
    assert tuple(gpu_named(environment, index) for index in range(len(shown))) == shown


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        (None, ("0", "1")),
        ("", ()),
        ("-1", ()),
        ("1", ("1",)),
        (" 1, 0", ("1", "0")),
        ("0,7,1", ("0",)),
        ("GPU-aa,1", ("GPU-aa", "1")),
        ("none", ()),
    ],
)
def test_shows_what_cuda_would_show(declared: str | None, shown: tuple[str, ...]) -> None:
    environment = {} if declared is None else {"CUDA_VISIBLE_DEVICES": declared}

    assert visible_gpus(environment, present=2) == shown


def test_counts_what_nvidia_smi_lists() -> None:
    assert count_gpus({}, lambda: TWO) == 2
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "1"}, lambda: TWO) == 1


def test_counts_none_where_there_is_no_driver(tmp_path: Path) -> None:
    assert count_gpus({}, lambda: None, tmp_path / "absent") == 0
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "0"}, lambda: "", tmp_path) == 0


def test_asks_the_drivers_folder_where_nvidia_smi_is_missing(tmp_path: Path) -> None:
    (tmp_path / "0000:01:00.0").mkdir()

    assert count_gpus({}, lambda: None, tmp_path) == 1


@pytest.mark.parametrize(("program", "count"), [("echo 'GPU 0: NVIDIA'", 1), ("exit 9", 0)])
def test_a_broken_nvidia_smi_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, count: int
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{program}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert count_gpus({}, proc=tmp_path / "absent") == count


def test_tensorflow_is_asked_only_where_there_is_a_gpu() -> None:
    def nobody() -> int:
        raise AssertionError("asking takes seconds")

    assert gpus_here(0, nobody) == Gpus(0)


@pytest.mark.parametrize(
    ("usable", "count", "said"),
    [
        (2, 2, ""),
        (3, 2, ""),
        (1, 1, "2 GPUs found, and TensorFlow can use 1: trials run on 1 GPU; pip install 'tuner[gpu]'"),
        (0, 0, "2 GPUs found, and TensorFlow can use none: trials run on the processor; pip install"),
    ],
)
def test_workers_get_the_gpus_that_tensorflow_can_use(usable: int, count: int, said: str) -> None:
    found = gpus_here(2, lambda: usable)

    assert found.count == count
    assert found.remark.startswith(said)
    assert bool(found.remark) is bool(said)


@pytest.mark.slow
def test_tensorflow_without_the_drivers_gpu_is_believed_more_than_the_driver(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA of this test'\n")
    tool.chmod(0o755)
    code = "from tuner.training.gpus import count_gpus, gpus_here; print(count_gpus(), gpus_here().count)"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "0"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["1", "0"]


def test_counting_loads_no_tensorflow() -> None:
    code = "import sys, tuner.training.gpus as gpus; gpus.count_gpus(); print('tensorflow' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
