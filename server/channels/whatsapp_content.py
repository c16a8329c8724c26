"""Say a part in WhatsApp's terms: to whom, as what kind of message, and what of it fits a template."""

import re
from typing import Final

from server.broker.ports.channels import OutgoingFile, Part, SendError, SendProblem

LONGEST_CAPTION: Final = 1024
LONGEST_IN_TEMPLATE: Final = 1024
_USER_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]+")
"""A business-scoped user id; anything else is a telephone number."""
_KINDS: Final = {
    "image/jpeg": "image",
    "image/png": "image",
    "video/mp4": "video",
    "video/3gpp": "video",
    "audio/aac": "audio",
    "audio/amr": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
}
"""What WhatsApp shows as what it is; everything else goes as a document."""


def recipient(chat: str) -> dict[str, str]:
    """Return the field that names the customer: `recipient` for an id without a number, `to` for a number."""
    return {"recipient": chat} if _USER_ID.fullmatch(chat) else {"to": chat}


def check_caption(part: Part, file: OutgoingFile) -> None:
    """Refuse words that would be lost with a file.

    Raises:
        SendError: INVALID: they are too long, or the file is a sound.
    """
    if part.text and _kind_of(file) == "audio":
        raise SendError(SendProblem.INVALID, "A sound has no caption: send the words by themselves.")
    if len(part.text) > LONGEST_CAPTION:
        raise SendError(SendProblem.INVALID, f"A caption has at most {LONGEST_CAPTION} characters.")


def with_file(part: Part, file: OutgoingFile, media_id: str) -> dict[str, object]:
    """Return the content of a message with a file that was brought."""
    kind = _kind_of(file)
    media: dict[str, object] = {"id": media_id}
    if part.text:
        media["caption"] = part.text
    if kind == "document":
        media["filename"] = file.name
    return {"type": kind, kind: media}


def _kind_of(file: OutgoingFile) -> str:
    return _KINDS.get(file.media_type, "document")


def in_template(part: Part, name: str, language: str) -> dict[str, object]:
    """Return the template with the text in it: one line, as Meta demands of a parameter.

    Args:
        part: What to say.
        name: Of the approved template; empty when there is none.
        language: Under which it was approved.

    Raises:
        SendError: WINDOW: there is no template, or a file does not go into it; INVALID: the text is too long.
    """
    line = " ".join(part.text.split())
    if not name or not line or part.file is not None:
        raise SendError(
            SendProblem.WINDOW, "More than 24 hours since the customer's last message: only a template may go out."
        )
    if len(line) > LONGEST_IN_TEMPLATE:
        raise SendError(SendProblem.INVALID, f"More than {LONGEST_IN_TEMPLATE} characters do not fit the template.")
    template: dict[str, object] = {
        "name": name,
        "language": {"code": language},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": line}]}],
    }
    return {"type": "template", "template": template}
