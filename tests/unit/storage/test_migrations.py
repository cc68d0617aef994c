"""Rules of the schema's versions."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tuner.errors import StorageRefusedError
from tuner.storage.migrations import STEPS, Step, check_version, upgrade, version_of
from tuner.storage.tables import events

NEW_COLUMNS = (
    ("tuner_results", "session_id"),
    ("tuner_results", "confusion"),
    ("tuner_results", "test_confusion"),
    ("tuner_sessions", "researcher"),
    ("tuner_sessions", "facts"),
    ("tuner_results", "decision"),
)
"""By the version that brought them: 2, and the last one 3."""


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
    released = [(version, 1.0) for version in range(1, len(STEPS) + 1)]
    assert [tuple(row) for row in found] == [*released, (len(STEPS) + 1, 2.0), (len(STEPS) + 2, 2.0)]


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


def test_a_database_of_version_1_gets_the_columns_it_lacks_and_keeps_its_rows(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, 1.0, STEPS[:1])
        for name in ("baselines", "notes", "timings"):
            connection.exec_driver_sql(f"DROP TABLE tuner_{name}")
        for table, name in NEW_COLUMNS:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {name}")
        connection.execute(sa.insert(events).values(study_id=1, number=2, at=3.0, kind="old", message="row"))
        assert upgrade(connection, 2.0) == len(STEPS) - 1
        assert connection.scalar(sa.select(events.c.message)) == "row"
        inspector = sa.inspect(connection)
        assert {"tuner_baselines", "tuner_notes", "tuner_timings"} <= set(inspector.get_table_names())
        for table, name in NEW_COLUMNS:
            assert name in [column["name"] for column in inspector.get_columns(table)]


def test_a_database_of_version_2_gets_the_column_of_decisions_alone(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, 1.0, STEPS[:2])
        connection.exec_driver_sql("ALTER TABLE tuner_results DROP COLUMN decision")
        before = {name: _columns(connection, name) for name in sa.inspect(connection).get_table_names()}
        assert upgrade(connection, 2.0) == 1
        after = {name: _columns(connection, name) for name in before}
    assert {name: after[name] - before[name] for name in before if after[name] != before[name]} == {
        "tuner_results": {"decision"}
    }


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}
