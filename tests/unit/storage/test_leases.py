"""Rules of who is alive."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from tuner.storage import owners
from tuner.storage.leases import Lease, Sightings, Term, is_over
from tuner.storage.owners import Owner, life_of, this_owner

ME = this_owner()
LEASE_S = 30.0


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def owner_of(pid: int) -> Owner:
    """Return the owner that another process is."""
    start = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return replace(ME, pid=pid, process_start=start)


def term(owner: Owner | None, expires_in_s: float = LEASE_S, renewed_ago_s: float = 0.0) -> Term:
    return Term(owner, time.time() + expires_in_s, time.monotonic() - renewed_ago_s, LEASE_S)


def halt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGSTOP)
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)


def test_this_process_runs() -> None:
    assert ME.pid == os.getpid()
    assert life_of(ME, ME) == "running"


def test_a_running_owner_keeps_its_lease_whatever_a_set_clock_says() -> None:
    assert not is_over(term(ME, expires_in_s=-600.0, renewed_ago_s=600.0), ME, time.time())


def test_a_dead_owner_loses_its_lease_at_once(child: subprocess.Popen[bytes]) -> None:
    owner = owner_of(child.pid)
    assert not is_over(term(owner), ME, time.time())
    child.kill()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert life_of(owner, ME) == "gone", "a dead child that nobody waited for is dead"
    child.wait()
    assert is_over(term(owner, expires_in_s=600.0), ME, time.time())


def test_a_pid_that_was_given_again_is_another_process() -> None:
    assert life_of(replace(ME, process_start="1"), ME) == "gone"


def hide_processes(monkeypatch: pytest.MonkeyPatch, proc: Path) -> None:
    """Let /proc show this process only, as ``hidepid=2`` does to whom the others do not belong."""
    for name in ("self", str(os.getpid())):
        (proc / name).mkdir(parents=True)
        (proc / name / "stat").write_bytes(Path("/proc/self/stat").read_bytes())
    monkeypatch.setattr(owners, "_PROC", proc)


@pytest.mark.parametrize("is_mine", [True, False])
def test_a_live_owner_that_proc_hides_is_not_taken_for_dead(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_mine: bool
) -> None:
    owner = owner_of(child.pid if is_mine else 1)  # the first process is root's: signals are refused
    hide_processes(monkeypatch, tmp_path)
    assert life_of(ME, ME) == "running"
    assert life_of(owner, ME) == "elsewhere"
    assert not is_over(term(owner), ME, time.time())


def test_whose_signals_are_refused_is_alive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    hide_processes(monkeypatch, tmp_path)
    monkeypatch.setattr(os, "kill", refuse)
    assert life_of(replace(ME, pid=12345), ME) == "elsewhere"


def test_a_dead_owner_that_proc_would_hide_is_gone(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner = owner_of(child.pid)
    child.kill()
    child.wait()
    hide_processes(monkeypatch, tmp_path)
    assert life_of(owner, ME) == "gone"


def test_an_owner_whose_entry_may_not_be_read_is_not_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)  # root, whom the tests may run as, is refused nothing
    assert life_of(replace(ME, pid=1), ME) == "elsewhere"


def test_a_halted_owner_keeps_its_lease_for_its_time(child: subprocess.Popen[bytes]) -> None:
    owner = owner_of(child.pid)
    halt(child)
    assert life_of(owner, ME) == "stopped"
    assert not is_over(term(owner, expires_in_s=-600.0, renewed_ago_s=LEASE_S - 5), ME, time.time())
    assert is_over(term(owner, expires_in_s=600.0, renewed_ago_s=LEASE_S + 5), ME, time.time())


def test_an_owner_in_another_container_is_judged_by_the_clock_that_cannot_be_set() -> None:
    other = replace(ME, pid_namespace="pid:[1]")
    assert life_of(other, ME) == "elsewhere"
    assert not is_over(term(other, expires_in_s=-600.0), ME, time.time())
    assert is_over(term(other, expires_in_s=600.0, renewed_ago_s=LEASE_S + 5), ME, time.time())


def test_an_owner_on_another_host_is_judged_by_the_database_clock() -> None:
    other = replace(ME, boot_id="another")
    assert not is_over(term(other, expires_in_s=5.0, renewed_ago_s=1e6), ME, time.time())
    assert is_over(term(other, expires_in_s=-5.0), ME, time.time())


def test_a_lease_that_was_given_back_is_over() -> None:
    assert is_over(term(None), ME, time.time())


def test_an_owner_from_before_a_boot_is_judged_by_the_database_clock() -> None:
    before = replace(ME, boot_id="before", pid=1)
    assert is_over(term(before, expires_in_s=-1.0), ME, time.time())


@dataclass
class Clock:
    """A clock that a test sets."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


STRANGER = replace(ME, boot_id="another")


def lease_of(owner: Owner | None, renewals: int = 0, expires_in_s: float = -600.0) -> Lease:
    return Lease(
        0, "token", "session", 0, Term(owner, time.time() + expires_in_s, renewals, LEASE_S), "RUNNING"
    )


def look(sightings: Sightings, clock: Clock, lease: Lease, after_s: float) -> bool:
    """Let time pass in which the database is reached every 5 s, then look at a lease."""
    end_s = clock.now_s + after_s
    while clock.now_s < end_s:
        clock.now_s = min(clock.now_s + 5.0, end_s)
        sightings.reached()
    return sightings.is_over(lease)


def test_what_cannot_be_looked_at_is_over_once_it_was_seen_to_stand_still_for_a_lease() -> None:
    clock, lease = Clock(), lease_of(STRANGER)
    sightings = Sightings(ME, clock)
    assert not look(sightings, clock, lease, 5.0), "however long ago it ran out"
    assert not look(sightings, clock, lease, LEASE_S - 1.0)
    assert look(sightings, clock, lease, 1.0)


def test_a_lease_that_stands_still_is_over_whatever_the_database_clock_says() -> None:
    clock, lease = Clock(), lease_of(STRANGER, expires_in_s=600.0)
    sightings = Sightings(ME, clock)
    look(sightings, clock, lease, 5.0)
    assert look(sightings, clock, lease, LEASE_S)


def test_a_renewal_begins_the_waiting_anew() -> None:
    clock = Clock()
    sightings = Sightings(ME, clock)
    look(sightings, clock, lease_of(STRANGER), 5.0)
    renewed = lease_of(STRANGER, renewals=1)
    assert not look(sightings, clock, renewed, LEASE_S)
    assert not look(sightings, clock, renewed, LEASE_S - 1.0)
    assert look(sightings, clock, renewed, 1.0)


def test_time_in_which_the_database_was_away_does_not_count() -> None:
    clock, lease = Clock(), lease_of(STRANGER)
    sightings = Sightings(ME, clock)
    look(sightings, clock, lease, 5.0)
    look(sightings, clock, lease, LEASE_S - 1.0)
    clock.now_s += 60.0
    assert not look(sightings, clock, lease, 1.0), "its owner could not renew it"
    assert not look(sightings, clock, lease, LEASE_S - 2.0)
    assert look(sightings, clock, lease, 2.0)


def test_what_was_given_back_and_whose_owner_is_dead_waits_for_nothing(
    child: subprocess.Popen[bytes],
) -> None:
    dead = owner_of(child.pid)
    child.kill()
    child.wait()
    sightings = Sightings(ME, Clock())
    sightings.reached()
    assert sightings.is_over(lease_of(None))
    assert sightings.is_over(lease_of(dead, expires_in_s=600.0))
    assert not sightings.is_over(lease_of(ME))
