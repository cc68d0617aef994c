"""No password of a database is shown, wherever in the URL it stands."""

from __future__ import annotations

import pytest

from tuner.errors import InputError
from tuner.storage import safe_url
from tuner.storage.urls import locate


@pytest.mark.parametrize("name", ["password", "sslpassword", "Password", "passfile"])
def test_a_password_among_the_options_is_not_shown_but_used(name: str) -> None:
    storage = f"postgresql://me@host/db?{name}=s3cret&sslmode=require"
    assert safe_url(storage) == "postgresql+psycopg://me@host/db?sslmode=require"
    assert f"{name}=s3cret" in locate(storage).secret_url


@pytest.mark.parametrize(
    "storage",
    [
        "mysql://host/db?password=s3cret",
        "postgresql+asyncpg://host/db?password=s3cret",
        "postgresql://host:port/db?password=s3cret",
        "postgresql:/me:s3cret@host/db",
        "postgres:me:s3cret@host/db",
    ],
)
def test_a_refusal_does_not_show_it_either(storage: str) -> None:
    with pytest.raises(
        InputError, match=r"postgresql://user:password@host/database|leave the driver"
    ) as refusal:
        locate(storage)
    assert "s3cret" not in str(refusal.value)


def test_the_home_of_an_unknown_user_is_refused() -> None:
    with pytest.raises(InputError, match="no such user"):
        locate("~nobody-of-that-name/tuner.db")
