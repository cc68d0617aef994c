"""Which worker gets which cores and which GPU; pure decisions over what the machine has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuner.errors import InputError

__all__ = ["MOST_A_CORE", "Place", "is_contended", "plan_places", "quiet_place"]


MOST_A_CORE = 16
"""Workers a core that are still started: more than one gains nothing, and a slip of the finger asks for
thousands."""


@dataclass(frozen=True)
class Place:
    """Where one worker runs.

    Attributes:
        index: From 0.
        cores: The processor numbers that are its own (shared only when there are more workers than cores).
        gpu: Index of its GPU, or None to run on the CPU.
        gpu_memory_limit_mib: Cap on what it may take of that GPU, or None to grow on demand.
    """

    index: int
    cores: tuple[int, ...]
    gpu: int | None = None
    gpu_memory_limit_mib: int | None = None

    @property
    def threads(self) -> int:
        """Threads of its numeric work: one a core."""
        return len(self.cores)

    def __str__(self) -> str:
        cores = ", ".join(str(core) for core in self.cores)
        where = f"core{'s' if len(self.cores) > 1 else ''} {cores}"
        return where if self.gpu is None else f"GPU {self.gpu}, {where}"


def plan_places(
    requested: int | None,
    cores: Sequence[int],
    n_gpus: int = 0,
    gpu_memory_limit_mib: int | None = None,
) -> list[Place]:
    """Divide a machine among workers.

    Args:
        requested: How many workers, or None for one a GPU, or one a core on a machine without GPUs. One a
            core because two processes of one thread each do about a third more than one with two
            threads, and because a worker's time is comparable only on cores of its own.
        cores: Processor numbers that this process may use.
        n_gpus: GPUs of the machine; workers take them in turn.
        gpu_memory_limit_mib: Passed on to places that have a GPU.

    Returns:
        One place a worker. The cores are dealt out evenly; with more workers than cores they are shared.

    Raises:
        InputError: If ``requested`` is below 1, or beyond what the machine could start at all.
    """
    if requested is not None and requested < 1:
        raise InputError(f"workers: {requested} found, at least 1 expected")
    most = max(MOST_A_CORE * len(cores), n_gpus)
    if requested is not None and requested > most:
        raise InputError(
            f"workers: {requested} found, at most {most} expected on {len(cores)} cores",
            "one a core is usual; each is a process of half a gigabyte",
        )
    count = requested or n_gpus or len(cores)
    places = []
    for index in range(count):
        own = tuple(cores[index::count]) or (cores[index % len(cores)],)
        gpu = index % n_gpus if n_gpus else None
        places.append(Place(index, own, gpu, gpu_memory_limit_mib if gpu is not None else None))
    return places


def is_contended(places: Sequence[Place]) -> bool:
    """Tell whether two workers share a core, so that their training times disturb each other."""
    taken = [core for place in places for core in place.cores]
    return len(set(taken)) < len(taken)


def quiet_place(threads: int, busy: Mapping[int, float], on_gpu: bool = False) -> Place:
    """Choose the place of a worker that is to be alone.

    Args:
        threads: Cores that it wants; all there are, if there are fewer.
        busy: How busy each core is with what others do, from 0 to 1.
        on_gpu: Whether it takes the first GPU.

    Returns:
        The quietest cores; of equal ones the last, since the first is where a system does its own work.
    """
    chosen = sorted(busy, key=lambda core: (round(busy[core], 1), -core))[:threads]
    return Place(0, tuple(sorted(chosen)), 0 if on_gpu else None)
