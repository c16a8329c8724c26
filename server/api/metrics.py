"""Answer GET /metrics: to whoever the configuration lets read the figures, and to nobody else."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final, Literal
from urllib.parse import urlsplit

from litestar import Response, get
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from server.api.auth import sha256
from server.api.errors import AnyRequest
from server.config_rules import is_loopback
from server.core.errors import NotAllowedError, NotAuthenticatedError, NotFoundError

Access = Literal["off", "loopback", "token"]
Page = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Writes the figures in the form that an Accept header asks for; returns them with their content type."""
Timed = Callable[[str, str, int, float], None]
"""Is told each answer: method, route, status, seconds."""

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
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-store"})

    return metrics


def timing(timed: Timed, monotonic: Callable[[], float]) -> Callable[[ASGIApp], ASGIApp]:
    """Return what stands before every route and tells how long its answers took."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] is not ScopeType.HTTP:
                await app(scope, receive, send)
                return
            await _timed(app, scope, receive, send)

        async def _timed(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
            began, status = monotonic(), 500

            async def told(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, told)
            finally:
                timed(scope["method"], scope["path_template"], status, monotonic() - began)

        return serve

    return wrap
