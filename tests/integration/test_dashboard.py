"""`tuner dashboard` as a real process: seen in headless Chromium, and closed to other sites."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.recorded import record_study
from tests.studies import TUNER
from tuner.cli import main
from tuner.report.image import find_browser

CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1400",
]  # fmt: skip


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("dashboard") / "tuner.db")
    record_study(path)
    return path


@pytest.fixture(scope="module")
def address(storage: str) -> Iterator[str]:
    """The address of a served dashboard, with the study's page, as the command prints it."""
    process = subprocess.Popen(
        [TUNER, "dashboard", "reviews", "--port", "0", "--storage", storage],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """Send a request with exactly these headers beside Host."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"Host": parts.netloc, **given})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_the_address_is_of_this_machine_and_of_the_studys_page(address: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/dashboard/studies/\d+", address)


@pytest.mark.browser
@pytest.mark.slow
def test_chromium_shows_the_study_and_its_pareto_front(address: str, tmp_path: Path) -> None:
    browser = find_browser()
    if browser is None:
        pytest.skip("no browser on this machine")

    done = subprocess.run(
        [
            browser,
            *CHROMIUM_FLAGS,
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )

    dom = done.stdout
    assert "reviews" in dom
    assert "Pareto Front" in dom
    plot = dom[dom.index("Pareto Front") :]
    assert "scatterlayer" in plot
    assert plot.count('class="point"') >= 4


def test_the_study_can_be_read(address: str) -> None:
    status, body = ask(address, "/api/studies")

    assert status == 200
    assert [study["study_name"] for study in json.loads(body)["study_summaries"]] == ["reviews"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_foreign_host_or_origin_is_refused(address: str, headers: dict[str, str]) -> None:
    status, body = ask(address, "/api/studies", **headers)

    assert status == 403
    assert b"reviews" not in body


def test_what_would_change_a_study_is_refused(address: str) -> None:
    study = address.rsplit("/", 1)[1]

    assert ask(address, f"/api/studies/{study}", "DELETE")[0] == 403
    assert ask(address, "/incompatible-rdb-schema", "POST")[0] == 403
    assert ask(address, "/api/studies")[0] == 200


def test_a_missing_database_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", "--storage", str(tmp_path / "no.db")]) == 3
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_study_ends_in_3(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", "revievs", "--storage", storage]) == 3
    assert "did you mean reviews?" in capsys.readouterr().err


def test_a_port_in_use_is_said(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert main(["dashboard", "--port", str(port), "--storage", storage]) == 2

    assert f"port {port}" in capsys.readouterr().err


def test_binding_elsewhere_is_warned_about(storage: str) -> None:
    process = subprocess.Popen(
        [TUNER, "dashboard", "--host", "0.0.0.0", "--port", "0", "--storage", storage],  # noqa: S104
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = urlsplit(process.stdout.readline()).port
    local = f"http://127.0.0.1:{port}"

    assert ask(local, "/api/studies")[0] == 200
    assert ask(local, "/api/studies", Host="evil.example")[0] == 403

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "warning: 0.0.0.0 can be reached from other machines, and the dashboard has no login" in said
