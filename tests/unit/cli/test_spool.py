"""Rows that are spooled come back as they were, as often as they are looked at, from memory or a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest

from tuner.cli import spool
from tuner.cli.spool import Spool

ROWS = [["0", "line\nfeed", "ü 語"], [], ["1", "\x1b[31m", "\ud800"]]


@pytest.mark.parametrize("most_bytes", [1, 1 << 20], ids=["in a file", "in memory"])
def test_rows_come_back_as_often_as_they_are_looked_at(
    most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY_BYTES", most_bytes)
    with Spool(iter(ROWS)) as rows:
        assert list(rows) == ROWS
        assert next(iter(rows)) == ROWS[0], "a look that is given up"
        assert list(rows) == ROWS


def test_values_keep_their_kind() -> None:
    row = {"number": 7, "share": 0.1 + 0.2, "none": None, "yes": True, "huge": 2**70, "least": -math.inf}
    with Spool([row]) as rows:
        (found,) = rows

    assert found == row
    assert list(found) == list(row)
    assert [type(each) for each in found.values()] == [type(each) for each in row.values()]


def test_nothing_is_left_open_when_the_rows_end_in_an_error() -> None:
    def rows() -> Iterator[list[str]]:
        yield ["0"]
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        Spool(rows())


def test_it_takes_no_rows_as_well() -> None:
    with Spool[list[str]]([]) as rows:
        assert list(rows) == []


def test_rows_go_to_a_file_while_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY_BYTES", 100)
    made: list[SpooledTemporaryFile[str]] = []

    def make(*arguments: Any, **options: Any) -> SpooledTemporaryFile[str]:
        made.append(SpooledTemporaryFile(*arguments, **options))  # noqa: SIM115
        return made[0]

    monkeypatch.setattr(spool, "SpooledTemporaryFile", make)
    in_a_file = []

    def rows() -> Iterator[list[str]]:
        for _ in range(5):
            yield ["x" * 60]
            in_a_file.append(vars(made[0])["_rolled"])

    with Spool(rows()) as kept:
        assert len(list(kept)) == 5
    assert in_a_file == [False, True, True, True, True]
