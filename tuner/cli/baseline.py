"""``tuner baseline``: what models without a network reach on a study's splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from tuner.analysis.tables import on_test
from tuner.analysis.wording import duration, title, written
from tuner.cli.console import console, one_line, remark, table, write_csv, write_json
from tuner.cli.options import (
    data_option,
    format_option,
    is_study,
    open_ledger,
    pick,
    storage_option,
    with_data,
)
from tuner.errors import InputError, StudyChangedError

if TYPE_CHECKING:
    from tuner.analysis.baselines import Standing
    from tuner.execution.launch import OpenStudy

__all__ = ["baseline", "print_standings"]

_FILES = (".yaml", ".yml")


@click.command(epilog="Example:\n\n  tuner baseline quickstart")
@click.argument("what", required=False, metavar="[FILE|STUDY]")
@click.option(
    "--study",
    metavar="NAME",
    help="With a FILE: the study's name. Defaults to the file's, without its ending.",
)
@storage_option
@data_option
@click.option(
    "--ngrams",
    type=click.IntRange(1, 3),
    default=2,
    show_default=True,
    help="Words of the longest term of strong TF-IDF; the two others know single words.",
)
@format_option("table", "json", "csv")
def baseline(
    what: str | None, study: str | None, storage: str, data: Path | None, ngrams: int, form: str
) -> None:
    """Measure bag of words and TF-IDF with a linear model on a study's splits.

    TF-IDF twice: as it is usually meant (single words, scikit-learn's default C=1), and strong (words and
    pairs, logarithmic counts, C=10). All learn from the training part in seconds, and are measured on
    validation and test: none is tuned or chosen, so the test split may be looked at. The study keeps them,
    and `tuner front` and `tuner report` then say which members beat them. Of a FILE whose study was not
    begun yet, the study is made without trials; `tuner run FILE` goes on with it.
    """
    from tuner.analysis.baselines import standings
    from tuner.baselines import baselines_for, cleaning_of, measure_baseline
    from tuner.data.encode import encode

    opened = _open(what, study, storage, data)
    for said in opened.remarks:
        remark(said)
    dataset = encode(opened.prepared, cleaning_of(opened.spec))
    for each in baselines_for(opened.spec.task, ngrams):
        remark(f"{each.name}: learning from {dataset.train.n_texts:,} texts")
        record = measure_baseline(each, dataset)
        opened.ledger.record_baseline(opened.name, record)
        if not record.facts["converged"]:
            remark(f"{each.name}: its solver was stopped before its end: the figures are not its best")
    _answer(standings(opened.ledger, opened.name), form)


def print_standings(found: Sequence[Standing]) -> None:
    """Print to stdout how the front stands against each baseline, a line each."""
    from tuner.analysis.baselines import sentence

    for each in found:
        console().print(Text(one_line(sentence(each))), soft_wrap=True)


def _open(what: str | None, study: str | None, storage: str, data: Path | None) -> OpenStudy:
    """Open the study that is meant, beginning that of a file where it is new."""
    from tuner.execution.launch import open_existing

    if what is not None and Path(what).suffix in _FILES:
        return _open_file(Path(what), study, storage, data)
    if study is not None:
        raise InputError("--study goes with a search-space file", "give the study's name alone, or its file")
    name = pick(open_ledger(storage), what)
    remark(f"study '{name}': reading its texts")
    return open_existing(name, storage, data)


def _open_file(file: Path, study: str | None, storage: str, data: Path | None) -> OpenStudy:
    """Open the study that a file declares; one that was begun before stays as it is, its budget too."""
    from tuner.catalogue import CATALOGUE
    from tuner.execution.launch import open_declared, open_existing
    from tuner.spec.load import load_spec
    from tuner.spec.record import differences

    spec = with_data(load_spec(file, CATALOGUE), data)
    name = study or file.stem
    remark(f"study '{name}': reading its texts")
    if not is_study(name, storage):
        return open_declared(name, spec, file.resolve().parent, storage)
    opened = open_existing(name, storage, data)
    changed = differences(opened.spec, spec)
    if changed:
        raise StudyChangedError(name, changed)
    return opened


def _answer(found: Sequence[Standing], form: str) -> None:
    match form:
        case "json":
            write_json([_document(each) for each in found])
        case "csv":
            write_csv(*_laid_out(found))
        case _:
            _show(found)


def _document(found: Standing) -> dict[str, Any]:
    """Return a baseline as its JSON says it; the keys are a promise, see docs/json.md."""
    record = found.baseline
    recorded = record.recorded_utc
    return {
        "name": record.name,
        "metrics": dict(record.metrics),
        "test_metrics": on_test(record),
        "confusion": record.confusion,
        "test_confusion": record.test_confusion,
        "facts": dict(record.facts),
        "recorded_utc": None if recorded is None else recorded.isoformat(),
        "front_size": found.n_members,
        "beaten_by": found.beaten_by,
        "beats": found.beats,
    }


def _laid_out(found: Sequence[Standing]) -> tuple[list[str], list[list[object]]]:
    rows = [
        {
            "name": each.baseline.name,
            **{f"metrics.{name}": value for name, value in sorted(each.baseline.metrics.items())},
            **{f"test.{name}": value for name, value in sorted(on_test(each.baseline).items())},
            **{f"facts.{name}": value for name, value in each.baseline.facts.items()},
        }
        for each in found
    ]
    headings = list(dict.fromkeys(name for row in rows for name in row))
    return headings, [[row.get(name) for name in headings] for row in rows]


def _show(found: Sequence[Standing]) -> None:
    from tuner.analysis.baselines import SHOWN

    shown = [name for name in SHOWN if any(name in each.baseline.metrics for each in found)]
    tested = [name for name in SHOWN if any(name in on_test(each.baseline) for each in found)]
    numbers = [*map(title, shown), *(f"test {title(name)}" for name in tested), "training", "terms"]
    rows = [
        [
            each.baseline.name,
            *(written(name, each.baseline.metrics.get(name)) for name in shown),
            *(written(name, on_test(each.baseline).get(name)) for name in tested),
            duration(each.baseline.metrics["training_time_s"]),
            f"{each.baseline.facts['terms']:,}",
        ]
        for each in found
    ]
    console().print(table(["baseline", *numbers], rows, right=numbers))
    print_standings(found)
