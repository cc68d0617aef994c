"""What the control groups of Linux say of this process: the files of its own group and of all above it.

A limit of any of them holds, so who asks for one takes the least; see cgroup-v2.rst and cgroup-v1 of Linux.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["MEMBERSHIP", "MOUNTED", "folders_v1", "folders_v2", "numbers_in"]

MOUNTED = Path("/sys/fs/cgroup")
"""Where they are mounted."""

MEMBERSHIP = Path("/proc/self/cgroup")
"""Which groups the process is in, as ``hierarchy:controllers:path``."""


def folders_v2(mounted: Path = MOUNTED, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Yield the folders of version 2 that hold for this process, its own group first.

    Args:
        mounted, membership: As the constants of these names.
    """
    paths = [path for controllers, path in _groups(membership) if not controllers] or ["/"]
    for root in (mounted, mounted / "unified"):
        for path in paths:
            yield from _upwards(root, path)


def folders_v1(controller: str, mounted: Path = MOUNTED, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Yield the folders of a controller of version 1, e.g. ``cpu``, that hold for this process.

    Args:
        controller: Its name; it may be mounted together with others.
        mounted, membership: As the constants of these names.
    """
    own = [each for each in _groups(membership) if controller in each[0].split(",")]
    for controllers, path in own or [(controller, "/")]:
        for root in dict.fromkeys((controller, controllers)):
            yield from _upwards(mounted / root, path)


def numbers_in(file: Path) -> list[int | None]:
    """Return the whole numbers of a file, None for each other word; nothing where it cannot be read."""
    try:
        words = file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
    return [int(word) if word.lstrip("-").isdigit() else None for word in words]


def _groups(membership: Path) -> Iterator[tuple[str, str]]:
    """Yield the controllers, comma between them and none in version 2, and the path of each group."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):  # no Linux, or no such file system
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if colon:
            yield controllers, path


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """Yield the folders of a group and of all groups above it.

    In a container the path may be that on the host, of which only the end, or nothing, is mounted here:
    what is not there is passed over when it is read.
    """
    group = root.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
    while group != root:
        yield group
        group = group.parent
    yield root
