"""SQLite files that are not what they should be: one line saying so, and nothing written to them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from tests.ledgers import NAME, die, join, make_study, run_all, spec_of, start, take
from tuner.errors import (
    InputError,
    NoSpaceError,
    NotFoundError,
    StorageRefusedError,
    StorageUnreachableError,
    TunerError,
)
from tuner.storage import Ledger, open_database, sqlite
from tuner.storage.sqlite import check_place, make_file, reading_ahead


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with a study of some trials, closed."""
    path = tmp_path / "studies" / "tuner.db"
    ledger = make_study(str(path), spec_of())
    session = join(ledger)
    run_all(session)
    session.finish_session()
    ledger.database.close()
    return path


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("these are my notes, and they are longer than the header of a database would be\n" * 3)


def _short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def _foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE addresses (name TEXT)")
    connection.commit()
    connection.close()


def _plain_optuna(path: Path) -> None:
    path.unlink()
    optuna.storages.RDBStorage(f"sqlite:///{path}").engine.dispose()


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(4096, len(content), 4096):  # the head of every page but the first
        content[at : at + 8] = bytes(255 - each for each in content[at : at + 8])
    path.write_bytes(bytes(content))


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO tuner_schema VALUES (99, 0.0)")
    connection.commit()
    connection.close()


def _other_optuna(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = 'v99.0.0'")
    connection.commit()
    connection.close()


BROKEN: dict[Callable[[Path], None], str] = {
    _empty: "is an empty file",
    _text: "is no SQLite database",
    _short: "is no SQLite database",
    _foreign: "of another program",
    _plain_optuna: "of another program",
    _truncated: "is damaged",
    _flipped: "is damaged",
    _newer: "version 99, this program knows up to 3",
    _other_optuna: "Optuna's tables in it are of another version",
}


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    ("breaks", "message"), BROKEN.items(), ids=lambda each: getattr(each, "__name__", "")
)
def test_a_file_that_is_no_database_of_ours_is_refused_untouched(
    file: Path, breaks: Callable[[Path], None], message: str, create: bool
) -> None:
    breaks(file)
    before = file.read_bytes()
    with pytest.raises(StorageRefusedError, match=message) as refusal:
        open_database(str(file), create=create)
    assert file.read_bytes() == before
    assert "\n" not in str(refusal.value)
    assert str(file) in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("breaks", "message"), BROKEN.items(), ids=lambda each: getattr(each, "__name__", "")
)
def test_a_file_that_was_read_ahead_is_refused_as_any_other(
    file: Path, breaks: Callable[[Path], None], message: str
) -> None:
    breaks(file)
    before = file.read_bytes()
    with reading_ahead(str(file)), pytest.raises(StorageRefusedError, match=message):
        open_database(str(file), create=False)
    assert file.read_bytes() == before


def test_what_was_read_ahead_counts_for_the_block_alone(file: Path) -> None:
    with reading_ahead(str(file)):
        assert list(sqlite._begun) == [file]
        open_database(str(file), create=False).close()
    assert not sqlite._begun
    _truncated(file)
    with pytest.raises(StorageRefusedError, match="is damaged"):
        open_database(str(file), create=False)


@pytest.mark.parametrize("storage", ["nothing.db", "postgresql://host/db", ""])
def test_nothing_is_read_ahead_where_there_is_no_file(storage: str) -> None:
    with reading_ahead(storage):
        assert not sqlite._begun


def test_a_missing_file_is_made_only_where_a_study_begins(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tuner.db"
    with pytest.raises(NotFoundError, match=r"tuner\.db: there is no such database; begin a study"):
        open_database(str(path), create=False)
    assert not path.parent.exists()
    open_database(f"sqlite:///{path}", create=True).close()
    assert path.is_file()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageRefusedError, match="is no file"):
        open_database(str(tmp_path), create=True)


def test_a_file_in_the_way_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "studies").write_text("in the way")
    with pytest.raises(TunerError, match="cannot be used"):
        open_database(str(tmp_path / "studies" / "tuner.db"), create=True)


def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageRefusedError, match="File name too long"):
        open_database(str(tmp_path / ("x" * 600)), create=True)


def test_a_path_with_odd_characters_is_kept_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "stü{d}ies %20 'x'?#" / "tu ner.db"
    make_study(str(path), spec_of()).database.close()
    assert path.is_file()
    assert Ledger(open_database(str(path), create=False)).study_names() == [NAME]


def test_a_moved_folder_goes_on(file: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(file.parent, moved)
    ledger = Ledger(open_database(str(moved / "tuner.db"), create=False))
    assert len(ledger.trials(NAME)) == 5
    ledger.set_budget(NAME, spec_of(trials=6).budget)
    assert run_all(join(ledger)) == [5]


def _open_without_rights(path: str, said: str) -> None:
    file = os.open(said, os.O_WRONLY)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        open_database(path, create=True)
    except TunerError as error:
        os.write(file, f"{type(error).__name__}: {error}".encode())


def _open_as_nobody(path: Path, tmp_path: Path) -> str:
    """Open the database as a user with no more rights than everybody; returns what was said."""
    said = tmp_path / "said"
    said.touch()
    process = start(_open_without_rights, str(path), str(said))
    process.join(60)
    assert process.exitcode == 0
    return said.read_text()


@pytest.fixture
def readable(file: Path) -> Path:
    """The database where every user of the machine can reach it."""
    for folder in file.parents:
        if "pytest" in str(folder):
            folder.chmod(folder.stat().st_mode | 0o055)
    return file


def test_a_read_only_file_is_refused(readable: Path, tmp_path: Path) -> None:
    readable.parent.chmod(0o777)
    readable.chmod(0o444)
    said = _open_as_nobody(readable, tmp_path)
    assert said.startswith("StorageRefusedError")
    assert "tuner.db: may not be written to" in said


def test_a_read_only_folder_is_refused(readable: Path, tmp_path: Path) -> None:
    readable.chmod(0o666)
    readable.parent.chmod(0o555)
    assert "studies: may not be written to" in _open_as_nobody(readable, tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(readable: Path, tmp_path: Path) -> None:
    readable.parent.chmod(0o555)
    said = _open_as_nobody(readable.parent / "new" / "tuner.db", tmp_path)
    assert said.startswith("StorageRefusedError")
    assert "Permission denied" in said


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//nas/share /mnt/with\\040blank cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
tmpfs /mnt/ssh/over tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/studies/tuner.db", "nfs4"),
        ("/mnt/with blank/tuner.db", "cifs"),
        ("/mnt/ssh/tuner.db", "fuse.sshfs"),
    ],
)
def test_a_network_file_system_is_refused(path: str, kind: str) -> None:
    with pytest.raises(StorageRefusedError, match=rf"network file system \({kind}\).*use PostgreSQL"):
        check_place(Path(path), MOUNTS)


@pytest.mark.parametrize("path", ["/var/tuner.db", "/home/local/tuner.db", "/mnt/ssh/over/x/tuner.db"])
def test_a_local_disk_is_not(path: str) -> None:
    check_place(Path(path), MOUNTS)


def _die_while_making(path: str) -> None:
    def fill(draft: Path) -> None:
        draft.write_bytes(b"half a database")
        die()

    make_file(Path(path), fill)


def test_a_death_while_the_file_is_made_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "tuner.db"
    process = start(_die_while_making, str(path))
    process.join(60)
    assert not path.exists()
    make_study(str(path), spec_of()).database.close()
    assert not [each for each in tmp_path.iterdir() if "draft" in each.name]


def test_a_lock_that_is_held_too_long_ends_in_an_error_and_no_wait_for_ever(file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ledger = Ledger(open_database(str(file), create=False, timeout_s=0.5))
    with pytest.raises(StorageUnreachableError, match="locked by another process"):
        ledger.record_event(NAME, None, "note", "unheard")
    assert len(ledger.trials(NAME)) == 5, "reading waits for nobody"
    holder.execute("ROLLBACK")
    ledger.record_event(NAME, None, "note", "heard")
    assert [event.message for event in ledger.events(NAME)] == ["heard"]


def test_a_study_lock_is_waited_for_and_named(file: Path) -> None:
    holder = open_database(str(file), create=False)
    other = open_database(str(file), create=False, timeout_s=0.3)
    with holder.study_lock(NAME):
        with other.study_lock("another"):
            pass
        with (
            pytest.raises(StorageUnreachableError, match="another process held the lock for more than"),
            other.study_lock(NAME),
        ):
            pass
    with other.study_lock(NAME):
        pass


def test_a_full_disk_keeps_what_was_recorded_and_goes_on_once_freed(file: Path) -> None:
    ledger = Ledger(open_database(str(file), create=False))
    ledger.set_budget(NAME, spec_of(trials=7).budget)
    session = join(ledger)
    claim = take(session)
    with ledger.database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NoSpaceError, match="the disk is full; what was recorded is kept"):
        session.record_event(claim.number, "note", "x" * 50_000)
    with ledger.database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert len(ledger.trials(NAME)) == 6
    session.release(claim.token)
    assert run_all(session) == [5, 6]


def test_a_power_cut_loses_no_acknowledged_trial(file: Path) -> None:
    ledger = Ledger(open_database(str(file), create=False))
    with ledger.database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_copy_by_sqlite_is_ours_too(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    connection = sqlite3.connect(file)
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    assert len(Ledger(open_database(str(copy), create=False)).trials(NAME)) == 5


@pytest.mark.parametrize("storage", ["sqlite://", "sqlite:///:memory:", ":memory:", "", "  ", "a\x00b"])
def test_a_database_in_memory_or_nowhere_is_refused(storage: str) -> None:
    with pytest.raises(InputError, match=r"names no file|empty text"):
        open_database(storage, create=True)
