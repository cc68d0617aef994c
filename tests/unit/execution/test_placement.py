"""Which worker gets which cores and which GPU, and what they share."""

from __future__ import annotations

import pytest

from tuner.errors import InputError
from tuner.execution.cores import Cores
from tuner.execution.placement import Place, in_words, plan_places, quiet_place, sharing


def cores(*numbers: int, quota: float | None = None) -> Cores:
    return Cores(numbers, quota)


EIGHT = cores(*range(8))


def test_workers_get_cores_of_their_own() -> None:
    assert plan_places(3, cores(0, 1, 5)) == [Place(0, (0,)), Place(1, (1,)), Place(2, (5,))]


def test_fewer_workers_share_out_all_cores() -> None:
    places = plan_places(2, cores(0, 1, 2, 3))

    assert [place.cores for place in places] == [(0, 2), (1, 3)]
    assert sharing(places, cores(0, 1, 2, 3)) == []


def test_every_worker_has_as_many_cores_as_the_others() -> None:
    assert [place.threads for place in plan_places(2, cores(0, 1, 2, 3, 4))] == [2, 2]


def test_a_single_worker_of_a_new_study_takes_all_cores() -> None:
    assert plan_places(1, cores(0, 1)) == [Place(0, (0, 1))]


@pytest.mark.parametrize(
    ("workers", "threads", "each"), [(1, 1, 1), (1, 3, 3), (3, 2, 2), (3, 4, 2), (8, 2, 1), (9, 2, 1)]
)
def test_threads_that_are_wanted_are_given_where_there_are_cores_for_them(
    workers: int, threads: int, each: int
) -> None:
    assert {place.threads for place in plan_places(workers, EIGHT, threads)} == {each}


def test_more_workers_than_cores_share_them_and_it_is_said() -> None:
    places = plan_places(3, cores(4, 6))

    assert [place.cores for place in places] == [(4,), (6,), (4,)]
    assert all(place.is_shared for place in places)
    assert sharing(places, cores(4, 6)) == [
        "3 workers share 2 cores: their training times disturb each other"
    ]


def test_workers_beyond_a_quota_have_cores_of_their_own_but_share_the_quota_and_it_is_said() -> None:
    held = cores(0, 1, 2, 3, quota=2.0)
    places = plan_places(4, held)

    assert [place.cores for place in places] == [(0,), (1,), (2,), (3,)]
    assert all(place.is_shared for place in places)
    assert sharing(places, held) == [
        "4 workers share a quota of 2 cores: their training times disturb each other"
    ]


def test_under_a_quota_no_more_cores_are_taken_than_it_can_keep_busy() -> None:
    held = cores(6, 7, 0, 1, quota=2.0)

    assert plan_places(2, held) == [Place(0, (6,)), Place(1, (7,))]
    assert plan_places(1, held) == [Place(0, (6, 7))]
    assert sharing(plan_places(2, held), held) == []


def test_a_quota_of_less_than_a_core_is_said_for_it_stops_every_worker() -> None:
    held = cores(0, 1, quota=0.5)

    assert sharing(plan_places(1, held), held) == [
        "a quota of 0.5 cores stops each worker again and again: times are longer"
    ]


def test_gpus_are_taken_in_turn() -> None:
    assert [place.gpu for place in plan_places(2, EIGHT, n_gpus=2)] == [0, 1]
    assert [place.gpu for place in plan_places(3, EIGHT, n_gpus=2)] == [0, 1, 0]


def test_workers_on_one_gpu_share_it_and_it_is_said() -> None:
    places = plan_places(3, EIGHT, n_gpus=2)

    assert [place.is_shared for place in places] == [True, False, True]
    assert sharing(places, EIGHT) == ["3 workers share 2 GPUs: their training times disturb each other"]
    assert sharing(plan_places(2, EIGHT, n_gpus=2), EIGHT) == []
    assert not any(place.is_shared for place in plan_places(1, EIGHT, n_gpus=2))


def test_cores_and_gpus_that_are_shared_are_both_said() -> None:
    assert sharing(plan_places(2, cores(0), n_gpus=1), cores(0)) == [
        "2 workers share 1 core: their training times disturb each other",
        "2 workers share 1 GPU: their training times disturb each other",
    ]


def test_a_gpu_memory_limit_goes_to_places_with_a_gpu_only() -> None:
    one = cores(0)
    assert plan_places(1, one, n_gpus=1, gpu_memory_limit_mib=2048)[0].gpu_memory_limit_mib == 2048
    assert plan_places(1, one, n_gpus=0, gpu_memory_limit_mib=2048)[0].gpu_memory_limit_mib is None


@pytest.mark.parametrize(
    ("workers", "here", "gpus", "said"),
    [
        (2, cores(0, 1), 0, "2 workers with 1 thread each on 2 cores"),
        (1, cores(0, 1), 0, "1 worker with 2 threads on 2 cores"),
        (2, cores(0, 1, 2, 3, quota=2.0), 0, "2 workers with 1 thread each on 4 cores with a quota of 2"),
        (2, EIGHT, 2, "2 workers with 4 threads each on 2 GPUs and 8 cores"),
    ],
)
def test_workers_threads_and_cores_are_told_in_plain_words(
    workers: int, here: Cores, gpus: int, said: str
) -> None:
    assert in_words(plan_places(workers, here, n_gpus=gpus), here) == said


def test_who_is_to_be_alone_gets_the_quietest_cores_and_of_equal_ones_the_last() -> None:
    busy = {0: 0.02, 1: 0.9, 2: 0.01, 3: 0.0}

    assert quiet_place(2, busy) == Place(0, (2, 3))
    assert quiet_place(9, busy, on_gpu=True) == Place(0, (0, 1, 2, 3), 0)


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1 expected"):
        plan_places(0, cores(0))


def test_more_workers_than_a_machine_could_start_are_refused() -> None:
    assert len(plan_places(32, cores(0, 1))) == 32
    with pytest.raises(
        InputError, match="workers: 1000000 found, at most 32 expected on 2 cores; one a core is"
    ):
        plan_places(1_000_000, cores(0, 1))
