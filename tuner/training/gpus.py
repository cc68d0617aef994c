"""How many GPUs there are, asked without TensorFlow: the coordinator needs to know and must stay light."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["count_gpus", "gpu_named", "visible_gpus"]

_PROC = Path("/proc/driver/nvidia/gpus")
_PATIENCE_S = 10.0
"""nvidia-smi takes a second or two to wake a sleeping driver, and hangs on a broken one."""


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
    """Count the NVIDIA GPUs that workers can use.

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
