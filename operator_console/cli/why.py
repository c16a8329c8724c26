"""Say on the command line why a session rings where it rings."""

from typing import TYPE_CHECKING

import typer

from operator_console.cli import output
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json, Ref
from operator_console.clock import SystemClock
from operator_console.model.why import clean_why, why_pages
from server.wire.routing import WhyView

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient


def add_to(app: typer.Typer) -> None:
    """Offer the command."""
    app.command()(why)


def why(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Say why a session rings where it rings, or does not: each rule by operator, and what comes by itself."""

    async def ask(client: "RestClient") -> WhyView:
        return await client.why(ref)

    found = context.find_root().ensure_object(Invocation).ask(ask)
    if as_json:
        output.data(found)
        return
    for title, rows in why_pages(clean_why(found), SystemClock().now(), None):
        output.lines([title, *(f"  {row}" for row in rows), ""])
