"""``tuner dashboard``: the Optuna dashboard on this machine, in this process.

In this process, because a database's password would be readable for all users in the command line
of another one.
"""

from __future__ import annotations

import socket
from typing import Any

import click

from tuner.cli.console import remark
from tuner.cli.guard import LOOPBACK_NAMES, Guard, is_loopback
from tuner.cli.options import name_argument, open_ledger, pick, storage_option
from tuner.errors import InputError

__all__ = ["dashboard"]

_THREADS = 6


@click.command(epilog="Example:\n\n  tuner dashboard quickstart --port 0")
@name_argument
@storage_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 for a free one.",
)
def dashboard(name: str | None, storage: str, host: str, port: int) -> None:
    """Serve the Optuna dashboard on this machine and print its address. Ctrl-C ends it.

    It shows studies and takes notes; what would change a study is refused. It has no login: with another
    --host everybody who reaches this machine can read all studies of the database.
    """
    from optuna_dashboard import wsgi

    ledger = open_ledger(storage)
    database = ledger.database
    path = "/dashboard"
    if name is not None or len(ledger.study_names()) == 1:
        path = f"/dashboard/studies/{ledger.study(pick(ledger, name)).optuna_id}"
    if not is_loopback(host):
        remark(f"warning: {host} can be reached from other machines, and the dashboard has no login")
    guard = Guard(wsgi(database.storage), _names(host), any_address=not is_loopback(host))
    server = _listen(guard, host, port)
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    bracketed = f"[{shown}]" if ":" in shown else shown
    click.echo(f"http://{bracketed}:{server.effective_port}{path}")
    remark("the dashboard is served; Ctrl-C ends it")
    server.run()


def _names(host: str) -> set[str]:
    """Return the names under which a server bound to ``host`` may be addressed."""
    if is_loopback(host):
        return {*LOOPBACK_NAMES, host}
    return {*LOOPBACK_NAMES, host, socket.gethostname(), socket.getfqdn()}


def _listen(application: Guard, host: str, port: int) -> Any:
    """Listen on one address, also where a name (localhost) has two, so that port 0 gives one port."""
    from waitress import create_server

    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family)
    except OSError as error:
        hint = "give --port 0 for a free one"
        raise InputError(f"cannot listen on {host} port {port}: {error.strerror or error}", hint) from error
    return create_server(application, sockets=[listening], threads=_THREADS, ident="tuner")
