"""Bring a session to somebody else on the command line: a queue, a colleague, somebody outside; steer a transfer."""

from typing import Annotated

import typer

from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json, Note, Ref
from operator_console.cli.orders import give, order, told
from operator_console.cli.people import person_named
from operator_console.cli.refs import find
from server.wire.commands import Command, Requeue, SteerTransfer, Transfer
from server.wire.frames import Snapshot
from server.wire.terms import TransferKind, TransferStep

To = Annotated[str, typer.Argument(help="A name of the phonebook, +4930123456, sip:name@host, or an extension.")]
How = Annotated[TransferKind, typer.Option(help="warm: speak with them first. cold. conference: all three talk.")]
Which = Annotated[TransferStep, typer.Argument(help="What to do with caller and target.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(requeue)
    app.command()(transfer)
    app.command("transfer-step")(transfer_step)


def requeue(
    context: typer.Context,
    ref: Ref,
    *,
    queue: Annotated[str, typer.Option(help="Another queue; else the one it came from.")] = "",
    to: Annotated[str, typer.Option(help="A colleague who is on duty: it rings there first.")] = "",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Put the session back into a queue, at its place, and ring a colleague first if one is named."""

    def choose(snapshot: Snapshot) -> Command:
        session = find(ref, snapshot.sessions)
        target = person_named(snapshot.operators, to).id if to.strip() else None
        return Requeue(id=new_id(), session_id=session.id, epoch=session.epoch, queue=queue, note=note, to=target)

    reply = give(context.find_root().ensure_object(Invocation), choose)
    number = f"{reply.session.number}: " if reply.session is not None else ""
    words = f"It rings at {to.strip()}." if to.strip() else "Back in the queue."
    told(reply, f"{number}{words}", as_json=as_json)


def transfer(context: typer.Context, ref: Ref, to: To, *, how: How = TransferKind.WARM, as_json: Json = False) -> None:
    """Bring the caller to somebody outside; they are never lost on the way."""
    order(
        context,
        ref,
        lambda s, id_: Transfer(id=id_, session_id=s.id, epoch=s.epoch, to=to, how=how),
        f"Calling {to}.",
        as_json,
    )


def transfer_step(context: typer.Context, ref: Ref, step: Which, *, as_json: Json = False) -> None:
    """Swap, merge, complete a transfer, or go back to the caller."""
    words = {
        TransferStep.SWAP: "Swapped.",
        TransferStep.MERGE: "All three talk.",
        TransferStep.COMPLETE: "Caller and target are left alone.",
        TransferStep.BACK: "The caller is with you.",
    }
    order(
        context,
        ref,
        lambda s, id_: SteerTransfer(id=id_, session_id=s.id, epoch=s.epoch, step=step),
        words[step],
        as_json,
    )
