"""``tuner init``: a search-space file for one's own texts, with what was guessed said on stderr."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click

from tuner.cli.console import remark
from tuner.cli.preset_template import PRESET_NAMES
from tuner.cli.template import search_space_file
from tuner.errors import InputError

__all__ = ["init"]


@click.command(epilog="Example:\n\n  tuner init reviews.csv -o search_spaces/reviews.yaml")
@click.argument("csv", metavar="CSV", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.  [default: the CSV's name with .yaml, in this folder]",
)
@click.option(
    "--preset",
    type=click.Choice(PRESET_NAMES),
    help="Begin with this preset and search around it.  [default: several families, sized by the data]",
)
@click.option("--text", metavar="COLUMN", help="The column of the texts.  [default: guessed]")
@click.option("--label", metavar="COLUMN", help="The column of the labels.  [default: guessed]")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(
    csv: Path, output: Path | None, preset: str | None, text: str | None, label: str | None, force: bool
) -> None:
    """Write a search-space file for your own CSV, TSV, JSONL or Parquet file, also .gz.

    Columns, task, lengths and splits are guessed; every guess is said on stderr with its reason.
    """
    from tuner.data.guess import guess
    from tuner.search.presets import PRESETS

    target = Path(f"{csv.name.split('.')[0] or 'study'}.yaml") if output is None else output
    if _is_same_file(target, csv):
        raise InputError(f"{target}: is the file of texts itself", "give another name with -o")
    if os.path.lexists(target) and not force:
        raise InputError(f"{target}: is there already", "give another name with -o, or --force")
    found = guess(csv, text, label)
    declared = search_space_file(found, _path_from(target, csv), PRESETS.get(preset or ""))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(declared, encoding="utf-8")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"{target}: cannot be written: {error.strerror}", "give another name with -o"
        ) from error
    for note in found.notes:
        remark(note)
    for warning in found.warnings:
        remark(f"warning: {warning}")
    remark(f"look at it with `tuner check {target}`")
    remark(f"for completion in editors: tuner schema > {target.with_name('schema.json')}")
    click.echo(str(target))


def _is_same_file(target: Path, csv: Path) -> bool:
    """Tell whether what would be written is the file of texts: also by a link, or by another spelling."""
    try:
        return target.samefile(csv)
    except (OSError, ValueError):  # one of them is not there, or cannot be: what reads or writes it says so
        return False


def _path_from(target: Path, csv: Path) -> str:
    """Return the CSV's path as the file will say it: relative to the file's folder, so that both can move."""
    return Path(os.path.relpath(csv.resolve(), target.parent.resolve())).as_posix()
