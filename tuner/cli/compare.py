"""``tuner compare``: one factor at a time, with the spread between seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuner.cli.console import console, remark, table, write_csv, write_json
from tuner.cli.options import format_option, name_argument, open_ledger, pick, storage_option

if TYPE_CHECKING:
    from tuner.analysis.comparison import Comparison

__all__ = ["compare"]


@click.command(epilog="Example:\n\n  tuner compare quickstart --by bidirectional")
@name_argument
@click.option(
    "--by",
    "factors",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Setting or parameter to group by; given again, combinations are grouped.",
)
@click.option(
    "--metric",
    default="",
    metavar="NAME",
    help="Metric that decides.  [default: macro_f1; in a regression the first objective of quality]",
)
@storage_option
@format_option("table", "json", "csv")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the page and its pictures.  [default: the study's own, beside the database]",
)
@click.option("--images/--no-images", default=True, show_default=True, help="Draw PNG and SVG, by a browser.")
def compare(
    name: str | None,
    factors: tuple[str, ...],
    metric: str,
    storage: str,
    form: str,
    folder: Path | None,
    images: bool,
) -> None:
    """Compare finished trials by the values of one setting, or of several together.

    Shows mean and standard deviation of each group and whether it differs from the best by more than
    chance between seeds explains. Also writes compare_NAME.html with the trials and their curves.
    """
    from tuner.analysis.comparison import compare as compare_by
    from tuner.analysis.seconds import unlike_means
    from tuner.report import write_comparison
    from tuner.storage import study_folder

    ledger = open_ledger(storage)
    chosen = pick(ledger, name)
    trials, spec = ledger.trials(chosen), ledger.study(chosen).spec
    found = compare_by(trials, spec, tuple(dict.fromkeys(factors)), metric)
    _print(found, form)
    if not any(level.numbers for level in found.levels):
        remark(f"study '{chosen}' has nothing to compare yet: no trial has finished")
        return
    written = write_comparison(
        ledger, chosen, found, study_folder(storage, chosen) if folder is None else folder, images=images
    )
    averaged = {number for level in found.levels for number in level.numbers}
    own = [trial for trial in trials if trial.number in averaged]
    if mixed := unlike_means(own, found.metrics):
        remark(mixed)
    for said in (*found.sentences, f"see {', '.join(map(str, written.paths))}", *written.notes):
        remark(said)


def _print(found: Comparison, form: str) -> None:
    from tuner.analysis.level_tables import written_rows

    match form:
        case "json":
            write_json(document(found))
        case "csv":
            write_csv(*_flat(found))
        case _ if found.levels:
            headings, rows = written_rows(found)
            console().print(table(headings, rows, right=headings[len(found.factors) : -1]))


def document(found: Comparison) -> dict[str, Any]:
    """Return a comparison as its JSON says it; the keys are a promise, see docs/json.md."""
    return {
        "factors": list(found.factors),
        "metric": found.metric,
        "direction": found.direction,
        "split": found.split,
        "test": found.test,
        "also_differ": list(found.also_differ),
        "left_out": found.left_out,
        "levels": [
            {
                "values": dict(zip(found.factors, level.values, strict=True)),
                "trials": list(level.numbers),
                "pruned": level.pruned,
                "verdict": level.verdict,
                "p": level.p,
                "metrics": {metric: vars(spread) for metric, spread in level.spreads.items()},
            }
            for level in found.levels
        ],
    }


def _flat(found: Comparison) -> tuple[list[str], list[list[object]]]:
    """Lay the levels out as rows: a column a factor, five a metric."""
    parts = ("n", "mean", "sd", "low", "high")
    headings = [*found.factors, "split", "trials", "pruned", "verdict", "p"]
    headings += [f"{metric}.{part}" for metric in found.metrics for part in parts]
    rows: list[list[object]] = []
    for level in found.levels:
        row: list[object] = [
            *level.values,
            found.split,
            len(level.numbers),
            level.pruned,
            level.verdict,
            level.p,
        ]
        row += [getattr(level.spreads.get(metric), part, None) for metric in found.metrics for part in parts]
        rows.append(row)
    return headings, rows
