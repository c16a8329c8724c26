"""Read the canned replies beside the configuration: `replies.toml`, and every file in `replies/`, by name.

They are read once, at the start; `operator_console.model.replies` says what may stand in them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from operator_console.config import ConfigError
from operator_console.model.replies import CannedReply, RepliesError, parse

MOST_BYTES: Final = 1_000_000
"""A larger file is no file of replies."""


def load(folder: Path, *, taken: Iterable[str] = ()) -> tuple[CannedReply, ...]:
    """Return the replies in the folder of the configuration; none are there when no file is.

    Args:
        folder: The configuration's folder.
        taken: Names that a reply can't have: the commands that can be written after a slash.

    Raises:
        ConfigError: a file can't be read or used; the sentence names it.
    """
    found: list[CannedReply] = []
    used = set(taken)
    for path in (folder / "replies.toml", *sorted((folder / "replies").glob("*.toml"))):
        if not path.exists():
            continue
        try:
            replies = parse(_read(path), taken=used)
        except RepliesError as error:
            raise ConfigError(f"Canned replies, {path}: {error}") from error
        found += replies
        used.update(reply.name for reply in replies)
    return tuple(found)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RepliesError(f"larger than {MOST_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RepliesError(f"can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise RepliesError("is not text in UTF-8.") from error
