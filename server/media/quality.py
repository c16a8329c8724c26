"""Estimate how a leg sounds from what arrives of it, as a mean opinion score (MOS) from 1 to 4.5.

The E-model of ITU-T G.107 with its defaults, for G.711 without concealment (Ie 0 and Bpl 4.3: G.113, Appendix I) and
the delay term of Cole and Rosenbluth, "Voice over IP performance monitoring" (2001). The delay that is known here is
a playout buffer of twice the jitter: the way through the network is not, so the true score is at most this one.
"""

from typing import Final

BEST_R: Final = 93.2
"""The rating with nothing lost and no delay."""
ROBUSTNESS: Final = 4.3
FRAME_DELAY_MS: Final = 40.0
"""A frame being filled, and one being played."""
_KNEE_MS: Final = 177.3


def mos_of(loss_percent: float, jitter_ms: float) -> float:
    """Return the score of a second of audio with so much loss (0..100) and jitter (RFC 3550, milliseconds)."""
    delay_ms = FRAME_DELAY_MS + 2 * max(jitter_ms, 0.0)
    loss = min(max(loss_percent, 0.0), 100.0)
    by_delay = 0.024 * delay_ms + 0.11 * max(delay_ms - _KNEE_MS, 0.0)
    by_loss = 95.0 * loss / (loss + ROBUSTNESS)
    rating = min(max(BEST_R - by_delay - by_loss, 0.0), 100.0)
    return max(1.0, 1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating))
