"""Hold what the JSON streams of carriers share: µ-law at 8 kHz in base64, and telephone keys."""

from typing import Final

RATE: Final = 8_000
"""Hz; the only rate there is."""
FRAME_BYTES: Final = 160
"""20 ms of µ-law."""
MAX_MESSAGE_BYTES: Final = 16 * 1024
"""The longest message taken; a `start` with all its parameters has about 2 KiB."""
DIGITS: Final = frozenset("0123456789*#ABCD")
"""The keys of a telephone."""


class CarrierFormatError(Exception):
    """A message that is not the carrier's; the sentence says why."""
