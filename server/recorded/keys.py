"""Keep the keys that recordings are sealed with: a line each, the first for what is recorded from now on."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import override

from server.secret_files import SecretFileError, SecretText, read_secret

RECORDING_KEYS_VARIABLE: Final = "OPERATOR_RECORDING_KEYS"
"""Environment: the keys that seal recordings; wins over `[recording] keys_file`."""
KEY_BYTES: Final = 32
"""AES-256."""
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")
_HOW: Final = (
    "Write lines such as `2026-11 BASE64`, 32 bytes each; `operator-server recordings rotate --new-key` makes one."
)


class KeysError(Exception):
    """The keys cannot be used; the sentence says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The keys by their ids; `current` seals what is new."""

    current: str
    known: Mapping[str, bytes]

    @override
    def __repr__(self) -> str:
        """Name the keys, never show one."""
        return f"Keys(current={self.current!r}, known={sorted(self.known)!r})"

    def text(self) -> SecretText:
        """Return them as a file has them."""
        order = (self.current, *(one for one in self.known if one != self.current))
        return SecretText("".join(f"{one} {base64.b64encode(self.known[one]).decode()}\n" for one in order))


def parse_keys(text: str) -> Keys:
    """Return the keys written in `text`.

    Raises:
        KeysError: There is none, one is malformed, or an id stands there twice.
    """
    known: dict[str, bytes] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, coded = line.strip().partition(" ")
        try:
            key = base64.b64decode(coded.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not _ID.fullmatch(name) or len(key) != KEY_BYTES:
            raise KeysError(f"A line of the recordings' keys is malformed. {_HOW}")
        if name in known:
            raise KeysError(f"The recordings' key {name} stands there twice. Give each key an id of its own.")
        known[name] = key
    if not known:
        raise KeysError(f"There is no key for recordings. {_HOW}")
    return Keys(next(iter(known)), known)


def with_new_key(keys: Keys | None, name: str) -> Keys:
    """Return the keys with a fresh one of this id in front.

    Raises:
        KeysError: The id is taken, or none.
    """
    if not _ID.fullmatch(name):
        raise KeysError(f"{name!r} is no id for a key: use up to 40 letters, digits, dots, - and _.")
    before = dict(keys.known) if keys is not None else {}
    if name in before:
        raise KeysError(f"There is a key {name} already. Choose another id.")
    return Keys(name, {name: secrets.token_bytes(KEY_BYTES), **before})


def read_keys(path: Path) -> Keys:
    """Return the keys in a file.

    Raises:
        KeysError: It is missing, readable by others, or malformed.
    """
    try:
        return parse_keys(read_secret(path).reveal())
    except SecretFileError as error:
        raise KeysError(str(error)) from error
    except KeysError as error:
        raise KeysError(f"{path}: {error}") from error


def make_keys(path: Path, name: str) -> Keys:
    """Return the keys in a file, making it with a fresh key of this id where there is none.

    Raises:
        KeysError: It is there and cannot be used, or cannot be written.
    """
    if path.exists():
        return read_keys(path)
    keys = with_new_key(None, name)
    try:
        write_keys(path, keys)
    except FileExistsError:
        return read_keys(path)  # somebody else was faster
    return keys


def write_keys(path: Path, keys: Keys, *, replace: bool = False) -> None:
    """Write the keys, for their owner alone: whole or not at all.

    Raises:
        KeysError: The folder or the disk refuses.
        FileExistsError: It is there and may not be replaced.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(keys.text().reveal())
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            os.link(draft, path)
            draft.unlink()
    except FileExistsError:
        draft.unlink(missing_ok=True)
        raise
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise KeysError(f"{path} cannot be written: {error.strerror}.") from error
