"""Cut a stream of speech into utterances by how probably each 32 ms hold a voice; pure.

Before: `server.speech.worker` has the probability of a chunk. After: a whole utterance goes to the engine.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

CHUNK_SAMPLES: Final = 512
CHUNK_BYTES: Final = 2 * CHUNK_SAMPLES
CHUNK_SECONDS: Final = CHUNK_SAMPLES / 16_000
BEGINS, GOES_ON = 0.5, 0.35
"""A voice begins above the first, and goes on above the second."""
DRAFT_CHUNKS: Final = 10
"""A voice that rests so long may have finished: what it said may be read ahead (320 ms)."""
LEAST_CHUNKS: Final = 3
"""A shorter noise is no utterance (96 ms)."""
PAUSE_CHUNKS: Final = 19
"""A voice that rests so long has finished (608 ms)."""
BEFORE_CHUNKS: Final = 8
"""So much from before the voice began belongs to it: soft first sounds (256 ms)."""
MOST_CHUNKS: Final = 870
"""A longer utterance is cut (27.8 s): an engine takes 30 s."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech.

    Attributes:
        pcm: PCM16, mono, 16 kHz.
        began: When it began, in seconds of its stream.
        ended: When its voice was last heard.
        rested: How long it had rested when the utterance was known to be over, in seconds.
    """

    pcm: bytes
    began: float
    ended: float
    rested: float = 0.0


class Utterances:
    """The utterances of one stream."""

    def __init__(self) -> None:
        """Begin in silence."""
        self._before: Final[deque[bytes]] = deque(maxlen=BEFORE_CHUNKS)
        self._held: list[bytes] = []
        self._voiced = 0
        self._rest = 0
        self._at = 0

    def add(self, chunk: bytes, probability: float) -> Utterance | None:
        """Take the next CHUNK_BYTES and how probably they hold a voice; return an utterance that is over."""
        self._at += 1
        if not self._held and probability < BEGINS:
            self._before.append(chunk)
            return None
        if not self._held:
            self._held = list(self._before)
            self._before.clear()
        self._held.append(chunk)
        voice = probability >= GOES_ON
        self._voiced += voice
        self._rest = 0 if voice else self._rest + 1
        return self.close() if self._rest >= PAUSE_CHUNKS or len(self._held) >= MOST_CHUNKS else None

    @property
    def resting(self) -> bool:
        """Whether the voice rests in the middle of what it says, or has just finished."""
        return self._rest > 0

    def draft(self) -> bytes:
        """Return what is said so far, at the moment in which the voice has rested for DRAFT_CHUNKS; else nothing."""
        return b"".join(self._held) if self._rest == DRAFT_CHUNKS and self._voiced >= LEAST_CHUNKS else b""

    def close(self) -> Utterance | None:
        """Return what is said so far, as the stream ends; None when that is nothing."""
        held, voiced, rest = self._held, self._voiced, self._rest
        self._held, self._voiced, self._rest = [], 0, 0
        if voiced < LEAST_CHUNKS:
            return None
        began = (self._at - len(held)) * CHUNK_SECONDS
        ended = (self._at - rest) * CHUNK_SECONDS
        return Utterance(b"".join(held), round(began, 3), round(ended, 3), round(rest * CHUNK_SECONDS, 3))
