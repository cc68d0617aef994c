from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tuner.embeddings.cache import Arrays, cached_arrays


class Counted:
    """Makes an array and counts how often it was asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"numbers": np.arange(5.0)}


def ask(folder: Path, make: Callable[[], Arrays], **settings: int) -> Arrays:
    return cached_arrays(folder, "numbers", {"dataset": "d", **settings}, make)


def test_is_made_once_and_read_again(tmp_path: Path) -> None:
    make = Counted()

    first, again = ask(tmp_path, make), ask(tmp_path, make)

    assert make.calls == 1
    np.testing.assert_array_equal(first["numbers"], again["numbers"])


def test_other_settings_are_kept_apart(tmp_path: Path) -> None:
    make = Counted()

    ask(tmp_path, make, window=5)
    ask(tmp_path, make, window=6)

    assert make.calls == 2


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    make = Counted()
    ask(tmp_path, make)
    (kept,) = tmp_path.glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:50])

    found = ask(tmp_path, make)

    assert make.calls == 2
    assert found["numbers"].tolist() == [0, 1, 2, 3, 4]


def test_a_planted_pickle_is_not_loaded(tmp_path: Path) -> None:
    make = Counted()
    ask(tmp_path, make)
    (kept,) = tmp_path.glob("*.npz")
    np.savez(kept, numbers=np.array([{"planted": True}], dtype=object))

    assert ask(tmp_path, make)["numbers"].tolist() == [0, 1, 2, 3, 4]


def test_those_who_ask_at_once_share_what_the_first_makes(tmp_path: Path) -> None:
    make = Counted()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ask(tmp_path, make), range(4)))

    assert make.calls == 1
    assert len(found) == 4


def test_nothing_unfinished_is_left(tmp_path: Path) -> None:
    ask(tmp_path, Counted())

    assert not list(tmp_path.glob("*.tmp"))
