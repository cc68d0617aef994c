"""Rules of the schema's versions."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tuner.errors import StorageRefusedError
from tuner.storage.migrations import STEPS, Step, check_version, upgrade, version_of


def _add(name: str) -> Step:
    def step(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"CREATE TABLE {name} (x INTEGER)")

    return step


def _fail(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")
    raise RuntimeError("died in the upgrade")


@pytest.fixture
def engine() -> sa.Engine:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def test_a_new_database_gets_every_step(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert version_of(connection) == 0
        assert upgrade(connection, 1.0) == len(STEPS)
        assert version_of(connection) == len(STEPS)
        assert upgrade(connection, 2.0) == 0


def test_an_older_one_gets_the_missing_steps_in_order(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, 1.0)
        assert upgrade(connection, 2.0, (*STEPS, _add("second"), _add("third"))) == 2
        assert version_of(connection) == len(STEPS) + 2
        found = connection.exec_driver_sql("SELECT version, made_at FROM tuner_schema ORDER BY version").all()
    assert [tuple(row) for row in found] == [(1, 1.0), (2, 2.0), (3, 2.0)]


def test_a_step_that_fails_leaves_the_old_version_whole(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, 1.0)
    with pytest.raises(RuntimeError, match="died in the upgrade"), engine.begin() as connection:
        upgrade(connection, 2.0, (*STEPS, _add("second"), _fail))
    with engine.connect() as connection:
        assert version_of(connection) == len(STEPS)
        assert not {"second", "half"} & set(sa.inspect(connection).get_table_names())


def test_a_newer_one_is_refused() -> None:
    check_version(len(STEPS), "tuner.db")
    with pytest.raises(StorageRefusedError, match=r"tuner\.db: its tables have version 9"):
        check_version(9, "tuner.db")
