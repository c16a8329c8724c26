"""Take a shift over and hand it on, on the command line: the digest, and all one's chats in one order."""

from typing import Annotated, Final

import typer

from operator_console.cli import output
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json, Note
from operator_console.cli.orders import give, told
from operator_console.cli.people import person_named
from operator_console.model.shift import clean_digest, pages, summary
from server.wire.commands import Command, HandOver
from server.wire.frames import Snapshot

MOST_HOURS: Final = 720.0


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(digest)
    app.command()(handover)


def digest(
    context: typer.Context,
    *,
    hours: Annotated[
        float, typer.Option(min=0, max=MOST_HOURS, help="So many hours back; 0: since you were last on.")
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Tell what happened since you were last on."""
    found = context.find_root().ensure_object(Invocation).ask(lambda client: client.digest(hours))
    if as_json:
        output.data(found)
        return
    cleaned = clean_digest(found)
    lines = [summary(cleaned, None)]
    for title, rows in pages(cleaned, None):
        lines += ["", title, *(f"  {row}" for row in rows)]
    output.lines(lines)


def handover(
    context: typer.Context,
    *,
    to: Annotated[str, typer.Option(help="A colleague who is on duty; else the queue.")] = "",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Hand all your chats on, with a note."""

    def choose(snapshot: Snapshot) -> Command:
        target = person_named(snapshot.operators, to).id if to.strip() else None
        return HandOver(id=new_id(), to=target, note=note)

    reply = give(context.find_root().ensure_object(Invocation), choose)
    told(reply, f"Handed over: {', '.join(reply.handed_over) or 'nothing more'}.", as_json=as_json)
