"""Keep unsent texts on disk, so that a crash of the console (or of the machine) loses none of them.

One JSON file, readable by its owner alone, replaced as a whole: a reader sees the old texts or the new, never half.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

MOST_TEXTS: Final = 200
"""Older texts than the newest so many are dropped."""


class DraftFile:
    """The file `drafts.json` in the console's state directory."""

    def __init__(self, directory: Path) -> None:
        """Name the directory; it is made at the first write."""
        self._path: Final = directory / "drafts.json"

    def read(self) -> dict[str, str]:
        """Return the texts of last time; a missing or damaged file is none (a damaged one is kept aside)."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (msgspec.DecodeError, OSError):
            self._set_aside()
            return {}

    def _set_aside(self) -> None:
        try:
            self._path.replace(self._path.with_suffix(".damaged.json"))
        except OSError:
            return

    def write(self, texts: Mapping[str, str]) -> None:
        """Replace the file; on the disk when this returns.

        Raises:
            OSError: the directory can't be written.
        """
        newest = dict(list(texts.items())[-MOST_TEXTS:])
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".drafts-", dir=self._path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(newest))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
