"""Answer questions on the command line: the queue, one session, the history, the team. Nothing is changed."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from operator_console.cli import answers, output, pages
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json, Ref
from operator_console.clock import SystemClock
from server.wire.view import View
from server.wire.views import MessageView, OperatorView, Page, SessionView

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient


class ShownSession(View, frozen=True, kw_only=True):
    """What `show --json` prints: the session, and its turns as far as asked for."""

    session: SessionView
    messages: tuple[MessageView, ...] = ()


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(queue)
    app.command()(show)
    app.command()(history)
    app.command()(team)


def queue(context: typer.Context, *, as_json: Json = False) -> None:
    """List the open sessions: who waits, who talks with whom."""
    answers.queue(_invocation(context), as_json)


def show(
    context: typer.Context,
    ref: Ref,
    *,
    transcript: Annotated[bool, typer.Option("--transcript", "-t", help="The whole conversation.")] = False,
    as_json: Json = False,
) -> None:
    """Show one session, open or closed: card, context and the last turns."""

    async def ask(client: "RestClient") -> tuple[ShownSession, Sequence[OperatorView]]:
        session = await client.session(ref)
        turns = await client.messages(session.conversation_id) if transcript else session.last_turns
        return ShownSession(session=session, messages=turns), await client.operators()

    shown, operators = _invocation(context).ask(ask)
    if as_json:
        output.data(shown)
        return
    output.lines(pages.session_lines(shown.session, shown.messages, operators, SystemClock().now()))


def history(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(help="Only sessions that hold all these words.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    before: Annotated[str, typer.Option(help="Read on: `next_before` of the page before.")] = "",
    as_json: Json = False,
) -> None:
    """List closed sessions, newest first."""

    async def ask(client: "RestClient") -> tuple[Page, tuple[OperatorView, ...]]:
        return await asyncio.gather(client.history(" ".join(words or ()), before, limit), client.operators())

    page, operators = _invocation(context).ask(ask)
    if as_json:
        output.data(page)
        return
    output.lines(pages.history_lines(page.sessions, operators, SystemClock().now()))
    if page.next_before:
        output.talk(f"There is more: --before {page.next_before}")


def team(context: typer.Context, *, as_json: Json = False) -> None:
    """List the operators: duty, console, sessions in hand."""
    answers.team(_invocation(context), as_json)


def _invocation(context: typer.Context) -> Invocation:
    return context.find_root().ensure_object(Invocation)
