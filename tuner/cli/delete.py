"""``tuner delete``: remove a study and what it left behind."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuner.cli.console import remark
from tuner.cli.options import open_ledger, pick, storage_option
from tuner.errors import InputError, TunerError
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.storage import Ledger

__all__ = ["delete"]


@click.command(epilog="Example:\n\n  tuner delete quickstart --yes")
@click.argument("name")
@storage_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, storage: str, yes: bool) -> None:
    """Delete a study and what it left behind: trials, curves, models, report, and its copy of the texts.

    A study that a session is working on is not deleted. Texts stay that another study has, too.
    """
    from tuner.analysis.status import status_of
    from tuner.storage import cache_folder, study_folder

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
    texts, why = _texts_of(ledger, chosen, storage)
    ledger.delete_study(chosen)
    if folder.is_dir():
        shutil.rmtree(folder)
    if not why:
        for each in texts:
            shutil.rmtree(each, ignore_errors=True)
    remark(f"study '{chosen}' is deleted")
    if texts and why:
        remark(f"the copy of its texts stays in {texts[0]}, as {why}")
    if cache_folder(storage).is_dir():
        remark(f"what studies share, such as word vectors, stays in {cache_folder(storage)}")


def _texts_of(ledger: Ledger, name: str, storage: str) -> tuple[list[Path], str]:
    """Return the folders with a study's texts, and why they are not to be deleted; empty where they are."""
    from tuner.data.encode import kept_entries
    from tuner.storage import cache_folder, study_folder

    fingerprint, shared = ledger.study(name).fingerprint, cache_folder(storage)
    texts = kept_entries(fingerprint, shared)
    known = ledger.study_names()
    for other in known:
        if other != name and _may_have(ledger, other, fingerprint):
            return texts, f"study '{other}' has the same"
    own = {study_folder(storage, each).name for each in known}
    return texts, _shared_with(storage, shared, own)


def _may_have(ledger: Ledger, other: str, fingerprint: str) -> bool:
    try:
        return ledger.study(other).fingerprint == fingerprint
    except TunerError:  # it cannot be read: nobody knows
        return True


def _shared_with(storage: str, shared: Path, own: Collection[str]) -> str:
    """Say whose studies may use the shared folder, too; empty where it is this database's alone.

    Studies of a server keep their folders beside those of a file: a folder that is none of ``own`` is theirs.
    """
    from tuner.storage.sqlite import databases_beside
    from tuner.storage.urls import locate

    path = locate(storage).path
    if path is None:  # files of a server's studies lie where they were run, beside those of other databases
        return "studies of another database may have the same"
    try:
        beside = databases_beside(path, shared)
        folders = sorted(each for each in shared.parent.iterdir() if each.is_dir())
    except OSError as error:
        return f"it cannot be seen whether others have the same: {error.strerror}"
    foreign = [
        each for each in folders if each.name not in own and each != shared and not each.name.startswith(".")
    ]
    if beside:
        return f"studies of {beside[0]} may have the same"
    return f"{foreign[0]} is of no study of this database and may need it" if foreign else ""


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise InputError("nobody is there to answer", "say --yes to delete without being asked") from None
