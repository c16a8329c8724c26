"""Know the keys of a telephone, which an operator can press on the caller's line."""

from typing import Final

KEYS: Final = "1234567890*#ABCD"
"""All sixteen, A to D being those that only some telephones have."""
MOST_KEYS: Final = 32
"""As many as one order may hold (`server.wire.commands.Dtmf`)."""


def is_keys(text: str) -> bool:
    """Tell whether a text is one order's worth of keys."""
    return 1 <= len(text) <= MOST_KEYS and all(letter in KEYS for letter in text)
