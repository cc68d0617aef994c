"""A PostgreSQL server that is away, comes back, or is not as it should be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa

from tests.ledgers import NAME, elsewhere, finish, join, make_study, report, run_all, spec_of, take
from tuner.errors import NotFoundError, StorageRefusedError, StorageUnreachableError
from tuner.spec.values import BudgetSpec
from tuner.storage import Claim, Ledger, open_database, postgres


@pytest.fixture
def url(new_postgresql: Callable[[], str]) -> str:
    return new_postgresql()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    made = make_study(url, spec_of())
    yield made
    made.database.close()


def _end_all_others(url: str) -> None:
    """Break every connection to the database, as a restart of the server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_session_outlives_broken_connections(url: str, ledger: Ledger) -> None:
    session = join(ledger)
    claim = take(session)
    acts: list[Callable[[], bool]] = [
        lambda: session.record_epoch(claim.token, report(claim.number)),
        lambda: session.renew([claim.token]) == set(),
        lambda: finish(session, claim),
    ]
    for act in acts:
        _end_all_others(url)
        assert act()
    _end_all_others(url)
    assert run_all(session) == [1, 2, 3, 4]


def _let_in(url: str, is_open: bool) -> None:
    """Let the server take connections to this database, or take none and break those that there are."""
    name = url.split("/tuner_")[1].split("?")[0]
    with psycopg.connect(url.replace("/tuner_" + name, "/postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE tuner_{name} WITH ALLOW_CONNECTIONS {is_open}")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (f"tuner_{name}",)
        )


def test_an_outage_longer_than_the_lease_takes_no_trial_from_anybody(url: str, ledger: Ledger) -> None:
    ledger.set_budget(NAME, BudgetSpec(trials=2))
    sessions = [join(ledger, lease_s=1.5, owner=elsewhere(host)) for host in ("one", "two")]
    claims = [take(session) for session in sessions]
    assert [session.claim() for session in sessions] == [None, None], "each has seen the other's lease"
    _let_in(url, is_open=False)
    found: list[Claim | None] = []
    waiting = threading.Thread(target=lambda: found.append(sessions[0].claim()))
    waiting.start()  # it claims in the very moment in which the server is back
    time.sleep(2.0)
    _let_in(url, is_open=True)
    waiting.join(60)
    assert found == [None]
    for session, claim in zip(sessions, claims, strict=True):
        assert session.record_epoch(claim.token, report(claim.number))
        assert session.renew([claim.token]) == set()
    assert [trial.deaths for trial in ledger.trials(NAME)] == [0, 0]


def test_a_connection_that_breaks_in_a_transaction_is_tried_again(url: str, ledger: Ledger) -> None:
    attempts = []

    def write() -> None:
        with ledger.database.writing() as connection:
            attempts.append(connection.scalar(sa.text("SELECT 1")))
            if len(attempts) == 1:
                _end_all_others(url)
            connection.execute(sa.text("SELECT 2"))

    ledger.database.persist(write)
    assert len(attempts) == 2


def test_the_study_lock_ends_with_its_connection(url: str, ledger: Ledger) -> None:
    other = open_database(url, create=False, timeout_s=0.5)
    with ledger.database.study_lock(NAME):
        with pytest.raises(StorageUnreachableError, match="held a lock for too long"), other.study_lock(NAME):
            pass
        _end_all_others(url)
        with other.study_lock(NAME):
            pass
    other.close()


def test_a_row_lock_of_a_sleeping_client_is_not_waited_for_for_ever(url: str, ledger: Ledger) -> None:
    claim = take(join(ledger))
    impatient = Ledger(open_database(url, create=False, timeout_s=0.5))
    session = join(impatient)
    with psycopg.connect(url) as sleeper:
        sleeper.execute("SELECT * FROM tuner_leases FOR UPDATE")
        with pytest.raises(StorageUnreachableError, match="held a lock for too long"):
            session.record_epoch(claim.token, report(claim.number))
    impatient.database.close()


def test_a_missing_database_is_not_found(url: str) -> None:
    with pytest.raises(NotFoundError, match="no such database; create it with: createdb"):
        open_database(url.replace("/tuner_", "/missing_"), create=True)


def test_a_database_without_our_tables_is_filled_only_where_a_study_begins(url: str) -> None:
    with pytest.raises(NotFoundError, match="holds no studies"):
        open_database(url, create=False)
    with psycopg.connect(url) as connection:
        assert connection.execute(
            "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)
    open_database(url, create=True).close()
    open_database(url, create=False).close()


def test_a_newer_schema_is_refused(url: str, ledger: Ledger) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO tuner_schema VALUES (99, 0.0)")
    with pytest.raises(StorageRefusedError, match="version 99, this program knows up to 3"):
        open_database(url, create=True)


def test_a_user_who_may_not_log_in_is_refused_and_the_password_not_shown(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS locked_out")
        connection.execute("CREATE ROLE locked_out NOLOGIN")
    wrong = url.replace("postgres:@", "locked_out:s3cret@")
    with pytest.raises(StorageRefusedError, match="does not let the user in") as refusal:
        open_database(wrong, create=True)
    assert "s3cret" not in str(refusal.value)
    with pytest.raises(StorageRefusedError, match="does not let the user in"):
        open_database(url.replace("postgres:@", "nobody_of_this_name@"), create=True)


def test_a_user_without_rights_is_refused(url: str, ledger: Ledger) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS onlooker")
        connection.execute("CREATE ROLE onlooker LOGIN")
    with pytest.raises(StorageRefusedError, match="the user lacks a right"):
        Ledger(open_database(url.replace("postgres:@", "onlooker@"), create=False)).study_names()


def test_a_closed_port_is_unreachable_without_the_password(unused_port: int) -> None:
    with pytest.raises(StorageUnreachableError, match="cannot be reached") as error:
        open_database(f"postgresql://me:s3cret@127.0.0.1:{unused_port}/db", create=True)
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_host_is_unreachable() -> None:
    with pytest.raises(StorageUnreachableError, match="cannot be reached"):
        open_database("postgresql://me:s3cret@no-such-host.invalid/db", create=False)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_CONNECT_TIMEOUT_S", 2)
    silent = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []
    listener = threading.Thread(target=lambda: held.append(silent.accept()[0]), daemon=True)
    listener.start()
    with pytest.raises(StorageUnreachableError, match="cannot be reached"):
        open_database(f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/db", create=False)
    listener.join(5)
    for each in (*held, silent):
        each.close()


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_time_is_told_by_the_server_in_utc(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "Pacific/Auckland")
    with ledger.database.reading() as connection:
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
        assert abs(ledger.database.now(connection) - time.time()) < 5


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_spelling_of_the_url_works(url: str, scheme: str) -> None:
    open_database(url.replace("postgresql", scheme, 1), create=True).close()
