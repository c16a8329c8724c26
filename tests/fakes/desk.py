"""A broker in memory for tests of the screen: it plays what it is told and remembers every order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from operator_console.model.inputs import DeskEvent, Told
from operator_console.tui.ports import DeskError
from server.wire.audit import AuditView
from server.wire.commands import Command
from server.wire.errors import ErrorBody
from server.wire.frames import Look, Reply
from server.wire.history import ContactPage, SearchPage
from server.wire.routing import WhyView
from server.wire.terms import ContactId, ConversationId, FileId, SessionId
from server.wire.translation import TranslationView
from server.wire.views import Digest, FileView, MessageView, Page
from tests.fakes.console_data import NOW

Answer = Callable[[Command], Reply | None]


class FakeDesk:
    """Fulfils `Desk`. `answer` gives the reply of each order; None leaves it without one until `release`."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.orders: list[Command] = []
        self.looks: list[Look] = []
        self.explanation: WhyView | None = None
        self.explained: list[str] = []
        self.shift = Digest(since=NOW, until=NOW)
        self.transcripts: dict[ConversationId, tuple[MessageView, ...]] = {}
        self.pages: dict[str, Page] = {}
        self.searches: dict[str, SearchPage] = {}
        self.contacts: dict[str, ContactPage] = {}
        self.audits: dict[SessionId, tuple[AuditView, ...]] = {}
        self.translated: list[tuple[SessionId, str]] = []
        self.translation: TranslationView | ErrorBody | None = None
        self.resyncs = 0
        self.asked: list[tuple[ConversationId, int]] = []
        self.refuse_reads = False
        self.uploads: list[tuple[ConversationId, Path]] = []
        self.downloads: list[FileView] = []
        self.moving = asyncio.Event()
        self._answer = answer or (lambda command: Reply(id=command.id, ok=True))
        self._events: asyncio.Queue[DeskEvent] = asyncio.Queue()
        self._held: dict[str, asyncio.Future[Reply]] = {}

    def play(self, *events: DeskEvent) -> None:
        for event in events:
            self._events.put_nowait(event)

    def release(self, reply: Reply) -> None:
        self._held.pop(reply.id).set_result(reply)

    async def events(self) -> AsyncIterator[DeskEvent]:
        while True:
            yield await self._events.get()

    async def send(self, command: Command) -> Reply:
        self.orders.append(command)
        reply = self._answer(command)
        if reply is not None:
            return reply
        held: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._held[command.id] = held
        return await held

    async def look(self, look: Look) -> None:
        self.looks.append(look)

    async def resync(self) -> None:
        self.resyncs += 1

    async def why(self, ref: str) -> WhyView:
        """Return the explanation that a test gave, or refuse."""
        self.explained.append(ref)
        if self.explanation is None:
            raise DeskError(ErrorBody("no_such_session", f"There is no session {ref}.", "Look at the queue."))
        return self.explanation

    async def audit(self, session_id: SessionId) -> tuple[AuditView, ...]:
        if session_id not in self.audits:
            raise DeskError(ErrorBody("connection_lost", "The broker is not reachable.", "Wait."))
        return self.audits[session_id]

    async def translate(self, session_id: SessionId, text: str) -> TranslationView:
        """Return the translation that a test gave, refuse, or hang."""
        self.translated.append((session_id, text))
        if self.translation is None:
            await asyncio.Event().wait()
        if isinstance(self.translation, ErrorBody):
            raise DeskError(self.translation)
        assert self.translation is not None
        return self.translation

    async def digest(self) -> Digest:
        if self.refuse_reads:
            raise DeskError(ErrorBody("connection_lost", "The broker is not reachable.", "Wait."))
        return self.shift

    async def transcript(self, conversation_id: ConversationId, after_position: int) -> tuple[MessageView, ...]:
        self.asked.append((conversation_id, after_position))
        if self.refuse_reads:
            raise DeskError(ErrorBody("connection_lost", "The broker is not reachable.", "Wait."))
        known = self.transcripts.get(conversation_id, ())
        return tuple(message for message in known if message.position > after_position)

    async def history(self, query: str = "", before: str = "") -> Page:
        if self.refuse_reads:
            raise DeskError(ErrorBody("connection_lost", "The broker is not reachable.", "Wait."))
        return self.pages.get(before or query, Page())

    async def search(self, words: str, after: str = "") -> SearchPage:
        if self.refuse_reads:
            raise DeskError(ErrorBody("connection_lost", "The broker is not reachable.", "Wait."))
        return self.searches.get(after or words, SearchPage())

    async def follow_ups(self, after: str = "") -> Page:
        return self.pages.get(after or "follow-ups", Page())

    async def contact(self, contact_id: ContactId) -> ContactPage:
        return await self.contact_of(contact_id)

    async def contact_of(self, who: str) -> ContactPage:
        if who not in self.contacts:
            raise DeskError(ErrorBody("no_such_contact", "There is no such contact.", "Try a number."))
        return self.contacts[who]

    async def upload(self, conversation_id: ConversationId, path: Path, told: Told) -> FileView:
        self.uploads.append((conversation_id, path))
        if self.refuse_reads:
            raise DeskError(ErrorBody("file_unreadable", f"{path} can't be sent.", "Check the path."))
        told(400, 1_000)
        await self.moving.wait()
        told(1_000, 1_000)
        return FileView(id=FileId("f_1"), name=path.name, media_type="image/png", size=1_000)

    async def download(self, file: FileView, folder: Path, told: Told) -> Path:
        self.downloads.append(file)
        told(0, file.size)
        await self.moving.wait()
        return folder / file.name
