"""Stored trials to tables: what files hold, with columns that stay as they are.

pandas is imported inside, because commands that only print a list do without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from tuner.spec.values import Objective, Value

if TYPE_CHECKING:
    import pandas as pd

    from tuner.storage import BaselineRecord, TrialRecord

__all__ = ["Split", "cells_of", "flat", "frame", "headings_of", "laid_out", "on_test"]


Split: TypeAlias = Literal["validation", "test"]
"""The texts that figures are of."""


def on_test(measured: TrialRecord | BaselineRecord) -> dict[str, float]:
    """Return what a trial's model, or a baseline, reached on the test split, by the names of the metrics.

    Workers report them as ``test_accuracy``; here the group already says which split it is.
    """
    return {name.removeprefix("test_"): value for name, value in measured.test_metrics.items()}


def flat(trial: TrialRecord, objectives: Sequence[Objective]) -> dict[str, Value | None]:
    """Lay a trial out as one row, its groups told apart by a prefix as the keys of its JSON are.

    Returns:
        ``number``, ``state``, ``values.<metric>`` for each objective, ``metrics.<name>``,
        ``test.<name>`` where measured, ``params.<name>``, ``seconds``, ``reason``, ``rule``. Of a trial that
        was timed again ``retimed.<name>`` and, as the study measured them, ``in_study.<metric>``.
    """
    values: Sequence[float | None] = trial.values or (None,) * len(objectives)
    row: dict[str, Value | None] = {"number": trial.number, "state": str(trial.state)}
    row.update(
        {f"values.{aim.metric}": value for aim, value in zip(objectives, values, strict=True)},
    )
    row.update({f"metrics.{name}": value for name, value in sorted(trial.metrics.items())})
    row.update({f"test.{name}": value for name, value in sorted(on_test(trial).items())})
    if trial.retimed is not None:
        again = trial.retimed
        row.update({"retimed.runs": again.runs, "retimed.low_s": again.low_s, "retimed.high_s": again.high_s})
        row.update({f"in_study.{name}": value for name, value in sorted(again.in_study.items())})
    row.update({f"params.{name}": value for name, value in trial.params.items()})
    row["seconds"] = trial.seconds
    row["reason"] = trial.reason
    row["rule"] = None if trial.decision is None else str(trial.decision.rule)
    return row


def laid_out(
    trials: Sequence[TrialRecord], objectives: Sequence[Objective]
) -> tuple[list[str], list[list[Value | None]]]:
    """Lay trials out as a table that holds every column any of them has.

    Args:
        trials: In the order in which the rows shall come.
        objectives: Of the study.

    Returns:
        Headings, grouped as in :func:`flat`, and one row of cells a trial; None where a trial has no
        such column, e.g. a parameter whose condition did not hold.
    """
    rows = [flat(trial, objectives) for trial in trials]
    headings = headings_of(rows, objectives)
    return headings, [cells_of(row, headings) for row in rows]


def headings_of(rows: Iterable[Mapping[str, Value | None]], objectives: Sequence[Objective]) -> list[str]:
    """Return every column that any of some rows has, grouped as in :func:`flat`.

    Args:
        rows: Of :func:`flat`; each is looked at once.
        objectives: Of the study.
    """
    seen = dict.fromkeys(name for row in rows for name in row)
    headings = ["number", "state", *(f"values.{aim.metric}" for aim in objectives)]
    for prefix in ("metrics.", "test.", "retimed.", "in_study.", "params."):
        found = [name for name in seen if name.startswith(prefix)]
        headings += found if prefix == "params." else sorted(found)
    return [*headings, "seconds", "reason", "rule"]


def cells_of(row: Mapping[str, Value | None], headings: Sequence[str]) -> list[Value | None]:
    """Return a row of :func:`flat` under such headings."""
    return [row.get(name) for name in headings]


def frame(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> pd.DataFrame:
    """Return :func:`laid_out` as a table, for notebooks and analyses of one's own."""
    import pandas as pd

    headings, rows = laid_out(trials, objectives)
    return pd.DataFrame(rows, columns=headings)
