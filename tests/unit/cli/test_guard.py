"""The dashboard answers to its own names and its own pages only, and changes nothing but notes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tuner.cli.guard import LOOPBACK_NAMES, Environ, Guard, StartResponse, is_loopback


class Answer:
    """Collects what a WSGI application says."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], *rest: Any) -> None:
        self.status, self.headers = status, headers


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"studies"]


def ask(guard: Guard, method: str = "GET", path: str = "/api/studies", **headers: str) -> str:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "127.0.0.1:8080"}
    environ |= {f"HTTP_{name}": value for name, value in headers.items()}
    return guard.refusal(environ)


@pytest.fixture
def guard() -> Guard:
    return Guard(application, LOOPBACK_NAMES)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080"])
def test_its_own_names_are_answered(guard: Guard, host: str) -> None:
    assert ask(guard, HOST=host) == ""


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.168.1.5:8080", "", "[::1", "a b"],
)
def test_a_foreign_host_is_refused(guard: Guard, host: str) -> None:
    assert "Host" in ask(guard, HOST=host)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8080", "file://"]
)
def test_a_foreign_origin_is_refused(guard: Guard, origin: str) -> None:
    assert "origins" in ask(guard, ORIGIN=origin)


def test_its_own_origin_is_answered(guard: Guard) -> None:
    assert ask(guard, ORIGIN="http://127.0.0.1:8080") == ""


def test_a_note_can_be_taken(guard: Guard) -> None:
    assert ask(guard, "PUT", "/api/studies/1/note", ORIGIN="http://127.0.0.1:8080") == ""
    assert ask(guard, "PUT", "/api/studies/1/12/note") == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/studies"),
        ("DELETE", "/api/studies/1"),
        ("POST", "/api/studies/1/rename"),
        ("POST", "/api/trials/3/tell"),
        ("POST", "/incompatible-rdb-schema"),
        ("PUT", "/api/studies/1/note/../rename"),
    ],
)
def test_what_would_change_a_study_is_refused(guard: Guard, method: str, path: str) -> None:
    assert "commands of tuner" in ask(guard, method, path)


def test_a_note_of_another_site_is_refused_even_without_an_origin(guard: Guard) -> None:
    assert "other sites" in ask(guard, "PUT", "/api/studies/1/note", SEC_FETCH_SITE="cross-site")


def test_a_refusal_is_a_403_with_its_reason(guard: Guard) -> None:
    answer = Answer()

    body = b"".join(guard({"REQUEST_METHOD": "GET", "HTTP_HOST": "evil.example"}, answer))

    assert answer.status == "403 Forbidden"
    assert b"Host" in body


def test_an_answer_cannot_be_framed_by_another_page(guard: Guard) -> None:
    answer = Answer()

    body = b"".join(guard({"REQUEST_METHOD": "GET", "HTTP_HOST": "localhost"}, answer))

    assert body == b"studies"
    assert ("X-Frame-Options", "DENY") in answer.headers
    assert ("Content-Type", "text/plain") in answer.headers


def test_bound_to_other_interfaces_any_address_will_do_but_no_foreign_name() -> None:
    guard = Guard(application, {"lab-7"}, any_address=True)

    assert ask(guard, HOST="192.168.1.5:8080") == ""
    assert ask(guard, HOST="lab-7:8080") == ""
    assert "Host" in ask(guard, HOST="evil.example:8080")


def test_loopback_is_known_by_address_and_name() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("192.168.1.5")
    assert not is_loopback("lab-7")
