"""Ask the broker one question and print the answer: what the commands share with the way round the command line."""

import asyncio
from typing import TYPE_CHECKING

from operator_console.cli import output
from operator_console.cli.invocation import Invocation
from operator_console.clock import SystemClock

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient
    from server.wire.views import OperatorView, SessionView


def queue(invocation: Invocation, as_json: bool) -> None:
    """Print the open sessions."""

    async def ask(client: "RestClient") -> "tuple[tuple[SessionView, ...], tuple[OperatorView, ...]]":
        return await asyncio.gather(client.sessions(), client.operators())

    async def ask_sessions(client: "RestClient") -> "tuple[SessionView, ...]":
        return await client.sessions()

    if as_json:
        output.data(invocation.ask(ask_sessions))
        return
    from operator_console.cli import pages  # noqa: PLC0415 - JSON needs no lay-out

    sessions, operators = invocation.ask(ask)
    output.lines(pages.queue_lines(sessions, operators, SystemClock().now()))
    if not sessions:
        output.talk("Nobody waits.")


def team(invocation: Invocation, as_json: bool) -> None:
    """Print the roster."""

    async def ask(client: "RestClient") -> "tuple[OperatorView, ...]":
        return await client.operators()

    operators = invocation.ask(ask)
    if as_json:
        output.data(operators)
        return
    from operator_console.cli import pages  # noqa: PLC0415 - JSON needs no lay-out

    output.lines(pages.team_lines(operators, SystemClock().now()))
