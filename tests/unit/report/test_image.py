"""Pictures: found browsers draw, missing ones are said to be missing, and none can hang a study's end."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

import psutil
import pytest
from choreographer.browsers.chromium import Chromium

from tuner.report import image
from tuner.report.image import (
    HEIGHT_PX,
    SCALE,
    WIDTH_PX,
    Drawing,
    Picture,
    find_browser,
    started,
    write_images,
)

FIGURE = {"data": [{"type": "scatter", "x": [1, 2], "y": [1, 2]}], "layout": {"title": {"text": "t"}}}


@pytest.fixture
def browser() -> str:
    """A real one."""
    found = find_browser()
    if found is None:
        pytest.skip("no browser on this machine")
    return found


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_declared_browser_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = script(tmp_path / "my-browser", "exit 0")
    monkeypatch.setenv("BROWSER_PATH", str(browser))

    assert find_browser() == str(browser)


def test_a_declared_browser_that_is_not_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))

    assert find_browser() is None


def test_what_a_launcher_starts_is_started_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, behind = script(tmp_path / "launcher", "exit 0"), tmp_path / "chromium"
    monkeypatch.setattr(Chromium, "find_browser", lambda **_: str(launcher))
    monkeypatch.setattr(image, "_LAUNCHED", {str(launcher): str(behind)})
    monkeypatch.delenv("BROWSER_PATH", raising=False)

    assert find_browser() == str(launcher), "nothing is there"
    script(behind, "exit 0")
    assert find_browser() == str(behind)
    monkeypatch.setenv("BROWSER_PATH", str(launcher))
    assert find_browser() == str(launcher), "as declared"


def test_a_browser_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    browser = script(tmp_path / "hangs", f"echo $$ > {told}; exec sleep 300")

    problem = write_images([Picture(FIGURE, [tmp_path / "a.png"])], str(browser), timeout_s=4.0)

    assert problem == "the browser did not draw within 4 s"
    assert not (tmp_path / "a.png").exists()
    assert told.exists()
    assert not psutil.pid_exists(int(told.read_text()))


def test_a_browser_that_dies_is_said_to_have_failed(tmp_path: Path) -> None:
    browser = script(tmp_path / "dies", "exit 3")
    (tmp_path / "a.png").write_bytes(b"old")

    problem = write_images([Picture(FIGURE, [tmp_path / "a.png"])], str(browser), timeout_s=30.0)

    assert problem.startswith("the browser ")
    assert "\n" not in problem
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_a_browser_that_was_started_before_is_used_and_left_to_its_owner(tmp_path: Path) -> None:
    browser = script(tmp_path / "hangs", "exec sleep 300")
    with Drawing(str(browser)) as before:
        with started(True, before) as found:
            assert found is before
        assert before._child.poll() is None
    assert before._child.poll() is not None
    with started(False) as found:
        assert found is None


@pytest.mark.browser
def test_what_plotly_cannot_draw_is_said_in_one_line(browser: str, tmp_path: Path) -> None:
    broken = {"data": [], "layout": {"height": 0}}  # plotly wants a pixel at least
    pictures = [Picture(FIGURE, [tmp_path / "a.svg"]), Picture(broken, [tmp_path / "b.svg"])]

    problem = write_images(pictures, browser)

    assert problem.startswith("the browser could not draw: ")
    assert "eight" in problem
    assert "\n" not in problem
    assert not list(tmp_path.iterdir()), "all or none"


@pytest.mark.browser
def test_no_text_of_a_figure_is_run(browser: str, tmp_path: Path) -> None:
    text = "</script><script>document.body.remove()</script>\u2028'\"`${1}\\ größer ≥ 語"
    figure = {**FIGURE, "layout": {"title": {"text": text}}}

    problem = write_images([Picture(figure, [tmp_path / "a.svg", tmp_path / "a.png"])], browser)

    assert problem == ""
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<script" not in svg
    assert "größer ≥ 語" in svg


@pytest.mark.browser
def test_a_browser_draws_png_and_svg(browser: str, tmp_path: Path) -> None:

    tall = {**FIGURE, "layout": {"height": 300}}
    pictures = [
        Picture(FIGURE, [tmp_path / "a.png", tmp_path / "a.svg"]),
        Picture(tall, [tmp_path / "b.svg"]),
    ]

    problem = write_images(pictures, browser)

    assert problem == ""
    png = (tmp_path / "a.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (SCALE * WIDTH_PX, SCALE * HEIGHT_PX)
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert 'height="300"' in (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.svg"]
