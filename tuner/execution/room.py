"""How a machine's memory is divided among workers: how many there are, and what each may have.

Decisions over sizes that are given; :func:`machine_bytes` alone looks at the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tuner.decision import size_in_words
from tuner.execution.cores import Cores
from tuner.execution.groups import MEMBERSHIP, MOUNTED, folders_v1, folders_v2, numbers_in
from tuner.search.corners import corners
from tuner.spec.values import ExecutionSpec, Parameter, Params
from tuner.wording import counted

__all__ = ["Room", "divide", "largest_bytes", "machine_bytes"]

_SHARE = 0.9
"""Of the machine's memory; the rest is left to the system and the coordinator."""

_CORNERS = 500
"""Draws for the largest trial; a fifth of a second."""


@dataclass(frozen=True)
class Room:
    """What the workers of a session have.

    Attributes:
        workers: How many there are.
        limit_bytes: What each may have with its trial, or None for no limit.
        largest_bytes: What the largest trial of the space takes with its worker, or None if that is unknown.
        remark: Why a quota or memory lets there be fewer workers than cores, or empty.
    """

    workers: int
    limit_bytes: int | None
    largest_bytes: int | None
    remark: str = ""

    @property
    def share(self) -> str:
        """What each worker may have, in words."""
        each = f"for each of {self.workers} workers" if self.workers > 1 else "for one worker"
        return "" if self.limit_bytes is None else f"{size_in_words(self.limit_bytes)} {each}"

    @property
    def shortage(self) -> str:
        """Say that the largest trial does not fit, or nothing."""
        if self.limit_bytes is None or self.largest_bytes is None or self.largest_bytes <= self.limit_bytes:
            return ""
        largest = f"the largest trial takes about {size_in_words(self.largest_bytes)} with its worker"
        return f"memory: {largest}, and there are {self.share}: trials that do not fit are not begun"


def divide(
    execution: ExecutionSpec,
    asked: int | None,
    cores: Cores,
    gpus: int,
    largest: int | None,
    machine: Callable[[], int] | None = None,
    threads: int | None = None,
) -> Room:
    """Decide how many workers there are by cores and memory, and what each may have.

    The memory of the machine counts, and not what is free of it at the moment: else the same study would have
    other trials whenever something else runs beside it.

    Args:
        execution: Its ``trial_memory_limit_mib`` is what each worker may have.
        asked: Workers that a person asked for; then there are so many.
        cores, gpus: Of the machine. With GPUs a model lies in their memory, whose size is not asked for: then
            there is one worker a GPU, and no limit but a declared one.
        largest: What the largest trial takes with its worker, in bytes, or None if that is unknown.
        machine: Returns the memory of the machine. Defaults to :func:`machine_bytes`.
        threads: Cores that each worker is to have. Defaults to one: two processes of one thread each do
            about a third more than one with two threads.
    """
    declared = None if execution.trial_memory_limit_mib is None else execution.trial_memory_limit_mib << 20
    workers = asked or gpus or max(1, cores.usable // (threads or 1))
    if gpus:
        return Room(workers, declared, largest)
    whole = (machine or machine_bytes)()
    usable = int(whole * _SHARE)
    remark = ""
    if asked is None and workers < len(cores.numbers) // (threads or 1):
        remark = (
            f"{counted(workers, 'worker')} on {cores.in_words}: more would wait for each other;"
            " --workers decides otherwise"
        )
    if asked is None and largest is not None:
        each = largest if declared is None else min(largest, declared)
        fitting = max(1, usable // each)
        if fitting < workers:
            remark = (
                f"{counted(fitting, 'worker')} on {cores.in_words}: one may take"
                f" {size_in_words(each)} with its trial, and the machine has {size_in_words(whole)};"
                " --workers decides otherwise"
            )
            workers = fitting
    return Room(workers, declared or usable // workers, largest, remark)


def largest_bytes(space: Sequence[Parameter], needed: Callable[[Params], int | None]) -> int | None:
    """Return what the largest trial of a space takes, or None where no trial tells.

    Args:
        space: Parameters in declared order.
        needed: Bytes of a trial with these parameters, or None where they are unknown.
    """
    found = (needed(params) for params in corners(space, _CORNERS))
    return max((each for each in found if each is not None), default=None)


def machine_bytes(mounted: Path = MOUNTED, membership: Path = MEMBERSHIP) -> int:
    """Return the memory of this machine, or what control groups let this process have if that is less.

    The least of its own group and of all groups above it that can be seen: of a container, or of a service.

    Args:
        mounted, membership: As for :mod:`tuner.execution.groups`.
    """
    files = [
        *(folder / "memory.max" for folder in folders_v2(mounted, membership)),
        *(folder / "memory.limit_in_bytes" for folder in folders_v1("memory", mounted, membership)),
    ]
    limits = [size for file in files for size in numbers_in(file) if size]  # "max" is no limit
    return min([int(psutil.virtual_memory().total), *limits])
