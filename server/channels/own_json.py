"""Read and write our own JSON for events and messages; docs/channels/webhook.md shows it."""

import base64
from typing import Final

import msgspec

from server.broker.ports.channels import ChannelEvent, EventKind, Part, RemoteFile
from server.channels.reading import at, decoded, digest, instant_at, is_set, list_at, number_at, text_at, unknown
from server.wire.terms import Delivery

MOST_EVENTS: Final = 1_000
"""How many events of one request are taken."""
_KINDS: Final = {kind.value: kind for kind in EventKind if kind is not EventKind.UNKNOWN}
_DELIVERIES: Final = {one.value: one for one in Delivery}
_NEEDS_CHAT: Final = frozenset(EventKind) - {EventKind.ACCOUNT, EventKind.DELIVERY, EventKind.UNKNOWN}


class SentFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file within a message of ours."""

    name: str
    media_type: str
    content_base64: str


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What we post: a message, a change of one, or that somebody types."""

    type: str
    chat: str
    id: str = ""
    text: str = ""
    file: SentFile | None = None
    reply_to: str = ""
    message_id: str = ""
    by: str = ""
    window: str = ""


def said(part: Part) -> Said:
    """Return a part as it is posted."""
    file = None
    if part.file is not None:
        content = base64.b64encode(part.file.content).decode()
        file = SentFile(name=part.file.name, media_type=part.file.media_type, content_base64=content)
    return Said(
        type="message",
        chat=part.chat,
        id=part.key,
        text=part.text,
        file=file,
        reply_to=part.reply_to,
        by="operator" if part.by_person else "assistant",
        window=part.window,
    )


def events_of(body: bytes) -> list[ChannelEvent]:
    """Return every event of a request: `{"events": [...]}`, or one event alone; never raises."""
    found = decoded(body)
    if found is None:
        return [unknown(body, "The body is not JSON.")]
    items = list_at(found, "events") if isinstance(at(found, "events"), list) else [found]
    events = [_event(item) for item in items[:MOST_EVENTS]]
    if len(items) > MOST_EVENTS:
        events.append(unknown(body, f"{len(items) - MOST_EVENTS} events too many in one request were left out."))
    return events


def _event(item: object) -> ChannelEvent:
    kind = _KINDS.get(text_at(item, "type"))
    chat = text_at(item, "chat")
    if kind is None:
        return unknown(item, f"An event of the type {text_at(item, 'type')!r} is not known.")
    if kind in _NEEDS_CHAT and not chat:
        return unknown(item, f"The {kind} names no chat.")
    delivery = _DELIVERIES.get(text_at(item, "delivery"))
    if kind is EventKind.DELIVERY and delivery is None:
        return unknown(item, "The report says no delivery that is known.")
    message_id = text_at(item, "message_id")
    return ChannelEvent(
        kind=kind,
        key=text_at(item, "id") or f"{kind}:{digest(item)}",
        chat=chat,
        message_id=message_id,
        sender_ids=tuple(one for one in (text_at(value) for value in list_at(item, "sender", "ids")) if one),
        sender_name=text_at(item, "sender", "name"),
        at=instant_at(item, "at"),
        order=text_at(item, "order"),
        text=text_at(item, "text"),
        files=tuple(_file(one) for one in list_at(item, "files") if text_at(one, "url")),
        reply_to=text_at(item, "reply_to"),
        delivery=delivery,
        failure=text_at(item, "failure"),
        by_person=is_set(item, "by_person"),
        language=text_at(item, "language"),
        shared=is_set(item, "shared"),
    )


def _file(item: object) -> RemoteFile:
    return RemoteFile(
        handle=text_at(item, "url"),
        name=text_at(item, "name"),
        media_type=text_at(item, "media_type"),
        size=number_at(item, "size"),
    )
