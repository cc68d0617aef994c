"""Prints the tables of docs/pruning.md: what each pruner saves and loses on each recorded study.

    python benchmarks/pruning_tables.py

Nothing is trained. Each column is one `tuner replay FILE --order shuffled --pruner ...` with its options; in
each cell stand epochs saved (median), the worst hypervolume kept, and the losses among 20 orders. It takes a
minute or two.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

CURVES = Path(__file__).resolve().parent / "curves"

MUCH = 0.01
"""Of the hypervolume, had by a member of the front to itself: to cut it is a loss."""

STUDIES = ("reviews_64", "mixed_73", "sentences_64")
PRUNERS = {
    "pareto": "`pareto`",
    "pareto:floor=0.6": "`pareto:floor=0.6`",
    "mo_asha": "`mo_asha`",
    "median": "`median`, of accuracy",
}
COLUMNS = {
    "1 worker": (),
    "2 workers": ("--workers", "2"),
    "4 workers": ("--workers", "4"),
    "patience 3": ("--patience", "3"),
    "patience 3, by accuracy": ("--patience", "3", "--monitor", "accuracy"),
}


def replayed(study: str, options: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what `tuner replay` says of each pruner."""
    pruners = [part for name in PRUNERS for part in ("--pruner", name)]
    command = [str(Path(sys.executable).with_name("tuner")), "replay", str(CURVES / f"{study}.json.gz")]
    command += ["--order", "shuffled", "--format", "json", *pruners, *options]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    pruned: list[dict[str, Any]] = json.loads(found.stdout)["pruners"]
    return pruned


def table(study: str) -> list[str]:
    """Return a study's table in Markdown, a line each."""
    columns = [replayed(study, options) for options in COLUMNS.values()]
    lines = [f"| pruner | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for at, said in enumerate(PRUNERS.values()):
        lines.append(f"| {said} | {' | '.join(cell(column[at]) for column in columns)} |")
    return lines


def cell(found: dict[str, Any]) -> str:
    """Write what one pruner saved and lost."""
    runs = found["runs"]
    saved = statistics.median(run["epochs_saved"] for run in runs)
    worst = min(run["hypervolume_kept"] for run in runs)
    losses = sum(run["largest_cut"] > MUCH for run in runs)
    return f"{saved:.1%}, {worst:.1%}, {losses}".replace("%", " %")


def main() -> None:
    """Print the tables."""
    for study in STUDIES:
        print(f"{study}\n")
        print("\n".join(table(study)), "\n")


if __name__ == "__main__":
    main()
