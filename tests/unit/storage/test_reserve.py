"""Room that is kept on a disk for the end of sessions."""

from __future__ import annotations

from pathlib import Path

from tuner.storage.reserve import RESERVE_BYTES, give_way, keep_reserve


def test_room_is_really_taken_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "reserve"
    keep_reserve(path)

    assert path.stat().st_blocks * 512 >= RESERVE_BYTES


def test_several_sessions_find_a_piece_each_and_the_next_to_begin_makes_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    keep_reserve(path)
    left = [RESERVE_BYTES]
    while give_way(path):
        left.append(path.stat().st_size)

    assert left == sorted(set(left), reverse=True)
    assert (len(left), left[-1]) == (5, 0)
    keep_reserve(path)
    assert path.stat().st_size == RESERVE_BYTES


def test_where_no_room_can_be_kept_a_session_begins_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "reserve"
    keep_reserve(path)

    assert not give_way(path)
