"""How many cores can be kept busy, by control groups of both versions; one of them a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.fairness import GROUPS, takes_quotas
from tuner.execution.cores import Cores, busy_shares, cores_here, quietest, quota_here


def written(folder: Path, **files: str) -> None:
    """Write a group's files; ``_`` in a name stands for its first dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(f"{text}\n")


def quota(root: Path, membership: str) -> float | None:
    """Read the quota of a process with this /proc/self/cgroup in the groups below ``root / "groups"``."""
    (root / "membership").write_text(membership)
    return quota_here(root / "groups", root / "membership")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200000 100000", 2.0),
        ("50000 100000", 0.5),
        ("250000", None),
        ("max 100000", None),
        ("", None),
        ("a b", None),
    ],
)
def test_the_own_group_of_version_2_tells(tmp_path: Path, text: str, expected: float | None) -> None:
    written(tmp_path / "groups/a/b", cpu_max=text)

    assert quota(tmp_path, "0::/a/b\n") == expected


def test_the_least_of_the_own_group_and_all_above_it_counts(tmp_path: Path) -> None:
    written(tmp_path / "groups/a/b/c", cpu_max="max 100000")
    written(tmp_path / "groups/a/b", cpu_max="800000 100000")
    written(tmp_path / "groups/a", cpu_max="150000 50000")
    written(tmp_path / "groups/other", cpu_max="100000 100000")

    assert quota(tmp_path, "0::/a/b/c\n") == 3.0


@pytest.mark.parametrize("path", ["/", "/docker/0123", "/../host"])
def test_in_a_container_the_root_that_is_seen_tells(tmp_path: Path, path: str) -> None:
    written(tmp_path / "groups", cpu_max="200000 100000")

    assert quota(tmp_path, f"0::{path}\n") == 2.0


@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct"])
def test_version_1_tells_too(tmp_path: Path, controllers: str) -> None:
    period = {"cpu_cfs_period_us": "100000"}
    written(tmp_path / "groups" / controllers / "a", cpu_cfs_quota_us="300000", **period)
    written(tmp_path / "groups" / controllers, cpu_cfs_quota_us="-1", **period)
    written(tmp_path / "groups/memory/a", cpu_cfs_quota_us="100000", **period)

    assert quota(tmp_path, f"3:memory:/a\n2:{controllers}:/a\n1:name=systemd:/\n0::/\n") == 3.0
    assert quota(tmp_path, f"2:{controllers}:/b\n") is None


def test_both_versions_beside_each_other_are_read(tmp_path: Path) -> None:
    written(tmp_path / "groups/unified/a", cpu_max="400000 100000")

    assert quota(tmp_path, "1:cpu:/\n0::/a\n") == 4.0


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert quota(tmp_path, "0::/a\n") is None
    assert quota(tmp_path, "no line of a group\n") is None
    assert quota_here(tmp_path, tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("limit", "usable", "said"),
    [
        (None, 8, "8 cores"),
        (16.0, 8, "8 cores"),
        (8.0, 8, "8 cores"),
        (2.0, 2, "8 cores with a quota of 2"),
        (2.9, 2, "8 cores with a quota of 2.9"),
        (0.5, 1, "8 cores with a quota of 0.5"),
    ],
)
def test_as_many_cores_are_usable_as_the_quota_has_whole_ones(
    limit: float | None, usable: int, said: str
) -> None:
    cores = Cores(tuple(range(8)), limit)

    assert (cores.usable, cores.in_words) == (usable, said)


def test_the_quietest_core_comes_first_and_of_equal_ones_the_last() -> None:
    assert quietest({0: 0.0, 1: 0.51, 2: 0.04, 3: 0.53}) == (2, 0, 3, 1)


def test_cores_are_those_of_this_process() -> None:
    assert set(cores_here(quietest_first=True).numbers) == os.sched_getaffinity(0)
    assert busy_shares([0]).keys() == {0}


def test_all_cores_count_where_the_system_does_not_say_which_are_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")

    assert cores_here().numbers == tuple(range(os.cpu_count() or 1))


@contextmanager
def group_with_quota(limit: float) -> Iterator[Path]:
    """Make a control group with a quota, or skip where none can be made."""
    root = next((each for each in GROUPS if takes_quotas(each)), None)
    if root is None:
        pytest.skip("no control group with a quota can be made here")
    group = root / f"tuner-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{int(limit * 100_000)} 100000")
        else:
            (group / "cpu.cfs_period_us").write_text("100000")
            (group / "cpu.cfs_quota_us").write_text(str(int(limit * 100_000)))
        yield group
    finally:
        group.rmdir()


JOINS = """\
import os, sys
with open(sys.argv[1], "w") as group:
    group.write(str(os.getpid()))
from tuner.execution.cores import cores_here
cores = cores_here()
print(cores.quota, cores.usable)
"""


def test_a_real_group_s_quota_is_counted(tmp_path: Path) -> None:
    with group_with_quota(1.5) as group:
        command = [sys.executable, "-c", JOINS, str(group / "cgroup.procs")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["1.5", "1"]
