"""Match what a platform tells of our own words: what became of them, and what somebody said in our name elsewhere.

A person who answers in the platform's own app takes the customer: the assistant is silent for a stated time, or until a
session of the conversation ends.
"""

from datetime import timedelta
from typing import Final

import msgspec

from server.broker.channels.chats import open_conversation
from server.broker.going_out import settle
from server.broker.parts import Parts
from server.broker.ports.channel_store import OutPart, PartKind, PartState
from server.broker.ports.channels import Account, ChannelEvent
from server.broker.ports.records import Conversation, Message
from server.broker.ports.store import Unit
from server.core import delivery as rules
from server.wire.sanitize import clean_line
from server.wire.terms import Author, Delivery, MessageId
from server.wire.views import MessageView

MOST_READ_AT_ONCE: Final = 50
MOST_DIGITS: Final = 18
"""Of a part's number."""
_OURS_PERHAPS: Final = frozenset({PartState.SENDING, PartState.UNKNOWN})
ELSEWHERE: Final = "A person answered in the platform's own app: the assistant is silent for now."


def reported(unit: Unit, parts: Parts, account: Account, event: ChannelEvent) -> str | None:
    """Take a report; return a note, or None when what it is about is not there (yet).

    A report without a message's id is about everything sent to the chat up to its instant.
    """
    delivery = event.delivery
    if delivery is None:
        return "The report says nothing."
    organisation_id, now = account.organisation_id, parts.clock.now()
    if event.message_id:
        part = unit.out_parts.by_platform_id(organisation_id, account.name, event.chat, event.message_id)
        part = part or _by_our_key(unit, parts, account, event)
        if part is None:
            return None
        _hear(unit, parts, part, delivery, clean_line(event.failure, 200))
        return ""
    until = event.at or now
    for part in unit.out_parts.sent_before(organisation_id, account.name, event.chat, until, MOST_READ_AT_ONCE):
        _hear(unit, parts, part, delivery, clean_line(event.failure, 200))
    return ""


def _by_our_key(unit: Unit, parts: Parts, account: Account, event: ChannelEvent) -> OutPart | None:
    """Return the part whose key the platform tells back, known by the platform's id from now on."""
    number = event.part_key.rpartition("-")[2]
    if not (number.isascii() and number.isdecimal() and len(number) < MOST_DIGITS):
        return None
    part = unit.out_parts.load(account.organisation_id, int(number))
    if part is None or part.account != account.name or part.key != event.part_key or part.state not in _OURS_PERHAPS:
        return None
    _prove(unit, parts, part, event.message_id)
    return unit.out_parts.load(account.organisation_id, part.id)


def _hear(unit: Unit, parts: Parts, part: OutPart, delivery: Delivery, failure: str) -> None:
    """Let a part be known as far as reported; what says no more than is known changes nothing."""
    if part.delivery is not Delivery.PENDING and not rules.grows(part.delivery, delivery):
        return
    changed = msgspec.structs.replace(part, delivery=delivery)
    if delivery is Delivery.FAILED:
        why = parts.redactor.redact(part.organisation_id, failure) or "The platform could not deliver it."
        changed = msgspec.structs.replace(changed, state=PartState.FAILED, error=why)
    elif delivery in {Delivery.SENT, Delivery.DELIVERED, Delivery.READ}:
        changed = msgspec.structs.replace(changed, state=PartState.SENT, error="")
    unit.out_parts.save(changed)
    settle(unit, part.organisation_id, changed)


def echoed(
    unit: Unit, parts: Parts, account: Account, event: ChannelEvent, text: str
) -> tuple[str | None, MessageView | None]:
    """Take what was said in our name; return a note (None: try again later), and the message if it is a new one."""
    organisation_id = account.organisation_id
    part = unit.out_parts.by_platform_id(organisation_id, account.name, event.chat, event.message_id)
    conversation = unit.conversations.find_chat(organisation_id, account.name, event.chat)
    if part is None and conversation is not None:
        part = _said_so(unit, conversation, event.text)
    if part is not None:
        _prove(unit, parts, part, event.message_id)
        return "", None
    if not event.by_person:
        return None, None
    if not text:
        return "Somebody sent something without words in our name.", None
    conversation = conversation or open_conversation(unit, parts, account, event)
    message = _said_elsewhere(parts, account, event, text, conversation)
    view = unit.conversations.add_message(message)
    unit.ledger.tell_message(account.organisation_id, "message.added", view)
    _silence(unit, parts, account, conversation)
    return "", view


def _said_so(unit: Unit, conversation: Conversation, text: str) -> OutPart | None:
    """Return a part of ours of which nobody knows whether it arrived, and which says exactly this."""
    for part in unit.out_parts.in_doubt(conversation.id):
        message = unit.conversations.message(conversation.organisation_id, part.message_id)
        if part.kind is PartKind.TEXT and message is not None and message.text[part.start : part.stop] == text.strip():
            return part
    return None


def _prove(unit: Unit, parts: Parts, part: OutPart, platform_id: str) -> None:
    """A part has arrived after all, or is known by its id before the answer was there."""
    if part.state not in _OURS_PERHAPS:
        return
    now = parts.clock.now()
    sent = msgspec.structs.replace(part, state=PartState.SENT, platform_id=platform_id, changed_at=now, error="")
    unit.out_parts.save(sent)
    settle(unit, part.organisation_id, sent)


def _said_elsewhere(
    parts: Parts, account: Account, event: ChannelEvent, text: str, conversation: Conversation
) -> Message:
    """Return what a person said in the platform's own app, as it stands in the conversation."""
    now = parts.clock.now()
    return Message(
        id=MessageId(parts.new_id("m")),
        organisation_id=account.organisation_id,
        conversation_id=conversation.id,
        author=Author.OPERATOR,
        text=text,
        at=min(event.at or now, now),
        author_name=clean_line(event.sender_name, 60) or f"{account.kind} app",
        session_id=conversation.session_id,
    )


def _silence(unit: Unit, parts: Parts, account: Account, conversation: Conversation) -> None:
    """Let the assistant not speak for a while."""
    now = parts.clock.now()
    until = now + timedelta(seconds=account.elsewhere_seconds)
    begins = conversation.elsewhere_until is None or conversation.elsewhere_until <= now
    current = unit.conversations.load(account.organisation_id, conversation.id) or conversation
    unit.conversations.save(
        msgspec.structs.replace(current, elsewhere_until=until, owner_epoch=current.owner_epoch + int(begins))
    )
    unit.ledger.tell_conversation(account.organisation_id, "conversation.changed", conversation.id)
    if begins:
        add_note(unit, parts, conversation, ELSEWHERE)


def add_note(unit: Unit, parts: Parts, conversation: Conversation, text: str) -> None:
    """Tell operators something in a conversation."""
    message = Message(
        id=MessageId(parts.new_id("m")),
        organisation_id=conversation.organisation_id,
        conversation_id=conversation.id,
        author=Author.NOTE,
        text=text,
        at=parts.clock.now(),
        author_name="desk",
        session_id=conversation.session_id,
    )
    unit.ledger.tell_message(conversation.organisation_id, "message.added", unit.conversations.add_message(message))
