"""Take one event of a platform: once, by its key, in one transaction with what it changes.

Before: `taking` has understood a request. After: a conversation has changed, or the event says why not.
"""

from typing import Final, assert_never

import msgspec

from server.broker.cards import Cards
from server.broker.channels.chats import heard, open_conversation
from server.broker.channels.fetching import add_jobs, expect_files
from server.broker.channels.reports import add_note, echoed, reported
from server.broker.channels.trouble import told_by_the_platform
from server.broker.conversations import end_conversation
from server.broker.going_out import HAS_LEFT, settle
from server.broker.messages import Messages
from server.broker.minding import Minding
from server.broker.parts import Parts
from server.broker.passing import Passing
from server.broker.ports.channel_store import PartState, TakenEvent
from server.broker.ports.channels import Account, ChannelEvent, EventKind
from server.broker.ports.records import Conversation, Message, Principal
from server.broker.ports.store import Unit
from server.broker.redacting import redacted_turn
from server.broker.translation_jobs import turn_wants_translation
from server.log import get_log
from server.wire import codec
from server.wire.frames import CustomerTyping
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import Author, ConversationId, MessageId
from server.wire.views import MessageView

EARLY_ATTEMPTS: Final = 4
"""So often an event waits for what it is about; then it is taken as about nothing we know."""
TYPING_SECONDS: Final = 15.0
"""Older news of somebody typing are no news."""
_log = get_log(__name__)


class NotYet(Exception):  # noqa: N818 - no error: the event came before what it is about
    """What an event is about is not there yet; it is tried again."""


class Events:
    """What happens on channels, taken into conversations."""

    def __init__(self, parts: Parts, passing: Passing, messages: Messages, cards: Cards, minding: Minding) -> None:
        """Work on these parts; `cards` and `minding` look at what customers say, as at every other turn."""
        self._parts = parts
        self._passing = passing
        self._messages = messages
        self._cards = cards
        self._minding = minding

    async def take(self, account: Account, event: ChannelEvent, *, attempts: int = 0) -> None:
        """Take one event; one that was taken before changes nothing.

        Raises:
            NotYet: try again later.
            HandoffError: it cannot be taken, or not now.
        """
        late = attempts >= EARLY_ATTEMPTS
        match event.kind:
            case EventKind.MESSAGE:
                await self._message(account, event)
            case EventKind.EDITED | EventKind.DELETED:
                await self._changed(account, event, late=late)
            case EventKind.TYPING:
                await self._typing(account, event)
            case EventKind.DELIVERY | EventKind.ECHO | EventKind.LEFT | EventKind.ACCOUNT | EventKind.UNKNOWN:
                text = (await self._read(account, event)).strip() if event.kind is EventKind.ECHO else ""
                await self._parts.database.run(lambda unit: self._told(unit, account, event, text, late=late))
            case _:
                assert_never(event.kind)

    async def _message(self, account: Account, event: ChannelEvent) -> None:
        """Append what a customer said; its files come later."""
        parts = self._parts
        text = await self._read(account, event)
        if not text.strip() and not event.files:
            await parts.database.run(lambda unit: _record(unit, parts, account, event, "There was nothing in it."))
            return

        def work(unit: Unit) -> MessageView | None:
            if not _record(unit, parts, account, event):
                return None
            now = parts.clock.now()
            conversation = open_conversation(unit, parts, account, event)
            heard(unit, account, event, now)
            message = Message(
                id=MessageId(parts.new_id("m")),
                organisation_id=account.organisation_id,
                conversation_id=conversation.id,
                author=Author.CUSTOMER,
                text=text,
                at=min(event.at or now, now),
                author_name=_author_name(event, conversation),
                session_id=conversation.session_id,
                files=expect_files(parts, account, event),
            )
            view = unit.conversations.add_message(message)
            unit.ledger.tell_message(account.organisation_id, "message.added", view)
            turn_wants_translation(unit, parts, account.organisation_id, view)
            tie(unit, parts, account, event, view)
            add_jobs(unit, parts, account, event, view)
            return view

        view = await parts.database.run(work)
        if view is not None:
            self._cards.heard(view)
            self._minding.noticed(account.organisation_id, view.conversation_id)

    async def _read(self, account: Account, event: ChannelEvent) -> str:
        """Return what an event says, safe to show and without secrets."""
        parts = self._parts
        known = await parts.database.read(
            lambda unit: unit.conversations.find_chat(account.organisation_id, account.name, event.chat)
        )
        conversation_id = known.id if known is not None else ConversationId("")
        return await redacted_turn(parts, account.organisation_id, conversation_id, clean_text(event.text))

    async def _changed(self, account: Account, event: ChannelEvent, *, late: bool) -> None:
        """Edit, or take back, what a customer said; of what we never saw a note says so."""
        text = (await self._read(account, event)).strip() if event.kind is EventKind.EDITED else ""
        await self._parts.database.run(lambda unit: self._change(unit, account, event, text, late=late))

    def _change(self, unit: Unit, account: Account, event: ChannelEvent, text: str, *, late: bool) -> None:
        organisation_id = account.organisation_id
        if unit.channels.taken(organisation_id, account.name, event.key):
            return
        known = unit.channels.by_platform_id(organisation_id, account.name, event.chat, event.message_id)
        message_id = known.message_id if known is not None else None
        message = unit.conversations.message(organisation_id, message_id) if message_id is not None else None
        if message is not None and message.author is Author.CUSTOMER:
            conversation = unit.conversations.load(organisation_id, message.conversation_id)
            assert conversation is not None  # noqa: S101 - its message was loaded in this transaction
            principal = _owner(conversation)
            if event.kind is EventKind.EDITED and text:
                self._messages.edited_there(unit, principal, message, text)
            elif event.kind is EventKind.DELETED:
                self._messages.deleted_there(unit, principal, message)
            _record(unit, self._parts, account, event)
            return
        ours = unit.out_parts.by_platform_id(organisation_id, account.name, event.chat, event.message_id)
        if message is not None or ours is not None:
            _record(unit, self._parts, account, event, "A message of ours was changed on the platform.")
            return
        if not late:
            raise NotYet(f"It is about a message that is not there yet ({event.message_id[:40]}).")
        self._never_seen(unit, account, event, text)

    def _never_seen(self, unit: Unit, account: Account, event: ChannelEvent, text: str) -> None:
        """Say in the conversation that something changed which we never saw."""
        what = f"now says: {text}" if event.kind is EventKind.EDITED else "was taken back."
        note = f"A message of the customer that never arrived here {what}"
        _record(unit, self._parts, account, event, note)
        conversation = unit.conversations.find_chat(account.organisation_id, account.name, event.chat)
        if conversation is not None:
            add_note(unit, self._parts, conversation, note)

    async def _typing(self, account: Account, event: ChannelEvent) -> None:
        """Show consoles that the customer writes; kept nowhere."""
        now = self._parts.clock.now()
        if event.at is not None and (now - event.at).total_seconds() > TYPING_SECONDS:
            return
        known = await self._parts.database.read(
            lambda unit: unit.conversations.find_chat(account.organisation_id, account.name, event.chat)
        )
        if known is not None:
            frame = codec.encode(CustomerTyping(conversation_id=known.id, on=True))
            self._passing.to_consoles(account.organisation_id, frame)

    def _told(self, unit: Unit, account: Account, event: ChannelEvent, text: str, *, late: bool) -> None:
        """Take what is no message of a customer."""
        if unit.channels.taken(account.organisation_id, account.name, event.key):
            return
        note, found = self._carried_out(unit, account, event, text)
        if note is None:
            if not late:
                raise NotYet(f"It is about a message that we have not sent, or not yet ({event.message_id[:40]}).")
            note = "It was about a message that we never sent."
        _record(unit, self._parts, account, event, note)
        if found is not None:
            tie(unit, self._parts, account, event, found)

    def _carried_out(
        self, unit: Unit, account: Account, event: ChannelEvent, text: str
    ) -> tuple[str | None, MessageView | None]:
        """Do what an event says; return a note (None: what it is about is not there), and the message it became."""
        match event.kind:
            case EventKind.DELIVERY:
                return reported(unit, self._parts, account, event), None
            case EventKind.ECHO:
                return echoed(unit, self._parts, account, event, text)
            case EventKind.LEFT:
                self._left(unit, account, event)
            case EventKind.ACCOUNT:
                told_by_the_platform(unit, self._parts, account, clean_line(event.failure, 200))
            case _:
                _log.info("channel_event_unknown", account=account.name, note=clean_line(event.note, 200))
        return clean_line(event.note, 200), None

    def _left(self, unit: Unit, account: Account, event: ChannelEvent) -> None:
        """End the conversation, with all that still waits to be sent."""
        conversation = unit.conversations.find_chat(account.organisation_id, account.name, event.chat)
        if conversation is None:
            return
        now = self._parts.clock.now()
        for part in unit.out_parts.unfinished(conversation.id):
            if part.state is PartState.WAITING:
                failed = msgspec.structs.replace(part, state=PartState.FAILED, error=HAS_LEFT, changed_at=now)
                unit.out_parts.save(failed)
                settle(unit, account.organisation_id, failed)
        end_conversation(unit, self._parts, conversation)


def _record(unit: Unit, parts: Parts, account: Account, event: ChannelEvent, note: str = "") -> bool:
    """Write down that an event is taken; False when it was before, and nothing may be changed."""
    return unit.channels.take(_taken(parts, account, event, note))


def _taken(parts: Parts, account: Account, event: ChannelEvent, note: str) -> TakenEvent:
    return TakenEvent(
        organisation_id=account.organisation_id,
        account=account.name,
        key=event.key,
        at=parts.clock.now(),
        kind=event.kind,
        chat=event.chat,
        platform_id=event.message_id,
        note=note[:500],
    )


def tie(unit: Unit, parts: Parts, account: Account, event: ChannelEvent, view: MessageView) -> None:
    """Write down which message an event became, so that later events find it."""
    taken = _taken(parts, account, event, "")
    unit.channels.tie(msgspec.structs.replace(taken, conversation_id=view.conversation_id, message_id=view.id))


def _author_name(event: ChannelEvent, conversation: Conversation) -> str:
    """Return who wrote it: where several people write, each under their own name or id."""
    if not event.shared:
        return conversation.customer_name
    return clean_line(event.sender_name or next(iter(event.sender_ids), ""), 120)


def _owner(conversation: Conversation) -> Principal:
    """Return the assistant whose conversation it is."""
    return Principal(kind="assistant", id=conversation.key_id, organisation_id=conversation.organisation_id, name="")
