"""Read the keys out of a recording as a telephone exchange does: by the two loudest of eight frequencies (Goertzel)."""

from tests.media_clients import loudness, share

LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
BLOCK_MS = 20
AUDIBLE = 500
LEAST_BLOCKS = 2
"""Tone and pause must both last 40 ms (ITU-T Q.24)."""


def key_of(block: bytes, rate: int) -> str:
    """Return the key that sounds in a block, "" for quiet, "?" for any other sound."""
    if loudness(block) < AUDIBLE:
        return ""
    lows, highs = ([share(block, hertz, rate) for hertz in group] for group in (LOW, HIGH))
    low, high = max(lows), max(highs)
    if low < 0.2 or high < 0.2 or low + high < 0.8:
        return "?"
    return KEYS[lows.index(low)][highs.index(high)]


def keys_in(pcm: bytes, rate: int) -> str:
    """Return the keys pressed in a recording: each heard for 40 ms at least, with 40 ms of quiet before the next."""
    size = rate * BLOCK_MS // 1000 * 2
    found, before, length = [], "", 0
    for start in range(0, len(pcm) - size + 1, size):
        key = key_of(pcm[start : start + size], rate)
        length = length + 1 if key == before else 1
        if length == LEAST_BLOCKS and key not in {"", "?"}:
            found.append(key)
        before = key
    return "".join(found)
