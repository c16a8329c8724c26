"""Hold words and patterns as data: one TOML file for each piece that needs them, read when it is first used."""

from importlib.resources import files
from typing import TypeVar

import msgspec

T = TypeVar("T")


def read_words(name: str, shape: type[T]) -> T:
    """Return the checked content of one file of this folder."""
    return msgspec.toml.decode((files(__name__) / name).read_bytes(), type=shape)
