"""Which worker gets which cores and which GPU; pure decisions over what the machine has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuner.errors import InputError
from tuner.execution.cores import Cores, quietest
from tuner.wording import counted

__all__ = ["MOST_A_CORE", "Place", "in_words", "plan_places", "quiet_place", "sharing"]


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
        is_shared: Whether another worker computes on its cores or its GPU, or uses up the same quota.
    """

    index: int
    cores: tuple[int, ...]
    gpu: int | None = None
    gpu_memory_limit_mib: int | None = None
    is_shared: bool = False

    @property
    def threads(self) -> int:
        """Threads of its numeric work: one a core."""
        return len(self.cores)

    def __str__(self) -> str:
        cores = ", ".join(str(core) for core in self.cores)
        where = f"core{'s' if len(self.cores) > 1 else ''} {cores}"
        return where if self.gpu is None else f"GPU {self.gpu}, {where}"


def plan_places(
    workers: int,
    cores: Cores,
    threads: int | None = None,
    n_gpus: int = 0,
    gpu_memory_limit_mib: int | None = None,
) -> list[Place]:
    """Divide a machine among workers.

    Each has as many cores as the others: the seconds of one that had more could not be compared with theirs.

    Args:
        workers: How many.
        cores: Of this process.
        threads: Cores that each worker is to have; there are fewer of them where there are not enough.
            Defaults to all that there are, shared out.
        n_gpus: GPUs of the machine; workers take them in turn.
        gpu_memory_limit_mib: Passed on to places that have a GPU.

    Returns:
        One place a worker. With more workers than cores, or than GPUs, they are shared.

    Raises:
        InputError: If ``workers`` is below 1, or beyond what the machine could start at all.
    """
    if workers < 1:
        raise InputError(f"workers: {workers} found, at least 1 expected")
    most = max(MOST_A_CORE * len(cores.numbers), n_gpus)
    if workers > most:
        raise InputError(
            f"workers: {workers} found, at most {most} expected on {len(cores.numbers)} cores",
            "one a core is usual; each is a process of half a gigabyte",
        )
    each = max(1, min(threads or cores.usable, cores.usable // workers))
    taken = cores.numbers[: workers * each]
    places = []
    for index in range(workers):
        own = tuple(taken[index::workers]) or (taken[index % len(taken)],)
        gpu = index % n_gpus if n_gpus else None
        shares_gpu = gpu is not None and len(range(gpu, workers, n_gpus)) > 1
        shares_cores = workers * each > cores.usable
        limit = gpu_memory_limit_mib if gpu is not None else None
        places.append(Place(index, own, gpu, limit, shares_gpu or shares_cores))
    return places


def in_words(places: Sequence[Place], cores: Cores) -> str:
    """Say how many workers there are, and what each has: ``2 workers with 1 thread each on 2 cores``."""
    count, threads = len(places), places[0].threads
    said = f"{counted(count, 'worker')} with {counted(threads, 'thread')}{' each' * (count > 1)}"
    gpus = len({place.gpu for place in places} - {None})
    return f"{said} on {counted(gpus, 'GPU')} and {cores.in_words}" if gpus else f"{said} on {cores.in_words}"


def sharing(places: Sequence[Place], cores: Cores) -> list[str]:
    """Say what workers share, so that their training times disturb each other; empty if nothing."""
    count = len(places)
    found = []
    taken = len({core for place in places for core in place.cores})
    if count > taken:
        found.append(counted(taken, "core"))
    elif count * places[0].threads > cores.usable:
        found.append(f"a quota of {cores.quota:g} cores")
    gpus = len({place.gpu for place in places} - {None})
    if 0 < gpus < count:
        found.append(counted(gpus, "GPU"))
    told = [f"{count} workers share {what}: their training times disturb each other" for what in found]
    if cores.quota is not None and cores.quota < 1:
        told.append(f"a quota of {cores.quota:g} cores stops each worker again and again: times are longer")
    return told


def quiet_place(threads: int, busy: Mapping[int, float], on_gpu: bool = False) -> Place:
    """Choose the place of a worker that is to be alone.

    Args:
        threads: Cores that it wants; all there are, if there are fewer.
        busy: How busy each core is with what others do, from 0 to 1.
        on_gpu: Whether it takes the first GPU.

    Returns:
        The quietest cores.
    """
    return Place(0, tuple(sorted(quietest(busy)[:threads])), 0 if on_gpu else None)
