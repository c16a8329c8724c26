"""Serve the page behind a notice's link: a GET shows a button, only the POST takes the session.

Mail scanners and chat previews follow links before any person does; they only ever GET.
"""

from html import escape
from typing import Final

from litestar import MediaType, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api.errors import AnyRequest
from server.broker.acknowledging import Standing
from server.broker.broker import Broker
from server.core.errors import NotFoundError

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1.2rem/1.5 system-ui;margin:3rem auto;max-width:30rem;padding:0 1rem}}
button,input{{font:inherit;padding:.6rem 1rem}}</style></head>
<body><h1>{title}</h1><p>{text}</p>{form}</body></html>
"""
_FORM: Final = '<form method="post">{name}<p><button type="submit">I take it</button></p></form>'
_NAME: Final = '<p><label>Your name <input name="name" required maxlength="60" autocomplete="name"></label></p>'


def acknowledge_routes(broker: Broker) -> list[HTTPRouteHandler]:
    """Return the page; it needs no login, because its link is one-time, short-lived and says nothing but a number."""

    @get("/v1/notices/{token:str}", media_type=MediaType.HTML, include_in_schema=False)
    async def show(token: FromPath[str]) -> Response[str]:
        """Show how it stands, with a button while nobody sees to it."""
        try:
            return _page(await broker.acknowledging.look(token), may_take=True)
        except NotFoundError as error:
            return _gone(error)

    @post("/v1/notices/{token:str}", media_type=MediaType.HTML, include_in_schema=False, status_code=200)
    async def take(token: FromPath[str], request: AnyRequest) -> Response[str] | Response[dict[str, str | bool]]:
        """Take it; programs that ask for JSON get JSON."""
        form = await request.form()
        name = str(form.get("name", ""))
        wants_json = "application/json" in request.headers.get("accept", "")
        try:
            standing = await broker.acknowledging.take(token, name)
        except NotFoundError as error:
            if wants_json:
                raise
            return _gone(error)
        if wants_json:
            told: dict[str, str | bool] = {"number": standing.number, "acknowledged_by": standing.by}
            return Response(told, media_type=MediaType.JSON, headers=_HEADERS)
        return _page(standing, may_take=False)

    return [show, take]


def _page(standing: Standing, *, may_take: bool) -> Response[str]:
    title = f"{standing.number}, queue {standing.queue}"
    if standing.open and may_take:
        form = _FORM.format(name="" if standing.person else _NAME)
        return _html(title, "A customer waits for a person.", form)
    if standing.by:
        return _html(title, f"Acknowledged by {standing.by}. Nobody else is told any more.")
    return _html(title, "This wait is over.")


def _gone(error: NotFoundError) -> Response[str]:
    return _html("Too late", f"{error.message} {error.hint}", status=404)


def _html(title: str, text: str, form: str = "", *, status: int = 200) -> Response[str]:
    page = _PAGE.format(title=escape(title), text=escape(text), form=form)
    return Response(page, media_type=MediaType.HTML, headers=_HEADERS, status_code=status)
