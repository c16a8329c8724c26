"""Keep how the operator likes the list, from one start of the console to the next."""

from pathlib import Path
from typing import Final

import msgspec

from operator_console.model.listing import Sort


class KeptView(msgspec.Struct, frozen=True):
    """What is kept."""

    sort: Sort = Sort.PROMISE


class ViewFile:
    """The file `view.json` in the console's state directory."""

    def __init__(self, directory: Path) -> None:
        """Name the directory; it is made at the first write."""
        self._path: Final = directory / "view.json"

    def read(self) -> KeptView:
        """Return what was kept; a missing or damaged file is nothing."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=KeptView)
        except (msgspec.DecodeError, OSError):
            return KeptView()

    def write(self, view: KeptView) -> str:
        """Replace the file; return what went wrong, if anything did. It is small, and nothing is lost with it."""
        fresh = self._path.with_suffix(".new.json")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(view))
            fresh.replace(self._path)
        except OSError as error:
            return error.strerror or "the disk refused"
        return ""
