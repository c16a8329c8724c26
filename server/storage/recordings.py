"""Keep recordings as files in a folder of their own, named for their sessions; sealed where there are keys."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from server.broker.ports.recordings import voicemail_name
from server.core.errors import ProviderError
from server.log import get_log
from server.recorded.keys import Keys
from server.recorded.reading import RecordingReader
from server.recorded.sealed import SUFFIX
from server.wire.terms import SessionId

OPEN_SUFFIX: Final = ".wav"
"""Of a recording that is not sealed."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_DAY_SECONDS: Final = 86_400
_log = get_log(__name__)


def name_of(path: Path) -> str:
    """Return the name of the recording in a file; empty when it is none."""
    for suffix in (SUFFIX, OPEN_SUFFIX):
        name = path.name.removesuffix(suffix)
        if name != path.name and _NAME.fullmatch(name):
            return name
    return ""


def is_voicemail(name: str) -> bool:
    """Tell whether a recording is a voicemail."""
    return name.endswith(voicemail_name(SessionId("")))


class FolderOfRecordings:
    """The folder that the media worker writes recordings to."""

    def __init__(
        self, folder: Path, keep_days: int, keys: Keys | None = None, keep_voicemail_days: int | None = None
    ) -> None:
        """Look in `folder`, which need not be there yet; `keys` unseal what is sealed."""
        self._folder: Final = folder
        self._keys: Final = keys
        self._keep_seconds: Final = keep_days * _DAY_SECONDS
        self._keep_voicemail_seconds: Final = (
            keep_days if keep_voicemail_days is None else keep_voicemail_days
        ) * _DAY_SECONDS

    def files(self) -> Iterator[Path]:
        """Return the files of all recordings."""
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            if name_of(path) and path.is_file() and not path.is_symlink():
                yield path

    def find(self, name: str) -> Path | None:
        """Return the file of a recording; None when there is none."""
        if not _NAME.fullmatch(name):
            return None
        for suffix in (SUFFIX, OPEN_SUFFIX):
            path = self._folder / f"{name}{suffix}"
            if path.is_file() and not path.is_symlink():
                return path
        return None

    def has(self, name: str) -> bool:
        """Tell whether there is one."""
        return self.find(name) is not None

    def open(self, name: str) -> RecordingReader | None:
        """Open one to be read; None when there is none.

        Raises:
            ProviderError: `recording_unreadable`: damaged, or sealed with a key that is not here.
        """
        path = self.find(name)
        if path is None:
            return None
        try:
            return RecordingReader(path, self._keys)
        except (OSError, ValueError) as error:
            _log.error("recording_unreadable", name=name, error=str(error))
            raise ProviderError(
                "recording_unreadable",
                f"The recording cannot be read. {error}",
                "Ask whoever keeps the keys of recordings; see docs/recordings.md.",
                retryable=False,
            ) from error

    def seconds(self, name: str) -> float:
        """Return how long one is; 0 when there is none, or it cannot be read."""
        try:
            reader = self.open(name)
        except ProviderError:
            return 0.0
        if reader is None:
            return 0.0
        with reader:
            return reader.seconds

    def erase(self, session_id: SessionId) -> int:
        """Delete the recording and the voicemail of a session; return how many there were.

        Raises:
            OSError: the disk refused.
        """
        erased = 0
        for name in (session_id, voicemail_name(session_id)):
            while (path := self.find(name)) is not None:
                path.unlink()
                erased += 1
        return erased

    def forget_old(self, now: datetime, most: int) -> int:
        """Delete what was last written longer ago than its kind is kept, at most `most`, and return how many."""
        deleted = 0
        for path in self.files():
            if deleted >= most:
                break
            kept = self._keep_voicemail_seconds if is_voicemail(name_of(path)) else self._keep_seconds
            try:
                if path.lstat().st_mtime < now.timestamp() - kept:
                    path.unlink()
                    deleted += 1
            except OSError as error:
                _log.warning("recording_not_deleted", name=name_of(path), error=str(error))
        return deleted
