"""Print what happens at the desk, one event per line, for screen readers, logs and programs."""

import contextlib
from typing import Annotated, Final

import typer

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.cli.options import Json
from operator_console.model.inputs import Connected, DeskEvent, Disconnected, Stale
from operator_console.model.wording import mark_words, mood_word, outcome_words, said_words, who
from server.wire.errors import ErrorBody
from server.wire.events import (
    ApproveDecided,
    AssistAnswered,
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    MessageChanged,
    OperatorChanged,
    SessionEvent,
)
from server.wire.frames import Alarms, Batch, CustomerTyping, Ghosts, Goodbye, Snapshot, Wall
from server.wire.terms import Author, ConversationId, OperatorId, SessionState
from server.wire.views import MessageView, OperatorView, SessionView

MOST_NAMES: Final = 50_000
"""Conversations and people whose names are remembered; then the memory starts anew."""


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(watch)


def watch(
    context: typer.Context,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="One event per line; so it is without --json anyway.")] = True,
    as_json: Json = False,
    once: Annotated[bool, typer.Option("--once", help="Print what is, and end.")] = False,
) -> None:
    """Print every event of the desk on a line of its own, until ctrl-C; reconnects by itself."""
    del plain
    invocation = context.find_root().ensure_object(Invocation)
    printer = JsonPrinter() if as_json else PlainPrinter()

    async def follow() -> None:
        socket = invocation.socket(view_only=True)
        async with contextlib.aclosing(socket.events()) as events:
            async for event in events:
                printer.take(event)
                if once and isinstance(event, Snapshot):
                    return
                if isinstance(event, Disconnected) and not event.retry:
                    raise CommandError(socket.failure or ErrorBody("connection_lost", event.reason))

    invocation.run(follow)


class JsonPrinter:
    """Prints snapshots and events as JSON, one a line; the state of the connection goes to stderr."""

    def __init__(self) -> None:
        self._link = Link()

    def take(self, event: DeskEvent) -> None:
        """Print one thing that happened."""
        match event:
            case Batch():
                for one in event.events:
                    output.data(one)
            case Snapshot() | CustomerTyping() | Ghosts() | Alarms() | Wall():
                output.data(event)
            case Goodbye() | Connected() | Stale() | Disconnected():
                self._link.take(event)


class PlainPrinter:
    """Prints sentences, with the number of the session in front."""

    def __init__(self) -> None:
        self._link = Link()
        self._numbers: dict[ConversationId, str] = {}
        self._people: dict[OperatorId, OperatorView] = {}

    def take(self, event: DeskEvent) -> None:
        """Print one thing that happened."""
        match event:
            case Snapshot():
                self._numbers.clear()
                self._people = {person.id: person for person in event.operators}
                for session in event.sessions:
                    self._print(f"{event.now.astimezone():%H:%M:%S}", self._session_words(session))
            case Batch():
                for one in event.events:
                    self._print(f"{one.at.astimezone():%H:%M:%S}", self._words(one))
            case CustomerTyping() | Ghosts() | Alarms() | Wall():
                return
            case Goodbye() | Connected() | Stale() | Disconnected():
                self._link.take(event)

    def _print(self, at: str, words: str) -> None:
        if words:
            output.lines([f"{at} {words}"])

    def _words(self, event: Event) -> str:
        match event:
            case SessionEvent():
                return self._session_words(event.session)
            case MessageAdded() | MessageChanged():
                return self._message_words(event.message, changed=isinstance(event, MessageChanged))
            case OperatorChanged():
                return self._operator_words(event.operator)
            case ConversationChanged() | ConversationReturned() | AssistAnswered() | ApproveDecided():
                return ""

    def _session_words(self, session: SessionView) -> str:
        if len(self._numbers) >= MOST_NAMES:
            self._numbers.clear()
        self._numbers[session.conversation_id] = session.number
        mood = mood_word(session.context.mood)
        about = f"{session.medium.value} {who(session.customer)}: {session.reason}{f' ({mood})' if mood else ''}"
        return f"{session.number} {self._state_words(session)}, {about}"

    def _state_words(self, session: SessionView) -> str:
        match session.state:
            case SessionState.OFFERED:
                return f"rings at {', '.join(self._name(who) for who in session.rung()) or 'somebody'}"
            case SessionState.CONNECTING | SessionState.ACTIVE | SessionState.HELD | SessionState.WRAP_UP:
                muted = " (muted)" if session.muted else ""
                return f"{session.state.value.replace('_', ' ')} with {self._name(session.operator_id)}{muted}"
            case SessionState.ASKED:
                return f"asks an operator ({session.kind.value})"
            case SessionState.CLOSED:
                return f"closed: {outcome_words(session)}"
            case _:
                return "waits" if session.state is SessionState.QUEUED else session.state.value

    def _message_words(self, message: MessageView, *, changed: bool) -> str:
        number = self._numbers.get(message.conversation_id, message.conversation_id)
        speaker = message.author_name or message.author.value
        if message.operator_id is not None:
            speaker = self._name(message.operator_id)
        if message.author is Author.NOTE:
            speaker = f"note by {speaker}"
        said = said_words(message).replace("\n", " / ")
        marks = mark_words(message)
        if changed:
            return f"{number} {speaker}, {marks or 'deleted'}: {said}"
        return f"{number} {speaker}: {said}{f' ({marks})' if marks else ''}"

    def _operator_words(self, person: OperatorView) -> str:
        before = self._people.get(person.id)
        if len(self._people) >= MOST_NAMES:
            self._people.clear()
        self._people[person.id] = person
        if before is not None and _duty(before) == _duty(person):
            return ""
        return f"{person.name} is {_duty(person)}"

    def _name(self, operator_id: OperatorId | None) -> str:
        person = self._people.get(operator_id) if operator_id is not None else None
        return person.name if person is not None else operator_id or "somebody"


class Link:
    """Tells on stderr how the connection stands, once per change."""

    def __init__(self) -> None:
        self._up = False

    def take(self, event: Goodbye | Connected | Stale | Disconnected) -> None:
        """Tell it when it is news."""
        match event:
            case Connected():
                if not self._up:
                    output.talk("Connected.")
                self._up = True
            case Stale():
                output.talk(f"Nothing heard since {event.since.astimezone():%H:%M:%S}.")
            case Disconnected():
                if self._up or not event.retry:
                    output.talk(event.reason)
                elif event.retry:
                    output.talk(f"{event.reason} Trying again.")
                self._up = False
            case Goodbye():
                return


def _duty(person: OperatorView) -> str:
    words = {"available": "on duty", "away": "away", "offline": "off duty"}[person.presence.value]
    return f"{words}{f' ({person.reason})' if person.reason else ''}{'' if person.connected else ', no console open'}"
