"""Of which version Optuna's tables are: certain, or left to Optuna."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tuner.storage import open_database
from tuner.storage.optuna_version import head_of, is_current


def step(folder: Path, name: str, before: str | None) -> None:
    text = f'"""A step."""\n\nrevision = "{name}"\ndown_revision = {before!r}\nbranch_labels = None\n'
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


def test_the_head_is_the_step_that_no_other_one_follows(tmp_path: Path) -> None:
    step(tmp_path, "v2", "v1")
    step(tmp_path, "v1", None)
    step(tmp_path, "v10", "v2")

    assert head_of(tmp_path) == "v10"


def test_two_last_steps_are_not_certain(tmp_path: Path) -> None:
    step(tmp_path, "v1", None)
    step(tmp_path, "v2", "v1")
    step(tmp_path, "v3", "v1")

    assert head_of(tmp_path) == ""


def test_a_step_that_is_written_otherwise_is_not_certain(tmp_path: Path) -> None:
    step(tmp_path, "v1", None)
    (tmp_path / "v2.py").write_text('revision = name()\ndown_revision = "v1"\n', encoding="utf-8")

    assert head_of(tmp_path) == ""
    assert head_of(tmp_path / "nothing") == ""


def test_the_head_is_the_one_that_optuna_names(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "tuner.db"), create=True)
    with database.reading() as connection:
        assert is_current(connection)
        found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    assert found == database.storage.get_head_version()
    database.close()


def test_other_tables_are_not_current(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with engine.begin() as connection:
        assert not is_current(connection)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        assert not is_current(connection)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('v0.9.0.a')")
        assert not is_current(connection)
    engine.dispose()
