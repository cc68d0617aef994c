"""Rules of naming a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.errors import InputError
from tuner.storage import safe_url, studies_folder, study_folder
from tuner.storage.urls import locate


@pytest.mark.parametrize(
    ("storage", "path"),
    [
        ("studies/tuner.db", "studies/tuner.db"),
        ("sqlite:///studies/tuner.db", "studies/tuner.db"),
        ("sqlite:////var/tuner.db", "/var/tuner.db"),
        ("SQLite:///tuner.db", "tuner.db"),
        ("/var/tuner.db", "/var/tuner.db"),
        ("tuner.db", "tuner.db"),
        ("50% {x}.db", "50% {x}.db"),
    ],
)
def test_a_path_and_a_url_name_the_same_file(storage: str, path: str) -> None:
    assert locate(storage).path == Path(path)
    assert safe_url(storage) == path
    assert studies_folder(storage) == Path(path).parent


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert locate("~/tuner.db").path == Path("/home/me/tuner.db")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_psycopg(scheme: str) -> None:
    location = locate(f"{scheme}://me:p%40ss@host:5433/db?sslmode=require")
    assert location.url.drivername == "postgresql+psycopg"
    assert location.url.password == "p@ss"
    assert location.path is None
    assert location.shown == "postgresql+psycopg://me:***@host:5433/db?sslmode=require"
    assert studies_folder(f"{scheme}://host/db") == Path("studies")


def test_a_study_has_a_folder_beside_its_database() -> None:
    assert study_folder("here/tuner.db", "quickstart") == Path("here/quickstart")


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("mysql://me:s3cret@host/db", "'mysql' is not supported, SQLite and PostgreSQL are"),
        ("redis://:s3cret@host", "'redis' is not supported"),
        ("postgresql+psycopg2://me:s3cret@host/db", "driver 'psycopg2' is not supported"),
        ("postgresql://me:s3cret@s3cret@host/db", "more than one @ before the host; write an @"),
        ("postgresql://me:s3cret@host:port/db", "cannot be read as a URL"),
    ],
)
def test_what_is_not_supported_is_refused_without_the_password(storage: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        locate(storage)
    assert "s3cret" not in str(refusal.value)
