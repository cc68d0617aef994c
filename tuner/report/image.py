"""Figures as PNG and SVG: a browser draws them, in a process of its own that cannot hang the study's end.

Run as ``python -m tuner.report.image`` this module is that process: it reads one JSON document from
stdin (the browser, the figures, their files), draws through kaleido and ends. The parent waits so long
and no longer, and then ends it together with the browser that it started.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["TIMEOUT_S", "Picture", "find_browser", "write_images"]

TIMEOUT_S = 60.0
"""A cold browser on two busy cores draws in under 10 s; one that needs a minute will never end."""

WIDTH_PX, HEIGHT_PX, SCALE = 1100, 680, 2


@dataclass(frozen=True)
class Picture:
    """A figure and the files that it is drawn into.

    Attributes:
        figure: A plotly figure as JSON-ready values (``data`` and ``layout``); its layout may set a height.
        files: Where to, each in the format of its suffix.
    """

    figure: Mapping[str, Any]
    files: Sequence[Path]


def find_browser() -> str | None:
    """Return the path of a Chrome-like browser, or None.

    ``BROWSER_PATH`` decides when it is set, even when nothing is there: who set it meant it.
    """
    from choreographer.browsers.chromium import Chromium

    found = Chromium.find_browser(skip_local=False)
    return str(found) if found and os.access(found, os.X_OK) and Path(found).is_file() else None


def write_images(pictures: Sequence[Picture], browser: str, timeout_s: float = TIMEOUT_S) -> str:
    """Draw figures into files, all by one start of the browser.

    Args:
        pictures: What to draw; existing files are replaced only when all new ones are whole.
        browser: Path of the browser.
        timeout_s: Seconds after which the drawing is given up.

    Returns:
        An empty string, or one line saying why the files were not written.
    """
    with tempfile.TemporaryDirectory(prefix="tuner-picture-", ignore_cleanup_errors=True) as folder:
        drawn = {file: Path(folder) / f"{at}{file.suffix}" for at, file in enumerate(_files(pictures))}
        orders = [
            {"figure": each.figure, "files": [str(drawn[file]) for file in each.files]} for each in pictures
        ]
        problem = _draw_apart(json.dumps({"browser": browser, "pictures": orders}), folder, timeout_s)
        if problem:
            return problem
        for target, source in drawn.items():
            _replace(source, target)
    return ""


def _files(pictures: Sequence[Picture]) -> list[Path]:
    return [file for each in pictures for file in each.files]


def _draw_apart(order: str, folder: str, timeout_s: float) -> str:
    """Run this module as a process on ``order``; the browser's own files go to ``folder``."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tuner.report.image"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "TMPDIR": folder},
        start_new_session=True,
    )
    try:
        _, complaint = child.communicate(order, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _end(child)
        return f"the browser did not draw within {timeout_s:.0f} s"
    except BaseException:
        _end(child)
        raise
    if child.returncode == 0:
        return ""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return f"the browser could not draw: {lines[-1] if lines else f'exit code {child.returncode}'}"


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


def _replace(source: Path, target: Path) -> None:
    """Move a finished file into place in one step, across file systems too."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(source.read_bytes())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


async def _draw(order: Mapping[str, Any]) -> None:
    from kaleido import Kaleido

    async with Kaleido(path=order["browser"], mathjax=False, timeout=TIMEOUT_S) as kaleido:
        for picture in order["pictures"]:
            height = picture["figure"]["layout"].get("height", HEIGHT_PX)
            for path in map(Path, picture["files"]):
                options = {"format": path.suffix[1:], "width": WIDTH_PX, "height": height, "scale": SCALE}
                path.write_bytes(await kaleido.calc_fig(picture["figure"], opts=options))


if __name__ == "__main__":
    asyncio.run(_draw(json.load(sys.stdin)))
