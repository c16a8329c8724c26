"""Keep recordings as files in a folder of their own, named for their sessions."""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from server.log import get_log
from server.wire.terms import SessionId

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_DAY_SECONDS: Final = 86_400
_log = get_log(__name__)


class FolderOfRecordings:
    """The folder that the media worker writes recordings to."""

    def __init__(self, folder: Path, keep_days: int) -> None:
        """Look in `folder`, which need not be there yet."""
        self._folder: Final = folder
        self._keep_seconds: Final = keep_days * _DAY_SECONDS

    def find(self, session_id: SessionId) -> Path | None:
        """Return the WAV of a session's call; None when there is none."""
        path = self._folder / f"{session_id}.wav"
        return path if _NAME.fullmatch(session_id) and path.is_file() and not path.is_symlink() else None

    def erase(self, session_id: SessionId) -> bool:
        """Delete the recording of a session's call; tell whether there was one.

        Raises:
            OSError: the disk refused.
        """
        path = self.find(session_id)
        if path is not None:
            path.unlink()
        return path is not None

    def forget_old(self, now: datetime, most: int) -> int:
        """Delete recordings whose last word is older than they are kept, at most `most`, and return how many."""
        before, deleted = now.timestamp() - self._keep_seconds, 0
        for path in self._folder.glob("*.wav") if self._folder.is_dir() else ():
            if deleted >= most:
                break
            try:
                if path.lstat().st_mtime < before:
                    path.unlink()
                    deleted += 1
            except OSError as error:
                _log.warning("recording_not_deleted", session_id=path.stem, error=str(error))
        return deleted
