"""Which study is meant, and what is said when that is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import click
import pytest

from tuner.cli.options import DEFAULT_STORAGE, format_option, pick, storage_option
from tuner.errors import InputError, NotFoundError
from tuner.storage import Ledger
from tuner.suggested import command as suggested


class Names:
    """The one method of a ledger that choosing needs."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def study_names(self) -> list[str]:
        return list(self._names)


def ledger(*names: str) -> Ledger:
    return cast("Ledger", Names(names))


def test_the_named_study_is_meant() -> None:
    assert pick(ledger("a", "b"), "b") == "b"


def test_without_a_name_the_only_study_is_meant() -> None:
    assert pick(ledger("reviews"), None) == "reviews"


def test_without_a_name_several_studies_are_listed() -> None:
    with pytest.raises(InputError, match=r"which study.*holds 2: a, b"):
        pick(ledger("b", "a"), None)


def test_a_long_list_is_cut() -> None:
    with pytest.raises(InputError, match=r"holds 20: s00, .*s07, \.\.\."):
        pick(ledger(*(f"s{number:02}" for number in range(20))), None)


def test_an_empty_database_says_how_to_begin() -> None:
    with pytest.raises(NotFoundError, match="holds no study; begin one with `tuner run FILE`"):
        pick(ledger(), None)


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(
        NotFoundError, match=r"no study 'quickstar' in the database; did you mean quickstart[?]"
    ):
        pick(ledger("quickstart", "nusax"), "quickstar")


def test_an_unknown_name_with_nothing_near_brings_the_known() -> None:
    with pytest.raises(NotFoundError, match="known: nusax, trec"):
        pick(ledger("trec", "nusax"), "zzzzzz")


def options_of(arguments: list[str]) -> tuple[str, str]:
    @click.command()
    @storage_option
    @format_option("table", "json")
    def command(storage: str, form: str) -> tuple[str, str]:
        return storage, form

    found: tuple[str, str] = command.main(arguments, standalone_mode=False)
    return found


def test_a_flag_stands_above_the_environment_and_that_above_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TUNER_STORAGE", raising=False)
    assert options_of([]) == (DEFAULT_STORAGE, "table")

    monkeypatch.setenv("TUNER_STORAGE", "mine.db")
    assert options_of(["--format", "json"]) == ("mine.db", "json")
    assert options_of(["--storage", "other.db"]) == ("other.db", "table")


def suggested_by(arguments: list[str]) -> str:
    @click.command()
    @storage_option
    def command(storage: str) -> str:
        del storage
        return suggested("resume", "reviews")

    found: str = command.main(arguments, standalone_mode=False)
    return found


def test_a_suggested_command_finds_the_same_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNER_STORAGE", raising=False)
    assert suggested_by([]) == "tuner resume reviews"
    assert suggested_by(["--storage", DEFAULT_STORAGE]) == "tuner resume reviews"
    assert suggested_by(["--storage", "alt/my.db"]) == "tuner resume reviews --storage alt/my.db"
    assert suggested_by(["--storage", "my studies.db"]) == "tuner resume reviews --storage 'my studies.db'"

    monkeypatch.setenv("TUNER_STORAGE", "mine.db")
    assert suggested_by([]) == "tuner resume reviews"
    assert suggested("resume", "reviews") == "tuner resume reviews"


@pytest.mark.parametrize(
    "storage",
    [
        "postgresql://me:s3cret@host/db",
        "postgresql://me@host/db?password=s3cret",
        "postgres:me:s3cret@host/db",
        "mysql://me:s3cret@host/db",
    ],
)
def test_a_suggested_command_shows_no_password(storage: str) -> None:
    assert "s3cret" not in suggested_by(["--storage", storage])
    assert "tuner resume reviews" in suggested_by(["--storage", storage])


def test_a_suggested_command_says_where_a_database_on_a_server_is() -> None:
    said = suggested_by(["--storage", "postgresql://me:s3cret@host/db"])
    assert said == "tuner resume reviews --storage 'postgresql+psycopg://me:***@host/db'"
