"""``tuner note``: what a person has to say about a trial, kept with it."""

from __future__ import annotations

import click

from tuner.cli.console import remark
from tuner.cli.options import TrialNumber, open_ledger, pick, storage_option
from tuner.errors import InputError

__all__ = ["note"]

KINDS = ("note", "issue", "next")


@click.command(epilog='Example:\n\n  tuner note quickstart 3 "take more texts" --kind next')
@click.argument("name")
@click.argument("number", metavar="TRIAL", type=TrialNumber())
@click.argument("text")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="A note, an issue with the trial, or a next step.",
)
@storage_option
def note(name: str, number: int, text: str, kind: str, storage: str) -> None:
    """Keep a note on a trial; `tuner show` shows it.

    It is kept under the name in TUNER_RESEARCHER, else git's user.name, else that of the account.
    """
    from tuner.execution.surroundings import surroundings_of

    if not text.strip():
        raise InputError("the note is empty", 'write it in quotes: tuner note quickstart 3 "too slow"')
    ledger = open_ledger(storage)
    chosen = pick(ledger, name)
    author = surroundings_of(None).researcher
    ledger.add_note(chosen, number, author, text.strip(), kind)
    remark(f"kept with trial {number} of study '{chosen}'{f', by {author}' if author else ''}")
