"""Prints the tables of docs/pruning.md: what each pruner saves and loses on each recorded study.

    python benchmarks/pruning_tables.py

Nothing is trained. Each column is one `tuner replay FILE --order shuffled --pruner ...` with its options; in
each cell stand epochs saved (median), the worst hypervolume kept, and the losses among 20 orders. It takes a
minute or two.
"""

from __future__ import annotations

from pathlib import Path

from tuner.metrics import METRICS
from tuner.replay.compare import Conditions, Outcome, compare
from tuner.replay.curves_file import read_recorded
from tuner.replay.recorded import RecordedStudy
from tuner.spec.values import ComponentSpec

CURVES = Path(__file__).resolve().parent / "curves"
STUDIES = ("reviews_64", "mixed_73", "sentences_64")
PRUNERS = {
    "`pareto`": ComponentSpec("pareto"),
    "`pareto:floor=0.6`": ComponentSpec("pareto", {"floor": 0.6}),
    "`mo_asha`": ComponentSpec("mo_asha"),
    "`median`, of accuracy": ComponentSpec("median"),
}


def columns_of(study: RecordedStudy) -> dict[str, tuple[Outcome, ...]]:
    """Replay a study under each heading's conditions; return what became of each pruner."""

    def outcomes(study: RecordedStudy, workers: int = 1) -> tuple[Outcome, ...]:
        conditions = Conditions(workers, "shuffled", seeds=20)
        return compare(study, list(PRUNERS.values()), METRICS, conditions).outcomes

    return {
        "1 worker": outcomes(study),
        "2 workers": outcomes(study, 2),
        "4 workers": outcomes(study, 4),
        "patience 3": outcomes(study.with_rules(patience=3)),
        "patience 3, by accuracy": outcomes(study.with_rules(patience=3, monitor="accuracy")),
    }


def table(study: RecordedStudy) -> list[str]:
    """Return a study's table in Markdown, a line each."""
    columns = columns_of(study)
    lines = [f"| pruner | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for said, *outcomes in zip(PRUNERS, *columns.values(), strict=True):
        lines.append(f"| {said} | {' | '.join(map(cell, outcomes))} |")
    return lines


def cell(outcome: Outcome) -> str:
    """Write what one pruner saved and lost."""
    saved = outcome.median(lambda each: each.epochs_saved)
    worst = outcome.least(lambda each: each.hypervolume_kept)
    return f"{saved:.1%}, {worst:.1%}, {outcome.losses}".replace("%", " %")


def main() -> None:
    """Print the tables."""
    for name in STUDIES:
        print(f"{name}\n")
        print("\n".join(table(read_recorded(CURVES / f"{name}.json.gz"))), "\n")


if __name__ == "__main__":
    main()
