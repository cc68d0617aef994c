"""``tuner delete``: remove a study and what it left behind."""

from __future__ import annotations

import shutil
import sys

import click

from tuner.cli.console import remark
from tuner.cli.options import open_ledger, pick, storage_option
from tuner.errors import InputError
from tuner.wording import counted

__all__ = ["delete"]


@click.command(epilog="Example:\n\n  tuner delete quickstart --yes")
@click.argument("name")
@storage_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, storage: str, yes: bool) -> None:
    """Delete a study and what it left behind: trials, curves, models, report.

    A study that a session is working on is not deleted.
    """
    from tuner.analysis.status import status_of
    from tuner.storage import study_folder

    ledger = open_ledger(storage)
    chosen = pick(ledger, name)
    found = status_of(ledger, chosen)
    if found.sessions:
        raise InputError(
            f"study '{chosen}' is being worked on by {counted(found.sessions, 'session')}",
            "stop that first (Ctrl-C)",
        )
    folder = study_folder(storage, chosen)
    trials = counted(found.trials, "trial")
    if not yes and not _confirmed(f"Delete study '{chosen}' with {trials}, and {folder}?"):
        remark("nothing was deleted")
        return
    ledger.delete_study(chosen)
    if folder.is_dir():
        shutil.rmtree(folder)
    remark(f"study '{chosen}' is deleted")


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise InputError("nobody is there to answer", "say --yes to delete without being asked") from None
