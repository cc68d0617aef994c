"""How many GPUs there are for workers. The coordinator needs to know and must stay light.

The driver is asked first, in a moment. Where it has a GPU, TensorFlow is asked in a process of its own
whether it can use it: without CUDA's libraries workers would train on the processor, in a plan for a GPU.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tuner.wording import counted

__all__ = ["Gpus", "count_gpus", "gpu_named", "gpus_here", "visible_gpus"]

_PROC = Path("/proc/driver/nvidia/gpus")
_PATIENCE_S = 10.0
"""nvidia-smi takes a second or two to wake a sleeping driver, and hangs on a broken one."""

_IMPORT_PATIENCE_S = 120.0
"""TensorFlow is imported in some five seconds, and from a slow disk in a minute."""

_ASK_TENSORFLOW = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"


@dataclass(frozen=True)
class Gpus:
    """The GPUs of this machine for workers.

    Attributes:
        count: Those that workers can use.
        remark: Why others that are here cannot be used, or empty.
    """

    count: int
    remark: str = ""


def visible_gpus(environment: Mapping[str, str], present: int) -> tuple[str, ...]:
    """Return the identifiers of the GPUs that CUDA would show to a process.

    Args:
        environment: Its ``CUDA_VISIBLE_DEVICES`` lists numbers or UUIDs; CUDA stops at the first invalid
            one, so ``-1`` and an empty text hide all.
        present: GPUs in the machine.
    """
    declared = environment.get("CUDA_VISIBLE_DEVICES")
    if declared is None:
        return tuple(str(index) for index in range(present))
    found: list[str] = []
    for name in (each.strip() for each in declared.split(",")):
        is_known = name.isdigit() and int(name) < present
        if not (is_known or name.startswith(("GPU-", "MIG-"))) or not present:
            break
        found.append(name)
    return tuple(found)


def gpu_named(environment: Mapping[str, str], index: int) -> str:
    """Return by which name CUDA knows one of the visible GPUs.

    Args:
        environment: As for :func:`visible_gpus`.
        index: Its place among those that :func:`visible_gpus` returns, from 0. They are the first that are
            declared, so that nobody needs to be asked again for how many are present.
    """
    declared = environment.get("CUDA_VISIBLE_DEVICES")
    return str(index) if declared is None else declared.split(",")[index].strip()


def count_gpus(
    environment: Mapping[str, str] | None = None,
    list_gpus: Callable[[], str | None] | None = None,
    proc: Path = _PROC,
) -> int:
    """Count the NVIDIA GPUs that CUDA would show to workers.

    Args:
        environment: Defaults to the process's own.
        list_gpus: Returns one line a GPU, or None where that cannot be asked. Defaults to ``nvidia-smi -L``.
        proc: The driver's folder with one entry a GPU, which is looked at when ``list_gpus`` gives None.
    """
    listing = (list_gpus or _nvidia_smi)()
    if listing is not None:
        present = sum(line.startswith("GPU ") for line in listing.splitlines())
    else:
        present = len(list(proc.iterdir())) if proc.is_dir() else 0
    return len(visible_gpus(os.environ if environment is None else environment, present))


def gpus_here(shown: int | None = None, usable: Callable[[], int] | None = None) -> Gpus:
    """Find out which GPUs workers can use. Takes some seconds where there is one.

    Args:
        shown: GPUs that the driver has. Defaults to :func:`count_gpus`.
        usable: Returns how many TensorFlow can use. Defaults to asking it, once, in a process of its own.
    """
    shown = count_gpus() if shown is None else shown
    if not shown:
        return Gpus(0)
    count = min(shown, (usable or _tensorflow_gpus)())
    if count == shown:
        return Gpus(count)
    then = "trials run on the processor" if not count else f"trials run on {counted(count, 'GPU')}"
    found = f"{counted(shown, 'GPU')} found, and TensorFlow can use {count or 'none'}"
    return Gpus(count, f"{found}: {then}; pip install 'tuner[gpu]' brings CUDA's libraries")


@cache
def _tensorflow_gpus() -> int:
    """Count what TensorFlow lists, as a worker would see it; none where it cannot be asked."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _ASK_TENSORFLOW],
            capture_output=True,
            text=True,
            timeout=_IMPORT_PATIENCE_S,
            check=True,
        )
        return int(done.stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0


def _nvidia_smi() -> str | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
