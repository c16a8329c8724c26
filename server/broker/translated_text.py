"""Let a translator's answer in: as text alone, of a sane length, without secrets, and with no link of its own.

A customer can write orders to the translator into a message. What comes of that is still nothing but text that stands
beside the original; it can add no address to click on, and no wall of text.
"""

import re
from typing import Final

from server.broker.parts import Parts
from server.broker.ports.translator import TranslatorError
from server.wire.sanitize import DOT, clean_text
from server.wire.terms import OrganisationId

LONGEST: Final = 4_000
"""Characters of a text that is translated; a longer one stays as it is."""
TIMES_LONGER, ROOM = 4, 200
"""A translation has at most so many times the characters of its text, and this room besides."""
MOST_LINES: Final = 200
_LINK: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.|mailto:)[^\s<>\"']+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE
)
_ENDS: Final = ".,;:!?)]}»”…"


def translated_text(parts: Parts, organisation_id: OrganisationId, text: str, answer: str) -> str:
    """Return a translator's answer about `text`, safe to keep and to show.

    Raises:
        TranslatorError: `translation_empty`, `translation_too_long`, `translation_adds_link`.
    """
    if len(answer) > len(text) * TIMES_LONGER + ROOM:
        raise TranslatorError("translation_too_long", "what came was far longer than the text")
    cleaned = clean_text(answer, LONGEST * TIMES_LONGER + ROOM, MOST_LINES).strip()
    if not any(character.isalnum() or ord(character) > 0x2000 for character in cleaned.replace(DOT, "")):
        raise TranslatorError("translation_empty", "what came was empty")
    if links(cleaned) - links(text):
        raise TranslatorError("translation_adds_link", "what came had a link that is not in the text")
    return parts.redactor.redact(organisation_id, cleaned)


def links(text: str) -> set[str]:
    """Return the addresses in a text, of pages and of mail, as they are compared."""
    return {found.group().rstrip(_ENDS).casefold() for found in _LINK.finditer(text)}
