"""What a figure was measured on: kept with every result, and said on the page."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.paths import ROOT

__all__ = ["CORES", "facts", "facts_of", "keep_to", "use_cores"]

CORES = 2
"""All that any method is given, however many the machine has."""


def facts(packages: Iterable[str] = ("tensorflow", "keras", "optuna")) -> dict[str, Any]:
    """Return the machine, the day and the versions, as JSON carries them.

    Args:
        packages: Those whose versions count; one that is not installed is left out.
    """
    versions = {}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": CORES,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "load_before": round(os.getloadavg()[0], 2),
        **_revision(),
    }


def facts_of(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what several runs were measured on as one: the versions of all, and what differs as a range."""
    if not several:
        return facts()
    versions: dict[str, Any] = {}
    for each in several:
        versions.update(each["versions"])
    joined = {name: _joined([each[name] for each in several if name in each]) for name in several[-1]}
    return {**joined, "versions": versions}


def _joined(values: Sequence[Any]) -> Any:
    """Return the one value of all, else the least and the most, or all where there is no order."""
    different = [value for index, value in enumerate(values) if value not in values[:index]]
    if len(different) == 1:
        return different[0]
    if all(isinstance(value, int | float) for value in different):
        return f"{min(different)} to {max(different)}"
    return ", ".join(sorted(map(str, different)))


def _revision() -> dict[str, str]:
    """Return which code ran, as far as this is a checkout: its commit, and whether it was changed since."""
    try:
        told = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=7"],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"revision": told.stdout.strip()}


def use_cores(count: int = CORES) -> list[int]:
    """Keep this process, and those that it starts, to so many processors; return their numbers."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(min(count, os.cpu_count() or 1)))
    chosen = sorted(os.sched_getaffinity(0))[:count]
    keep_to(chosen)
    return chosen


def keep_to(cores: Iterable[int]) -> None:
    """Keep this process, and those that it starts from now on, to these processors where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
