"""The command line: one module a command, loaded when it is called, and the one seam where errors end.

What a command returns goes to stdout, everything said on the way to stderr. A command raises; only
:func:`main` turns an exception into a line and an exit code, only it sets up log handlers. Nothing
heavy may be imported here, because ``tuner --help`` is to answer at once: each command brings its
libraries along inside its own module.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import click

from tuner.cli.plain import one_line
from tuner.cli.streams import let_go, said_that_it_went, that_may_go
from tuner.errors import SpecError, StudyInterruptedError, TunerError

__all__ = ["COMMANDS", "LazyCommand", "main", "program"]

INTERRUPTED = 130
NO_SPACE = 6
BUG = 1


@dataclass(frozen=True)
class LazyCommand:
    """Where a command lives, and what the list of commands says of it without loading it.

    Attributes:
        module: Its module.
        summary: Its line in the list.
        ends_soon: Whether it reads what is kept, answers and ends. Then nothing is gained by looking for
            garbage that the end frees anyway, and among ten thousand trials looking takes as long as reading
            them.
    """

    module: str
    summary: str
    ends_soon: bool = False


COMMANDS: dict[str, LazyCommand] = {
    "init": LazyCommand("tuner.cli.init", "Write a search-space file for your own CSV."),
    "check": LazyCommand("tuner.cli.check", "Read search-space files and show what would be searched."),
    "schema": LazyCommand("tuner.cli.schema", "Print the JSON Schema of search-space files, for editors."),
    "run": LazyCommand("tuner.cli.run", "Run the study that a search-space file declares, or go on with it."),
    "resume": LazyCommand("tuner.cli.run", "Go on with a study where it was stopped."),
    "baseline": LazyCommand("tuner.cli.baseline", "Measure models without a network on a study's splits."),
    "studies": LazyCommand("tuner.cli.studies", "List the studies of a database.", ends_soon=True),
    "status": LazyCommand(
        "tuner.cli.status", "Tell how far a study is and what of its budget is left.", ends_soon=True
    ),
    "trials": LazyCommand("tuner.cli.trials", "List a study's trials.", ends_soon=True),
    "show": LazyCommand("tuner.cli.show", "Show all that is kept of one trial.", ends_soon=True),
    "note": LazyCommand("tuner.cli.note", "Keep a note on a trial."),
    "front": LazyCommand("tuner.cli.front", "List the trials that no other trial beats.", ends_soon=True),
    "time": LazyCommand("tuner.cli.time", "Take the front's training times again, alone on a core."),
    "compare": LazyCommand(
        "tuner.cli.compare", "Compare trials by the values of one setting.", ends_soon=True
    ),
    "diagnose": LazyCommand(
        "tuner.cli.diagnose", "Say what is wrong with the best trials and what to try.", ends_soon=True
    ),
    "report": LazyCommand(
        "tuner.cli.report", "Write a study's report: HTML, CSV and pictures.", ends_soon=True
    ),
    "replay": LazyCommand(
        "tuner.cli.replay", "Run a recorded study again through other pruners or samplers, without training."
    ),
    "verify": LazyCommand("tuner.cli.verify", "Compute a kept model's predictions again without Keras."),
    "dashboard": LazyCommand("tuner.cli.dashboard", "Serve the Optuna dashboard on this machine."),
    "delete": LazyCommand("tuner.cli.delete", "Delete a study and what it left behind."),
}
"""The commands in the order in which a person meets them. Each is an attribute of its module."""


class LazyGroup(click.Group):
    """A group that knows its commands by :data:`COMMANDS` and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module and return the command, or None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(entry.module), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.{cmd_name} is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that ``args`` begin with; an unknown one names its nearest."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from their summaries, so that none is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:\n\n  tuner run search_spaces/quickstart.yaml",
)
@click.option(
    "--debug", is_flag=True, envvar="TUNER_DEBUG", help="Show tracebacks and the log of every library."
)
@click.version_option(package_name="tuner", prog_name="tuner")
def program(debug: bool) -> None:
    """Find out which text classifier is worth its training time.

    A search-space file declares data, parameters, objectives and a budget; `tuner run FILE` trains,
    prunes and keeps every trial, and ends in the front of accuracy against training time.
    """
    called = COMMANDS.get(click.get_current_context().invoked_subcommand or "")
    if called is not None and called.ends_soon:
        gc.disable()
    handler = _ToStderr()
    handler.setFormatter(logging.Formatter("tuner: %(levelname)s: %(message)s (%(name)s)"))
    # Of the handler, not of the root logger alone: Optuna's logger has a level of its own and passes INFO on.
    handler.setLevel(logging.DEBUG if debug else logging.WARNING)
    logging.basicConfig(level=handler.level, handlers=[handler], force=True)


class _ToStderr(logging.Handler):
    """Writes log lines to what stderr is at that moment: the live view puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        with that_may_go():  # whoever warns goes on, and is not to fail for it
            click.echo(self.format(record), err=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name. Defaults to ``sys.argv[1:]``.

    Returns:
        The exit code: 0 done, else as in :mod:`tuner.errors`; 2 for a usage error, 130 for Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_missing_streams()
    _never_fail_to_encode()
    if "_TUNER_COMPLETE" in os.environ:
        _complete()
    debug = bool(os.environ.get("TUNER_DEBUG"))
    collects = gc.isenabled()
    try:
        with program.make_context("tuner", arguments) as context:
            debug = bool(context.params["debug"])
            program.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        return _flushed(ending.exit_code)
    except click.ClickException as problem:
        problem.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return _say(["interrupted"], INTERRUPTED, debug, label="")
    except StudyInterruptedError as ending:  # nothing went wrong, and everything was kept
        return _say([str(ending)], ending.exit_code, debug, label="")
    except TunerError as error:
        return _say(_lines_of(error), error.exit_code, debug)
    except BrokenPipeError:  # whoever read us (``| head``) has had enough
        let_go()
        return 0
    except MemoryError:
        return _say(["not enough memory; try fewer texts or smaller models"], NO_SPACE, debug)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _say([f"{error.filename or 'disk'}: no space left; free some and go on"], NO_SPACE, debug)
        return 0 if said_that_it_went(error) else _bug(error, debug)
    except Exception as error:  # noqa: BLE001 - the last seam: whatever comes here is ours to admit
        return _bug(error, debug)
    finally:
        if argv is None and not gc.isenabled():
            gc.freeze()  # the process ends now, and the interpreter looks for garbage once more
        if collects:
            gc.enable()  # who calls this from Python goes on
    return 0


def _complete() -> NoReturn:
    """Answer a shell that asks for completions; click knows how."""
    program.main(prog_name="tuner")


def _open_missing_streams() -> None:
    """Point a stream that was closed before we began (``>&-``) at nothing, as if it were ``/dev/null``.

    Python has None in its place then, and the next file that is opened would get its number: what a library
    or a child process writes to number 1 or 2 would go into that file, a database among them. Whoever
    closes a stream wants nothing of it, which is no error: the exit code stays that of the command.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123 - open to the end
            os.set_inheritable(stream.fileno(), True)  # the lowest number that is free: in order, the missing
            setattr(sys, name, stream)


def _never_fail_to_encode() -> None:
    """Let a stream that cannot say a character (LANG=C) say its escape instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _lines_of(error: TunerError) -> list[str]:
    if isinstance(error, SpecError):
        return [str(problem) for problem in error.problems]
    return [" ".join(str(error).split("\n"))]


def _say(lines: list[str], code: int, debug: bool, label: str = "error: ") -> int:
    """Write an error, one line a problem, and return its exit code."""
    if debug:
        traceback.print_exc()
    try:
        for line in lines:
            click.echo(f"tuner: {label}{one_line(line)}", err=True)
    except OSError:  # also of a terminal that has closed: the exit code says the same
        let_go()
    return code


def _bug(error: Exception, debug: bool) -> int:
    said = " ".join(str(error).split()) or "no message"
    hint = "" if debug else "; `tuner --debug ...` shows the traceback"
    return _say([f"{type(error).__name__}: {said}; this is a bug{hint}"], BUG, debug)


def _flushed(code: int) -> int:
    """Flush what help and the like have written, so that a closed pipe is met here and not at exit."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not said_that_it_went(error):
            raise
        return 0
    return code
