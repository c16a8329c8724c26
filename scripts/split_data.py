"""Split labelled rows into what is trained on, what is tuned on, and what is measured once: by a hash, not by chance.

The part of a row depends on its own text and SEED alone, so that it stays in its part when the file grows.
"""

import hashlib

SEED = "handoff-1"
TUNE, TEST = "tune", "test"


def part_of(text: str, test_share: float = 0.5) -> str:
    """Return TUNE or TEST for a row of this text."""
    digest = hashlib.sha256(f"{SEED} {text}".encode()).digest()
    return TEST if int.from_bytes(digest[:4], "big") / 2**32 < test_share else TUNE
