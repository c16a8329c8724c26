"""Make ids and secrets; the only source of randomness in the broker."""

import secrets
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 20


def new_id(prefix: str) -> str:
    """Return a fresh id of 100 random bits, easy to read out: `s_4k7…`."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"


def new_secret() -> str:
    """Return a fresh secret of 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)
