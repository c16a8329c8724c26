"""Write a follow-up as a calendar file that mail programs offer to keep.

Source: RFC 5545 (lines of at most 75 bytes, CRLF, texts escaped).
"""

from datetime import datetime, timedelta
from typing import Final

from server.broker.ports.notices import Notice
from server.notices.content import headline, rows

LENGTH: Final = timedelta(minutes=30)
_LINE_BYTES: Final = 75


def calendar_of(notice: Notice) -> bytes | None:
    """Return the follow-up of a closed handoff as an event of half an hour; None when nothing is to be done."""
    session = notice.session
    if not (session.outcome and session.follow_up and session.follow_up_at) or session.follow_up_done_at:
        return None
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//operator-console//notices//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{session.id}-follow-up@operator-console",
        f"DTSTAMP:{_utc(notice.at)}",
        f"DTSTART:{_utc(session.follow_up_at)}",
        f"DTEND:{_utc(session.follow_up_at + LENGTH)}",
        f"SUMMARY:{_text(f'{session.number}: {session.follow_up}')}",
        f"DESCRIPTION:{_text(_description(notice))}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(session.number)}",
        "TRIGGER:-PT10M",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _description(notice: Notice) -> str:
    return "\n".join([headline(notice), *(f"{name}: {text}" for name, text in rows(notice))])


def _utc(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """Return a line in pieces of at most 75 bytes, none of which cuts a character."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        one = character.encode("utf-8", "replace")
        if len(piece) + len(one) > _LINE_BYTES - (1 if pieces else 0):
            pieces.append(piece)
            piece = b""
        piece += one
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
