"""Score a text with a linear model over hashed words and letters: small, fast, and without a vocabulary to leak.

Features are word pairs, words, and runs of 3 to 5 letters, each hashed (CRC-32) into BUCKETS numbers; the vector has
length 1. `scripts/train.py` makes the weights with exactly these features.
"""

import math
import zlib
from collections import Counter
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.understanding.text import words

BUCKETS: Final = 1 << 15
"""How many features there are."""
MOST_WORDS: Final = 120
"""The rest of a longer text is not looked at."""


def features(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the numbers of a text's features and their values, a vector of length 1; both empty without a word."""
    said = words(text)[:MOST_WORDS]
    counts: Counter[int] = Counter()
    for word in said:
        counts.update(_of_word(word))
    for left, right in zip(["<", *said], [*said, ">"], strict=True):
        counts[_bucket(f"p {left} {right}")] += 2
    numbers = np.fromiter(counts.keys(), np.int64, len(counts))
    values = np.fromiter((1.0 + math.log(count) for count in counts.values()), np.float32, len(counts))
    size = np.float32(np.linalg.norm(values))
    return numbers, (values / size).astype(np.float32) if size else values


@lru_cache(maxsize=4096)
def _of_word(word: str) -> tuple[int, ...]:
    """Return the features of one word by itself; most words come again."""
    padded = f"<{word}>"
    runs = (padded[at : at + length] for length in (3, 4, 5) for at in range(len(padded) - length + 1))
    return (_bucket("w " + word), *(_bucket(run) for run in runs))


def _bucket(feature: str) -> int:
    return zlib.crc32(feature.encode()) % BUCKETS
