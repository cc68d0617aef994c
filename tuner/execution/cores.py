"""Which processor cores this process may use, and how many of them it can keep busy.

A container sees every core of its host, and its quota lets it use the time of some. Who begins a worker a
core there gets workers that stand still in turn, so a quota counts as that many cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from tuner.execution.groups import MEMBERSHIP, MOUNTED, folders_v1, folders_v2, numbers_in
from tuner.training.affinity import own_cores
from tuner.wording import counted

__all__ = ["Cores", "busy_shares", "cores_here", "quietest", "quota_here"]

LOOK_S = 1.0
"""How long the cores are watched to find the quietest."""


@dataclass(frozen=True)
class Cores:
    """The cores of this process.

    Attributes:
        numbers: Those that it may use; the first are taken where not all are.
        quota: Processor seconds a second that its control groups let it use, or None for no limit.
    """

    numbers: tuple[int, ...]
    quota: float | None = None

    @property
    def usable(self) -> int:
        """How many can be kept busy at the same time; at least 1."""
        whole = len(self.numbers) if self.quota is None else int(self.quota)
        return max(1, min(len(self.numbers), whole))

    @property
    def is_held_back(self) -> bool:
        """Whether the quota leaves less than there are."""
        return self.quota is not None and self.quota < len(self.numbers)

    @property
    def in_words(self) -> str:
        """E.g. ``2 cores`` or ``8 cores with a quota of 2``."""
        said = counted(len(self.numbers), "core")
        return f"{said} with a quota of {self.quota:g}" if self.is_held_back else said


def cores_here(*, quietest_first: bool = False) -> Cores:
    """Look at the cores of this process.

    Args:
        quietest_first: Put those first that others use least, where a quota leaves but some of them to be
            chosen: other containers see the same cores, and would take the lowest numbers as well. Takes
            :data:`LOOK_S`.
    """
    cores = Cores(own_cores(), quota_here())
    if not quietest_first or cores.usable == len(cores.numbers):
        return cores
    return replace(cores, numbers=quietest(busy_shares(cores.numbers)))


def quietest(busy: Mapping[int, float]) -> tuple[int, ...]:
    """Order cores by how busy they are; of equal ones the last, since the first does a system's own work.

    Args:
        busy: From :func:`busy_shares`.
    """
    return tuple(sorted(busy, key=lambda core: (round(busy[core], 1), -core)))


def busy_shares(cores: Sequence[int]) -> Mapping[int, float]:
    """Watch for :data:`LOOK_S` how busy each core is, from 0 to 1."""
    shares = psutil.cpu_percent(interval=LOOK_S, percpu=True)
    return {core: shares[core] / 100 if core < len(shares) else 0.0 for core in cores}


def quota_here(mounted: Path = MOUNTED, membership: Path = MEMBERSHIP) -> float | None:
    """Return the cores whose time the control groups of this process let it use; None for no limit.

    The least of its own group and of all groups above it that can be seen, in version 2 (``cpu.max``) and 1
    (``cpu.cfs_quota_us``) of control groups; see cgroup-v2.rst and scheduler/sched-bwc.rst of Linux.

    Args:
        mounted, membership: As for :mod:`tuner.execution.groups`.
    """
    found = [
        *map(_v2, folders_v2(mounted, membership)),
        *map(_v1, folders_v1("cpu", mounted, membership)),
    ]
    return min((quota for quota in found if quota is not None), default=None)


def _v2(folder: Path) -> float | None:
    """Read ``cpu.max``, e.g. ``200000 100000``; ``max`` in the first place stands for no limit."""
    match numbers_in(folder / "cpu.max"):
        case [quota_us, period_us]:
            return _share(quota_us, period_us)
    return None


def _v1(folder: Path) -> float | None:
    """Read ``cpu.cfs_quota_us``; -1 stands for no limit."""
    quota_us, period_us = (
        next(iter(numbers_in(folder / name)), None) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    )
    return _share(quota_us, period_us)


def _share(quota_us: int | None, period_us: int | None) -> float | None:
    return quota_us / period_us if quota_us and period_us and min(quota_us, period_us) > 0 else None
