"""``tuner report``: a study's report as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.cli.console import remark
from tuner.cli.options import name_argument, open_ledger, pick, seconds_option, storage_option

if TYPE_CHECKING:
    from tuner.analysis.seconds import Seconds

__all__ = ["report"]


@click.command(epilog="Example:\n\n  tuner report quickstart")
@name_argument
@storage_option
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files.  [default: the study's own, beside the database]",
)
@click.option("--images/--no-images", default=True, show_default=True, help="Draw PNG and SVG, by a browser.")
@seconds_option
def report(name: str | None, storage: str, folder: Path | None, images: bool, seconds: Seconds) -> None:
    """Write a study's report: HTML, CSV and pictures. Prints the names of the files."""
    from tuner.report.image import started

    # The slowest first: it starts while libraries are loaded and trials are read.
    with started(images) as browser:
        ledger = open_ledger(storage)  # its file is read while libraries are loaded

        from tuner.analysis.baselines import sentence, standings
        from tuner.report import write_report
        from tuner.storage import study_folder

        chosen = pick(ledger, name)
        target = study_folder(storage, chosen) if folder is None else folder
        written = write_report(ledger, chosen, target, images=images, browser=browser, seconds=seconds)
    for path in written.paths:
        click.echo(str(path))
    for note in written.notes:
        remark(note)
    for found in standings(ledger, chosen):
        remark(sentence(found))
