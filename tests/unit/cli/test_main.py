"""The one seam where errors end: lines on stderr, exit codes, nothing heavy before a command is called."""

from __future__ import annotations

import errno
import gc
import importlib
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tuner import errors
from tuner.cli import COMMANDS, main, program

HEAVY = {
    "optuna",
    "pandas",
    "numpy",
    "tensorflow",
    "keras",
    "plotly",
    "sqlalchemy",
    "rich",
    "sklearn",
    "gensim",
}
TUNER = [sys.executable, "-c", "import sys; from tuner.cli import main; sys.exit(main())"]


def raising(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let the command ``studies`` raise what it is given."""

    def install(error: BaseException) -> None:
        module = importlib.import_module("tuner.cli.studies")
        monkeypatch.setattr(module, "studies", click.Command("studies", callback=raising(error)))

    return install


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from tuner.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {name.split(".")[0] for name in done.stderr.split()}.isdisjoint(HEAVY)
    assert all(name in done.stdout for name in COMMANDS)


def test_help_answers_at_once() -> None:
    def seconds() -> float:
        begun = time.perf_counter()
        subprocess.run([*TUNER, "--help"], capture_output=True, check=True)
        return time.perf_counter() - begun

    assert min(seconds() for _ in range(3)) < 0.3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_ends_in_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0

    said = capsys.readouterr().out
    last = said.strip().splitlines()[-1].strip()
    assert "Example:" in said
    assert last.startswith(f"tuner {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    context = click.Context(program)
    command = program.get_command(context, name)

    assert command is not None
    first = (command.help or "").split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")
    summary = COMMANDS[name].summary.rstrip(".")
    assert first.split()[0] == summary.split()[0], f"{first!r} and {summary!r} begin differently"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tuner, version ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError("a: found 1, expected 2", "give 2"), 2),
        (errors.NotFoundError("no study 'x'", "known: y"), 3),
        (errors.StorageRefusedError("t.db: no database of ours"), 4),
        (errors.StorageUnreachableError("no answer"), 5),
        (errors.NoSpaceError("disk full"), 6),
        (errors.TooManyFailuresError("5 in a row"), 7),
        (OSError(errno.ENOSPC, "No space left on device", "front.csv"), 6),
        (MemoryError(), 6),
        (errors.DataError("a\x1b[31m\tb\nc.csv: no rows"), 2),
    ],
)
def test_a_foreseen_error_is_one_line_and_its_exit_code(
    error: BaseException,
    code: int,
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(error)

    assert main(["studies"]) == code

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tuner: error: ")
    assert captured.err.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (errors.StudyInterruptedError("kept", "resume", 130), 130, "tuner: kept; resume\n"),
        (errors.StudyInterruptedError("kept", "resume", 143), 143, "tuner: kept; resume\n"),
        (KeyboardInterrupt(), 130, "tuner: interrupted\n"),
    ],
)
def test_an_interruption_is_not_called_an_error(
    ending: BaseException,
    code: int,
    said: str,
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(ending)

    assert main(["studies"]) == code
    assert capsys.readouterr().err == said


def test_a_file_with_several_problems_has_a_line_for_each(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    problems = [errors.Problem("s.yaml", line, 1, "found a, expected b") for line in (7, 3)]
    failing(errors.SpecError(problems))

    assert main(["studies"]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"tuner: error: s.yaml:{line}:1: found a, expected b" for line in (3, 7)]


def test_an_unforeseen_error_is_admitted_as_a_bug(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ZeroDivisionError("division\nby zero"))

    assert main(["studies"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("tuner: error: ZeroDivisionError: division by zero; this is a bug")
    assert "Traceback" not in said


def test_debug_shows_the_traceback(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ZeroDivisionError("division by zero"))

    assert main(["--debug", "studies"]) == 1

    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["chekc"], ["front", "--fromat", "json"], ["front", "--format", "xml"]]
)
def test_wrong_usage_ends_in_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Error: " in capsys.readouterr().err


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    main(["chekc"])
    assert "Did you mean 'check'?" in capsys.readouterr().err


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    """The pipe is closed before the first byte is written: nothing on stderr, exit code 0."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([*TUNER, "schema"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)

    _, said = process.communicate(timeout=60)

    assert (said, process.returncode) == ("", 0)


@pytest.mark.parametrize("arguments", ["schema", "--help"])
def test_a_terminal_that_has_closed_is_no_error(arguments: str) -> None:
    terminal, theirs = os.openpty()
    os.close(terminal)
    process = subprocess.Popen([*TUNER, arguments], stdout=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)

    _, said = process.communicate(timeout=60)

    assert (said, process.returncode) == ("", 0)


WARNED = """\
import logging, os, sys
from tuner.cli import _ToStderr
from tuner.cli.console import console
from tuner.cli.progress import PlainLines
from tuner.execution.events import Notice
logging.basicConfig(handlers=[_ToStderr()], level=logging.WARNING, force=True)
say = PlainLines(console(err=True))
before = len(os.listdir("/proc/self/fd"))
for _ in range(3):
    logging.getLogger("a").warning("away; trying again")
    say(Notice("goes on"))
print(os.path.realpath("/proc/self/fd/2"), len(os.listdir("/proc/self/fd")) - before)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_warning_that_nobody_can_read_raises_nothing_and_leaves_nothing_open(
    unbuffered: str, is_terminal: bool
) -> None:
    gone, theirs = os.openpty() if is_terminal else os.pipe()
    os.close(gone)
    done = subprocess.run(
        [sys.executable, "-c", WARNED],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(theirs)

    assert (done.stdout, done.returncode) == ("/dev/null 0\n", 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("schema", 0), ("--help", 0), ("--version", 0), ("chekc", 2), ("check no.yaml", 3)],
)
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_closed_stream_changes_no_exit_code(arguments: str, code: int, closed: tuple[int, ...]) -> None:
    """As in ``tuner schema >&-``: nobody wants the output, so it goes nowhere; and no traceback either."""
    descriptors = " ".join(f"{each}{'<' if each == 0 else '>'}&-" for each in closed)
    command = f"{shlex.join([*TUNER, *arguments.split()])} {descriptors}"

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60)

    assert done.returncode == code, done.stderr
    assert "Error:" not in done.stderr.replace("Error: No such command", "")
    assert bool(done.stdout) == (code == 0 and 1 not in closed)


def test_no_file_gets_the_number_of_a_closed_stream() -> None:
    """What a library writes to number 1 or 2 would stand in that file."""
    code = (
        "import importlib, os, click; from tuner.cli import main;"
        "m = importlib.import_module('tuner.cli.studies');"
        "found = lambda: [os.path.realpath(f'/proc/self/fd/{n}') for n in range(3)];"
        "inherited = lambda: all(os.get_inheritable(n) for n in range(3));"
        "told = lambda: os._exit(0 if found() == ['/dev/null'] * 3 and inherited() else 9);"
        "m.studies = click.Command('studies', callback=told);"
        "main(['studies'])"
    )
    command = f"{shlex.join([sys.executable, '-c', code])} <&- >&- 2>&-"

    assert subprocess.run(["/bin/sh", "-c", command], timeout=60).returncode == 0


def test_a_poor_locale_and_a_read_only_home_are_no_error(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    environment = {
        **os.environ, "LANG": "C", "LC_ALL": "C", "HOME": str(home), "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0", "TERM": "dumb",
    }  # fmt: skip
    file = tmp_path / "spüce.yaml"
    file.write_text("späce: ü\n", encoding="utf-8")

    done = subprocess.run([*TUNER, "check", str(file)], capture_output=True, text=True, env=environment)

    assert done.returncode == 2
    assert "UnicodeEncodeError" not in done.stderr
    assert "ce.yaml:1:1: data is missing" in done.stderr


def test_ctrl_c_ends_in_130() -> None:
    code = (
        "import sys, time, click, importlib; from tuner.cli import main;"
        "m = importlib.import_module('tuner.cli.studies');"
        "m.studies = click.Command('studies', callback=lambda: (print('on', flush=True), time.sleep(60)));"
        "sys.exit(main(['studies']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)

    _, said = process.communicate(timeout=30)

    assert (said.decode(), process.returncode) == ("tuner: interrupted\n", 130)


def test_the_log_of_libraries_stays_out_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Optuna's logger has a level of its own and passes INFO on to the root's handlers."""
    library = logging.getLogger("a_library")
    library.setLevel(logging.INFO)

    main(["check", "no.yaml"])
    library.info("chatter")
    library.warning("trouble")

    said = capsys.readouterr().err
    assert "chatter" not in said
    assert "tuner: WARNING: trouble (a_library)" in said


def test_who_calls_a_command_that_ends_soon_keeps_the_garbage_collector(tmp_path: Path) -> None:
    assert gc.isenabled()
    assert main(["status", "--storage", str(tmp_path / "none.db")]) == errors.NotFoundError.exit_code
    assert gc.isenabled()


def test_commands_that_go_on_for_long_keep_the_garbage_collector() -> None:
    assert not {name for name, entry in COMMANDS.items() if entry.ends_soon} & {
        "run",
        "resume",
        "baseline",
        "time",
        "replay",
        "verify",
        "dashboard",
    }
