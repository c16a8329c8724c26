"""Read what Google Chat tells an app.

Source: https://developers.google.com/workspace/chat/receive-respond-interactions. A direct message space is one
conversation, `spaces/A`; in other spaces each thread is, `spaces/A/threads/B`. Google tells neither edits nor
deletions, and of a space's messages only those that mention the app.
"""

from typing import Final

from server.broker.ports.channels import ChannelEvent, EventKind, RemoteFile
from server.channels.reading import at, decoded, digest, instant_at, is_set, list_at, text_at

DRIVE: Final = "drive:"
"""What stands before the id of a file that lies in the sender's Google Drive."""
_DIRECT: Final = frozenset({"DM", "DIRECT_MESSAGE"})
_ADD_ON: Final = "an event for add-ons: configure the app without 'Build this Chat app as a Workspace add-on'"


def events_of(body: bytes) -> list[ChannelEvent]:
    """Return the one event of a request; what is not understood is UNKNOWN."""
    event = decoded(body)
    kind = text_at(event, "type")
    key = f"{kind.lower()}:{text_at(event, 'space', 'name')}:{text_at(event, 'eventTime')}:{digest(body)[:12]}"
    if kind in {"MESSAGE", "ADDED_TO_SPACE"} and text_at(event, "message", "name"):
        return [_message(event)]
    if kind == "REMOVED_FROM_SPACE" and text_at(event, "space", "name"):
        return [_removed(event, key)]
    note = f"event {kind}" if kind else "an event without a type"
    return [_unknown(key, _ADD_ON if at(event, "chat") is not None else note)]


def chat_of(space: str, thread: str, *, direct: bool) -> str:
    """Return the name of a conversation."""
    return space if direct or not thread.startswith(f"{space}/threads/") else thread


def space_and_thread(chat: str) -> tuple[str, str]:
    """Return what `chat_of` joined; the thread is empty in a direct message space."""
    space, between, _ = chat.partition("/threads/")
    return space, chat if between else ""


def _message(event: object) -> ChannelEvent:
    message = at(event, "message")
    name = text_at(message, "name")
    space = text_at(message, "space", "name") or text_at(event, "space", "name")
    sender = at(message, "sender") or at(event, "user")
    sender_id, email = text_at(sender, "name"), text_at(sender, "email")
    key = f"message:{name}"
    if text_at(sender, "type") == "BOT" or not sender_id or not space:
        return _unknown(key, "written by an app, or by nobody")
    return ChannelEvent(
        kind=EventKind.MESSAGE,
        key=key,
        chat=chat_of(space, text_at(message, "thread", "name"), direct=_is_direct(event)),
        message_id=name,
        sender_ids=(sender_id, *([f"email:{email}"] if email else [])),
        sender_name=text_at(sender, "displayName"),
        at=instant_at(message, "createTime") or instant_at(event, "eventTime"),
        text=(text_at(message, "argumentText") or text_at(message, "text")).strip(),
        files=tuple(_file(one) for one in list_at(message, "attachment") if text_at(one, "name")),
        language=text_at(event, "common", "userLocale"),
        shared=not _is_direct(event),
    )


def _removed(event: object, key: str) -> ChannelEvent:
    user = text_at(event, "user", "name")
    return ChannelEvent(
        kind=EventKind.LEFT,
        key=key,
        chat=text_at(event, "space", "name"),
        sender_ids=(user,) if user else (),
        at=instant_at(event, "eventTime"),
    )


def _is_direct(event: object) -> bool:
    """Tell a conversation with one person; the field has had three names."""
    space = at(event, "space")
    kinds = {text_at(space, "spaceType"), text_at(space, "type"), text_at(event, "message", "space", "type")}
    return bool(kinds & _DIRECT) or is_set(space, "singleUserBotDm")


def _file(file: object) -> RemoteFile:
    place = text_at(file, "attachmentDataRef", "resourceName")
    drive = text_at(file, "driveDataRef", "driveFileId")
    return RemoteFile(
        handle=place or f"{DRIVE}{drive}",
        name=text_at(file, "contentName"),
        media_type=text_at(file, "contentType"),
    )


def _unknown(key: str, note: str) -> ChannelEvent:
    return ChannelEvent(kind=EventKind.UNKNOWN, key=key, note=note[:200])
