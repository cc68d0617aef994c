"""Why a trial was ended before its own end: a rule, its numbers, and the sentence that they make.

A decision is kept with its numbers, so that it can be counted, checked and taken again. The sentence that
people read is made from them in here and nowhere else: the two cannot say different things. Values only;
who decides stands below: the pruners, the memory gate, the time limit, and a trial that sees itself learn
nothing.

A number's name is one word (``epochs``) or, where each metric has its own, what it is and the metric
(``hope.accuracy``). ``docs/pruning.md`` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from tuner.spec.values import Value
from tuner.wording import counted

__all__ = ["Decision", "Numbers", "Rule", "size_in_words"]

Numbers: TypeAlias = Mapping[str, Value]
"""What a rule looked at, by name; what it could not know is left out. Only what JSON can carry."""


class Rule(StrEnum):
    """What ended a trial. A name is kept in databases: it never changes its meaning.

    ``FLOOR``, ``NO_HOPE`` and ``RUNG`` are those of ``pareto``, and ``RUNG`` alone that of ``mo_asha``; the
    next six are pruners of Optuna; ``CHANCE`` has learned nothing, ``MEMORY`` was not begun, ``TIME_LIMIT``
    is complete with the epochs that it has.
    """

    FLOOR = "floor"
    NO_HOPE = "no_hope"
    RUNG = "rung"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    SUCCESSIVE_HALVING = "successive_halving"
    HYPERBAND = "hyperband"
    THRESHOLD = "threshold"
    PATIENT = "patient"
    CHANCE = "chance"
    MEMORY = "memory"
    TIME_LIMIT = "time_limit"


@dataclass(frozen=True)
class Decision:
    """What ended a trial, with all that it takes to take the decision again.

    Attributes:
        rule: Which rule applied.
        numbers: What it looked at.
    """

    rule: Rule
    numbers: Numbers

    @property
    def reason(self) -> str:
        """One line for people, made from the numbers."""
        return _SENTENCES[self.rule](self.numbers)

    def document(self) -> dict[str, Any]:
        """Return the decision as JSON carries it."""
        return {"rule": str(self.rule), "numbers": dict(self.numbers)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Decision:
        """Read a decision back from what :meth:`document` wrote.

        Raises:
            ValueError: If there is no such rule: a newer program wrote it.
            KeyError: If a part is missing.
        """
        return cls(Rule(document["rule"]), dict(document["numbers"]))


# -- the sentences -----------------------------------------------------------------------------------


def _floor(numbers: Numbers) -> str:
    side = "under the floor" if numbers["direction"] == "maximize" else "over the ceiling"
    found, bound = _figures(float(numbers["best"]), float(numbers["floor"]))
    return f"{numbers['metric']} {found} is {side} {bound} after {_epochs(numbers)}"


def _no_hope(numbers: Numbers) -> str:
    ours, theirs = [], []
    for metric in _metrics_of("hope", numbers):
        mine, other = _figures(float(numbers[f"hope.{metric}"]), float(numbers[f"above_hope.{metric}"]))
        is_cost = numbers[f"direction.{metric}"] == "minimize"
        bounds = {"constant": "", "grows": " at least" if is_cost else ""}
        ours.append(_with_name(metric, mine) + bounds.get(str(numbers[f"growth.{metric}"]), " at best"))
        theirs.append(_with_name(metric, other))
    hopes = f"after {_epochs(numbers)} hopes for {', '.join(ours)}"
    return f"{hopes}; trial {numbers['trial_above_hope']} has {', '.join(theirs).replace(', in ', ' in ')}"


def _rung(numbers: Numbers) -> str:
    values = [f"{metric} {numbers[f'value.{metric}']:.3g}" for metric in _metrics_of("value", numbers)]
    before, others = int(numbers["rank"]) - 1, int(numbers["came"]) - 1
    return (
        f"after {_epochs(numbers)} {before} of {others} trials rank before it ({', '.join(values)}), and the"
        f" best one in {numbers['reduction_factor']} goes on"
    )


def _found(numbers: Numbers) -> str:
    return f"{numbers['metric']} {numbers['value']:.4g} after {_epochs(numbers)}"


def _median(numbers: Numbers) -> str:
    return f"{_found(numbers)} is worse than the median of {_completed(numbers)}"


def _percentile(numbers: Numbers) -> str:
    best = f"the best {numbers['percentile']:g} percent"
    return f"{_found(numbers)} is not among {best} of {_completed(numbers)}"


def _halving(numbers: Numbers) -> str:
    return f"{_found(numbers)} is not among the best 1 in {numbers['reduction_factor']} at its rung"


def _threshold(numbers: Numbers) -> str:
    bounds = [
        f"{word} {numbers[bound]:.4g}"
        for word, bound in (("below", "lower"), ("above", "upper"))
        if bound in numbers
    ]
    return f"{_found(numbers)} is out of bounds (pruned {' or '.join(bounds)})"


def _patient(numbers: Numbers) -> str:
    waited = f"no better for {counted(int(numbers['patience']), 'epoch')}"
    return f"{_found(numbers)} is {waited} and worse than the median of {_completed(numbers)}"


def _chance(numbers: Numbers) -> str:
    """Name what one answer for every text gives, and of a figure above that what accident gives besides.

    Decisions that were kept without margins have the first alone.
    """
    metric = "accuracy" if "best.accuracy" in numbers else "r2"
    best, chance = float(numbers[f"best.{metric}"]), float(numbers[f"chance.{metric}"])
    margin = float(numbers.get(f"margin.{metric}", 0.0))
    by_accident = f"up to {chance + margin:.3f}" if best > chance and margin else ""
    if metric == "accuracy":
        given = f"the commonest class alone gives {chance:.3f}"
        given += f", and accident {by_accident}" * bool(by_accident)
    else:
        given = f"accident alone gives {by_accident}" if by_accident else "the mean alone gives 0"
    return f"never learned: {metric} {best:.3f} after {_epochs(numbers)}, {given}"


def _memory(numbers: Numbers) -> str:
    needed = size_in_words(float(numbers["needed_bytes"]))
    limit = size_in_words(float(numbers["limit_bytes"]))
    return f"does not fit into memory: about {needed} with its worker, which may have {limit}; not begun"


def _time_limit(numbers: Numbers) -> str:
    epochs = int(numbers["epochs"])
    every = epochs + int(numbers["epochs_left"])
    return f"the time limit was reached after {epochs} of {every} epochs"


_SENTENCES: Mapping[Rule, Callable[[Numbers], str]] = {
    Rule.FLOOR: _floor,
    Rule.NO_HOPE: _no_hope,
    Rule.RUNG: _rung,
    Rule.MEDIAN: _median,
    Rule.PERCENTILE: _percentile,
    Rule.SUCCESSIVE_HALVING: _halving,
    Rule.HYPERBAND: _halving,
    Rule.THRESHOLD: _threshold,
    Rule.PATIENT: _patient,
    Rule.CHANCE: _chance,
    Rule.MEMORY: _memory,
    Rule.TIME_LIMIT: _time_limit,
}


# -- how figures are written in them -----------------------------------------------------------------


def _metrics_of(what: str, numbers: Numbers) -> list[str]:
    """Return the metrics that have a number of this kind, in the order in which they were given."""
    return [name.removeprefix(f"{what}.") for name in numbers if name.startswith(f"{what}.")]


def _with_name(metric: str, figure: str) -> str:
    """Name a figure: ``accuracy 0.71``; the time that studies compare goes without saying: ``in 12 s``."""
    return f"in {figure} s" if metric == "training_time_s" else f"{metric} {figure}"


def _epochs(numbers: Numbers) -> str:
    return counted(int(numbers["epochs"]), "epoch")


def _completed(numbers: Numbers) -> str:
    return counted(int(numbers["completed"]), "completed trial")


def _figures(*values: float) -> list[str]:
    """Write numbers with as many of up to six digits as it takes to tell them apart."""
    for digits in (3, 4, 5, 6):
        written = [_figure(value, digits) for value in values]
        if len(set(written)) == len(set(values)):
            break
    return written


def _figure(value: float, digits: int) -> str:
    written = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e+" in written and abs(value) < 1e15 else written


def size_in_words(size_bytes: float) -> str:
    """Write a size for people: ``820 MB``, ``1.18 GB``."""
    return f"{size_bytes / 1e9:.3g} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"
