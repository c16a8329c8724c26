"""Keep the operator's token where only they can read it, and out of every text.

It comes from `$OPERATOR_TOKEN`, else from a file of its own that group and others may not read.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from typing_extensions import override

from operator_console.config import ConsoleConfig

TOKEN_VARIABLE: Final = "OPERATOR_TOKEN"  # noqa: S105 - the name of the variable, not a token
MAX_TOKEN_BYTES: Final = 4096
NO_TOKEN: Final = "no_token"  # noqa: S105 - a code of an error, not a token
TOKEN_FILE: Final = "token_file"  # noqa: S105 - a code of an error, not a token


class CredentialError(Exception):
    """There is no token that can be used; `code` is `no_token` or `token_file`, `hint` says what to do."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        """Keep the parts."""
        super().__init__(message)
        self.code = code
        self.hint = hint


class Token(msgspec.Struct, frozen=True):
    """A token and where it comes from; printing it shows no token."""

    text: str
    source: str

    @override
    def __repr__(self) -> str:
        return f"Token('***', source={self.source!r})"


def token_path(config: ConsoleConfig) -> Path:
    """Return the file the token is kept in."""
    named = config.settings.server.token_file
    return (config.folder / Path(named).expanduser()) if named else config.folder / "token"


def read_token(config: ConsoleConfig, environment: Mapping[str, str]) -> Token:
    """Return the operator's token.

    Raises:
        CredentialError: there is none, others may read it, or it can't be a token.
    """
    given = environment.get(TOKEN_VARIABLE, "").strip()
    if given:
        return Token(checked(given, f"${TOKEN_VARIABLE}"), f"${TOKEN_VARIABLE}")
    path = token_path(config)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            raw = file.read(MAX_TOKEN_BYTES + 1)
    except FileNotFoundError as error:
        raise CredentialError(
            NO_TOKEN, f"There is no token: {path} does not exist.", "Run: operator-console login"
        ) from error
    except OSError as error:
        raise CredentialError(
            TOKEN_FILE, f"The token file {path} can't be read: {error.strerror}.", "Run: operator-console login"
        ) from error
    if mode & 0o077:
        raise CredentialError(
            TOKEN_FILE, f"Other users may read the token file {path} (mode {mode:o}).", f"chmod 600 {path}"
        )
    return Token(checked(raw.decode("utf-8", "replace").strip(), str(path)), str(path))


def checked(text: str, source: str) -> str:
    """Return a token that can stand in a header.

    Raises:
        CredentialError: it is empty, too long, or has other than printable ASCII characters.
    """
    if not text:
        raise CredentialError(NO_TOKEN, f"{source} is empty.", "Run: operator-console login")
    if len(text) > MAX_TOKEN_BYTES or not all("!" <= char <= "~" for char in text):
        raise CredentialError(
            TOKEN_FILE, f"What {source} holds is not a token.", "A token is one word of printable ASCII characters."
        )
    return text


def save_token(path: Path, text: str) -> None:
    """Write the token so that only its owner can read it, never half of it.

    Raises:
        CredentialError: the file can't be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        fresh.replace(path)
    except OSError as error:
        raise CredentialError(
            TOKEN_FILE, f"The token file {path} can't be written: {error.strerror}.", "Choose another token_file."
        ) from error
