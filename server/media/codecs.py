"""Turn a leg's audio into PCM16 and back: G.711 µ-law, levels, silence.

`audioop` is part of Python to 3.12; from 3.13 the package audioop-lts brings it back under the same name. It takes
0.1 µs to 0.5 µs for 20 ms, a table in numpy ten times that.
"""

import warnings
from typing import Final

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # 3.11 and 3.12 announce its removal; audioop-lts follows
    import audioop

FULL_SCALE: Final = 32_768.0
"""The RMS that counts as level 1."""


def mulaw_to_pcm16(mulaw: bytes) -> bytes:
    """Return PCM16 of G.711 µ-law (ITU-T G.711), two bytes for each."""
    return audioop.ulaw2lin(mulaw, 2)


def pcm16_to_mulaw(pcm: bytes) -> bytes:
    """Return G.711 µ-law of PCM16, one byte for each two."""
    return audioop.lin2ulaw(pcm, 2)


def rms(pcm: bytes) -> int:
    """Return the root mean square of PCM16, 0 to 32768."""
    return audioop.rms(pcm, 2)


def mixed(first: bytes, second: bytes) -> bytes:
    """Return the sum of two stretches of PCM16 of one length; what is too loud is cut off, not wrapped around."""
    return audioop.add(first, second, 2)


def resampled(pcm: bytes, rate: int, wanted: int) -> bytes:
    """Return a whole piece of mono PCM16 at another rate."""
    return pcm if rate == wanted else audioop.ratecv(pcm, 2, 1, rate, wanted, None)[0]


def frame_bytes(rate: int) -> int:
    """Return the bytes of 20 ms of PCM16 at `rate` Hz."""
    return rate // 50 * 2


def silence(rate: int) -> bytes:
    """Return 20 ms of PCM16 silence at `rate` Hz."""
    return bytes(frame_bytes(rate))
