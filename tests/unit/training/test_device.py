from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.networks import build
from tuner.training.device import DevicePlan, _apply, plan_device, queued_s, recurrent_kernel


def test_a_worker_for_the_processor_hides_the_gpus() -> None:
    plan = plan_device(None, None, threads=2, cores=[3], environment={})

    assert plan.environment["CUDA_VISIBLE_DEVICES"] == "-1"
    assert plan.cores == (3,)
    assert plan.threads == 2
    assert not plan.use_gpu


@pytest.mark.parametrize(
    ("declared", "index", "shown"),
    [
        (None, 1, "1"),
        ("2,3", 1, "3"),
        ("GPU-aa", 0, "GPU-aa"),
        ("2, 3", 0, "2"),
        ("2,3,", 0, "2"),
        ("2,3,", 1, "3"),
        ("3,,1", 0, "3"),
    ],
)
def test_a_worker_sees_its_own_gpu_of_those_that_are_visible(
    declared: str | None, index: int, shown: str
) -> None:
    environment = {} if declared is None else {"CUDA_VISIBLE_DEVICES": declared}

    plan = plan_device(index, 2048, threads=1, cores=None, environment=environment)

    assert plan.environment["CUDA_VISIBLE_DEVICES"] == shown
    assert plan.gpu_memory_limit_mib == 2048
    assert plan.use_gpu


def test_a_declared_log_level_is_respected() -> None:
    plan = plan_device(None, None, 1, None, {"TF_CPP_MIN_LOG_LEVEL": "0"})

    assert plan.environment["TF_CPP_MIN_LOG_LEVEL"] == "0"


class FakeConfig:
    """Records what ``tf.config`` was told, in order."""

    def __init__(self, gpus: list[str]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._gpus = gpus
        self.threading = SimpleNamespace(
            set_intra_op_parallelism_threads=lambda number: self.calls.append(("intra", number)),
            set_inter_op_parallelism_threads=lambda number: self.calls.append(("inter", number)),
        )
        self.experimental = SimpleNamespace(
            set_memory_growth=lambda gpu, grow: self.calls.append(("growth", gpu, grow))
        )

    def list_physical_devices(self, kind: str) -> list[str]:
        assert kind == "GPU"
        return self._gpus

    def LogicalDeviceConfiguration(self, memory_limit: int) -> int:  # noqa: N802 - TensorFlow's name
        return memory_limit

    def set_logical_device_configuration(self, gpu: str, configurations: list[int]) -> None:
        self.calls.append(("limit", gpu, configurations))


def plan(gpu_memory_limit_mib: int | None = None, use_gpu: bool = True) -> DevicePlan:
    return DevicePlan({}, (), 2, gpu_memory_limit_mib, use_gpu)


def test_a_gpus_memory_grows_on_demand() -> None:
    config = FakeConfig(["gpu"])

    _apply(plan(), config)

    assert config.calls == [("intra", 2), ("inter", 2), ("growth", "gpu", True)]


def test_a_gpus_memory_is_capped_where_that_was_declared() -> None:
    config = FakeConfig(["gpu"])

    _apply(plan(gpu_memory_limit_mib=512), config)

    assert ("limit", "gpu", [512]) in config.calls
    assert not any(call[0] == "growth" for call in config.calls)


def test_a_gpu_that_tensorflow_cannot_use_is_said(caplog: pytest.LogCaptureFixture) -> None:
    _apply(plan(), FakeConfig([]))

    assert "pip install 'tuner[gpu]'" in caplog.text


@pytest.mark.parametrize(
    ("family", "given", "kernel"),
    [
        ("lstm", {"bidirectional": True}, "cudnn"),
        ("gru", {}, "cudnn"),
        ("lstm_self_attention", {}, "cudnn"),
        ("lstm_word_attention", {}, "cudnn"),
        ("lstm", {"recurrent_dropout": 0.1}, "plain"),
        ("simple_rnn", {}, "plain"),
        ("cnn", {}, "none"),
        ("transformer", {}, "none"),
        ("tfidf_dense", {}, "none"),
    ],
)
def test_names_the_kernel_that_runs_on_a_gpu(family: str, given: dict[str, Any], kernel: str) -> None:
    assert recurrent_kernel(build(family, **given), gpu=True) == kernel


def test_without_a_gpu_the_kernel_is_plain() -> None:
    assert recurrent_kernel(build("lstm"), gpu=False) == "plain"


def test_a_recurrent_layer_inside_another_counts() -> None:
    import keras

    wrapped = keras.layers.Bidirectional(keras.layers.LSTM(2))
    model = keras.Sequential([keras.Input((None, 3)), wrapped])
    other = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(2, activation="relu")])

    assert recurrent_kernel(model, gpu=True) == "cudnn"
    assert recurrent_kernel(other, gpu=True) == "plain"


@pytest.mark.slow
def test_a_prepared_process_runs_on_its_core_and_threads() -> None:
    code = """
import os
from tests.networks import build
from tuner.training.device import library_versions, prepare_device
core = min(os.sched_getaffinity(0))
print(prepare_device(None, None, 1, [core]) == f"CPU (core {core})")
import tensorflow as tf
print(os.sched_getaffinity(0) == {core}, tf.config.threading.get_intra_op_parallelism_threads())
print(sorted(library_versions()))
from tuner.training.calibrate import calibrate
print(0 < calibrate() < 60)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "True",
        "True 1",
        "['keras', 'numpy', 'python', 'tensorflow']",
        "True",
    ]


@pytest.mark.slow
def test_a_worker_is_named_by_its_threads_where_it_can_have_no_cores_of_its_own() -> None:
    code = """
import os
del os.sched_getaffinity, os.sched_setaffinity
from tuner.training.device import has_one_core, prepare_device, queued_s, threads_here
print(prepare_device(None, None, 2, [0, 1]), threads_here(), has_one_core(), queued_s() >= 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["CPU (2 threads) 2 False True"]


def test_time_spent_in_the_queue_is_that_of_all_threads(tmp_path: Path) -> None:
    for thread, waited_ns in (("1", 2_000_000_000), ("2", 4_000_000_000)):
        (tmp_path / thread).mkdir()
        (tmp_path / thread / "schedstat").write_text(f"9000000 {waited_ns} 12\n")
    (tmp_path / "3").mkdir()  # a thread that has just ended

    cores = len(os.sched_getaffinity(0))
    assert queued_s(tmp_path) == pytest.approx(6.0 / cores)


def test_a_system_that_does_not_say_how_long_threads_waited_counts_nothing(tmp_path: Path) -> None:
    assert queued_s(tmp_path / "none") == 0.0
