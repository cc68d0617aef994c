"""``tuner run`` and ``tuner resume``: the sessions of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.cli.options import (
    data_option,
    name_argument,
    open_ledger,
    pick,
    storage_option,
    time_limit_of,
    with_data,
)
from tuner.errors import InputError
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.execution.launch import OpenStudy
    from tuner.spec.values import BudgetSpec

__all__ = ["resume", "run", "with_budget"]

WORKERS = click.option(
    "--workers",
    type=click.IntRange(min=1),
    envvar="TUNER_WORKERS",
    show_envvar=True,
    help="Worker processes. Defaults to what the file says, else one a GPU, else one for as many cores as "
    "each worker has threads, as far as memory and a container's quota go.",
)
THREADS = click.option(
    "--threads",
    type=click.IntRange(min=1),
    envvar="TUNER_THREADS",
    show_envvar=True,
    help="Cores of each worker. Defaults to what the file says, else to as many as the study was begun with: "
    "seconds of unlike threads do not compare. In a new study, and on GPUs, the cores are shared out evenly; "
    "what is left over stays idle.",
)
TRIALS = click.option(
    "--trials",
    type=click.IntRange(min=1),
    envvar="TUNER_TRIALS",
    show_envvar=True,
    help="The study's budget of trials, over all its sessions.",
)
TIME_LIMIT = click.option(
    "--time-limit",
    envvar="TUNER_TIME_LIMIT",
    show_envvar=True,
    metavar="DURATION",
    help="The study's budget of time over all its sessions, e.g. 90s, 10m, 1.5h. Near its end only "
    "trials begin that are predicted to keep it.",
)


@click.command(epilog="Example:\n\n  tuner run search_spaces/quickstart.yaml --workers 2 --trials 20")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--study", metavar="NAME", help="The study's name. Defaults to the file's, without its ending.")
@storage_option
@data_option
@WORKERS
@THREADS
@TRIALS
@TIME_LIMIT
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    envvar="TUNER_SEED",
    show_envvar=True,
    help="In place of the file's seed: of splits, sampler and trials.",
)
def run(
    file: Path,
    study: str | None,
    storage: str,
    data: Path | None,
    workers: int | None,
    threads: int | None,
    trials: int | None,
    time_limit: str | None,
    seed: int | None,
) -> None:
    """Run the study that a search-space FILE declares, or go on with it.

    Trials run until the study's budget is used up. Ctrl-C gives trials under way back with their
    checkpoints; running the same file again goes on. The front goes to stdout, progress to stderr.
    """
    from tuner.catalogue import CATALOGUE
    from tuner.execution.launch import open_declared
    from tuner.spec.load import load_spec

    spec = with_data(load_spec(file, CATALOGUE), data)
    if seed is not None:
        spec = replace(spec, seed=seed)
    spec = replace(spec, budget=_budget(spec.budget, trials, time_limit))
    opened = open_declared(study or file.stem, spec, file.resolve().parent, storage)
    opened = replace(opened, space_file=file.resolve())
    _run_to_the_end(with_budget(opened, trials, time_limit), workers, threads)


@click.command(epilog="Example:\n\n  tuner resume quickstart --trials 30")
@name_argument
@storage_option
@data_option
@WORKERS
@THREADS
@TRIALS
@TIME_LIMIT
def resume(
    name: str | None,
    storage: str,
    data: Path | None,
    workers: int | None,
    threads: int | None,
    trials: int | None,
    time_limit: str | None,
) -> None:
    """Go on with study NAME where it was stopped.

    Finished trials stay as they are, trials that were under way go on from their last checkpoint. More
    trials or time can be granted.
    """
    from tuner.execution.launch import open_existing

    opened = open_existing(pick(open_ledger(storage), name), storage, data)
    _run_to_the_end(with_budget(opened, trials, time_limit), workers, threads)


def _budget(budget: BudgetSpec, trials: int | None, time_limit: str | None) -> BudgetSpec:
    """Put what was given on the command line in place of what was declared."""
    if trials is not None:
        budget = replace(budget, trials=trials)
    return budget if time_limit is None else replace(budget, time_limit_s=time_limit_of(time_limit))


def with_budget(study: OpenStudy, trials: int | None, time_limit: str | None) -> OpenStudy:
    """Set the study's budget to what was given on the command line, exactly; otherwise leave it.

    Raises:
        InputError: If more trials than that have ended, and the budget would become smaller.
    """
    use = study.ledger.use_of_budget(study.name)
    ended = use.finished
    if trials is not None and trials < ended and trials != use.trials:
        raise InputError(
            f"--trials {trials}: of study '{study.name}' {ended} have ended, and the budget counts them",
            f"for {counted(trials, 'further trial')} say --trials {ended + trials}",
        )
    if trials is not None or time_limit is not None:
        stored = study.ledger.study(study.name).budget
        study.ledger.set_budget(study.name, _budget(stored, trials, time_limit))
    return study


def _run_to_the_end(study: OpenStudy, workers: int | None, threads: int | None) -> None:
    from tuner.cli.progress import watching
    from tuner.execution.launch import run_session

    with watching() as watch:
        run_session(study, workers, watch, threads)
    _show_result(study)


def _show_result(study: OpenStudy) -> None:
    """Print the front to stdout and, on stderr, where the study's files are."""
    from tuner.cli.console import remark
    from tuner.cli.front import print_front
    from tuner.cli.streams import that_may_go
    from tuner.report import write_report

    with that_may_go():  # the report is written also where nobody reads the front
        print_front(study.ledger, study.name)
    files = write_report(study.ledger, study.name, study.folder)
    for path in files.paths:
        remark(f"wrote {path}")
    for note in files.notes:
        remark(note)
    remark(f"kept in {study.database.safe_url}")
