"""What parts of ``tuner`` bring in a real study: the comparison's five minutes, without one part each time.

    python -m benchmarks.front.parts            # three variations, three seeds: an hour
    python -m benchmarks.front.parts --seeds 1 --variations draws_1

As it is are the comparison's own runs of `tuner`; those that are missing are made here. All take turns, seed
by seed, so that what disturbs the machine disturbs all of them. All are `tuner`, with one stopwatch on one
machine, so accuracies and seconds are those of the studies themselves; nothing is measured again. A run whose
record is there, made with the same settings, is not made again, and what is told is told of all records that
are there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks import machine
from benchmarks.front.record import Found, is_recorded, read_record
from benchmarks.front.run import (
    Method,
    cache_of,
    facts_in,
    folder_of,
    record_of,
    records_of,
    run,
    texts_of,
)
from benchmarks.front.score import Point, Run, Score, score
from benchmarks.front.settings import FULL, SAID, Comparison, write_space
from benchmarks.front.texts import prepare_texts
from benchmarks.front.tuner_study import VARIATIONS
from benchmarks.paths import MEASURED, write_json
from tuner.replay.judge import mean_until

__all__ = ["methods_of", "summary_of"]

AS_IT_IS = "as it is"
PARTS = replace(FULL, name="parts")


def main() -> int:
    """Run what is missing, then write and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--seeds", type=int, default=PARTS.seeds, choices=range(1, PARTS.seeds + 1), help="runs of each"
    )
    parser.add_argument("--variations", nargs="*", choices=sorted(VARIATIONS), help="these only")
    options = parser.parse_args()
    chosen = [each for each in VARIATIONS if options.variations is None or each in options.variations]
    machine.use_cores()
    for comparison in (FULL, PARTS):
        write_space(comparison, folder_of(comparison) / "space.yaml")
    for seed in range(options.seeds):
        for comparison in (FULL, PARTS):
            prepare_texts(comparison, seed, cache_of(comparison, seed), texts_of(comparison, seed))
        for method, comparison in methods_of(chosen):
            run(method, comparison, seed)
    runs = [
        Run(method.name, seed, read_record(path))
        for method, comparison in methods_of(VARIATIONS)
        for seed in range(PARTS.seeds)
        if is_recorded(path := record_of(method, comparison, seed), comparison.settings())  # earlier ones too
    ]
    document = summary_of(runs, PARTS)
    measured_on = [each for folder in (FULL, PARTS) for each in facts_in(records_of(folder), "tuner_study")]
    write_json(MEASURED / "full" / "parts.json", {**document, "machine": machine.facts_of(measured_on)})
    print(f"{'variation':60}{'final':>8}{'held':>8}  each seed: final, held")
    for row in document["rows"]:
        each = "; ".join(
            f"{final:.3f}, {held:.3f}" for final, held in zip(row["finals"], row["held"], strict=True)
        )
        print(f"{row['variation']:60}{row['final']:8.3f}{row['mean_held']:8.3f}  {each}")
    return 0


def methods_of(variations: Iterable[str]) -> list[tuple[Method, Comparison]]:
    """Return `tuner` as it is, then some variations, each with the comparison whose folder has its runs."""
    varied = [(Method(SAID[each], "tuner_study", "tuner", (each,)), PARTS) for each in variations]
    return [(Method(AS_IT_IS, "tuner_study", "tuner"), FULL), *varied]


def summary_of(runs: Sequence[Run], comparison: Comparison) -> dict[str, Any]:
    """Return what the runs come to.

    Args:
        runs: Of all variations, with as many seeds each.
        comparison: What they were given.

    Returns:
        ``settings``, and ``rows``, one a variation in the order of the runs: ``finals`` and ``held`` by
        seed, the hypervolume at the end and its mean over the time, each a share of the comparison's box;
        ``final`` and ``mean_held``, their medians; ``networks``, the median of those with an epoch.
    """
    scores: dict[str, list[Score]] = {}
    for each in runs:
        found = score(each, as_said, comparison.seconds, comparison.floor, comparison.ceiling_s)
        scores.setdefault(each.method, []).append(found)
    return {
        "settings": {**comparison.settings(), "seeds": max(map(len, scores.values()), default=0)},
        "rows": [_row(variation, found, comparison.seconds) for variation, found in scores.items()],
    }


def _row(variation: str, scores: Sequence[Score], seconds: float) -> Mapping[str, Any]:
    held = [mean_until(each.curve, seconds) for each in scores]
    finals = [each.final for each in scores]
    return {
        "variation": variation,
        "finals": finals,
        "held": held,
        "final": statistics.median(finals),
        "mean_held": statistics.median(held),
        "networks": statistics.median(each.networks for each in scores),
    }


def as_said(found: Found) -> Point:
    """Return what a network is worth by the study's own figures."""
    return found.accuracy, found.seconds


if __name__ == "__main__":
    sys.exit(main())
