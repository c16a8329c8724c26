"""Transcribe one utterance: what every engine gives, and why one may give nothing.

Adapters: `server.speech.whisper.Whisper` (Whisper's weights on this machine) and `server.speech.endpoint.Endpoint`
(any service that speaks OpenAI's transcriptions).
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
"""Hz of everything an engine hears."""

Sound = NDArray[np.float32]
"""Shape (samples,), from -1 to 1, RATE samples a second."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an engine made of an utterance.

    Attributes:
        text: Empty when nothing was said.
        temperature: What the words were drawn with: above 0, the engine was not sure of its first reading.
    """

    text: str
    temperature: float = 0.0


class EngineError(Exception):
    """The engine could not transcribe; the sentence says why."""


class Engine(Protocol):
    """What transcribes."""

    def transcribe(self, sound: Sound) -> Heard:
        """Return what is said in at most 30 s of sound; blocks until it is known.

        Raises:
            EngineError: it cannot be known; the next utterance may fare better.
        """
        ...
