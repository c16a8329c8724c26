"""Transfer a live call on the command line, and steer the transfer."""

from typing import Annotated

import typer

from operator_console.cli.options import Json, Ref
from operator_console.cli.orders import order
from server.wire.commands import SteerTransfer, Transfer
from server.wire.terms import TransferKind, TransferStep

To = Annotated[str, typer.Argument(help="A name of the phonebook, +4930123456, sip:name@host, or an extension.")]
How = Annotated[TransferKind, typer.Option(help="warm: speak with them first. cold. conference: all three talk.")]
Which = Annotated[TransferStep, typer.Argument(help="What to do with caller and target.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(transfer)
    app.command("transfer-step")(transfer_step)


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
