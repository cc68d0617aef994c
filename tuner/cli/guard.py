"""Who may talk to a server that has no login: requests that a page of another site caused may not.

The dashboard listens on this machine only, but every page that a browser on this machine shows can send
it requests, and a name that resolves to 127.0.0.1 (DNS rebinding) even lets that page read the
answers. So this middleware asks three things of a request: that it is addressed to us by a name of
ours, that it does not come from another origin, and that it changes nothing but notes, because a
study that is renamed, deleted or told behind our tables' back cannot be gone on with.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

__all__ = ["LOOPBACK_NAMES", "Guard", "is_loopback"]

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

_READING = frozenset({"GET", "HEAD"})
_NOTE = re.compile(r"^/api/studies/\d+(/\d+)?/note$")


def is_loopback(host: str) -> bool:
    """Tell whether binding to ``host`` keeps a server on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """WSGI middleware around an application.

    Args:
        application: What answers the requests that pass.
        names: Host names under which the server may be addressed, without port.
        any_address: Whether a bare IP address will do as well; for a server that is bound to other
            interfaces on purpose. An address cannot be rebound, a name can.
    """

    def __init__(self, application: Application, names: Iterable[str], any_address: bool = False) -> None:
        self._application = application
        self._names = frozenset(name.lower() for name in names)
        self._any_address = any_address

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or refuse it with 403 and the reason."""
        refusal = self.refusal(environ)
        if refusal:
            body = f"{refusal}\n".encode()
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
            start_response("403 Forbidden", headers)
            return [body]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            extra = [("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff")]
            return start_response(status, [*headers, *extra], *rest)

        return self._application(environ, start)

    def refusal(self, environ: Environ) -> str:
        """Say why a request is refused, or return an empty string."""
        host = str(environ.get("HTTP_HOST", ""))
        if not self._is_ours(host):
            return "this server is not known under that Host"
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and not _same(str(origin), host):
            return "requests of other origins are refused"
        method = str(environ.get("REQUEST_METHOD", "GET")).upper()
        if method in _READING:
            return ""
        if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in ("same-origin", "none"):
            return "requests of other sites are refused"
        if method == "PUT" and _NOTE.match(str(environ.get("PATH_INFO", ""))):
            return ""
        return "this dashboard shows studies and takes notes; change them with the commands of tuner"

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address


def _same(origin: str, host: str) -> bool:
    """Tell whether a page of ``origin`` came from the server that is addressed as ``host``."""
    parts = urlsplit(origin)
    return parts.scheme == "http" and parts.netloc.lower() == host.lower()
