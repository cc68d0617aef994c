"""Takes a worker's cores, threads and GPU, before TensorFlow takes them all.

TensorFlow reads its environment when it is imported and claims a GPU's whole memory when it first
touches it. So everything here happens in a worker's first lines, in this order: environment, cores,
import, threads, memory. What is to be done is decided by :func:`plan_device`, which touches nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tuner.training.affinity import can_choose_cores, own_cores
from tuner.training.gpus import gpu_named
from tuner.wording import counted

if TYPE_CHECKING:
    import keras

__all__ = [
    "DevicePlan",
    "describe_device",
    "has_one_core",
    "library_versions",
    "plan_device",
    "prepare_device",
    "queued_s",
    "recurrent_kernel",
    "threads_here",
]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DevicePlan:
    """What a worker does before it works.

    Attributes:
        environment: Variables to set before TensorFlow is imported.
        cores: Cores to stay on; empty for all.
        threads: Threads in which one operation may run, and operations beside each other.
        gpu_memory_limit_mib: Cap on the GPU's memory, or None to let it grow on demand.
        use_gpu: Whether a GPU is wanted.
    """

    environment: Mapping[str, str]
    cores: tuple[int, ...]
    threads: int
    gpu_memory_limit_mib: int | None
    use_gpu: bool


def plan_device(
    gpu_index: int | None,
    gpu_memory_limit_mib: int | None,
    threads: int,
    cores: Sequence[int] | None,
    environment: Mapping[str, str],
) -> DevicePlan:
    """Decide what to set.

    Args:
        gpu_index: Which of the visible GPUs, from 0; None for the processor.
        gpu_memory_limit_mib: Cap on that GPU's memory, or None.
        threads: At least 1.
        cores: Cores of this worker's own, or None for all.
        environment: As it stands. A log level set there is respected.
    """
    settings = {"TF_CPP_MIN_LOG_LEVEL": environment.get("TF_CPP_MIN_LOG_LEVEL", "3")}
    if gpu_index is None:
        # A worker for the processor must not take memory of a GPU that is another's.
        settings["CUDA_VISIBLE_DEVICES"] = "-1"
    else:
        settings["CUDA_VISIBLE_DEVICES"] = gpu_named(environment, gpu_index)
    return DevicePlan(
        settings, tuple(cores or ()), max(1, threads), gpu_memory_limit_mib, gpu_index is not None
    )


def prepare_device(
    gpu_index: int | None, gpu_memory_limit_mib: int | None, threads: int, cores: Sequence[int] | None
) -> str:
    """Take the cores, threads and GPU of this worker. To be called once, before TensorFlow is imported.

    Args:
        gpu_index, gpu_memory_limit_mib, threads, cores: As for :func:`plan_device`.

    Returns:
        What was taken, e.g. ``CPU (core 1)``; see :func:`describe_device`.
    """
    plan = plan_device(gpu_index, gpu_memory_limit_mib, threads, cores, os.environ)
    os.environ.update(plan.environment)
    if plan.cores and can_choose_cores():
        os.sched_setaffinity(0, plan.cores)
    import tensorflow as tf

    _apply(plan, tf.config)
    return describe_device()


def _apply(plan: DevicePlan, config: Any) -> None:
    """Carry out the part of a plan that TensorFlow does. ``config`` is ``tf.config``, or a fake of it."""
    config.threading.set_intra_op_parallelism_threads(plan.threads)
    config.threading.set_inter_op_parallelism_threads(plan.threads)
    gpus = config.list_physical_devices("GPU")
    if plan.use_gpu and not gpus:
        _logger.warning(
            "TensorFlow cannot use the GPU; this worker runs on the processor. pip install 'tuner[gpu]'"
        )
    for gpu in gpus:
        if plan.gpu_memory_limit_mib is None:
            config.experimental.set_memory_growth(gpu, True)
        else:
            limit = config.LogicalDeviceConfiguration(memory_limit=plan.gpu_memory_limit_mib)
            config.set_logical_device_configuration(gpu, [limit])


def describe_device() -> str:
    """Return what this process computes on: ``GPU (NVIDIA ...)``, ``CPU (core 1)`` or ``CPU (8 cores)``.

    Where a system does not let cores be chosen, its threads: ``CPU (2 threads)``.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU ({details.get('device_name', gpus[0].name)})"
    if not can_choose_cores():  # threads are all that a worker has of its own
        return f"CPU ({counted(threads_here(), 'thread')})"
    cores = own_cores()
    return f"CPU (core {cores[0]})" if len(cores) == 1 else f"CPU ({len(cores)} cores)"


def threads_here() -> int:
    """Return in how many threads one operation may run: as many as cores where none were set."""
    import tensorflow as tf

    return tf.config.threading.get_intra_op_parallelism_threads() or len(own_cores())


def has_one_core() -> bool:
    """Tell whether this process computes on one core and on nothing else."""
    import tensorflow as tf

    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return not on_gpu and can_choose_cores() and len(own_cores()) == 1


def queued_s(tasks: Path = Path("/proc/self/task")) -> float:
    """Return for how long threads of this process were ready to run while their cores had other work.

    The mean over its cores of the second number of each thread's ``schedstat`` (Documentation/scheduler/
    sched-stats.rst of Linux), which the kernel counts in nanoseconds; 0 on a system without it.

    Args:
        tasks: Where the threads are listed.
    """
    waited_ns = 0
    for status in tasks.glob("*/schedstat"):
        try:
            waited_ns += int(status.read_text().split()[1])
        except (OSError, IndexError, ValueError):  # the thread has just ended
            continue
    return waited_ns / 1e9 / len(own_cores())


def recurrent_kernel(model: keras.Model, gpu: bool) -> Literal["cudnn", "plain", "none"]:
    """Tell which kernel a model's recurrent layers run on; times of one cannot be compared with the other's.

    Read from the layers and not from a family's name, so that it is right for every architecture.

    Args:
        model: As it is trained, without Keras masks.
        gpu: Whether TensorFlow has a GPU.

    Returns:
        ``none`` for a model that has no such layer; ``plain`` if one of several is.
    """
    import keras

    layers = [each for each in model._flatten_layers() if isinstance(each, keras.layers.RNN)]
    if not layers:
        return "none"
    return "cudnn" if gpu and all(_fits_cudnn(layer) for layer in layers) else "plain"


def _fits_cudnn(layer: Any) -> bool:
    """Tell what Keras asks before it takes cuDNN (keras.src.backend.tensorflow.rnn: cudnn_ok)."""
    import keras

    return (
        isinstance(layer, keras.layers.LSTM | keras.layers.GRU)
        and layer.use_cudnn is not False
        and not layer.recurrent_dropout
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and layer.use_bias
        and not layer.unroll
        and getattr(layer, "reset_after", True)
    )


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that decide results."""
    import platform

    import keras
    import numpy as np
    import tensorflow as tf

    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
