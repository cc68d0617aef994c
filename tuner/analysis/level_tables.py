"""A comparison as tables: cells that a person reads, and rows that a picture draws."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tuner.analysis.comparison import Comparison
from tuner.analysis.measures import is_quality, measured
from tuner.analysis.spread import Spread
from tuner.analysis.wording import title, unit, written, written_value
from tuner.spec.values import Task
from tuner.trial import EpochReport

if TYPE_CHECKING:
    import pandas as pd

    from tuner.storage import TrialRecord

__all__ = ["curve_metrics", "level_curves", "level_points", "written_rows"]


def written_rows(table: Comparison) -> tuple[list[str], list[list[str]]]:
    """Write a comparison as headings and cells: the deciding metric with its spread, means of the others."""
    first, *others = table.metrics
    headings = [
        *table.factors,
        "trials",
        _heading(first, table),
        "95 % interval",
        *(_heading(metric, table) for metric in others),
        "verdict",
    ]
    rows = [
        [
            *(written_value(value) for value in level.values),
            f"{len(level.numbers)}" + (f" (+{level.pruned} pruned)" if level.pruned else ""),
            _with_spread(first, level.spreads.get(first)),
            _interval(first, level.spreads.get(first)),
            *(_mean(metric, level.spreads.get(metric)) for metric in others),
            f"{level.verdict}" + ("" if level.p is None else f", p {_chance(level.p)}"),
        ]
        for level in table.levels
    ]
    return headings, rows


def level_points(table: Comparison, trials: Sequence[TrialRecord], task: Task) -> pd.DataFrame:
    """Give every compared trial its value of the metric that decides.

    Args:
        table: The comparison.
        trials: Of its study.
        task: Of its study.

    Returns:
        One row a trial, in the order of the levels: ``level`` str, ``number`` int, ``value`` float.
    """
    import pandas as pd

    by_number = {trial.number: trial for trial in trials}
    rows = [
        {
            "level": level.label,
            "number": number,
            "value": measured(by_number[number], table.metric, table.split, task),
        }
        for level in table.levels
        for number in level.numbers
    ]
    return pd.DataFrame(rows, columns=["level", "number", "value"]).astype({"value": "float64"})


def curve_metrics(curves: Mapping[int, Sequence[EpochReport]], metric: str) -> list[str]:
    """Choose what is shown over epochs: metrics that are measured in training and in validation.

    Args:
        curves: Finished epochs by trial.
        metric: Shown when it is among them; else accuracy, or else whatever is there.

    Returns:
        At most two, the loss last.
    """
    both = {
        name
        for reports in curves.values()
        for report in reports
        for name in report.metrics
        if f"train_{name}" in report.metrics
    }
    others = sorted(both - {"loss"}, key=lambda name: (name != metric, name != "accuracy", name))
    return [*others[:1], *(["loss"] if "loss" in both else [])]


def level_curves(
    table: Comparison, curves: Mapping[int, Sequence[EpochReport]], metrics: Sequence[str]
) -> pd.DataFrame:
    """Average the epochs of each level's trials.

    Args:
        table: The comparison.
        curves: Finished epochs by trial, in order.
        metrics: Of :func:`curve_metrics`.

    Returns:
        One row a level, metric, split and epoch: ``level`` str, ``metric`` str, ``split`` (``training`` or
        ``validation``), ``epoch`` int (0-based), ``n`` int (trials that got so far), ``mean`` float, ``sd``
        float (0 of one trial).
    """
    import pandas as pd

    rows = []
    for level in table.levels:
        reports = [report for number in level.numbers for report in curves.get(number, ())]
        for metric in metrics:
            for split, name in (("training", f"train_{metric}"), ("validation", metric)):
                by_epoch: dict[int, list[float]] = {}
                for report in reports:
                    if name in report.metrics:
                        by_epoch.setdefault(report.epoch, []).append(report.metrics[name])
                for epoch, values in sorted(by_epoch.items()):
                    sd = statistics.stdev(values) if len(values) > 1 else 0.0
                    rows.append(
                        (level.label, metric, split, epoch, len(values), statistics.fmean(values), sd)
                    )
    return pd.DataFrame(rows, columns=["level", "metric", "split", "epoch", "n", "mean", "sd"])


def _heading(metric: str, table: Comparison) -> str:
    return f"{title(metric)}, {table.split}" if is_quality(metric) else title(metric)


def _with_spread(metric: str, spread: Spread | None) -> str:
    if spread is None or spread.sd is None:
        return _mean(metric, spread)
    return f"{_short(metric, spread.mean)} ± {_short(metric, spread.sd)}"


def _mean(metric: str, spread: Spread | None) -> str:
    return "" if spread is None else _short(metric, spread.mean)


def _interval(metric: str, spread: Spread | None) -> str:
    if spread is None or spread.low is None or spread.high is None:
        return ""
    return f"{_short(metric, spread.low)} to {_short(metric, spread.high)}"


def _short(metric: str, value: float) -> str:
    """Write a value in the unit that its heading names; the mean of large counts without a fraction."""
    if unit(metric) == "s":
        return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.1f}"
    return written(metric, round(value) if abs(value) >= 100 and not unit(metric) else value)


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
