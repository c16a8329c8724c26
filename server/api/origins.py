"""Know which sites' pages may use the widget, and tell browsers so.

A browser names the page's origin with every request that could change something. Other pages are refused before
anything is looked up, and get no leave to read an answer (Fetch Standard, CORS protocol).
"""

from collections.abc import Iterable
from typing import Any, Final, cast
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from server.core.errors import NotAllowedError

API: Final = "/v1/widget/"
"""Below here pages of other sites are answered."""
_MAX_AGE_SECONDS: Final = 7200
_METHODS: Final = "GET, POST, PUT"
_HEADERS: Final = "Authorization, Content-Type"

AnyConnection = ASGIConnection[Any, Any, Any, Any]  # type: ignore[explicit-any]  # the framework's, unused here


class Origins:
    """The sites that may carry the widget."""

    def __init__(self, allowed: Iterable[str], own: str) -> None:
        """Allow these origins, and the broker's `own` address."""
        self.allowed: Final = frozenset(filter(None, (origin_of(one) for one in (*allowed, own))))

    def check(self, origin: str | None, *, changes: bool) -> None:
        """Refuse a page that may not; a browser leaves the origin out only where a page reads its own site.

        Raises:
            NotAllowedError: `origin_refused`.
        """
        if (origin is None and not changes) or origin in self.allowed:
            return
        raise NotAllowedError(
            "origin_refused",
            "This page may not use the widget.",
            "Add its site to [widget] origins, as https://host without a path.",
        )

    def guard(self, connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        """Refuse a request whose page may not; the framework calls it before a route."""
        changes = _method(connection.scope) not in {"GET", "HEAD"}
        self.check(connection.headers.get("origin"), changes=changes)

    async def before_send(self, message: Message, scope: Scope) -> None:
        """Let pages that may read the answer, refusals too; the framework calls it before anything is sent."""
        if message["type"] != "http.response.start" or not scope["path"].startswith(API):
            return
        headers = MutableScopeHeaders(message)
        headers["Vary"] = "Origin"
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        if origin not in self.allowed:
            return
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "Retry-After, Content-Disposition"
        if _method(scope) == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = _METHODS
            headers["Access-Control-Allow-Headers"] = _HEADERS
            headers["Access-Control-Max-Age"] = str(_MAX_AGE_SECONDS)


def origin_of(address: str) -> str:
    """Return the origin of an address as browsers write it; empty when it is none."""
    parts = urlsplit(address.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if parts.port in {None, usual} else f"{parts.scheme}://{host}:{parts.port}"


def _method(scope: Scope) -> str:
    """Return a request's method; GET for what opens a socket."""
    return str(cast("dict[str, object]", scope).get("method", "GET"))
