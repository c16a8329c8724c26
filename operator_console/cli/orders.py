"""Give orders on the command line: each connects, orders for the session as it is now, and tells the answer."""

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Disposition, Json, Note, Ref
from operator_console.cli.refs import find
from operator_console.model.select import said_last, to_send_again
from operator_console.model.state import DeskModel
from operator_console.model.telephone import MOST_KEYS, is_keys
from operator_console.model.turns import Turns
from server.wire.commands import (
    AddNote,
    BackToAssistant,
    Command,
    Decline,
    DeleteMessage,
    Dtmf,
    EditMessage,
    End,
    Hold,
    Mute,
    PauseRecording,
    Resolve,
    Say,
    SayAgain,
    SetConsent,
)
from server.wire.errors import ErrorBody
from server.wire.frames import Reply, Snapshot
from server.wire.sanitize import clean_line
from server.wire.terms import Consent
from server.wire.views import MessageView, SessionView

Maker = Callable[[SessionView, str], Command]
"""Makes an order for a session, with the order's id."""
Text = Annotated[list[str], typer.Argument(help="The words; - reads them from stdin.")]
MAX_TEXT_CHARS: Final = 20_000


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    for command in (say, again, edit, delete, note, mute, unmute, hold, unhold, press, record, consent, decline):
        app.command()(command)
    for command in (back, resolve, end):
        app.command()(command)


def give(invocation: Invocation, choose: Callable[[Snapshot], Command]) -> Reply:
    """Connect, give the order that `choose` makes of what is, and return the broker's yes.

    Raises:
        CommandError: the broker said no, or could not be asked.
    """
    from operator_console.client.visit import visit  # noqa: PLC0415 - --help needs no network

    async def asked() -> Reply:
        socket = invocation.socket(brief=True)
        async with visit(socket) as snapshot:
            return await socket.send(choose(snapshot))

    return accepted(invocation.run(asked))


def accepted(reply: Reply) -> Reply:
    """Return a yes; `CommandError` for a no."""
    if reply.ok:
        return reply
    raise CommandError(reply.error or ErrorBody("refused", "The broker refused this without saying why.", "Try again."))


def told(reply: Reply, words: str, *, as_json: bool) -> None:
    """Print the answer without its media token, or say in words what was done."""
    if as_json:
        output.data(msgspec.structs.replace(reply, media=None))
    else:
        output.talk(words)


def say(context: typer.Context, ref: Ref, text: Text, *, as_json: Json = False) -> None:
    """Send a text to the customer."""
    said = text_of(text)
    order(context, ref, lambda s, id_: Say(id=id_, session_id=s.id, epoch=s.epoch, text=said), "Sent.", as_json)


def again(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Send the newest message again that failed or may not have arrived; the customer may read it twice."""

    def choose(session: SessionView, turns: DeskModel) -> MessageView:
        message = to_send_again(turns, session)
        if message is None:
            raise CommandError(ErrorBody("nothing_to_send_again", "No message here failed or has an unknown outcome."))
        return message

    def make(session: SessionView, id_: str, message: MessageView) -> Command:
        return SayAgain(id=id_, session_id=session.id, epoch=session.epoch, message_id=message.id)

    _about_message(context, ref, choose, make, words="Sent again.", as_json=as_json)


def edit(context: typer.Context, ref: Ref, text: Text, *, as_json: Json = False) -> None:
    """Change what you said last."""
    said = text_of(text)

    def make(session: SessionView, id_: str, message: MessageView) -> Command:
        return EditMessage(id=id_, session_id=session.id, epoch=session.epoch, message_id=message.id, text=said)

    _about_message(context, ref, _last_of_mine, make, words="Changed.", as_json=as_json)


def delete(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Take back what you said last."""

    def make(session: SessionView, id_: str, message: MessageView) -> Command:
        return DeleteMessage(id=id_, session_id=session.id, epoch=session.epoch, message_id=message.id)

    _about_message(context, ref, _last_of_mine, make, words="Taken back.", as_json=as_json)


def note(context: typer.Context, ref: Ref, text: Text, *, as_json: Json = False) -> None:
    """Write a note that only operators see."""
    said = text_of(text)
    order(context, ref, lambda s, id_: AddNote(id=id_, session_id=s.id, epoch=s.epoch, text=said), "Noted.", as_json)


def mute(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Let the caller hear silence."""
    order(context, ref, lambda s, id_: Mute(id=id_, session_id=s.id, epoch=s.epoch, on=True), "Muted.", as_json)


def unmute(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Let the caller hear you again."""
    order(context, ref, lambda s, id_: Mute(id=id_, session_id=s.id, epoch=s.epoch, on=False), "Unmuted.", as_json)


def hold(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Put the customer on hold."""
    order(context, ref, lambda s, id_: Hold(id=id_, session_id=s.id, epoch=s.epoch, on=True), "On hold.", as_json)


def unhold(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """Take the customer back from hold."""
    order(context, ref, lambda s, id_: Hold(id=id_, session_id=s.id, epoch=s.epoch, on=False), "Live.", as_json)


def press(
    context: typer.Context,
    ref: Ref,
    keys: Annotated[str, typer.Argument(help="1 to 32 of 0-9 * # A-D; - reads them from stdin, unseen by others.")],
    *,
    as_json: Json = False,
) -> None:
    """Press keys on the caller's line."""
    digits = "".join((sys.stdin.readline() if keys == "-" else keys).split()).upper()
    if not is_keys(digits):
        raise typer.BadParameter(f"Not keys of a telephone: give 1 to {MOST_KEYS} of 0-9, *, # and A-D.")
    order(context, ref, lambda s, id_: Dtmf(id=id_, session_id=s.id, epoch=s.epoch, digits=digits), "Pressed.", as_json)


def record(
    context: typer.Context,
    ref: Ref,
    wanted: Annotated[Switch, typer.Argument(help="off pauses the recording, on goes on with it.")],
    *,
    as_json: Json = False,
) -> None:
    """Pause the recording of a call, or go on with it."""
    off = wanted is Switch.OFF
    order(
        context,
        ref,
        lambda s, id_: PauseRecording(id=id_, session_id=s.id, epoch=s.epoch, on=off),
        "Paused." if off else "Recording.",
        as_json,
    )


def consent(
    context: typer.Context,
    ref: Ref,
    said: Annotated[Consent, typer.Argument(help="What the customer said about being recorded.")],
    *,
    as_json: Json = False,
) -> None:
    """Write down whether the call may be recorded."""
    order(
        context,
        ref,
        lambda s, id_: SetConsent(id=id_, session_id=s.id, epoch=s.epoch, consent=said),
        f"Consent {said}.",
        as_json,
    )


def decline(
    context: typer.Context,
    ref: Ref,
    *,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Let an offer pass."""
    order(
        context,
        ref,
        lambda s, id_: Decline(id=id_, session_id=s.id, epoch=s.epoch, reason=reason),
        "Declined.",
        as_json,
    )


def back(context: typer.Context, ref: Ref, *, note: Note = "", as_json: Json = False) -> None:
    """Give the conversation back to the AI."""
    order(
        context,
        ref,
        lambda s, id_: BackToAssistant(id=id_, session_id=s.id, epoch=s.epoch, note=note),
        "Back with the AI.",
        as_json,
    )


def resolve(
    context: typer.Context,
    ref: Ref,
    *,
    note: Note = "",
    about: Disposition = "",
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End the call; else it goes back to the AI.")] = False,
    as_json: Json = False,
) -> None:
    """The matter is done."""
    order(
        context,
        ref,
        lambda s, id_: Resolve(id=id_, session_id=s.id, epoch=s.epoch, note=note, disposition=about, hang_up=hang_up),
        "Resolved.",
        as_json,
    )


def end(
    context: typer.Context,
    ref: Ref,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Hang up; on a chat, close it without giving it back."""
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("This drops the customer: say --yes.")
        typer.confirm(f"Drop the customer of {clean_line(ref, 40)}?", abort=True, err=True)
    order(context, ref, lambda s, id_: End(id=id_, session_id=s.id, epoch=s.epoch), "Ended.", as_json)


def order(context: typer.Context, ref: str, make: Maker, words: str, as_json: bool) -> None:
    """Give the order that `make` makes for a session as it is now, and tell the answer."""

    def choose(snapshot: Snapshot) -> Command:
        return make(find(ref, snapshot.sessions), new_id())

    reply = give(context.find_root().ensure_object(Invocation), choose)
    number = f"{reply.session.number}: " if reply.session is not None else ""
    told(reply, f"{number}{words}", as_json=as_json)


def _last_of_mine(session: SessionView, turns: DeskModel) -> MessageView:
    message = said_last(turns, session)
    if message is None:
        raise CommandError(ErrorBody("nothing_said", f"You have not said anything in {session.number}."))
    return message


def _about_message(
    context: typer.Context,
    ref: str,
    choose: Callable[[SessionView, DeskModel], MessageView],
    make: Callable[[SessionView, str, MessageView], Command],
    *,
    words: str,
    as_json: bool,
) -> None:
    """Read the conversation, choose one of its messages, and give the order about it."""
    from operator_console.client.visit import visit  # noqa: PLC0415 - --help needs no network

    invocation = context.find_root().ensure_object(Invocation)

    async def asked() -> Reply:
        socket = invocation.socket(brief=True)
        async with visit(socket) as snapshot, invocation.rest() as client:
            session = find(ref, snapshot.sessions)
            turns = Turns().with_turns(await client.messages(session.conversation_id), loaded=True)
            model = DeskModel(me=snapshot.me, turns={session.conversation_id: turns})
            return await socket.send(make(session, new_id(), choose(session, model)))

    told(accepted(invocation.run(asked)), words, as_json=as_json)


def text_of(words: list[str], *, may_be_empty: bool = False) -> str:
    """Return the words of a command, or what stdin holds where they are a dash."""
    text = sys.stdin.read(MAX_TEXT_CHARS + 1) if words == ["-"] else " ".join(words)
    if len(text) > MAX_TEXT_CHARS:
        raise typer.BadParameter(f"The text is longer than {MAX_TEXT_CHARS} characters.")
    if not text.strip() and not may_be_empty:
        raise typer.BadParameter("The text is empty.")
    return text.rstrip("\n")
