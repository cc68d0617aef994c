"""`tuner report` on a recorded study: files that are whole, true to the ledger, and safe to open."""

from __future__ import annotations

import csv
import os
import stat
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil
import pytest

from tests.recorded import SPEC, record_study
from tuner.cli import main, options
from tuner.durable import write_whole
from tuner.errors import NoSpaceError
from tuner.report import image, write_report
from tuner.report.image import find_browser
from tuner.storage import Ledger, open_database


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return record_study(str(tmp_path_factory.mktemp("report") / "tuner.db"))


@pytest.fixture(scope="module")
def page(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    write_report(ledger, "reviews", folder, images=False)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_page_and_table_are_always_written(ledger: Ledger, tmp_path: Path) -> None:
    files = write_report(ledger, "reviews", tmp_path / "new" / "folder", images=False)

    assert [path.name for path in files.paths] == ["report.html", "front.csv"]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "front.csv",
        "report.html",
    ]


def test_the_table_holds_the_front_best_first(ledger: Ledger, tmp_path: Path) -> None:
    write_report(ledger, "reviews", tmp_path, images=False)

    with (tmp_path / "front.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["1", "0", "5"]
    assert [row["values.accuracy"] for row in rows] == ["0.86", "0.8", "0.7"]
    assert [row["test.accuracy"] for row in rows] == ["0.84", "", ""]
    assert all(row["params.units"] for row in rows)


def test_the_page_says_what_came_out_and_why_trials_ended(page: str) -> None:
    assert "The best accuracy is 0.8600, in 11.0 s (trial 1)" in page
    assert "at the front&#x27;s other end trial 5 reaches 0.7000 in 2.0 s" in page
    assert "accuracy 0.5500 is below the floor of 0.6 after 2 epochs" in page
    assert "6 trials · 4 finished · 1 pruned · 1 failed" in page


def test_the_page_says_how_the_test_split_was_used(page: str) -> None:
    assert "The test split was opened for the front&#x27;s members only" in page
    assert "test accuracy" in page


def test_the_page_shows_matrices_and_curves_of_the_front_alone(tmp_path: Path) -> None:
    ledger = record_study(str(tmp_path / "tuner.db"))
    ledger.record_test_metrics("reviews", 1, {"test_accuracy": 0.84}, [[42, 8], [8, 42]])

    write_report(ledger, "reviews", tmp_path, images=False)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Confusion matrix, test split" in page
    assert "trial 1, accuracy 0.8400 of 100 texts" in page
    assert "called bad" in page
    assert "called good" in page


def test_reasons_are_text_in_the_page(page: str) -> None:
    assert "loss is NaN <b>" not in page
    assert "loss is NaN &lt;b&gt;&amp;&lt;/b&gt;" in page


def test_without_a_browser_it_says_so_and_leaves_no_old_picture(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    (tmp_path / "front.png").write_bytes(b"of yesterday")

    files = write_report(ledger, "reviews", tmp_path)

    assert [path.name for path in files.paths] == ["report.html", "front.csv"]
    assert files.notes == (
        "no pictures (PNG, SVG): no browser was found; install Chromium, or set BROWSER_PATH",
    )
    assert not (tmp_path / "front.png").exists()


def hanging(path: Path, first: str = ":") -> Path:
    """Write a browser that runs a line and then does nothing."""
    path.write_text(f"#!/bin/sh\n{first}\nexec sleep 300\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_hanging_browser_ends_in_a_note(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(hanging(tmp_path / "browser")))

    files = write_report(ledger, "reviews", tmp_path / "out", timeout_s=3.0)

    assert "did not draw within 3 s" in files.notes[0]
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_browser_that_was_started_for_a_study_that_is_not_there_is_ended_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = tmp_path / "tuner.db"
    record_study(str(storage))
    told, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    browser = hanging(tmp_path / "browser", f"echo $$ > {told}.part; mv {told}.part {told}")
    monkeypatch.setenv("BROWSER_PATH", str(browser))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def pick(ledger: Ledger, name: str | None) -> str:
        while not told.exists():  # the browser may be slow to start
            time.sleep(0.05)
        return options.pick(ledger, name)

    monkeypatch.setattr("tuner.cli.report.pick", pick)

    assert main(["report", "other", "--storage", str(storage)]) == 3

    assert "no study 'other'" in capsys.readouterr().err
    assert not psutil.pid_exists(int(told.read_text()))
    assert not list(temporary.iterdir())


def test_the_command_starts_one_browser_and_hands_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = tmp_path / "tuner.db"
    record_study(str(storage))
    monkeypatch.setattr(image, "find_browser", lambda: "/some/browser")
    calls: list[str] = []

    class Noting(image.Drawing):
        """Draws nothing."""

        def __enter__(self) -> Self:
            calls.append("start")
            return self

        def __exit__(self, *_: object) -> None:
            calls.append("end")

        def begin(self, pictures: Sequence[image.Picture]) -> None:
            calls.append("begin")

        def finish(self, timeout_s: float = 0.0) -> str:
            calls.append("finish")
            return "nothing was drawn"

    monkeypatch.setattr(image, "Drawing", Noting)

    assert main(["report", "--storage", str(storage)]) == 0
    assert calls == ["start", "begin", "finish", "end"]


@pytest.mark.browser
def test_with_a_browser_there_are_pictures(ledger: Ledger, tmp_path: Path) -> None:
    if find_browser() is None:
        pytest.skip("no browser on this machine")

    files = write_report(ledger, "reviews", tmp_path)

    assert files.notes == ()
    assert [path.name for path in files.paths] == ["report.html", "front.csv", "front.png", "front.svg"]
    assert (tmp_path / "front.png").stat().st_size > 20_000
    assert "reviews: accuracy against training time" in (tmp_path / "front.svg").read_text(encoding="utf-8")


def test_the_command_writes_beside_the_database_and_prints_the_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = tmp_path / "tuner.db"
    record_study(str(storage))

    assert main(["report", "--storage", str(storage), "--no-images"]) == 0

    names = capsys.readouterr().out.splitlines()
    assert names == [str(tmp_path / "reviews" / "report.html"), str(tmp_path / "reviews" / "front.csv")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    storage = str(ledger.database.safe_url)

    assert main(["report", "--storage", storage, "-o", str(tmp_path / "new")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_file_in_the_folders_place_is_named(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    storage = str(ledger.database.safe_url)

    assert main(["report", "--storage", storage, "-o", str(tmp_path / "file" / "new")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def full_disk_for(file: Path) -> None:
    """Let the kernel say that there is no space as soon as something is written for a file."""
    file.with_name(f".{file.name}.{os.getpid()}.tmp").symlink_to("/dev/full")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("full", ["report.html", "front.csv"])
def test_a_full_disk_is_one_line_and_leaves_the_former_file_whole(
    full: str, ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / full).write_text("former", encoding="utf-8")
    full_disk_for(tmp_path / full)
    storage = str(ledger.database.safe_url)

    assert main(["report", "--no-images", "--storage", storage, "-o", str(tmp_path)]) == 6

    assert capsys.readouterr().err == (
        f"tuner: error: {tmp_path}: the report cannot be written: No space left on device; free some space,"
        f" or write it elsewhere with `tuner report reviews -o FOLDER --storage {storage}`\n"
    )
    assert (tmp_path / full).read_text(encoding="utf-8") == "former"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_disk_that_is_full_for_pictures_leaves_none_of_an_older_report(
    ledger: Ledger, tmp_path: Path
) -> None:
    class Drawn(image.Drawing):
        """Has drawn, and puts each file in place as its parent does."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def begin(self, pictures: Sequence[image.Picture]) -> None:
            self.files = [file for each in pictures for file in each.files]

        def finish(self, timeout_s: float = 0.0) -> str:
            for file in self.files:
                write_whole(file, b"drawn")
            return ""

    (tmp_path / "front.svg").write_text("former", encoding="utf-8")
    full_disk_for(tmp_path / "front.svg")

    with pytest.raises(NoSpaceError, match="No space left on device"):
        write_report(ledger, "reviews", tmp_path, browser=Drawn("a browser"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["front.csv", "report.html"]


@pytest.mark.parametrize("folder", ["/proc/nowhere", "x" * 300])
def test_a_folder_that_no_system_makes_is_named(
    folder: str, ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = str(ledger.database.safe_url)

    assert main(["report", "--no-images", "--storage", storage, "-o", str(tmp_path / folder)]) == 2
    assert "the report cannot be written" in capsys.readouterr().err


def test_a_study_of_nothing_has_a_report(tmp_path: Path) -> None:
    empty = Ledger(open_database(str(tmp_path / "tuner.db"), create=True))
    empty.create_study("empty", SPEC, "fingerprint", {}, Path())

    files = write_report(empty, "empty", tmp_path / "out", images=False)

    assert "No trial has finished yet" in files.paths[0].read_text(encoding="utf-8")
    assert (tmp_path / "out" / "front.csv").read_text(encoding="utf-8").startswith("number,state,")
