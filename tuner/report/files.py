"""A study's report as files: the page and the front's table always, the pictures where a browser is found.

plotly and pandas are loaded when a report is written, not with this module, since the process that
draws the pictures does without them.
"""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.analysis.tables import laid_out
from tuner.errors import InputError
from tuner.report.image import TIMEOUT_S, find_browser, write_images

if TYPE_CHECKING:
    from tuner.report.content import Material
    from tuner.storage import Ledger

__all__ = ["ReportFiles", "write_report"]

PICTURES = ("front.png", "front.svg")


@dataclass(frozen=True)
class ReportFiles:
    """What was written.

    Attributes:
        paths: All files, the page first.
        notes: What a person should know, e.g. why there are no pictures.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def write_report(
    ledger: Ledger, name: str, folder: Path, *, images: bool = True, timeout_s: float = TIMEOUT_S
) -> ReportFiles:
    """Write ``report.html``, ``front.csv`` and, by a browser, ``front.png`` and ``front.svg``.

    Each file is replaced in one step, so that a report that was there stays whole whatever happens.

    Args:
        ledger: Of an open database; it is only read.
        name: An existing study.
        folder: Where the files go; made when it is missing.
        images: Whether to draw PNG and SVG.
        timeout_s: How long a browser may take to draw them.

    Returns:
        The files, and why there are no pictures when there are none. Missing pictures are no error:
        the page shows the same.

    Raises:
        InputError: If the folder cannot be written to.
        StorageRefusedError, StorageUnreachableError: From the ledger.
    """
    from tuner.report.content import page_of, picture_of
    from tuner.report.page import render

    material = _read(ledger, name)
    page, table = folder / "report.html", folder / "front.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(page, render(page_of(material)))
        _replace(table, _front_csv(material))
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        said = f"{folder}: the report cannot be written: {error.strerror}"
        raise InputError(said, f"write it elsewhere with `tuner report {name} -o FOLDER`") from error
    if not images:
        return ReportFiles((page, table))
    pictures = tuple(folder / picture for picture in PICTURES)
    problem = _draw(json.loads(picture_of(material).to_json()), pictures, timeout_s)
    if not problem:
        return ReportFiles((page, table, *pictures))
    for picture in pictures:
        picture.unlink(missing_ok=True)  # an older picture beside a newer page would tell something else
    return ReportFiles((page, table), (f"no {' and '.join(PICTURES)}: {problem}",))


def _read(ledger: Ledger, name: str) -> Material:
    """Read from the ledger what a report is made of."""
    from tuner.report.content import Material

    return Material(
        name=name,
        spec=ledger.study(name).spec,
        trials=ledger.trials(name),
        curves=ledger.curves(name),
        used_s=ledger.use_of_budget(name).used_s,
        written_utc=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _draw(figure: dict[str, object], pictures: tuple[Path, ...], timeout_s: float) -> str:
    """Draw the pictures, or say why not."""
    browser = find_browser()
    if browser is None:
        return "no browser was found to draw them; install Chromium, or set BROWSER_PATH"
    return write_images(figure, pictures, browser, timeout_s)


def _front_csv(material: Material) -> str:
    headings, rows = laid_out(material.members, material.spec.objectives)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
