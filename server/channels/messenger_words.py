"""Say in words and files what a message of Messenger or Instagram holds, so that none is ever empty."""

from typing import Final

from server.broker.ports.channels import RemoteFile
from server.channels.meta_words import place
from server.channels.reading import at, is_set, list_at, text_at

_FILES: Final = {
    "image": "image/*",
    "audio": "audio/*",
    "video": "video/*",
    "file": "application/octet-stream",
    "story_mention": "image/*",
    "ig_story": "image/*",
    "ig_reel": "video/*",
    "reel": "video/*",
}
"""Kinds of attachments whose address gives a file; what kind of file is known once it was read."""


def files_of(message: object) -> tuple[RemoteFile, ...]:
    """Return the files of a message; their addresses expire."""
    found: list[RemoteFile] = []
    for one in list_at(message, "attachments"):
        kind, payload = text_at(one, "type"), at(one, "payload")
        address = text_at(payload, "url")
        if kind in _FILES and address:
            media_type = _FILES[kind] if not _FILES[kind].endswith("*") else ""
            found.append(RemoteFile(handle=address, name=kind, media_type=media_type))
    return tuple(found)


def words_of(message: object) -> str:
    """Return what a message says: its text, then a line for each thing that is no file."""
    lines = [text_at(message, "text")]
    lines += [_in_words(one) for one in list_at(message, "attachments")]
    story = text_at(message, "reply_to", "story", "url")
    if story:
        lines.append(f"[about your story: {story}]")
    if is_set(message, "is_unsupported"):
        lines.append("[a message of a kind that only Meta's own inbox can show]")
    said = "\n".join(line for line in lines if line)
    if said or files_of(message):
        return said
    return text_at(message, "quick_reply", "payload") or "[an empty message]"


def _in_words(attachment: object) -> str:
    """Return one attachment as a line; empty when it is a file."""
    kind, payload = text_at(attachment, "type"), at(attachment, "payload")
    address = text_at(payload, "url") or text_at(attachment, "url")
    title = text_at(payload, "title") or text_at(attachment, "title")
    if kind in _FILES and text_at(payload, "url"):
        return ""
    coordinates = at(payload, "coordinates")
    if isinstance(coordinates, dict):
        return place(at(payload, "coordinates", "lat"), at(payload, "coordinates", "long"))
    about = " ".join(word for word in (title, address) if word)
    return f"[{kind or 'attachment'}{': ' if about else ''}{about}]"
