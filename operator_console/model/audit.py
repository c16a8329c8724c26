"""Word what supervisors did in a session, for those who may read it."""

from datetime import tzinfo
from typing import Final

from operator_console.model.clean import instant, line
from server.wire.audit import AuditView
from server.wire.terms import AuditAction

DEEDS: Final = {
    AuditAction.WATCH: "watched",
    AuditAction.LISTEN: "listened",
    AuditAction.WHISPER: "whispered",
    AuditAction.BARGE: "barged in",
    AuditAction.STOP: "left",
    AuditAction.TAKE_OVER: "took over",
    AuditAction.FORCE_WRAP_UP: "ended the wrap-up",
    AuditAction.REFUSED_SEND: "was kept from speaking",
    AuditAction.EXPORT_CONTACT: "exported the contact",
    AuditAction.ERASE_CONTACT: "erased the contact",
    AuditAction.DIAL: "had called",
    AuditAction.PLAY: "listened to the recording",
}


def step_words(record: AuditView, zone: tzinfo | None) -> str:
    """Return one step as a sentence: when, who, what, at whose desk, and why."""
    at = instant(record.at).astimezone(zone).strftime("%d %b %H:%M:%S")
    at_whose = f" ({line(record.subject_name)})" if record.subject_name else ""
    why = f": {line(record.reason)}" if record.reason else ""
    return f"{at} {line(record.actor_name)} {DEEDS[record.action]}{at_whose}{why}"
