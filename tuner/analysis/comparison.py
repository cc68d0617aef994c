"""One factor at a time: trials that have ended grouped by a setting, and what may be said of the groups.

A difference of two means is called one only where a test says so. Which test fits follows from what
else differs between the trials: nothing but the seed (Welch's), or other settings of which both groups
have the same points (paired over those points). Where neither holds, as after an adaptive search, the
table describes and nothing is tested. A group whose trials were all pruned has no mean, but it is a group:
left out, the worst value would be the one that is not seen.
"""

from __future__ import annotations

import difflib
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from tuner.analysis.levels import Factor, factor_of, grouped
from tuner.analysis.measures import MACRO_F1, direction_of, is_quality, measured, range_of
from tuner.analysis.spread import CONFIDENCE, Spread, holm, paired_p, spread_of, welch_p
from tuner.analysis.tables import Split
from tuner.analysis.wording import written_params
from tuner.errors import InputError
from tuner.spec.values import Direction, FixedParameter, StudySpec, Value

if TYPE_CHECKING:
    from tuner.storage import TrialRecord

__all__ = ["Comparison", "Level", "Test", "Verdict", "compare"]

Test: TypeAlias = Literal["welch", "paired", "none"]
"""How levels are held against the best: over seeds, over points that both have, or not at all."""

Verdict: TypeAlias = Literal["best mean", "worse", "not told apart", ""]
"""What is said of a level: nothing where there is no test."""


_SAID = {
    "welch": (
        "The trials of a level differ in their seed only. Each level is held against the best mean by "
        "Welch's t-test; what chance between seeds explains (p of 0.05 or more, raised by Holm's "
        "rule) is not called a difference."
    ),
    "paired": (
        "The trials also differ in {others}. Levels are compared at the same values of these, by the paired "
        "t-test over the points that both have; p of 0.05 or more, raised by Holm's rule, is not called a "
        "difference."
    ),
    "none": (
        "The trials also differ in {others}, and not at the same values in each level: the table describes "
        "them, and no difference is tested."
    ),
}
_ON_TEST = "These are figures of the test split: to quote, not to choose by; choose on validation."
_NO_SPREAD = (
    "There is no spread between seeds to hold the best level against (one trial, or equal ones): no "
    "difference is tested."
)
_ONE_MEAN = "Fewer than two levels have a finished trial: no difference is tested."


@dataclass(frozen=True)
class Level:
    """The trials of one value of the factor, or of one combination of values.

    Attributes:
        values: One a factor.
        label: Them in words, e.g. ``layers=2``.
        numbers: Its finished trials, ascending; none where all were pruned.
        pruned: Trials of this value that were pruned, and so are not among the numbers.
        spreads: By metric; a metric that none of its trials has is absent.
        verdict: Against the level with the best mean.
        p: Of the test behind the verdict, raised by Holm's rule; None without one.
    """

    values: tuple[Value, ...]
    label: str
    numbers: tuple[int, ...]
    pruned: int
    spreads: Mapping[str, Spread]
    verdict: Verdict = ""
    p: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A one-factor table.

    Attributes:
        factors: Names of the settings or parameters that were grouped by.
        metric: What decides, the first of ``metrics``.
        metrics: In the order of the columns.
        direction: In which ``metric`` is better.
        split: Where the qualities were measured, of all trials alike.
        levels: In the order of the factor's values.
        also_differ: Other searched parameters that differ between the compared trials.
        test: See :data:`Test`.
        left_out: Finished trials without one of the factors.
    """

    factors: tuple[str, ...]
    metric: str
    metrics: tuple[str, ...]
    direction: Direction
    split: Split
    levels: tuple[Level, ...]
    also_differ: tuple[str, ...] = ()
    test: Test = "none"
    left_out: int = 0

    @property
    def sentences(self) -> list[str]:
        """What has to be known to read the table, in whole sentences."""
        said = []
        others = ", ".join(self.also_differ)
        unmeasured = [level.label for level in self.levels if not level.numbers]
        if len(self.levels) - len(unmeasured) < 2:
            said.append(_ONE_MEAN)
        elif self.test == "none" and not self.also_differ:
            said.append(_NO_SPREAD)
        else:
            said.append(_SAID[self.test].format(others=others))
        if self.split == "test":
            said.append(_ON_TEST)
        if any(level.pruned for level in self.levels):
            said.append(
                "Pruned trials are not in the means, so a level that was pruned often looks too good."
            )
        if unmeasured:
            said.append(f"No trial of {', '.join(unmeasured)} finished, so there is no mean.")
        if self.left_out:
            said.append(
                f"{self.left_out} finished trial{'s have' if self.left_out > 1 else ' has'} no "
                f"{' or '.join(self.factors)} and stand{'s' * (self.left_out == 1)} beside the table."
            )
        return said


def compare(
    trials: Sequence[TrialRecord], spec: StudySpec, factors: Sequence[str], metric: str = ""
) -> Comparison:
    """Group a study's finished and pruned trials by one factor, or by several together.

    Args:
        trials: All of the study.
        spec: Its declaration.
        factors: One or more names of settings or parameters, each once.
        metric: What decides; a metric of the trials, or ``macro_f1``. Defaults to macro F1, in a regression
            to the first objective that measures quality.

    Returns:
        The table; its qualities are of the test split when all its trials were measured there.

    Raises:
        InputError: If no trial has a factor or the metric, or a factor is the same in all of them.
    """
    ended = sorted(
        (trial for trial in trials if trial.state in ("COMPLETE", "PRUNED")), key=lambda trial: trial.number
    )
    finished = [trial for trial in ended if trial.state == "COMPLETE"]
    by = [factor_of(name, ended, spec) for name in factors]
    everyone, whole = grouped(ended, by), grouped(finished, by)
    levels = {values: whole.get(values, []) for values in everyone}
    compared = [trial for group in levels.values() for trial in group]
    chosen = _metrics(compared, spec, metric)
    split = _split(compared, next((name for name in chosen if is_quality(name)), ""), spec)
    table = Comparison(
        factors=tuple(factors),
        metric=chosen[0],
        metrics=chosen,
        direction=direction_of(chosen[0], spec.objectives),
        split=split,
        levels=tuple(
            Level(
                values=values,
                label=written_params(dict(zip(factors, values, strict=True))),
                numbers=tuple(trial.number for trial in group),
                pruned=len(everyone[values]) - len(group),
                spreads=_spreads(group, chosen, split, spec),
            )
            for values, group in levels.items()
        ),
        also_differ=_also_differ(list(levels.values()), spec, by),
        left_out=len(finished) - len(compared),
    )
    if finished and (len(levels) < 2 or not compared):
        raise InputError(_nothing_to_compare(table, len(finished)), _what_differs(finished, spec))
    by_number = {trial.number: trial for trial in compared}
    return _judged(table, by_number, lambda trial: measured(trial, chosen[0], split, spec.task))


def _metrics(compared: Sequence[TrialRecord], spec: StudySpec, metric: str) -> tuple[str, ...]:
    """Choose the columns, the deciding one first."""
    aims = [aim.metric for aim in spec.objectives]
    qualities = [MACRO_F1, "accuracy", *(aim for aim in aims if is_quality(aim)), "mae", "r2"]
    wanted = dict.fromkeys(
        [*([metric] if metric else []), *qualities, "parameters", "training_time_s", *aims]
    )

    def has(name: str) -> bool:
        return any(measured(trial, name, "validation", spec.task) is not None for trial in compared)

    found = [name for name in wanted if has(name)]
    if metric and compared and metric not in found:
        known = sorted({MACRO_F1, *(name for trial in compared for name in trial.metrics)})
        near = difflib.get_close_matches(metric, known, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there is: {', '.join(known)}"
        raise InputError(f"--metric {metric}: no finished trial has it", hint)
    return tuple(found) or (metric or next(iter(wanted)),)


def _split(compared: Sequence[TrialRecord], quality: str, spec: StudySpec) -> Split:
    """Choose the test split where every compared trial was measured on it: one column, one split."""
    on_test = [measured(trial, quality, "test", spec.task) is not None for trial in compared if quality]
    return "test" if on_test and all(on_test) else "validation"


def _spreads(
    group: Sequence[TrialRecord], metrics: Sequence[str], split: Split, spec: StudySpec
) -> dict[str, Spread]:
    found = {}
    for name in metrics:
        values = [measured(trial, name, split, spec.task) for trial in group]
        spread = spread_of([value for value in values if value is not None], range_of(name))
        if spread is not None:
            found[name] = spread
    return found


def _also_differ(
    groups: Sequence[Sequence[TrialRecord]], spec: StudySpec, factors: Sequence[Factor]
) -> tuple[str, ...]:
    """Name the searched parameters, beside the factors, that can have made a difference.

    One that only exists in some levels, and is constant there, belongs to those levels: the dimension of
    an embedding that others do not have. A factor that was put into ranges differs within them.
    """
    found = []
    for parameter in spec.space:
        own = [factor for factor in factors if factor.name in (parameter.name, parameter.sets)]
        if isinstance(parameter, FixedParameter) or any(not factor.edges for factor in own):
            continue
        inside = [{trial.params.get(parameter.name) for trial in group} for group in groups if group]
        everywhere = not own and all(None not in values for values in inside)
        if any(len(values) > 1 for values in inside) or (everywhere and len(set().union(*inside)) > 1):
            found.append(parameter.name)
    return tuple(found)


def _judged(
    table: Comparison,
    by_number: Mapping[int, TrialRecord],
    measure: Callable[[TrialRecord], float | None],
) -> Comparison:
    """Hold every level against the one with the best mean, where a test fits."""
    means = [level.spreads[table.metric].mean for level in table.levels if table.metric in level.spreads]
    if not means:
        return table
    best_mean = max(means) if table.direction == "maximize" else min(means)
    best = next(
        level
        for level in table.levels
        if table.metric in level.spreads and level.spreads[table.metric].mean == best_mean
    )
    cells = {level.values: _cells(level, table.also_differ, by_number, measure) for level in table.levels}
    test: Test = "paired" if table.also_differ else "welch"
    found = [
        None if level is best else _p(cells[best.values], cells[level.values], test) for level in table.levels
    ]
    raised = holm(found)
    judged = [
        replace(level, p=p, verdict=_verdict(level is best, p))
        for level, p in zip(table.levels, raised, strict=True)
    ]
    return replace(table, levels=tuple(judged), test=test if any(p is not None for p in found) else "none")


def _cells(
    level: Level,
    also_differ: Sequence[str],
    by_number: Mapping[int, TrialRecord],
    measure: Callable[[TrialRecord], float | None],
) -> dict[tuple[Value | None, ...], list[float]]:
    """Return what a level measured, by the values of everything else that differs."""
    found: dict[tuple[Value | None, ...], list[float]] = {}
    for number in level.numbers:
        value = measure(by_number[number])
        if value is not None:
            point = tuple(by_number[number].params.get(name) for name in also_differ)
            found.setdefault(point, []).append(value)
    return found


def _p(
    best: Mapping[tuple[Value | None, ...], Sequence[float]],
    other: Mapping[tuple[Value | None, ...], Sequence[float]],
    test: Test,
) -> float | None:
    if test == "welch":
        return welch_p(best.get((), ()), other.get((), ()))
    shared = [point for point in best if point in other]
    return paired_p(
        [statistics.fmean(best[point]) for point in shared],
        [statistics.fmean(other[point]) for point in shared],
    )


def _verdict(is_best: bool, p: float | None) -> Verdict:
    if is_best:
        return "best mean"
    if p is None:
        return ""
    return "worse" if p < 1 - CONFIDENCE else "not told apart"


def _nothing_to_compare(table: Comparison, finished: int) -> str:
    names = ", ".join(table.factors)
    if not any(level.numbers for level in table.levels):
        return f"--by {names}: none of the {finished} finished trials has it"
    return f"--by {names}: all {len(table.levels[0].numbers)} finished trials have {table.levels[0].label}"


def _what_differs(finished: Sequence[TrialRecord], spec: StudySpec) -> str:
    names = _also_differ([[trial] for trial in finished], spec, ())
    return f"finished trials differ in {', '.join(names)}" if names else "finished trials differ in nothing"
