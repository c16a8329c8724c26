"""Read what Slack's Events API tells: the same envelope arrives by webhook and over Socket Mode.

Source: https://docs.slack.dev/apis/events-api and .../reference/events/message. A conversation is a direct message
channel, or one thread of a channel: `D1`, `C1/1355517523.000005`. A message's key is its channel and `ts`, so that
a repeat, and the `app_mention` beside the `message`, are taken once; everything else goes by `event_id`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from server.broker.ports.channels import ChannelEvent, EventKind, RemoteFile
from server.channels.reading import at, decoded, digest, instant_at, is_set, list_at, number_at, text_at
from server.channels.slack_text import plain

SAID: Final = frozenset({"", "file_share", "thread_broadcast", "me_message", "bot_message"})
"""Subtypes of a message that somebody wrote."""


def events_of(body: bytes) -> list[ChannelEvent]:
    """Return the one event of an envelope; what is not understood is UNKNOWN."""
    envelope = decoded(body)
    event = at(envelope, "event")
    kind = text_at(event, "type")
    key = text_at(envelope, "event_id") or f"body:{digest(body)}"
    if not kind:
        return [_unknown(key, f"no event in a request of type {text_at(envelope, 'type') or 'unknown'}")]
    known = _KNOWN.get(kind)
    if known is None:
        return [_unknown(key, f"event {kind}")]
    return [known(envelope, event, key)]


def chat_of(channel: str, thread: str) -> str:
    """Return the name of a conversation: a channel, and the thread's root where there is one."""
    return f"{channel}/{thread}" if thread else channel


def channel_and_thread(chat: str) -> tuple[str, str]:
    """Return what `chat_of` joined; the thread is empty in a direct message channel."""
    channel, _, thread = chat.partition("/")
    return channel, thread


def _message(envelope: object, event: object, key: str) -> ChannelEvent:
    """Read a message event of any subtype."""
    subtype = text_at(event, "subtype")
    if subtype == "message_changed":
        return _changed(envelope, event, key)
    if subtype == "message_deleted":
        return _deleted(envelope, event, key)
    if subtype not in SAID:
        return _unknown(key, f"message of subtype {subtype}")
    channel, moment = text_at(event, "channel"), text_at(event, "ts")
    if not channel or not moment:
        return _unknown(key, "message without a channel or a time")
    kind = _author(envelope, event)
    if kind is None:
        return _unknown(key, "written by another app")
    return ChannelEvent(
        kind=kind,
        key=f"message:{channel}:{moment}",
        chat=_chat(event, event),
        message_id=moment,
        sender_ids=(text_at(event, "user"),) if kind is EventKind.MESSAGE else (),
        sender_name=_name(event),
        at=instant_at(event, "ts"),
        order=moment,
        shared=not _is_direct(event),
        text=plain(text_at(event, "text")),
        files=tuple(_file(one) for one in list_at(event, "files") if text_at(one, "mode") != "tombstone"),
    )


def _changed(envelope: object, event: object, key: str) -> ChannelEvent:
    """Read an edit; Slack also tells so when only a link's preview came."""
    now, before = at(event, "message"), at(event, "previous_message")
    if text_at(now, "subtype") == "tombstone":
        return _deleted(envelope, {"channel": text_at(event, "channel"), "deleted_ts": text_at(now, "ts")}, key)
    if _author(envelope, now) is not EventKind.MESSAGE or not text_at(now, "ts"):
        return _unknown(key, "a message of an app changed")
    if before and text_at(now, "text") == text_at(before, "text"):
        return _unknown(key, "a message changed, its text did not")
    return ChannelEvent(
        kind=EventKind.EDITED,
        key=key,
        chat=_chat(event, now),
        message_id=text_at(now, "ts"),
        sender_ids=(text_at(now, "user"),),
        at=instant_at(now, "edited", "ts") or instant_at(event, "ts"),
        text=plain(text_at(now, "text")),
    )


def _deleted(envelope: object, event: object, key: str) -> ChannelEvent:
    before = at(event, "previous_message")
    message_id = text_at(event, "deleted_ts") or text_at(before, "ts")
    if not message_id or (before and _author(envelope, before) is not EventKind.MESSAGE):
        return _unknown(key, "a message of an app was deleted")
    return ChannelEvent(
        kind=EventKind.DELETED,
        key=key,
        chat=_chat(event, before or {"ts": message_id}),
        message_id=message_id,
        sender_ids=(text_at(before, "user"),) if text_at(before, "user") else (),
        at=instant_at(event, "ts"),
    )


def _uninstalled(_envelope: object, _event: object, key: str) -> ChannelEvent:
    return ChannelEvent(
        kind=EventKind.ACCOUNT,
        key=key,
        failure="The app was taken out of the Slack workspace. Install it again and renew the bot token.",
    )


def _revoked(_envelope: object, event: object, key: str) -> ChannelEvent:
    """Read which tokens were revoked: of a person's the bot does not notice."""
    if not list_at(event, "tokens", "bot"):
        return _unknown(key, "a person's token was revoked, not the bot's")
    return ChannelEvent(
        kind=EventKind.ACCOUNT,
        key=key,
        failure="The bot token was revoked in Slack. Install the app again and renew the bot token.",
    )


_KNOWN: Final[Mapping[str, Callable[[object, object, str], ChannelEvent]]] = {
    "message": _message,
    "app_mention": _message,
    "app_uninstalled": _uninstalled,
    "tokens_revoked": _revoked,
}


def _author(envelope: object, message: object) -> EventKind | None:
    """Tell a person's message from our own echo; None when another app wrote it, which must not start a loop."""
    user = text_at(message, "user")
    ours = {text_at(one, "user_id") for one in list_at(envelope, "authorizations") if is_set(one, "is_bot")} - {""}
    app = text_at(message, "app_id") or text_at(message, "bot_profile", "app_id")
    if user in ours or (app and app == text_at(envelope, "api_app_id")):
        return EventKind.ECHO
    if text_at(message, "bot_id") or text_at(message, "subtype") == "bot_message" or not user:
        return None
    return EventKind.MESSAGE


def _chat(event: object, message: object) -> str:
    """Return the conversation: in a channel each message begins a thread, in a direct message only an answer does."""
    channel, thread = text_at(event, "channel"), text_at(message, "thread_ts")
    return chat_of(channel, thread if _is_direct(event) else thread or text_at(message, "ts"))


def _is_direct(event: object) -> bool:
    return text_at(event, "channel_type") == "im" or text_at(event, "channel").startswith("D")


def _name(event: object) -> str:
    profile = at(event, "user_profile")
    return text_at(profile, "display_name") or text_at(profile, "real_name") or text_at(event, "username")


def _file(file: object) -> RemoteFile:
    """Read one file; of a shared channel of another workspace Slack tells only the id."""
    return RemoteFile(
        handle=text_at(file, "url_private_download") or text_at(file, "url_private") or text_at(file, "id"),
        name=text_at(file, "name") or text_at(file, "title"),
        media_type=text_at(file, "mimetype"),
        size=number_at(file, "size"),
    )


def _unknown(key: str, note: str) -> ChannelEvent:
    return ChannelEvent(kind=EventKind.UNKNOWN, key=key, note=note[:200])
