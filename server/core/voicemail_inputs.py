"""State the facts about a message that a caller is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """The caller has left a message of so many seconds."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class VoicemailEmpty:
    """The caller was asked for a message and said nothing."""


@dataclass(frozen=True, slots=True)
class VoicemailFailed:
    """No message can be taken; the caller waits on."""


VoicemailInput = VoicemailLeft | VoicemailEmpty | VoicemailFailed
"""Every fact about a caller's message."""
