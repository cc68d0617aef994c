from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tuner.embeddings.cache import Arrays, cached_arrays, kept_arrays


class Counted:
    """Makes an array and counts how often it was asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"numbers": np.arange(5.0)}


def ask(folder: Path, make: Callable[[], Arrays], **settings: int) -> Arrays:
    return cached_arrays(folder, "numbers", {"dataset": "d", **settings}, ("numbers",), make)


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


def test_whichever_bit_of_a_kept_file_changed_what_is_given_is_what_was_made(tmp_path: Path) -> None:
    ask(tmp_path, Counted())
    (kept,) = tmp_path.glob("*.npz")
    whole = kept.read_bytes()

    for place in range(len(whole)):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            kept.write_bytes(changed)
            found = kept_arrays(tmp_path, "numbers", {"dataset": "d"}, ("numbers",))
            if found is not None:  # a bit that says nothing of the content, of its date say
                assert found["numbers"].tolist() == [0, 1, 2, 3, 4]
                assert found.keys() == {"numbers"}


@pytest.mark.parametrize("others", [{}, {"numbers": np.arange(3.0), "more": np.arange(2.0)}])
def test_a_file_of_other_arrays_is_made_again(others: Arrays, tmp_path: Path) -> None:
    make = Counted()
    ask(tmp_path, make)
    (kept,) = tmp_path.glob("*.npz")
    np.savez(kept, allow_pickle=False, **others)

    assert ask(tmp_path, make)["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert make.calls == 2


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
