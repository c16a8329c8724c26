"""Translate a conversation, and send a reply as the customer reads it, on the command line."""

from typing import Annotated

import typer

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json, Ref
from operator_console.cli.orders import Switch, Text, give, text_of, told
from operator_console.cli.refs import find
from operator_console.model.clean import clean_translation
from server.wire.commands import Command, Say, Translate
from server.wire.frames import Snapshot
from server.wire.terms import TranslationState
from server.wire.translation import TranslationView

Dry = Annotated[bool, typer.Option("--dry-run", help="Print what the customer would read; send nothing.")]


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command()(translate)
    app.command("say-translated")(say_translated)


def translate(context: typer.Context, ref: Ref, switch: Switch, *, as_json: Json = False) -> None:
    """Have a chat of yours translated both ways, or no more."""

    def choose(snapshot: Snapshot) -> Command:
        session = find(ref, snapshot.sessions)
        on = switch is Switch.ON
        return Translate(id=new_id(), session_id=session.id, epoch=session.epoch, on=on)

    reply = give(context.find_root().ensure_object(Invocation), choose)
    told(reply, "Translation on." if switch is Switch.ON else "Translation off.", as_json=as_json)


def say_translated(
    context: typer.Context, ref: Ref, text: Text, *, dry_run: Dry = False, as_json: Json = False
) -> None:
    """Send a text in the customer's language; when no translation comes it goes out as written, and that is said."""
    invocation = context.find_root().ensure_object(Invocation)
    said = text_of(text)
    view = _asked(invocation, ref, said)
    ready = view.state is TranslationState.READY and bool(view.text)
    if dry_run:
        output.lines([view.text if ready else f"No translation: {view.failure or 'none is needed'}."])
        return
    unneeded = view.state is TranslationState.UNNEEDED

    def choose(snapshot: Snapshot) -> Command:
        session = find(ref, snapshot.sessions)
        sent, written = (view.text, said) if ready else (said, "")
        untranslated = not ready and not unneeded
        return Say(
            id=new_id(),
            session_id=session.id,
            epoch=session.epoch,
            text=sent,
            written=written,
            untranslated=untranslated,
        )

    reply = give(invocation, choose)
    why = f" ({view.failure})" if view.failure else ""
    words = f"Sent: {view.text}" if ready else "Sent." if unneeded else f"No translation came{why}: sent as written."
    told(reply, words, as_json=as_json)


def _asked(invocation: Invocation, ref: str, text: str) -> TranslationView:
    """Return what the customer would read, or why nothing came; a translator never keeps a text from being sent."""
    try:
        return clean_translation(invocation.ask(lambda client: client.translate(ref, text)))
    except CommandError as error:
        if error.body.code == "no_translator":
            return TranslationView(state=TranslationState.FAILED, failure=error.body.message.rstrip("."))
        raise
