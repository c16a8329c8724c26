"""Find recordings of calls and voicemails again, read them, and let go of old ones; the media worker writes them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from server.wire.terms import SessionId


def voicemail_name(session_id: SessionId) -> str:
    """Return the name of the voicemail of a session; its call's recording has the session's own."""
    return f"{session_id}-voicemail"


class OpenRecording(Protocol):
    """A WAV that is read; it must be closed."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...

    @property
    def seconds(self) -> float:
        """How long it is."""
        ...

    def parts(self, offset: int, count: int) -> Iterator[bytes]:
        """Return a stretch of it, a piece at a time.

        Raises:
            ValueError: It was changed or damaged there.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Recordings(Protocol):
    """The recordings of this installation, by name: a call's (left the caller, right the desk) or a voicemail's."""

    def has(self, name: str) -> bool:
        """Tell whether there is one."""
        ...

    def open(self, name: str) -> OpenRecording | None:
        """Open one to be read; None when there is none.

        Raises:
            ProviderError: `recording_unreadable`, with what to do.
        """
        ...

    def seconds(self, name: str) -> float:
        """Return how long one is; 0 when there is none, or it cannot be read."""
        ...

    def erase(self, session_id: SessionId) -> int:
        """Delete the recording and the voicemail of a session; return how many there were."""
        ...

    def forget_old(self, now: datetime, most: int) -> int:
        """Delete what is kept for longer than configured, at most `most`, and return how many."""
        ...
