"""``tuner replay``: a recorded study run again without training, by any pruner, sampler and workers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from tuner.cli.console import console, remark, table, write_csv, write_json
from tuner.cli.options import (
    format_option,
    is_study,
    name_argument,
    open_ledger,
    pick,
    storage_option,
    time_limit_of,
)
from tuner.errors import InputError
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.replay.compare import Comparison, Outcome
    from tuner.replay.judge import Judgement
    from tuner.replay.recorded import RecordedStudy
    from tuner.spec.catalogue import Component
    from tuner.spec.values import ComponentSpec

__all__ = ["parse_pruner", "parse_sampler", "replay"]


@click.command(epilog="Example:\n\n  tuner replay quickstart --pruner pareto --pruner median --workers 2")
@name_argument
@storage_option
@click.option(
    "--pruner",
    "pruners",
    multiple=True,
    metavar="NAME[:OPTION=VALUE,...]",
    default=("pareto",),
    show_default=True,
    help="A pruner as in a search-space file; may be given several times. One of a single objective is "
    "asked about the study's first.",
)
@click.option(
    "--sampler",
    "samplers",
    multiple=True,
    metavar="NAME[:OPTION=VALUE,...]",
    help="A sampler as in a search-space file, which chooses what is begun next among the recorded trials; "
    "may be given several times. Without one they begin in the order of --order.",
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Trials at a time.")
@click.option(
    "--order",
    type=click.Choice(["recorded", "shuffled"]),
    default=None,
    help="The order in which trials begin.  [default: recorded]",
)
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many shuffles, or seeds of a sampler.",
)
@click.option("--trials", type=click.IntRange(1), default=None, help="Begin only so many.")
@click.option("--time-limit", metavar="DURATION", default=None, help="Begin no trial after it, e.g. 10m.")
@click.option(
    "--patience",
    type=click.IntRange(0),
    default=None,
    help="Stop trials early by another patience; 0: never.",
)
@click.option(
    "--monitor",
    metavar="METRIC",
    default=None,
    help="Choose the kept epoch by another validation metric that every recorded epoch has, e.g. f1.",
)
@click.option(
    "--chance-epochs",
    type=click.IntRange(0),
    default=0,
    help="Also cut trials that have learned nothing after so many epochs, as the setting does; 0: none.",
)
@click.option(
    "--reference",
    metavar="VALUE,...",
    default=None,
    help="Reference point of the hypervolume, one number an objective. [default: a tenth of the range "
    "beyond the worst values]",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    metavar="FILE",
    help="Write the curves, numbers only, to a .json or .json.gz file, and replay nothing.",
)
@format_option("table", "json", "csv")
def replay(
    name: str | None,
    storage: str,
    pruners: Sequence[str],
    samplers: Sequence[str],
    workers: int,
    order: str | None,
    seeds: int,
    trials: int | None,
    time_limit: str | None,
    patience: int | None,
    monitor: str | None,
    chance_epochs: int,
    reference: str | None,
    save: Path | None,
    form: str,
) -> None:
    """Run study NAME again without training, through one or more pruners or samplers.

    NAME is a study of the database, or a .json or .json.gz file of recorded curves. Its trials are begun
    in order on so many workers and spend the training seconds that were recorded; the pruner is asked
    after each epoch. Printed is what that saved and what it lost against the same study without pruning.

    With --sampler the trials begin as that sampler asks for them: of those not begun yet, the one nearest to
    the point that it wants, and it learns from what that one reached. What was not recorded cannot be begun,
    so it shows how soon a sampler finds what there is, and no more.

    Only trials that were trained to their end can be replayed: record a study with `pruner: none` and
    `sampler: random`.
    """
    from tuner.catalogue import CATALOGUE
    from tuner.replay.compare import Conditions, Order, compare
    from tuner.replay.curves_file import write_recorded

    if samplers and order is not None:
        raise InputError("--order and --sampler: one of them expected", "a sampler chooses the order itself")

    study = _study(name, storage).with_rules(patience, monitor)
    if save is not None:
        write_recorded(study, save)
        remark(f"wrote {save}: {counted(len(study.trials), 'trial')}{_left_out(study)}")
        return
    conditions = Conditions(
        workers=workers,
        order=cast("Order", order or "recorded"),
        seeds=seeds,
        trials=trials,
        time_limit_s=None if time_limit is None else time_limit_of(time_limit),
        reference=_point(reference),
        chance_epochs=chance_epochs,
    )
    declared = [parse_pruner(each) for each in pruners], [parse_sampler(each) for each in samplers]
    with _progress() as done:
        compared = compare(study, declared[0], CATALOGUE.metrics, conditions, declared[1], done)
    match form:
        case "json":
            write_json(_document(compared))
        case "csv":
            write_csv(*_rows(compared))
        case _:
            _show(compared)


def _study(name: str | None, storage: str) -> RecordedStudy:
    from tuner.replay.curves_file import ENDINGS, read_recorded
    from tuner.replay.recorded import recorded_study

    if name is not None and name.endswith(ENDINGS) and (Path(name).exists() or not is_study(name, storage)):
        return read_recorded(Path(name))
    ledger = open_ledger(storage)
    return recorded_study(ledger, pick(ledger, name))


def _left_out(study: RecordedStudy) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in study.left_out.items())
    return f"; left out: {reasons}" if reasons else ""


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how many replays are done; elsewhere nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("replays"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = console(err=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("replays", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def parse_pruner(text: str) -> ComponentSpec:
    """Read ``NAME`` or ``NAME:OPTION=VALUE,...``; values are written as in a search-space file.

    Raises:
        InputError: If it is written otherwise, the pruner is unknown or a value does not fit its option.
    """
    from tuner.search.pruning import PRUNERS

    return _parse("pruner", text, {name: each.component for name, each in PRUNERS.items()})


def parse_sampler(text: str) -> ComponentSpec:
    """Read a sampler, as :func:`parse_pruner` does a pruner.

    Raises:
        InputError: If it is written otherwise, the sampler is unknown or a value does not fit its option.
    """
    from tuner.search.samplers import SAMPLERS

    return _parse("sampler", text, {name: each.component for name, each in SAMPLERS.items()})


def _parse(kind: str, text: str, known: Mapping[str, Component]) -> ComponentSpec:
    from tuner.search.options import nearest
    from tuner.spec.scalars import plain_value
    from tuner.spec.settings import misfit
    from tuner.spec.values import ComponentSpec, Value

    name, _, rest = text.partition(":")
    if name not in known:
        raise InputError(f"--{kind}: unknown {kind} '{name}'", nearest(name, known))
    settings = {setting.name: setting for setting in known[name].settings}
    options: dict[str, Value] = {}
    for pair in rest.split(",") if rest else []:
        option, equals, written = pair.partition("=")
        if option not in settings:
            hint = nearest(option, settings) if settings else "it has no options"
            raise InputError(f"--{kind}: {name} has no option '{option}'", hint)
        try:
            value = plain_value(written) if equals else None
        except ValueError as error:
            raise InputError(f"--{kind}: {name}: {option}: {error}") from error
        wrong = misfit(settings[option], value) if value is not None else ("a value", f"write {option}=VALUE")
        if value is None or wrong is not None:
            expected, hint = wrong or ("a value", "")
            raise InputError(f"--{kind}: {name}: {option}: found '{written}', expected {expected}", hint)
        options[option] = value
    return ComponentSpec(name, options)


def _point(text: str | None) -> tuple[float, ...] | None:
    try:
        point = None if text is None else tuple(float(each) for each in text.split(","))
    except ValueError as error:
        raise InputError(f"--reference: found '{text}', expected numbers with commas between") from error
    if point is not None and not all(map(math.isfinite, point)):
        raise InputError(f"--reference: found '{text}', expected finite numbers")
    return point


# -- what it came to -------------------------------------------------------------------------------------


def _label(declared: ComponentSpec) -> str:
    """Write a pruner or a sampler as on the command line."""
    from tuner.analysis.wording import written_value

    options = [f"{name}={written_value(value)}" for name, value in declared.options.items()]
    return declared.name + (":" + ",".join(options) if options else "")


def _show(compared: Comparison) -> None:
    columns = dict(_COLUMNS)
    if any(outcome.sampler is not None for outcome in compared.outcomes):
        columns = _SAMPLER | {name: of for name, of in columns.items() if name not in _OF_PRUNERS} | _SOONER
    rows = [[of(outcome) for of in columns.values()] for outcome in compared.outcomes]
    console().print(table(list(columns), rows, right=[name for name in columns if name not in _NAMES]))
    for line in _said(compared):
        remark(line)


_NAMES = ("sampler", "pruner")

_COLUMNS: dict[str, Callable[[Outcome], str]] = {
    "pruner": lambda outcome: _label(outcome.pruner),
    "epochs saved": lambda outcome: _percent(outcome.median(lambda each: each.epochs_saved)),
    "seconds saved": lambda outcome: _percent(outcome.median(lambda each: each.seconds_saved)),
    "hypervolume": lambda outcome: _percent(outcome.median(lambda each: each.hypervolume_kept), 2),
    "worst": lambda outcome: _percent(outcome.least(lambda each: each.hypervolume_kept), 2),
    "pruned": lambda outcome: f"{outcome.median(lambda each: each.pruned):g}",
    "cut": lambda outcome: f"{outcome.median(lambda each: len(each.members_cut)):g}",
    "largest": lambda outcome: _percent(outcome.most(lambda each: each.largest_cut), 2),
    "losses": lambda outcome: f"{outcome.losses} of {len(outcome.judgements)}",
}
_OF_PRUNERS = ("seconds saved", "pruned", "cut", "largest")
"""Columns that a table with samplers has no room for."""

_SAMPLER: dict[str, Callable[[Outcome], str]] = {
    "sampler": lambda outcome: _label(outcome.sampler) if outcome.sampler else ""
}
_SOONER: dict[str, Callable[[Outcome], str]] = {
    "held": lambda outcome: _percent(outcome.median(lambda each: each.hypervolume_held)),
    "s to 95 %": lambda outcome: _moment(outcome.median(_reached_s)),
    "off (by chance)": lambda outcome: f"{outcome.off:.2f} ({outcome.off_by_chance:.2f})",
}


def _reached_s(each: Judgement) -> float:
    return math.inf if each.reached_s is None else each.reached_s


def _moment(seconds: float) -> str:
    return f"{seconds:.1f}" if math.isfinite(seconds) else "never"


def _percent(share: float, digits: int = 1) -> str:
    return f"{round(share * 100, digits) + 0.0:.{digits}f} %"  # never -0.0, from sums in another order


def _said(compared: Comparison) -> list[str]:
    """Say what was replayed and how the table is to be read."""
    from tuner.replay.compare import LOSS

    truth, conditions, study = compared.truth, compared.conditions, compared.study
    names = [objective.metric for objective in truth.objectives]
    point = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, truth.reference, strict=True))
    lines = [
        f"study '{study.name}': {counted(len(study.trials), 'trial')}, {counted(truth.epochs, 'epoch')} and "
        f"{truth.seconds:.1f} s "
        f"({compared.clock}) without pruning, {len(truth.own_share)} on the front{_left_out(study)}",
        f"hypervolume kept, up to {point}; cut are members of that front, the largest by its share of the "
        f"hypervolume that no other trial covers; losses are orders in which that was above {LOSS:.0%}",
    ]
    if any(outcome.sampler is not None for outcome in compared.outcomes):
        lines += [
            f"medians of {conditions.seeds} seeds of each sampler; worst is over all of them",
            f"held: the mean share of that hypervolume over the first {compared.until_s:.1f} s; off: how far "
            "what was begun lay from what the sampler asked for, and would have by chance (0: the same, 1: "
            "nothing alike)",
        ]
        if study.left_out:
            lines.append(
                "those that were left out cannot be begun, so a sampler is shown a part of the study only"
            )
        if study.sampler not in ("", *_FAIR_SAMPLERS):
            lines.append(
                f"the trials were drawn by {study.sampler} and lie where it looked: samplers like it have it"
                " easier among them than in the whole space"
            )
    elif conditions.order == "shuffled":
        lines.append(f"medians of {conditions.seeds} shuffled orders; worst and largest are over all of them")
    partial = [outcome for outcome in compared.outcomes if len(outcome.judged_by) < len(truth.objectives)]
    if partial:
        pruners = ", ".join(dict.fromkeys(_label(outcome.pruner) for outcome in partial))
        lines.append(f"asked about {names[0]} alone, since they know one objective: {pruners}")
    return lines


_FAIR_SAMPLERS = ("random", "qmc", "grid", "brute_force")
"""That draw from all of a space alike."""


def _numbers(each: Judgement) -> dict[str, float | int | None]:
    return {
        "begun": each.begun,
        "pruned": each.pruned,
        "epochs_saved": each.epochs_saved,
        "seconds_saved": each.seconds_saved,
        "hypervolume_kept": each.hypervolume_kept,
        "members_cut": len(each.members_cut),
        "largest_cut": each.largest_cut,
        "ended_s": each.ended_s,
        "hypervolume_held": each.hypervolume_held,
        "reached_s": each.reached_s,
    }


def _document(compared: Comparison) -> dict[str, Any]:
    truth = compared.truth
    return {
        "study": compared.study.name,
        "trials": len(compared.study.trials),
        "left_out": dict(compared.study.left_out),
        "objectives": [
            {"metric": each.metric, "direction": each.direction} for each in compared.study.objectives
        ],
        "clock": compared.clock,
        "epochs": truth.epochs,
        "seconds": truth.seconds,
        "reference": list(truth.reference),
        "held_until_s": compared.until_s,
        "front": [
            {"number": number, "values": list(truth.values[number]), "own_share": share}
            for number, share in truth.own_share.items()
        ],
        "pruners": [_row_document(outcome) for outcome in compared.outcomes],
    }


def _row_document(outcome: Outcome) -> dict[str, Any]:
    has_sampler = outcome.sampler is not None
    return {
        "pruner": _label(outcome.pruner),
        "asked_about": [objective.metric for objective in outcome.judged_by],
        "sampler": _label(outcome.sampler) if outcome.sampler else None,
        "off": outcome.off if has_sampler else None,
        "off_by_chance": outcome.off_by_chance if has_sampler else None,
        "runs": [
            {**_numbers(each), "cut": {str(k): v for k, v in each.members_cut.items()}}
            for each in outcome.judgements
        ],
    }


def _rows(compared: Comparison) -> tuple[list[str], list[list[object]]]:
    """Return one row a sampler, pruner and order."""
    rows: list[list[object]] = []
    headings: list[str] = ["pruner", "order"]
    for outcome in compared.outcomes:
        sampler = _label(outcome.sampler) if outcome.sampler else None
        for order, judgement in enumerate(outcome.judgements):
            numbers = _numbers(judgement)
            headings = ["pruner", "order", *numbers, "sampler"]
            rows.append([_label(outcome.pruner), order, *numbers.values(), sampler])
    return headings, rows
