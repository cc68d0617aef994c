"""Measures what trials take of memory and holds it against the estimate: the table of docs/memory.md.

    python benchmarks/measure_memory.py [FAMILY...]

Each trial runs in a fresh process, as the first of a worker, for two epochs over random words.
"""

from __future__ import annotations

import csv
import multiprocessing
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

WORDS, TEXTS, LONGEST = 30_000, 800, 300
"""Different words; texts, half of them to learn from; words of every text."""

CASES: list[dict[str, Any]] = [
    {"family": "lstm"},
    {"family": "lstm", "units": 200, "batch_size": 64, "sequence_length": 300},
    {"family": "lstm", "units": 128, "layers": 2, "bidirectional": True},
    {"family": "lstm", "vocabulary_size": 30_000, "embedding_dimension": 300},
    {"family": "gru"},
    {"family": "gru", "units": 200, "batch_size": 64, "sequence_length": 300},
    {"family": "simple_rnn"},
    {"family": "simple_rnn", "units": 256, "batch_size": 128, "sequence_length": 300},
    {"family": "lstm_self_attention"},
    {"family": "lstm_self_attention", "units": 128, "batch_size": 64, "sequence_length": 300},
    {"family": "lstm_word_attention"},
    {"family": "lstm_word_attention", "units": 128, "batch_size": 64, "sequence_length": 300},
    {"family": "cnn"},
    {"family": "cnn", "filters": 400, "embedding_dimension": 300, "batch_size": 128},
    {"family": "transformer"},
    {"family": "transformer", "sequence_length": 300, "batch_size": 128},
    {"family": "transformer", "blocks": 2, "heads": 8, "embedding_dimension": 128, "batch_size": 64},
    {"family": "transformer", "blocks": 3, "feed_forward_units": 1024, "embedding_dimension": 256},
    {"family": "transformer", "heads": 2, "embedding_dimension": 300, "sequence_length": 250},
    {"family": "transformer", "blocks": 4, "sequence_length": 100, "batch_size": 256},
    {"family": "tfidf_dense"},
    {"family": "tfidf_dense", "tfidf_features": 20_000, "dense_units": 512, "batch_size": 256},
]
"""Of each family its defaults, then larger ones."""


class Measured(NamedTuple):
    """Bytes of a trial: by its settings, and what its process grew by at its peak."""

    estimated: int
    peak: int


def main(families: Sequence[str]) -> None:
    """Measure all cases, or those of some families, and print a table."""
    print("| family | beside its defaults | estimated | measured | measured / estimated |")
    print("|---|---|---|---|---|")
    chosen = [case for case in CASES if not families or case["family"] in families]
    for case, found in zip(chosen, measured(chosen), strict=True):
        given = ", ".join(f"`{name}: {value}`" for name, value in case.items() if name != "family")
        sizes = f"{found.estimated / 1e6:.0f} MB | {found.peak / 1e6:.0f} MB"
        print(f"| {case['family']} | {given} | {sizes} | {found.peak / found.estimated:.2f} |", flush=True)


def measured(cases: Sequence[dict[str, Any]]) -> Iterator[Measured]:
    """Run trials of these settings one after the other, each in a process of its own."""
    fresh = multiprocessing.get_context("spawn")
    with fresh.Pool(1, maxtasksperchild=1) as pool:
        yield from pool.imap(measure, cases)


def measure(given: dict[str, Any]) -> Measured:
    """Run a trial in this process, which must not have run one before."""
    from tuner.training.device import prepare_device

    prepare_device(None, None, 1, None)  # before anything else, as a worker does

    import psutil

    from tuner.catalogue import CATALOGUE
    from tuner.training.calibrate import calibrate
    from tuner.training.loop import run_trial
    from tuner.training.memory import TextFacts, estimate_bytes
    from tuner.trial import EpochReport, TrialRequest, Verdict, VerdictAction

    class Quiet:
        """A coordinator that lets everything go on."""

        def report(self, report: EpochReport) -> Verdict:
            return Verdict(report.number, VerdictAction.CONTINUE)

        def progress(self, epoch: int, step: int, steps: int) -> None:
            pass

        def stop_requested(self) -> bool:
            return False

    params = CATALOGUE.complete({"epochs": 2, "chance_epochs": 0, **given})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = str(encoded(folder))
        calibrate()
        before = psutil.Process().memory_info().rss
        trial = TrialRequest(
            "memory", 0, params, 1, "binary", dataset, str(folder / "cache"), str(folder / "trial")
        )
        outcome = run_trial(trial, Quiet())
    if outcome.ending != "complete":
        raise RuntimeError(outcome.reason)
    estimate = estimate_bytes(params, TextFacts(WORDS, LONGEST, 1))
    if estimate is None:
        raise RuntimeError(f"{given['family']} has no estimate")
    return Measured(estimate, int(outcome.metrics["peak_memory_bytes"]) - before)


def encoded(folder: Path) -> Path:
    """Encode texts of random words, each as long as the longest."""
    from tuner.data.encode import encode, prepare
    from tuner.spec.values import DataSpec, SplitSpec

    drawn = random.Random(1)
    with (folder / "texts.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for text in range(TEXTS):
            words = " ".join(f"w{drawn.randrange(WORDS)}" for _ in range(LONGEST))
            rows.writerow([words, "ab"[text % 2]])
    data = DataSpec("file", {"path": "texts.csv", "text": "text", "label": "label"}, SplitSpec(400, 300, 100))
    return encode(prepare(data, "binary", 1, folder, folder / "cache"), "moderate").directory


if __name__ == "__main__":
    main(sys.argv[1:])
