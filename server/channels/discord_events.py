"""Read what Discord's gateway dispatches, and messages that were fetched after a gap and look the same.

Source: https://discord.com/developers/docs/events/gateway-events. Every channel, thread and direct message channel
is one conversation, named by its id. A message's key is its id: a resumed session, or a gap read later, takes it once.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming, RemoteFile
from server.channels.reading import at, decoded, digest, instant_at, is_set, list_at, number_at, text_at

OWN_ID: Final = "x-discord-own-id"
"""The header beside each frame that says who we are."""
SAID: Final = frozenset({0, 19, 20, 23})
"""Types of messages that somebody wrote: plain, an answer, a command of either sort; the others are notices."""
_NO_TEXT: Final = "a message without text: switch on the Message Content Intent of the bot"
_MENTION: Final = re.compile(r"<@!?(\d+)>")
_EMOJI: Final = re.compile(r"<a?(:\w+:)\d+>")


def events_of(incoming: Incoming) -> list[ChannelEvent]:
    """Return everything in one frame; what is not understood is UNKNOWN."""
    frame = decoded(incoming.body)
    kind, data = text_at(frame, "t"), at(frame, "d")
    read = _KNOWN.get(kind)
    if read is None:
        note = f"event {kind}" if kind else "a frame without an event"
        return [_unknown(f"frame:{digest(incoming.body)}", note)]
    events = read(data, incoming.headers.get(OWN_ID, ""))
    if not events:
        return [_unknown(f"frame:{digest(incoming.body)}", f"broken {kind}")]
    # A message that was fetched does not say of which server it is; then the frame around it does.
    shared = bool(text_at(data, "guild_id") or text_at(frame, "guild_id"))
    return [msgspec.structs.replace(one, shared=shared) for one in events]


def _created(data: object, own_id: str) -> list[ChannelEvent]:
    message_id, channel, author = text_at(data, "id"), text_at(data, "channel_id"), text_at(data, "author", "id")
    if not message_id or not channel or not author:
        return []
    key, echo = f"message:{message_id}", author == own_id
    if text_at(data, "webhook_id") or (is_set(data, "author", "bot") and not echo):
        return [_unknown(key, "written by another bot")]
    if (number_at(data, "type") or 0) not in SAID:
        return [_unknown(key, f"notice of type {number_at(data, 'type')}")]
    said, files = _text(data), _files(data)
    if not said and not files:
        return [_unknown(key, _NO_TEXT)]
    return [
        ChannelEvent(
            kind=EventKind.ECHO if echo else EventKind.MESSAGE,
            key=key,
            chat=channel,
            message_id=message_id,
            sender_ids=() if echo else (author,),
            sender_name=_name(data),
            at=instant_at(data, "timestamp"),
            order=message_id.zfill(20),
            text=said,
            files=files,
            reply_to=text_at(data, "message_reference", "message_id"),
        )
    ]


def _updated(data: object, own_id: str) -> list[ChannelEvent]:
    """Read an edit; Discord also tells so when only a link's preview came."""
    message_id, edited, author = text_at(data, "id"), text_at(data, "edited_timestamp"), text_at(data, "author", "id")
    if not message_id:
        return []
    key = f"edited:{message_id}:{edited or digest(data)}"
    if not edited or not author:
        return [_unknown(key, "a message changed, its text did not")]
    if author == own_id or is_set(data, "author", "bot"):
        return [_unknown(key, "a message of a bot changed")]
    return [
        ChannelEvent(
            kind=EventKind.EDITED,
            key=key,
            chat=text_at(data, "channel_id"),
            message_id=message_id,
            sender_ids=(author,),
            sender_name=_name(data),
            at=instant_at(data, "edited_timestamp"),
            text=_text(data),
        )
    ]


def _deleted(data: object, _own_id: str) -> list[ChannelEvent]:
    message_ids = [text_at(data, "id")] + [text_at(one) for one in list_at(data, "ids")]
    return [
        ChannelEvent(kind=EventKind.DELETED, key=f"deleted:{one}", chat=text_at(data, "channel_id"), message_id=one)
        for one in message_ids
        if one
    ]


def _typing(data: object, own_id: str) -> list[ChannelEvent]:
    channel, user, moment = text_at(data, "channel_id"), text_at(data, "user_id"), text_at(data, "timestamp")
    if not channel or not user or user == own_id:
        return []
    return [
        ChannelEvent(
            kind=EventKind.TYPING,
            key=f"typing:{channel}:{user}:{moment}",
            chat=channel,
            sender_ids=(user,),
            at=instant_at(data, "timestamp"),
        )
    ]


def _closed(data: object, _own_id: str) -> list[ChannelEvent]:
    channel = text_at(data, "id")
    return [ChannelEvent(kind=EventKind.LEFT, key=f"closed:{channel}", chat=channel)] if channel else []


_KNOWN: Final[Mapping[str, Callable[[object, str], list[ChannelEvent]]]] = {
    "MESSAGE_CREATE": _created,
    "MESSAGE_UPDATE": _updated,
    "MESSAGE_DELETE": _deleted,
    "MESSAGE_DELETE_BULK": _deleted,
    "TYPING_START": _typing,
    "CHANNEL_DELETE": _closed,
    "THREAD_DELETE": _closed,
}
DISPATCHES: Final = frozenset(_KNOWN)
"""The events that are read; the gateway's others are not kept."""


def _text(data: object) -> str:
    """Return what a person reads: mentions by name, stickers and own emoji by theirs."""
    names = {
        text_at(one, "id"): text_at(one, "global_name") or text_at(one, "username") for one in list_at(data, "mentions")
    }
    said = _MENTION.sub(lambda found: f"@{names.get(found[1]) or found[1]}", text_at(data, "content"))
    stickers = [f"[sticker: {text_at(one, 'name')}]" for one in list_at(data, "sticker_items")]
    return "\n".join([line for line in (_EMOJI.sub(r"\1", said), *stickers) if line])


def _files(data: object) -> tuple[RemoteFile, ...]:
    """Return the files; their addresses expire, so a handle also says where to ask for a new one."""
    place = f"{text_at(data, 'channel_id')}/{text_at(data, 'id')}"
    return tuple(
        RemoteFile(
            handle=f"{place}/{text_at(one, 'id')} {text_at(one, 'url')}",
            name=text_at(one, "filename"),
            media_type=text_at(one, "content_type"),
            size=number_at(one, "size"),
        )
        for one in list_at(data, "attachments")
        if text_at(one, "id") and text_at(one, "url")
    )


def _name(data: object) -> str:
    nick = text_at(data, "member", "nick")
    return nick or text_at(data, "author", "global_name") or text_at(data, "author", "username")


def _unknown(key: str, note: str) -> ChannelEvent:
    return ChannelEvent(kind=EventKind.UNKNOWN, key=key, note=note[:200])
