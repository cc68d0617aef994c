"""The version of our tables and the ordered steps from each to the next.

A step is added at the end and never changed once released. All steps that a database lacks are taken in
one transaction, which both databases can do for tables too: a process that dies in it leaves the old
version whole. The caller holds the schema lock.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tuner.errors import StorageRefusedError
from tuner.storage.tables import OURS, results, schema, sessions

__all__ = ["STEPS", "Step", "check_version", "upgrade", "version_of"]

Step = Callable[[sa.Connection], None]


def _make_tables(connection: sa.Connection) -> None:
    OURS.create_all(connection)


def _keep_what_trials_and_sessions_say(connection: sa.Connection) -> None:
    """Add confusion matrices, who ran what, baselines, notes and timings.

    A database that is made now has all of it from the first step, which makes the tables as they are.
    """
    OURS.create_all(connection)
    for table, names in (
        (results, ("session_id", "confusion", "test_confusion")),
        (sessions, ("researcher", "facts")),
    ):
        present = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for name in names:
            if name not in present:
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {name} TEXT")


def _keep_decisions(connection: sa.Connection) -> None:
    """Add the rule and the numbers by which a trial was ended; of earlier ones the reason alone is known."""
    present = {column["name"] for column in sa.inspect(connection).get_columns(results.name)}
    if "decision" not in present:
        connection.exec_driver_sql(f"ALTER TABLE {results.name} ADD COLUMN decision TEXT")


STEPS: tuple[Step, ...] = (_make_tables, _keep_what_trials_and_sessions_say, _keep_decisions)
"""Step ``i`` leads from version ``i`` to version ``i + 1``."""


def version_of(connection: sa.Connection) -> int:
    """Return the version of our tables; 0 where there are none."""
    if not sa.inspect(connection).has_table(schema.name):
        return 0
    return int(connection.scalar(sa.select(sa.func.max(schema.c.version))) or 0)


def check_version(version: int, shown: str, steps: tuple[Step, ...] = STEPS) -> None:
    """Refuse tables of a version that this program does not know.

    Args:
        version: Found in the database.
        shown: The database as people may read it.
        steps: Known steps.

    Raises:
        StorageRefusedError: If they were made by a newer program.
    """
    if version > len(steps):
        raise StorageRefusedError(
            f"{shown}: its tables have version {version}, this program knows up to {len(steps)}",
            "use the tuner that made it, or a newer one",
        )


def upgrade(connection: sa.Connection, now: float, steps: tuple[Step, ...] = STEPS) -> int:
    """Take the steps that the database lacks.

    Args:
        connection: In a writing transaction, under the schema lock.
        now: The time that is written beside the new version.
        steps: Known steps.

    Returns:
        How many were taken.
    """
    missing = steps[version_of(connection) :]
    for version, step in enumerate(missing, start=len(steps) - len(missing) + 1):
        step(connection)
        connection.execute(sa.insert(schema).values(version=version, made_at=now))
    return len(missing)
