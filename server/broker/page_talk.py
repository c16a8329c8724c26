"""Take in what a visitor does in the chat of a web page: write, change, read, send files, ask for a person, score, end.

Before: `server.api.widget` knows whose token it is. After: it goes as every chat goes, by intake, messages and files.
"""

from collections.abc import AsyncIterator, Sequence

from server.broker import road
from server.broker.files import Download, Files, no_such_file
from server.broker.messages import Messages
from server.broker.page_conversations import PageConversations, principal_of
from server.broker.ports.store import Unit
from server.broker.ports.visitors import Visitor
from server.broker.talk_state import shown, talk_state
from server.core import inputs
from server.core.delivery import check_window
from server.core.errors import CallerError, NotFoundError
from server.wire.requests import DeliveryReport, MessageEdit, NewMessage
from server.wire.sanitize import clean_line
from server.wire.terms import Author, Delivery, FileId, MessageId
from server.wire.views import FileView, MessageView
from server.wire.widget import PersonWish, TalkState, Turns, VisitorMessage, VisitorScore, WidgetMessage

MOST_TURNS = 100
"""How many turns a page gets at once."""


class PageTalk:
    """The chat of visitors."""

    def __init__(self, conversations: PageConversations, messages: Messages, files: Files) -> None:
        """Work on these parts."""
        self._conversations = conversations
        self._parts = conversations.parts
        self._intake = conversations.intake
        self._messages = messages
        self._files = files

    async def say(self, visitor: Visitor, body: VisitorMessage) -> WidgetMessage:
        """Append what the visitor wrote; in a chat that has ended it begins a new one."""
        principal = principal_of(visitor)
        conversation_id = await self._conversations.chat(visitor, body.key)
        message = NewMessage(author=Author.CUSTOMER, text=body.text, key=body.key, files=body.files)
        view = await self._intake.append_message(principal, conversation_id, message)
        if self._conversations.policy.person_first:
            await self._conversations.call_for_person(visitor, conversation_id, "wrote on the web page", asked=False)
        return _seen(shown(view))

    async def edit(self, visitor: Visitor, message_id: MessageId, text: str) -> WidgetMessage:
        """Change one's own message, or take it back with an empty text, while the time for that runs.

        Raises:
            NotFoundError: `no_such_message`.
            ConflictError: `too_late_to_change`, `message_deleted`.
        """
        message = await self._parts.database.read(
            lambda unit: unit.conversations.message(visitor.organisation_id, message_id)
        )
        mine = message is not None and message.conversation_id == visitor.conversation_id
        if message is None or not mine or message.author is not Author.CUSTOMER:
            raise NotFoundError("no_such_message", "There is no such message of yours.", "Read the chat again.")
        check_window(message.at, self._parts.clock.now(), self._parts.rules.edit_window_seconds)
        principal = principal_of(visitor)
        if not text.strip():
            return _seen(shown(await self._messages.delete(principal, visitor.conversation_id, message_id)))
        edit = MessageEdit(text=text)
        return _seen(shown(await self._messages.edit(principal, visitor.conversation_id, message_id, edit)))

    async def turns(self, visitor: Visitor, *, before: int = 0, after: int = 0) -> Turns:
        """Return turns before a position, or the newest and everything after one."""

        def work(unit: Unit) -> Turns:
            if not visitor.conversation_id:
                return Turns()
            organisation_id, conversation_id = visitor.organisation_id, visitor.conversation_id
            if before:
                first = max(before - 1 - MOST_TURNS, 0)
                found = unit.views.messages(organisation_id, conversation_id, first, before - 1 - first)
            else:
                found = unit.views.latest_messages(organisation_id, conversation_id, MOST_TURNS)
                if found and after and after < found[0].position - 1:
                    found = unit.views.messages(organisation_id, conversation_id, after, 5 * MOST_TURNS)
            return Turns(messages=_visible(found), more=bool(found) and found[0].position > 1)

        return await self._parts.database.read(work)

    async def receipts(self, visitor: Visitor, ids: Sequence[MessageId], delivery: Delivery) -> None:
        """Take the page's word that messages of operators are there, or were seen; others are passed over."""
        if delivery not in {Delivery.DELIVERED, Delivery.READ} or not visitor.conversation_id:
            return
        report = DeliveryReport(delivery=delivery)
        for message_id in ids:
            try:
                await self._messages.report(principal_of(visitor), visitor.conversation_id, message_id, report)
            except (NotFoundError, CallerError):
                continue

    async def types(self, visitor: Visitor, *, on: bool) -> None:
        """Show operators that the visitor writes."""
        if visitor.conversation_id:
            await self._intake.customer_typing(principal_of(visitor), visitor.conversation_id, on=on)

    async def upload(self, visitor: Visitor, name: str, pieces: AsyncIterator[bytes]) -> FileView:
        """Keep the bytes of a file that the next message carries."""
        conversation_id = await self._conversations.chat(visitor, "")
        return await self._files.upload(principal_of(visitor), conversation_id, name, pieces)

    async def download(self, visitor: Visitor, file_id: FileId) -> Download:
        """Return a file of the visitor's own chat.

        Raises:
            NotFoundError: `no_such_file`.
        """
        file = await self._parts.database.read(lambda unit: unit.files.load(visitor.organisation_id, file_id))
        if file is None or not visitor.conversation_id or file.conversation_id != visitor.conversation_id:
            raise no_such_file()
        return await self._files.download(principal_of(visitor), file_id)

    async def ask_for_person(self, visitor: Visitor, body: PersonWish) -> TalkState:
        """Call for a person, as the visitor's own wish: what the button said is their turn, and the guard reads it."""
        words = body.words.strip() or "I would like to talk to a person."
        conversation_id = await self._conversations.chat(visitor, body.key)
        turn = NewMessage(author=Author.CUSTOMER, text=words, key=body.key)
        await self._intake.append_message(principal_of(visitor), conversation_id, turn)
        await self._conversations.call_for_person(
            visitor, conversation_id, "asked for a person with the widget's button", asked=True
        )
        now = self._parts.clock.now()
        return await self._parts.database.read(
            lambda unit: talk_state(unit, visitor.organisation_id, conversation_id, now)
        )

    async def score(self, visitor: Visitor, body: VisitorScore) -> None:
        """Keep how content the visitor is with a talk of theirs.

        Raises:
            NotFoundError: `no_such_session`.
            ConflictError: `nothing_to_score`, `not_possible_now`.
        """
        comment = self._parts.redactor.redact(visitor.organisation_id, clean_line(body.comment, 500))

        def work(unit: Unit) -> None:
            session = unit.sessions.load(visitor.organisation_id, body.session_id)
            own = {one for one in (visitor.conversation_id, visitor.call_id) if one}
            if session is None or session.conversation_id not in own:
                raise NotFoundError("no_such_session", "There is no such talk of yours.", "Look at the chat again.")
            fact = inputs.CustomerScored(body.score, comment)
            road.apply(unit, self._parts, visitor.organisation_id, session.id, fact)

        await self._parts.database.run(work)

    async def end(self, visitor: Visitor) -> None:
        """End the chat; ending it twice changes nothing."""
        if visitor.conversation_id:
            await self._intake.end_conversation(principal_of(visitor), visitor.conversation_id)


def _visible(messages: Sequence[MessageView]) -> tuple[WidgetMessage, ...]:
    return tuple(seen for message in messages if (seen := shown(message)) is not None)


def _seen(message: WidgetMessage | None) -> WidgetMessage:
    assert message is not None  # noqa: S101 - a visitor's own turn is never an internal note
    return message
