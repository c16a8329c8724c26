"""Read Telegram's updates: everything in them, and never a failure."""

from typing import Final

from server.broker.ports.channels import ChannelEvent, EventKind, RemoteFile
from server.channels.reading import at, decoded, instant_at, is_set, list_at, names_of, number_at, text_at, unknown

_MESSAGES: Final = {
    "message": EventKind.MESSAGE,
    "business_message": EventKind.MESSAGE,
    "edited_message": EventKind.EDITED,
    "edited_business_message": EventKind.EDITED,
}
_LEAVING: Final = frozenset({"kicked", "left"})
_FILES: Final = {
    "document": "",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "animation": "video/mp4",
    "sticker": "image/webp",
}
"""Fields that hold a file, with the media type when Telegram names none."""


def events_of(body: bytes) -> list[ChannelEvent]:
    """Return every event of one update, or of an answer of getUpdates."""
    found = decoded(body)
    if found is None:
        return [unknown(body, "The body is not JSON.")]
    updates = list_at(found, "result") if isinstance(at(found, "result"), list) else [found]
    return [event for update in updates for event in _events(update)]


def _events(update: object) -> list[ChannelEvent]:
    number = number_at(update, "update_id")
    if number is None:
        return [unknown(update, "The update has no number.")]
    for field, kind in _MESSAGES.items():
        if isinstance(at(update, field), dict):
            return [_message(number, kind, at(update, field), update)]
    if isinstance(at(update, "deleted_business_messages"), dict):
        return _deleted(number, at(update, "deleted_business_messages"))
    if text_at(update, "my_chat_member", "new_chat_member", "status") in _LEAVING:
        chat = text_at(update, "my_chat_member", "chat", "id")
        when = instant_at(update, "my_chat_member", "date")
        if chat:
            return [ChannelEvent(kind=EventKind.LEFT, key=f"{number}:left:{chat}", chat=chat, at=when)]
    fields = sorted(name for name in names_of(update) if name != "update_id")
    return [_passed_over(number, update, f"An update of the kind {', '.join(fields)[:120] or 'none'}.")]


def _passed_over(number: int, update: object, note: str) -> ChannelEvent:
    found = unknown(update, note)
    return ChannelEvent(kind=found.kind, key=f"{number}:{found.key}", note=note)


def _message(number: int, kind: EventKind, message: object, update: object) -> ChannelEvent:
    chat, message_id = text_at(message, "chat", "id"), text_at(message, "message_id")
    sender = text_at(message, "from", "id")
    if not (chat and message_id):
        return _passed_over(number, update, "A message without a chat or a number.")
    connection = text_at(message, "business_connection_id")
    ours = bool(connection) and sender != chat
    """In a business chat the customer's id is the chat's; whoever else writes there does so in our name."""
    if is_set(message, "from", "is_bot") and not ours:
        return _passed_over(number, update, "A message of another bot.")
    thread = text_at(message, "message_thread_id") if is_set(message, "is_topic_message") else ""
    text, files = _text(message), _files(message)
    if not (text or files):
        return _passed_over(number, update, "A message without text or file, such as somebody joining.")
    if ours and kind is EventKind.MESSAGE:
        kind = EventKind.ECHO
    return ChannelEvent(
        kind=kind,
        key=f"{number}:{kind}:{chat}:{message_id}",
        chat=(f"{connection}/" if connection else "") + chat + (f"#{thread}" if thread else ""),
        message_id=message_id,
        sender_ids=(sender,) if sender and not ours else (),
        sender_name=_name(message),
        at=instant_at(message, "edit_date") or instant_at(message, "date"),
        order=message_id,
        text=text,
        files=files,
        reply_to=text_at(message, "reply_to_message", "message_id"),
        by_person=ours and not text_at(message, "sender_business_bot", "id"),
        language=text_at(message, "from", "language_code"),
        shared=chat.startswith("-"),  # a group's id is negative
    )


def _deleted(number: int, what: object) -> list[ChannelEvent]:
    chat = f"{text_at(what, 'business_connection_id')}/{text_at(what, 'chat', 'id')}"
    gone = [text_at(one) for one in list_at(what, "message_ids")]
    return [
        ChannelEvent(kind=EventKind.DELETED, key=f"{number}:deleted:{chat}:{one}", chat=chat, message_id=one)
        for one in gone
        if one
    ] or [_passed_over(number, what, "Nothing was deleted.")]


def _name(message: object) -> str:
    first, last = text_at(message, "from", "first_name"), text_at(message, "from", "last_name")
    return f"{first} {last}".strip() or text_at(message, "from", "username")


def _text(message: object) -> str:
    said = text_at(message, "text") or text_at(message, "caption")
    if said:
        return said
    if text_at(message, "contact", "phone_number"):
        return f"Contact: {text_at(message, 'contact', 'first_name')} {text_at(message, 'contact', 'phone_number')}"
    latitude, longitude = at(message, "location", "latitude"), at(message, "location", "longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        named = text_at(message, "venue", "title")
        return f"Location: {named + ', ' if named else ''}{float(latitude):.5f}, {float(longitude):.5f}"
    return text_at(message, "sticker", "emoji")


def _files(message: object) -> tuple[RemoteFile, ...]:
    found: list[RemoteFile] = []
    photo = at(message, "photo", -1)
    if text_at(photo, "file_id"):
        found.append(_file(photo, "image/jpeg", "photo.jpg"))
    for field, kind in _FILES.items():
        if text_at(message, field, "file_id"):
            if field == "document" and isinstance(at(message, "animation"), dict):
                continue  # Telegram names an animation twice
            found.append(_file(at(message, field), kind, field))
    return tuple(found)


def _file(found: object, kind: str, name: str) -> RemoteFile:
    return RemoteFile(
        handle=text_at(found, "file_id"),
        name=text_at(found, "file_name") or name,
        media_type=text_at(found, "mime_type") or kind,
        size=number_at(found, "file_size"),
    )
