"""Stored trials to tables: what reports draw and what files hold, with columns that stay as they are.

pandas is imported inside, because commands that only print a list do without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuner.spec.values import Objective, Value
from tuner.trial import EpochReport

if TYPE_CHECKING:
    import pandas as pd

    from tuner.storage import BaselineRecord, TrialRecord

__all__ = [
    "KINDS",
    "Axes",
    "axes_of",
    "baseline_points",
    "cells_of",
    "curves",
    "flat",
    "frame",
    "headings_of",
    "kind_of",
    "laid_out",
    "on_test",
    "points",
]

KINDS = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}
"""What a person calls the ends of a trial."""


@dataclass(frozen=True)
class Axes:
    """What a picture of a study shows.

    Attributes:
        x, y: A metric and the direction in which it is better.
        joined: Whether x and y are all of the study's objectives, so that its front is a line here.
    """

    x: Objective
    y: Objective
    joined: bool


def axes_of(objectives: Sequence[Objective], time_metric: str = "training_time_s") -> Axes:
    """Choose a study's picture: the first objective over the second, or over time when there is no second."""
    y = objectives[0]
    x = objectives[1] if len(objectives) > 1 else Objective(time_metric, "minimize")
    return Axes(x=x, y=y, joined=len(objectives) == 2)


def kind_of(trial: TrialRecord, members: Collection[int]) -> str:
    """Return ``front``, ``finished``, ``pruned``, ``failed``, or a living trial's state."""
    if trial.number in members:
        return "front"
    return KINDS.get(trial.state, str(trial.state).lower())


def points(trials: Sequence[TrialRecord], members: Sequence[TrialRecord], axes: Axes) -> pd.DataFrame:
    """Give every trial its place in the picture.

    Args:
        trials: Of one study.
        members: Its front.
        axes: What x and y are.

    Returns:
        One row a trial, by number: ``number`` int, ``kind`` str, ``x`` and ``y`` float (NaN where a
        trial has none; a pruned one has those it had reached), ``label`` str, ``params`` mapping,
        ``reason`` str.
    """
    import pandas as pd

    numbers = {trial.number for trial in members}
    rows = [
        {
            "number": trial.number,
            "kind": kind_of(trial, numbers),
            "x": _measured(trial, axes.x.metric),
            "y": _measured(trial, axes.y.metric),
            "label": f"#{trial.number}",
            "params": dict(trial.params),
            "reason": trial.reason,
        }
        for trial in sorted(trials, key=lambda trial: trial.number)
    ]
    columns = ["number", "kind", "x", "y", "label", "params", "reason"]
    return pd.DataFrame(rows, columns=columns).astype({"x": "float64", "y": "float64"})


def baseline_points(baselines: Sequence[BaselineRecord], axes: Axes) -> pd.DataFrame:
    """Give every model without a network its place in the picture.

    Args:
        baselines: Of one study.
        axes: What x and y are.

    Returns:
        One row a baseline that has both, lowest ``y`` first: ``name`` str, ``x`` and ``y`` float.
    """
    import pandas as pd

    rows = [
        {"name": each.name, "x": each.metrics.get(axes.x.metric), "y": each.metrics.get(axes.y.metric)}
        for each in baselines
    ]
    table = pd.DataFrame(rows, columns=["name", "x", "y"]).astype({"x": "float64", "y": "float64"})
    return table.dropna().sort_values("y", kind="stable", ignore_index=True)


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


def curves(
    reports: Mapping[int, Sequence[EpochReport]],
    trials: Sequence[TrialRecord],
    members: Sequence[TrialRecord],
    axes: Axes,
) -> pd.DataFrame:
    """Give every finished epoch its place in a picture of curves.

    Args:
        reports: A trial's finished epochs in order, by the trial's number.
        trials: Of one study.
        members: Its front.
        axes: What x and y are.

    Returns:
        One row an epoch: ``number`` int, ``kind`` str, ``epoch`` int (0-based), ``x``, ``y`` float.
    """
    import pandas as pd

    numbers = {trial.number for trial in members}
    kinds = {trial.number: kind_of(trial, numbers) for trial in trials}
    rows = [
        {
            "number": number,
            "kind": kinds[number],
            "epoch": report.epoch,
            "x": report.metrics.get(axes.x.metric),
            "y": report.metrics.get(axes.y.metric),
        }
        for number, epochs in sorted(reports.items())
        if number in kinds
        for report in epochs
    ]
    columns = ["number", "kind", "epoch", "x", "y"]
    return pd.DataFrame(rows, columns=columns).astype({"x": "float64", "y": "float64"})


def _measured(trial: TrialRecord, metric: str) -> float | None:
    """Return a trial's metric; the objectives of a finished trial are among its metrics."""
    return trial.metrics.get(metric)
