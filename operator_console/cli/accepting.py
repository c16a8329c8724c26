"""Accept a session on the command line, and talk in it when asked to."""

from enum import StrEnum
from typing import Annotated

import typer

from operator_console.cli import orders, output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json
from operator_console.cli.refs import find
from server.wire.commands import Accept
from server.wire.errors import ErrorBody
from server.wire.frames import Snapshot
from server.wire.terms import Medium, SessionState
from server.wire.views import SessionView


class OnInterrupt(StrEnum):
    """What ctrl-C does in a call."""

    ASK = "ask"
    BACK = "back"
    RESOLVE = "resolve"
    END = "end"
    LEAVE = "leave"


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(accept)


def accept(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="[ID]", help="The session: H-0042, 42, or its id.")] = "",
    *,
    oldest: Annotated[bool, typer.Option("--oldest", help="Take the one who has waited longest.")] = False,
    talk: Annotated[bool, typer.Option("--talk", help="Open the call's audio here and stay until it is over.")] = False,
    on_interrupt: Annotated[
        OnInterrupt, typer.Option(help="What ctrl-C does in a call; without a terminal `ask` means `back`.")
    ] = OnInterrupt.ASK,
    as_json: Json = False,
) -> None:
    """Take a session. For a call say --talk, or have the console open: it opens the audio."""
    if bool(ref) == oldest:
        raise typer.BadParameter("Name a session, or say --oldest.")
    invocation = context.find_root().ensure_object(Invocation)

    def choose(snapshot: Snapshot) -> Accept:
        session = longest_waiting(snapshot) if oldest else find(ref, snapshot.sessions)
        return Accept(id=new_id(), session_id=session.id, epoch=session.epoch)

    if talk:
        from operator_console.cli.talking import talk_until_over  # noqa: PLC0415 - loads the audio part

        talk_until_over(invocation, choose, on_interrupt.value, as_json=as_json)
        return
    reply = orders.give(invocation, choose)
    session = reply.session
    orders.told(reply, f"{session.number if session else 'The session'} is yours.", as_json=as_json)
    if session is not None and session.medium is Medium.VOICE:
        output.talk(
            "Its audio is opened by the console you have open; without one it goes back to the queue in seconds."
        )


def longest_waiting(snapshot: Snapshot) -> SessionView:
    """Return the session that has waited longest for anybody, or rings at me; `CommandError` when there is none."""
    waiting = [
        session
        for session in snapshot.sessions
        if session.state is SessionState.QUEUED
        or (session.state is SessionState.OFFERED and session.rings_at(snapshot.me))
    ]
    if not waiting:
        raise CommandError(ErrorBody("no_such_session", "Nobody waits.", ""))
    return min(waiting, key=lambda session: session.queued_at)
