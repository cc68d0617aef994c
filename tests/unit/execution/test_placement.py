"""Which worker gets which cores and which GPU."""

from __future__ import annotations

import pytest

from tuner.errors import InputError
from tuner.execution.placement import Place, is_contended, plan_places


def test_without_gpus_there_is_one_worker_a_core() -> None:
    assert plan_places(None, [0, 1, 5]) == [Place(0, (0,)), Place(1, (1,)), Place(2, (5,))]


def test_fewer_workers_share_out_all_cores() -> None:
    places = plan_places(2, [0, 1, 2, 3, 4])

    assert [place.cores for place in places] == [(0, 2, 4), (1, 3)]
    assert [place.threads for place in places] == [3, 2]
    assert not is_contended(places)


def test_more_workers_than_cores_share_them_and_it_is_said() -> None:
    places = plan_places(3, [4, 6])

    assert [place.cores for place in places] == [(4,), (6,), (4,)]
    assert is_contended(places)


def test_with_gpus_there_is_one_worker_a_gpu_in_turn() -> None:
    assert [place.gpu for place in plan_places(None, list(range(8)), n_gpus=2)] == [0, 1]
    assert [place.gpu for place in plan_places(3, list(range(8)), n_gpus=2)] == [0, 1, 0]


def test_a_gpu_memory_limit_goes_to_places_with_a_gpu_only() -> None:
    assert plan_places(1, [0], n_gpus=1, gpu_memory_limit_mib=2048)[0].gpu_memory_limit_mib == 2048
    assert plan_places(1, [0], n_gpus=0, gpu_memory_limit_mib=2048)[0].gpu_memory_limit_mib is None


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1 expected"):
        plan_places(0, [0])


def test_more_workers_than_a_machine_could_start_are_refused() -> None:
    assert len(plan_places(32, [0, 1])) == 32
    with pytest.raises(
        InputError, match="workers: 1000000 found, at most 32 expected on 2 cores; one a core is"
    ):
        plan_places(1_000_000, [0, 1])
