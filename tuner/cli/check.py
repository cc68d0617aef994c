"""``tuner check``: read search-space files and show what would be searched; nothing is created."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.analysis.wording import duration, written_params
from tuner.cli.console import console, facts, one_line, remark, table
from tuner.cli.options import data_option, with_data
from tuner.errors import InputError, Problem, SpecError
from tuner.wording import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

    from tuner.execution.room import Room
    from tuner.execution.share import Share
    from tuner.spec.catalogue import Catalogue
    from tuner.spec.describe import ConditionNode
    from tuner.spec.values import Params, StudySpec

__all__ = ["check"]

_TEST_ON = {
    "front": "opened at the end for the front's members, which were chosen without it",
    "all": "opened at the end for every finished trial; choose none of them by it",
}


@click.command(epilog="Example:\n\n  tuner check search_spaces/quickstart.yaml --sample 3")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@data_option
@click.option(
    "--sample",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Also read the data and show N training texts as each cleaning level leaves them, what of them lies "
    "outside vocabulary and length, and how many words ready vectors know.",
)
def check(files: tuple[Path, ...], data: Path | None, sample: int | None) -> None:
    """Read search-space files and show what would be searched.

    Prints the parameters, the size of the space and its conditions as a tree. Mistakes are told all at
    once, with line and column, and end in exit code 2. Nothing is created, and without --sample no data are
    read.
    """
    from tuner.catalogue import CATALOGUE, catalogue_for
    from tuner.models.own import own_source
    from tuner.spec import warnings_for
    from tuner.spec.load import load_spec
    from tuner.spec.own import own_families

    screen = console()
    problems: list[Problem] = []
    for file in files:
        try:
            spec = with_data(load_spec(file, CATALOGUE), data)
        except SpecError as error:
            problems += error.problems
            continue
        base_dir = file.resolve().parent
        catalogue = catalogue_for(spec, base_dir)
        share = _share_of(spec, catalogue)
        _show(screen, file, spec, share)
        for warning in (*warnings_for(spec, catalogue), *share.remarks):
            remark(f"{file}: warning: {warning}")
        if sample is not None:
            from tuner.cli.sample import show_sample

            show_sample(screen, file, spec, sample)
        for family in own_families(spec):
            path = own_source(family, base_dir)
            remark(f"{file}: {family} is code of your own: `tuner run` runs {path}, with all your rights")
    if problems:
        raise SpecError(problems)


def _show(screen: Console, file: Path, spec: StudySpec, share: Share) -> None:
    from tuner.spec.describe import condition_tree, space_table

    here = [("workers here", str(share)), ("memory", _memory(share.room))]
    screen.print(facts(str(file), [*_facts(spec), *here]))
    headings = ["parameter", "type", "range", "values", "when"]
    rows = [[row.name, row.kind, row.range, row.values, row.condition] for row in space_table(spec)]
    screen.print(table(headings, rows, right=["values"]))
    tree = condition_tree(spec)
    if any(node.branches for node in tree):
        screen.print(_drawn(tree))
        screen.print()


def _share_of(spec: StudySpec, catalogue: Catalogue) -> Share:
    """Return what workers of a new study would have of this machine.

    No texts are read: vocabulary and length are the declared ones.
    """
    from tuner.execution.cores import cores_here
    from tuner.execution.memory import WORKER_BYTES
    from tuner.execution.room import largest_bytes
    from tuner.execution.share import share_machine
    from tuner.search.space import settings_of
    from tuner.training.memory import TextFacts, estimate_bytes

    def needed(params: Params) -> int | None:
        given = {**spec.fixed, **settings_of(spec.space, params)}
        estimate = estimate_bytes(catalogue.complete(given), TextFacts())
        return None if estimate is None else estimate + WORKER_BYTES

    largest, cores = largest_bytes(spec.space, needed), cores_here()
    try:
        return share_machine(spec.execution, None, largest, cores=cores)
    except InputError as error:  # of a file that was written for a larger machine
        share = share_machine(replace(spec.execution, workers=None), None, largest, cores=cores)
        return replace(share, remarks=(error.message, *share.remarks))


def _memory(room: Room) -> str:
    from tuner.decision import size_in_words

    if room.largest_bytes is None:
        return "unknown of a family of your own"
    largest = f"largest trial about {size_in_words(room.largest_bytes)} with its worker"
    return f"{largest}; {room.share}" if room.share else largest


def _facts(spec: StudySpec) -> list[tuple[str, str]]:
    from tuner.spec.describe import space_size

    size = space_size(spec)
    points = (
        "too entangled to be counted"
        if size.points is None
        else f"{size.points:,} point{'s' * (size.points != 1)}"
    )
    if size.continuous:
        points += f", each with {counted(size.continuous, 'continuous parameter')}"
    if spec.repeats > 1:
        points += f"; every point runs on {spec.repeats} seeds"
    budget = [] if spec.budget.trials is None else [counted(spec.budget.trials, "trial")]
    if spec.budget.time_limit_s is not None:
        budget.append(duration(spec.budget.time_limit_s))
    options = " ".join(f"{name}={value}" for name, value in spec.data.options.items())
    return [
        ("data", f"{spec.data.source} {options}".strip()),
        ("task", spec.task),
        ("space", points),
        ("objectives", ", ".join(f"{aim.direction} {aim.metric}" for aim in spec.objectives)),
        ("sampler, pruner", f"{spec.sampler.name}, {spec.pruner.name}"),
        ("budget", ", ".join(budget) or "no limit"),
        ("fixed", " ".join(f"{name}={value}" for name, value in spec.fixed.items()) or "nothing"),
        *(
            ("start with", f"{point.preset or 'own'}: {written_params(point.params)}")
            for point in spec.start_with
        ),
        ("test split", _TEST_ON[spec.test_on]),
    ]


def _drawn(nodes: tuple[ConditionNode, ...]) -> Tree:
    """Draw every parameter under the condition that makes it active."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text("what decides about what", style="bold"))
    waiting = [(root, node) for node in reversed(nodes)]
    while waiting:  # no recursion: a file may nest conditions as deep as it likes
        parent, node = waiting.pop()
        branch = parent.add(Text.assemble((one_line(node.name), "cyan"), f"  {one_line(node.range)}"))
        for condition in node.branches:
            under = branch.add(Text(f"when {one_line(condition.condition)}", style="yellow"))
            waiting += [(under, child) for child in reversed(condition.children)]
    return root
