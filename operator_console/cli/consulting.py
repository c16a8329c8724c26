"""Answer an assistant on the command line: a line to its question, yes or no to its proposal."""

from typing import Annotated

import typer

from operator_console.cli.options import Json, Note, Ref
from operator_console.cli.orders import Text, order, text_of
from server.wire.commands import Answer, Decide


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(answer)
    app.command()(approve)


def answer(context: typer.Context, ref: Ref, text: Text, *, as_json: Json = False) -> None:
    """Answer an AI's question with one line; the customer stays with the AI."""
    said = text_of(text)
    order(context, ref, lambda s, id_: Answer(id=id_, session_id=s.id, epoch=s.epoch, text=said), "Answered.", as_json)


def approve(
    context: typer.Context,
    ref: Ref,
    *,
    no: Annotated[bool, typer.Option("--no", help="Decline it instead.")] = False,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Approve (or with --no decline) what an AI proposes to do; --note is the reason it reads."""
    order(
        context,
        ref,
        lambda s, id_: Decide(id=id_, session_id=s.id, epoch=s.epoch, approved=not no, reason=note),
        "Declined." if no else "Approved.",
        as_json,
    )
