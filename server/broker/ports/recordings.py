"""Find recordings of calls again, and let go of old ones; the media worker writes them."""

from datetime import datetime
from pathlib import Path
from typing import Protocol

from server.wire.terms import SessionId


class Recordings(Protocol):
    """The recordings of this installation."""

    def find(self, session_id: SessionId) -> Path | None:
        """Return the WAV of a session's call (left the caller, right the desk); None when there is none."""
        ...

    def erase(self, session_id: SessionId) -> bool:
        """Delete the recording of a session's call; tell whether there was one."""
        ...

    def forget_old(self, now: datetime, most: int) -> int:
        """Delete recordings kept for longer than configured, at most `most`, and return how many."""
        ...
