"""``tuner status``: how far a study is, what is left of its budget, who is working on it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from tuner.analysis.wording import duration
from tuner.cli.console import console, facts, remark, write_json
from tuner.cli.options import format_option, name_argument, open_ledger, pick, storage_option
from tuner.suggested import command
from tuner.wording import counted

if TYPE_CHECKING:
    from tuner.analysis.status import StudyStatus

__all__ = ["status"]


@click.command(epilog="Example:\n\n  tuner status quickstart --format json")
@name_argument
@storage_option
@format_option("table", "json")
def status(name: str | None, storage: str, form: str) -> None:
    """Tell how far a study is and what of its budget is left."""
    ledger = open_ledger(storage)  # first of all: its file is read while libraries are loaded

    from tuner.analysis.status import status_of

    found = status_of(ledger, pick(ledger, name))
    if form == "json":
        write_json(document(found))
    else:
        console().print(facts(found.study, _rows(found)))
        if found.unlike_seconds:
            remark(found.unlike_seconds)


def document(found: StudyStatus) -> dict[str, Any]:
    """Return the status as its JSON says it; the keys are a promise, see docs/json.md."""
    return {
        "study": found.study,
        "states": dict(found.states),
        "trials": found.trials,
        "finished": found.finished,
        "not_begun": found.not_begun,
        "front_size": found.front_size,
        "objectives": [dataclasses.asdict(aim) for aim in found.objectives],
        "budget": {
            "trials": found.trials_budget,
            "trials_used": found.finished,
            "trials_left": found.trials_left,
            "time_limit_s": found.time_limit_s,
            "time_used_s": found.used_s,
            "time_left_s": found.left_s,
        },
        "sessions": found.sessions,
        "workers": found.workers,
        "unlike_seconds": found.unlike_seconds,
    }


def _rows(found: StudyStatus) -> list[tuple[str, str]]:
    states = ", ".join(f"{count} {state}" for state, count in found.states.items() if count)
    rows = [
        ("objectives", ", ".join(f"{aim.direction} {aim.metric}" for aim in found.objectives)),
        ("trials", states or "none yet"),
        *([("not begun", f"{found.not_begun} that did not fit into memory")] if found.not_begun else []),
        ("front", counted(found.front_size, "trial")),
    ]
    if found.trials_budget is not None:
        left = f"{found.finished} of {found.trials_budget} ended, {found.trials_left} left"
        if found.grid_trials is not None:
            left += f": the whole grid takes {counted(found.grid_trials, 'trial')}"
        rows.append(("budget of trials", left))
    if found.time_limit_s is not None and found.left_s is not None:
        used = f"{duration(found.used_s)} of {duration(found.time_limit_s)}, {duration(found.left_s)} left"
        rows.append(("budget of time", used))
    else:
        rows.append(("time used", duration(found.used_s)))
    workers = counted(found.workers, "worker")
    alive = f"{found.sessions} with {workers}" if found.sessions else "none is running"
    if (under_way := found.states["RUNNING"]) and not found.sessions:
        waiting = f"{counted(under_way, 'trial')} to go on from the last checkpoint"
        alive += f"; {waiting}: {command('resume', found.study)}"
    return [*rows, ("sessions", alive)]
