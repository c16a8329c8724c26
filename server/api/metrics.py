"""Answer GET /metrics: to whoever the configuration lets read the figures, and to nobody else."""

import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Final, Literal
from urllib.parse import urlsplit

from litestar import Response, get
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.api.auth import sha256
from server.api.errors import AnyRequest
from server.config_rules import is_loopback
from server.core.errors import NotAllowedError, NotAuthenticatedError, NotFoundError

Access = Literal["off", "loopback", "token"]
Page = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Writes the figures in the form that an Accept header asks for; returns them with their content type."""
Timed = Callable[[str, str, int, float], None]
"""Is told each answer: method, route, status, seconds."""

_TYPE: Final = re.compile(r":[a-z]+(?=})")
"""The type that the framework writes behind the name of a part of a path."""
_BEGAN: Final = "desk_began"
_CHARSET: Final = "; charset=utf-8"
_OF_PROXIES: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Reader:
    """Who may read."""

    def __init__(self, access: Access, token_sha256: str = "", *, behind_proxy: bool = False) -> None:
        """Let read by `access`; with "token" whoever brings that token."""
        self._access: Final = access
        self._token_sha256: Final = token_sha256
        self._behind_proxy: Final = behind_proxy

    def check(self, request: AnyRequest) -> None:
        """Refuse whoever may not.

        Raises:
            NotFoundError: `metrics_off`.
            NotAllowedError: `metrics_from_here_only`.
            NotAuthenticatedError: `no_token`, `bad_token`.
        """
        if self._access == "off":
            raise NotFoundError("metrics_off", "Figures are switched off.", "Set [metrics] access.")
        if self._access == "token":
            self._check_token(request.headers.get("authorization") or "")
        elif not self._is_from_here(request):
            raise NotAllowedError(
                "metrics_from_here_only",
                "Figures are shown to this machine alone, without a proxy in between.",
                'Set [metrics] access = "token" and token_file.',
            )

    def _check_token(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticatedError(
                "no_token", "This needs a token.", "Send the header Authorization: Bearer <token>."
            )
        if not hmac.compare_digest(sha256(token.strip()), self._token_sha256):
            raise NotAuthenticatedError(
                "bad_token", "The token is not the one of [metrics] token_file.", "Copy it into Prometheus again."
            )

    def _is_from_here(self, request: AnyRequest) -> bool:
        """Tell whether the peer is this machine itself; what a proxy passes on comes from anywhere."""
        client = request.client
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        passed_on = self._behind_proxy or any(name in request.headers for name in _OF_PROXIES)
        return client is not None and is_loopback(client.host) and is_loopback(host) and not passed_on


def metrics_route(reader: Reader, page: Page) -> HTTPRouteHandler:
    """Return the route."""

    @get("/metrics", include_in_schema=False)
    async def metrics(request: AnyRequest) -> Response[bytes]:
        """Write the figures."""
        reader.check(request)
        content, media_type = await page(request.headers.get("accept", ""))
        # The framework adds the charset to texts by itself.
        return Response(content, media_type=media_type.removesuffix(_CHARSET), headers={"Cache-Control": "no-store"})

    return metrics


class Timing:
    """Tells how long each request took, from its route to the first byte of the answer."""

    def __init__(self, timed: Timed, monotonic: Callable[[], float]) -> None:
        """Tell `timed`."""
        self._timed: Final = timed
        self._monotonic: Final = monotonic

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Stand before every route: note when a request came to it."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"][_BEGAN] = self._monotonic()
            await app(scope, receive, send)

        return serve

    async def before_send(self, message: Message, scope: Scope) -> None:
        """Tell that an answer begins; refusals come by here too."""
        if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
            return
        began = scope["state"].get(_BEGAN)
        if isinstance(began, float):
            route = _TYPE.sub("", scope["path_template"])
            self._timed(scope["method"], route, message["status"], self._monotonic() - began)
