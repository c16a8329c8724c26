"""Speak with the speech process: msgpack messages with a length in front, on its pipes.

Before: the media worker has 100 ms of a voice. After: the speech process tells what was said, or that it missed it.
"""

from struct import Struct
from typing import Final, Literal

import msgspec

LENGTH: Final = Struct("!I")
MOST_BYTES: Final = 64 * 1024
"""No message between the two is longer."""


class SpeechConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How speech is transcribed.

    Attributes:
        engine: local: Whisper's weights on this machine. endpoint: a service that speaks OpenAI's transcriptions.
        model_path: Folder of the weights; empty: those of the installed extra.
        url: Of the endpoint, up to its version.
        name: Of its model.
        key: Its bearer token; empty: none is sent.
        language: ISO 639-1.
        timeout_seconds: After which the endpoint's answer is given up.
    """

    engine: Literal["local", "endpoint"]
    model_path: str = ""
    url: str = ""
    name: str = ""
    key: str = ""
    language: str = "en"
    timeout_seconds: float = 10.0


class Frames(msgspec.Struct, frozen=True, tag="frames"):
    """Some 20 ms frames of one voice: PCM16 at `rate` Hz."""

    stream: str
    rate: int
    pcm: bytes


class Silent(msgspec.Struct, frozen=True, tag="silent"):
    """A voice is gone: what it said so far is whole."""

    stream: str


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The process listens; `failure` says why it never will, in a sentence."""

    failure: str = ""


class Uttered(msgspec.Struct, frozen=True, tag="uttered"):
    """What a voice said: its `number`-th utterance, `seconds` long, known so many `late_ms` after its voice rested."""

    stream: str
    number: int
    text: str
    seconds: float
    late_ms: int


class Missed(msgspec.Struct, frozen=True, tag="missed"):
    """An utterance was not transcribed, and why."""

    stream: str
    number: int
    seconds: float
    reason: str


ToSpeech = SpeechConfig | Frames | Silent
FromSpeech = Begun | Uttered | Missed


def pack(message: ToSpeech | FromSpeech) -> bytes:
    """Return a message as it travels."""
    body = _encoder.encode(message)
    return LENGTH.pack(len(body)) + body


_encoder: Final = msgspec.msgpack.Encoder()
