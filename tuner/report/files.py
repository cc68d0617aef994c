"""A study's report as files: the page and the front's table always, the pictures where a browser is found.

What a report is made with is loaded when one is written, not with this module: the process that draws the
pictures does without it.
"""

from __future__ import annotations

import csv
import errno
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.analysis.tables import laid_out
from tuner.durable import write_whole
from tuner.errors import InputError, NoSpaceError
from tuner.report.image import TIMEOUT_S, Drawing, Picture, started
from tuner.suggested import command

if TYPE_CHECKING:
    from tuner.analysis.comparison import Comparison
    from tuner.analysis.diagnosis import Finding
    from tuner.analysis.seconds import Seconds
    from tuner.analysis.symptoms import Records
    from tuner.report.content import Material
    from tuner.report.look import Figure
    from tuner.storage import Ledger, StudyRecord

__all__ = ["ReportFiles", "write_comparison", "write_report"]

PICTURES = (".png", ".svg")

_NO_BROWSER = "no browser was found; install Chromium, or set BROWSER_PATH"


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
    ledger: Ledger,
    name: str,
    folder: Path,
    *,
    images: bool = True,
    browser: Drawing | None = None,
    seconds: Seconds = "raw",
    timeout_s: float = TIMEOUT_S,
) -> ReportFiles:
    """Write ``report.html``, ``front.csv`` and, by a browser, pictures as PNG and SVG.

    The pictures are ``front``, ``confusion`` where there are classes and ``learning`` where epochs were kept.

    Each file is replaced in one step, so that a report that was there stays whole whatever happens.

    Args:
        ledger: Of an open database; it is only read.
        name: An existing study.
        folder: Where the files go; made when it is missing.
        images: Whether to draw PNG and SVG.
        browser: One that the caller has started with :func:`~tuner.report.image.started`, for a browser takes
            as long to start as trials take to be read. Defaults to one that is started here.
        seconds: Which kind of training time is shown.
        timeout_s: How long a browser may take to draw them.

    Returns:
        The files, and why there are no pictures when there are none. Missing pictures are no error:
        the page shows the same.

    Raises:
        InputError: If the folder cannot be written to.
        NoSpaceError: If the disk is full; each file is whole, the new one or the former, and no picture is
            older than the page.
        StorageRefusedError, StorageUnreachableError: From the ledger.
    """
    with started(images, browser) as drawing:
        from tuner.report.content import page_of, pictures_of
        from tuner.report.page import render

        study = ledger.study(name)
        material, records = _read(ledger, study, seconds)
        # The browser draws while the diagnosis is made and the page is written.
        pictures = _begun(drawing, pictures_of(material), folder) if images else []
        material = replace(material, findings=_findings(records, study.base_dir))
        texts = {"report.html": render(page_of(material)), "front.csv": _front_csv(material)}
        with _writing(folder, command("report", name, "-o", "FOLDER")):
            paths = _write(texts, folder)
            return _finished(paths, pictures, drawing, timeout_s) if images else ReportFiles(paths)


def write_comparison(
    ledger: Ledger,
    name: str,
    table: Comparison,
    folder: Path,
    *,
    images: bool = True,
    timeout_s: float = TIMEOUT_S,
) -> ReportFiles:
    """Write ``compare_<factors>.html`` and, by a browser, the same as PNG and SVG.

    Args:
        ledger: Of an open database; it is only read.
        name: The study that was compared.
        table: The comparison.
        folder, images, timeout_s: As for :func:`write_report`.

    Returns:
        As :func:`write_report`.

    Raises:
        InputError: If the folder cannot be written to.
        NoSpaceError: If the disk is full; each file is whole, the new one or the former, and no picture is
            older than the page.
        StorageRefusedError, StorageUnreachableError: From the ledger.
    """
    with started(images) as drawing:
        from tuner.analysis.level_tables import curve_metrics, level_curves, level_points
        from tuner.report.comparison import ComparisonPage, comparison_figure, comparison_page
        from tuner.report.page import render

        curves = ledger.curves(name, [number for level in table.levels for number in level.numbers])
        page = ComparisonPage(
            study=name,
            table=table,
            points=level_points(table, ledger.trials(name), ledger.study(name).spec.task),
            curves=level_curves(table, curves, curve_metrics(curves, table.metric)),
            written_utc=_now(),
        )
        stem = "_".join(["compare", *(re.sub(r"[^\w-]", "-", factor) for factor in table.factors)])
        pictures = _begun(drawing, {stem: comparison_figure(page)}, folder) if images else []
        with _writing(folder, command("compare", name, "-o", "FOLDER")):
            paths = _write({f"{stem}.html": render(comparison_page(page))}, folder)
            return _finished(paths, pictures, drawing, timeout_s) if images else ReportFiles(paths)


@contextmanager
def _writing(folder: Path, instead: str) -> Iterator[None]:
    """Say why files cannot be written to a folder, and which command writes them elsewhere."""
    try:
        yield
    except OSError as error:
        said = f"{folder}: the report cannot be written: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceError(said, f"free some space, or write it elsewhere with `{instead}`") from error
        raise InputError(said, f"write it elsewhere with `{instead}`") from error


def _write(texts: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    """Write texts under their names, each in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        write_whole(folder / file, text.encode())
    return tuple(folder / file for file in texts)


def _begun(drawing: Drawing | None, figures: Mapping[str, Figure], folder: Path) -> list[Picture]:
    """Order ``<stem>.png`` and ``<stem>.svg`` of each figure, without what only a pointer shows.

    Returns:
        The orders, whether or not there is a browser to draw them.
    """
    found = []
    for stem, figure in figures.items():
        traces = [
            {name: value for name, value in trace.items() if name != "hovertext"} for trace in figure["data"]
        ]
        still = {"data": traces, "layout": figure["layout"]}
        found.append(Picture(still, tuple(folder / f"{stem}{suffix}" for suffix in PICTURES)))
    if drawing is not None:
        drawing.begin(found)
    return found


def _finished(
    paths: tuple[Path, ...], pictures: Sequence[Picture], drawing: Drawing | None, timeout_s: float
) -> ReportFiles:
    """Wait for the pictures, or leave none and say why."""
    files = tuple(file for picture in pictures for file in picture.files)
    problem = "not all could be written"
    try:
        problem = _NO_BROWSER if drawing is None else drawing.finish(timeout_s)
    finally:
        for file in files if problem else ():
            file.unlink(missing_ok=True)  # an older picture beside a newer page would tell something else
    return (
        ReportFiles(paths, (f"no pictures (PNG, SVG): {problem}",))
        if problem
        else ReportFiles((*paths, *files))
    )


def _read(ledger: Ledger, study: StudyRecord, seconds: Seconds) -> tuple[Material, Records]:
    """Read from the ledger what a report is made of but for its findings, and what these are made of."""
    from tuner.analysis.retimed import changes
    from tuner.analysis.seconds import TIME_METRICS, on_axis
    from tuner.analysis.symptoms import records_of
    from tuner.report.content import MOST_CURVES, Material

    name = study.name
    records = records_of(ledger, name, MOST_CURVES)
    axis = on_axis(records.trials, records.spec.objectives, seconds)
    said = [axis.remark] if axis.remark else []
    if not said and any(trial.retimed for trial in records.trials):
        # Read again as they were told, but only where that is something else: it takes a while.
        said = changes(ledger.trials(name), records.trials, records.spec.objectives)
    material = Material(
        name=name,
        spec=replace(records.spec, objectives=axis.objectives),
        trials=axis.trials,
        time_metric=TIME_METRICS[seconds],
        curves=records.curves,
        used_s=ledger.use_of_budget(name).used_s,
        baselines=ledger.baselines(name),
        written_utc=_now(),
        changes=said,
        classes=tuple(str(each) for each in study.data_summary.get("classes", ())),
    )
    return material, records


def _findings(records: Records, base_dir: Path) -> list[Finding]:
    from tuner.analysis.diagnosis import diagnose
    from tuner.catalogue import catalogue_of_kept

    return diagnose(records, catalogue_of_kept(records.spec, base_dir))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _front_csv(material: Material) -> str:
    headings, rows = laid_out(material.members, material.spec.objectives)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
