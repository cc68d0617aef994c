"""An entry is whole, or it is not there."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from tuner.data.store import Contents, build_once, read_facts, writing
from tuner.errors import DataError, NoSpaceError, StorageRefusedError

CONTENTS = Contents({"n": 3}, {"a.bin": b"abc", "b.bin": b""})


class Builder:
    """Counts how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Contents:
        self.calls += 1
        return CONTENTS


def test_an_entry_is_built_once(tmp_path: Path) -> None:
    build = Builder()
    entry = tmp_path / "new" / "entry"

    assert build_once(entry, build) == {"n": 3}
    assert build_once(entry, build) == {"n": 3}

    assert build.calls == 1
    assert (entry / "a.bin").read_bytes() == b"abc"


def test_only_the_entry_and_its_lock_are_left(tmp_path: Path) -> None:
    build_once(tmp_path / "entry", Builder())

    assert {path.name for path in tmp_path.iterdir()} <= {"entry", "entry.lock"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bin", b"ab"),
        ("a.bin", b"abd"),
        ("meta.json", b""),
        ("meta.json", b"[]"),
        ("meta.json", b"\xff"),
        ("meta.json", b'{"checksum": "", "format": 1}'),
    ],
)
def test_a_damaged_entry_is_built_again(tmp_path: Path, name: str, content: bytes) -> None:
    build = Builder()
    build_once(tmp_path / "entry", build)
    (tmp_path / "entry" / name).write_bytes(content)

    with pytest.raises(DataError, match="built anew"):
        read_facts(tmp_path / "entry", thorough=True)
    assert build_once(tmp_path / "entry", build) == {"n": 3}

    assert build.calls == 2
    assert read_facts(tmp_path / "entry", thorough=True) == {"n": 3}
    assert {path.name for path in tmp_path.iterdir()} <= {"entry", "entry.lock"}


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    build_once(tmp_path / "entry", Builder())
    (tmp_path / "entry" / "a.bin").unlink()

    with pytest.raises(DataError, match="is no whole cache entry"):
        read_facts(tmp_path / "entry")


def test_a_quick_look_sees_sizes_and_a_thorough_one_every_byte(tmp_path: Path) -> None:
    build_once(tmp_path / "entry", Builder())
    (tmp_path / "entry" / "a.bin").write_bytes(b"abd")

    assert read_facts(tmp_path / "entry") == {"n": 3}
    with pytest.raises(DataError, match=r"a\.bin is damaged"):
        read_facts(tmp_path / "entry", thorough=True)


def test_facts_that_were_changed_are_noticed(tmp_path: Path) -> None:
    build_once(tmp_path / "entry", Builder())
    meta = json.loads((tmp_path / "entry" / "meta.json").read_text())
    meta["facts"]["n"] = 4
    (tmp_path / "entry" / "meta.json").write_text(json.dumps(meta))

    with pytest.raises(DataError, match=r"meta\.json was changed"):
        read_facts(tmp_path / "entry")


def test_what_a_dead_builder_left_is_cleared_away(tmp_path: Path) -> None:
    remnant = tmp_path / ".entry.0123"
    remnant.mkdir()
    (remnant / "a.bin").write_bytes(b"half")
    other = tmp_path / ".another.0123"
    other.mkdir()

    build_once(tmp_path / "entry", Builder())

    assert not remnant.exists()
    assert other.exists()


def test_a_build_that_fails_leaves_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    def fail() -> Contents:
        raise DataError("no words are left")

    with pytest.raises(DataError, match="no words are left"):
        build_once(tmp_path / "entry", fail)

    assert not (tmp_path / "entry").exists()
    assert build_once(tmp_path / "entry", Builder()) == {"n": 3}


@pytest.mark.parametrize(
    ("code", "error"),
    [(errno.ENOSPC, NoSpaceError), (errno.EDQUOT, NoSpaceError), (errno.EROFS, StorageRefusedError)],
)
def test_what_stands_against_writing_has_its_own_error(
    tmp_path: Path, code: int, error: type[Exception]
) -> None:
    with pytest.raises(error, match=str(tmp_path)), writing(tmp_path):
        raise OSError(code, os.strerror(code))


def test_a_library_s_error_without_a_number_is_none_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^a dataset of that name is there$"), writing(tmp_path):
        raise OSError("a dataset of that name is there")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(NoSpaceError, match="no space left"):
        build_once(tmp_path / "entry", Builder())

    assert {path.name for path in tmp_path.iterdir()} <= {"entry.lock"}


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()

    with pytest.raises(StorageRefusedError, match="cannot be written"):
        build_once(tmp_path / "cache" / "entry", Builder())
