"""Figures as PNG and SVG: a browser draws them, in a process of its own that cannot hang the study's end.

Run as ``python -m tuner.report.image BROWSER`` this module is that process: it starts the browser, reads from
stdin where its order lies (a JSON document: the figures, their files), draws with plotly.js and ends. The
parent waits so long and no longer, and then ends it together with the browser that it started. It starts
before there is anything to draw: a browser takes as long to start as a report takes to be made.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tuner.durable import write_whole

__all__ = ["TIMEOUT_S", "Drawing", "Picture", "find_browser", "started", "write_images"]

TIMEOUT_S = 60.0
"""A cold browser on two busy cores draws in under 10 s; one that needs a minute will never end."""

WIDTH_PX, HEIGHT_PX, SCALE = 1100, 680, 2


_FIRST = {"data": [{"type": "scatter", "mode": "markers", "y": [0.0] * 100}], "layout": {}}
"""A figure that is drawn while there is none to draw: the first one takes longer than others."""


_LAUNCHED = {"/usr/bin/chromium": "/usr/lib/chromium/chromium"}
"""What Debian's launcher starts, by the launcher: a script that adds extensions and options for a desktop."""

_LOADED = """new Promise(done => {
  document.readyState === "complete" ? done() : addEventListener("load", () => done());
})"""


@dataclass(frozen=True)
class Picture:
    """A figure and the files that it is drawn into.

    Attributes:
        figure: A plotly figure as JSON-ready values (``data`` and ``layout``); its layout may set a height.
        files: Where to, each in the format of its suffix: ``.png`` or ``.svg``.
    """

    figure: Mapping[str, Any]
    files: Sequence[Path]


def find_browser() -> str | None:
    """Return the path of a Chrome-like browser, or None.

    ``BROWSER_PATH`` decides when it is set, even when nothing is there: who set it meant it.
    """
    from choreographer.browsers.chromium import Chromium

    found = Chromium.find_browser(skip_local=False)
    if "BROWSER_PATH" not in os.environ and found in _LAUNCHED and _is_program(_LAUNCHED[found]):
        found = _LAUNCHED[found]
    return str(found) if found and _is_program(found) else None


def _is_program(path: str) -> bool:
    return os.access(path, os.X_OK) and Path(path).is_file()


def write_images(pictures: Sequence[Picture], browser: str, timeout_s: float = TIMEOUT_S) -> str:
    """Draw figures into files, all by one start of the browser.

    Args:
        pictures: What to draw; existing files are replaced only when all new ones are whole.
        browser: Path of the browser.
        timeout_s: Seconds after which the drawing is given up.

    Returns:
        An empty string, or one line saying why the files were not written.
    """
    with Drawing(browser) as drawing:
        drawing.begin(pictures)
        return drawing.finish(timeout_s)


class Drawing:
    """A process that draws: it starts a browser at once, while its caller still makes the figures.

    ``begin`` hands it the pictures and does not wait, ``finish`` waits for the files. At the end of the block
    the process and its browser are gone, whether or not there was anything to draw.
    """

    def __init__(self, browser: str) -> None:
        self._browser = browser
        self._drawn: dict[Path, Path] = {}
        self._begun_s = 0.0

    def __enter__(self) -> Self:
        """Start the process; the browser's own files go to a folder that is deleted with it."""
        self._folder = tempfile.TemporaryDirectory(prefix="tuner-picture-", ignore_cleanup_errors=True)
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "tuner.report.image", self._browser],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "TMPDIR": self._folder.name},
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End the process where it has not ended, and the browser that it started."""
        try:
            if self._child.returncode is None:
                _end(self._child)
        finally:
            self._folder.cleanup()

    def begin(self, pictures: Sequence[Picture]) -> None:
        """Let it draw; :meth:`finish` replaces existing files when all new ones are whole.

        Args:
            pictures: What to draw.
        """
        folder = Path(self._folder.name)
        files = [file for each in pictures for file in each.files]
        self._drawn = {file: folder / f"{at}{file.suffix}" for at, file in enumerate(files)}
        orders = [
            {"figure": each.figure, "files": [str(self._drawn[file]) for file in each.files]}
            for each in pictures
        ]
        order = folder / "order.json"  # more than a pipe holds, and nobody waits for a reader
        order.write_text(json.dumps(orders), encoding="utf-8")
        self._begun_s = time.monotonic()
        assert self._child.stdin is not None  # noqa: S101 - by `Popen`
        try:
            self._child.stdin.write(f"{order}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # it has died; its last words come with `finish`

    def finish(self, timeout_s: float = TIMEOUT_S) -> str:
        """Wait for the files and put them in place.

        Args:
            timeout_s: Seconds since :meth:`begin` after which the drawing is given up.

        Returns:
            An empty string, or one line saying why the files were not written.
        """
        left_s = max(0.0, self._begun_s + timeout_s - time.monotonic())
        try:
            _, complaint = self._child.communicate(timeout=left_s)
        except subprocess.TimeoutExpired:
            return f"the browser did not draw within {timeout_s:.0f} s"
        if self._child.returncode != 0:
            lines = [line.strip() for line in complaint.splitlines() if line.strip()]
            said = lines[-1] if lines else f"exit code {self._child.returncode}"
            return f"the browser could not draw: {said}"
        for target, source in self._drawn.items():
            write_whole(target, source.read_bytes())
        return ""


@contextmanager
def started(wanted: bool = True, before: Drawing | None = None) -> Iterator[Drawing | None]:
    """Start a browser for pictures, where they are wanted and there is one.

    Args:
        wanted: Whether they are.
        before: One that was started already. Then it is returned, and ended by who started it.
    """
    browser = find_browser() if wanted and before is None else None
    if browser is None:
        yield before
        return
    with Drawing(browser) as drawing:
        yield drawing


def _end(child: subprocess.Popen[str]) -> None:
    """Kill the drawing process and the browser it started, which sits in a session of its own."""
    import psutil

    try:
        descendants = psutil.Process(child.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        descendants = []
    child.kill()
    for process in descendants:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(descendants, timeout=5)
    child.communicate()


async def _draw(browser: str) -> None:
    """Start the browser, then wait for the order: a line with the name of its file, or the end of stdin."""
    from choreographer import Browser
    from choreographer.utils import TmpDirectory

    async with asyncio.timeout(TIMEOUT_S) as limit, Browser(path=browser) as opened:
        tab = await opened.create_tab()
        folder = TmpDirectory(sneak=opened.is_isolated())  # a browser that is a snap has a /tmp of its own
        try:
            await _load(tab, _page(folder.path))
            await _drawn(tab, _FIRST)
            limit.reschedule(None)
            order = await asyncio.to_thread(sys.stdin.readline)
            limit.reschedule(asyncio.get_running_loop().time() + TIMEOUT_S)
            if order:
                await _carry_out(tab, Path(order.strip()))
        finally:
            folder.clean()


async def _carry_out(tab: Any, order: Path) -> None:
    for picture in json.loads(order.read_text(encoding="utf-8")):
        drawn = await _drawn(tab, picture["figure"])
        for path in map(Path, picture["files"]):
            path.write_bytes(drawn[path.suffix])


def _page(folder: Path) -> Path:
    """Write the page that draws: plotly's own script, and ours."""
    import plotly

    plotly_js = Path(plotly.__file__).with_name("package_data") / "plotly.min.js"
    ours = Path(__file__).with_name("draw.js")
    scripts = "".join(f'<script src="{path.as_uri()}"></script>' for path in (plotly_js, ours))
    page = folder / "page.html"
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8">{scripts}', encoding="utf-8")
    return page


async def _load(tab: Any, page: Path) -> None:
    """Wait until a tab shows a page with its scripts.

    Raises:
        RuntimeError: If the browser does not find it, or may not read it.
    """
    answer = await _told(tab, "Page.navigate", url=page.as_uri())
    if answer.get("errorText"):
        raise RuntimeError(f"{answer['errorText']}: {page}")
    await _told(tab, "Runtime.evaluate", expression=_LOADED, awaitPromise=True)


async def _drawn(tab: Any, figure: Mapping[str, Any]) -> dict[str, bytes]:
    """Return a figure's picture by the suffix of its format."""
    height = figure["layout"].get("height", HEIGHT_PX)
    size = {"width": WIDTH_PX, "height": height, "scale": SCALE}
    call = f"picture({json.dumps(figure)}, {json.dumps(size)})"
    found = await _told(tab, "Runtime.evaluate", expression=call, awaitPromise=True, returnByValue=True)
    drawn = found["result"]["value"]
    return {".svg": drawn["svg"].encode(), ".png": base64.b64decode(drawn["png"])}


async def _told(tab: Any, command: str, **params: Any) -> dict[str, Any]:
    """Give a tab a command and return its result.

    Raises:
        RuntimeError: If the browser refuses it, or the page's script fails.
    """
    answer = await tab.send_command(command, params=params)
    result: dict[str, Any] = answer.get("result", {})
    if "error" in answer or "exceptionDetails" in result:
        raise RuntimeError(_problem(answer))
    return result


def _problem(answer: Mapping[str, Any]) -> str:
    """Return in one line what a browser complains of."""
    if "error" in answer:
        return str(answer["error"].get("message", answer["error"]))
    details = answer["result"]["exceptionDetails"]
    thrown = details.get("exception", {})
    said = thrown.get("description") or thrown.get("value") or details.get("text", "")
    return str(said).partition("\n")[0]


if __name__ == "__main__":
    asyncio.run(_draw(sys.argv[1]))
