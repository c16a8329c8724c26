"""Read secrets only from where other users of the machine cannot, and keep them out of every text.

Secrets come from a file of their own or from the environment, never from the configuration file itself.
"""

import os
import stat
from pathlib import Path
from typing import Final

from typing_extensions import override

MAX_SECRET_BYTES: Final = 4096
"""The longest secret file taken."""

PRIVATE_UMASK: Final = 0o077
"""New files and folders belong to their owner alone."""


class SecretFileError(Exception):
    """A secret file is missing, empty, too long, or readable by others; the sentence says what to do."""


class SecretText:
    """A secret that shows itself only when asked to: printing and logging give asterisks."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep `text`, which must not be empty."""
        if not text:
            raise ValueError("A secret must not be empty.")
        self._text: Final = text

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._text

    @override
    def __repr__(self) -> str:
        return "SecretText('***')"

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and other.reveal() == self._text

    @override
    def __hash__(self) -> int:
        return hash((SecretText, self._text))


def restrict_new_files() -> None:
    """Make every file this process creates from now on private to its owner."""
    os.umask(PRIVATE_UMASK)


def read_secret(path: Path) -> SecretText:
    """Return the secret in `path`, without white space around it.

    Raises:
        SecretFileError: The file cannot be read, is empty or longer than 4 KiB, or grants anything to group or others.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            raw = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise SecretFileError(f"The secret file {path} cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise SecretFileError(f"Other users may read the secret file {path} (mode {mode:o}): chmod 600 {path}")
    if len(raw) > MAX_SECRET_BYTES:
        raise SecretFileError(f"The secret file {path} is longer than {MAX_SECRET_BYTES} bytes: is it the right file?")
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise SecretFileError(f"The secret file {path} is not text in UTF-8.") from error
    if not text:
        raise SecretFileError(f"The secret file {path} is empty.")
    return SecretText(text)
