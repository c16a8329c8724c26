"""Speak Plivo's audio streaming: the JSON messages of a bidirectional stream, both ways.

Source: https://www.plivo.com/docs/voice-agents/audio-streaming/concepts/audio-streaming-reference. Audio is µ-law,
8 kHz, mono, base64. There is no `stop`: the socket just closes. What is not needed is not read.
"""

import base64
import re
from typing import Final

import msgspec

from server.telephony.mulaw import RATE, CarrierFormatError

_TOKEN: Final = re.compile(rb"token\W{1,8}([0-9a-f]{2,400})(?![0-9A-Za-z])")
"""Our token in `extra_headers`, which has come as `token=...;...`, and as JSON within a string with X-PH- before it."""


class MediaFormat(msgspec.Struct, frozen=True):
    """What the audio is."""

    encoding: str = "audio/x-mulaw"
    sample_rate: int = msgspec.field(name="sampleRate", default=RATE)


class Start(msgspec.Struct, frozen=True):
    """The stream begins: whose call it is."""

    stream_id: str = msgspec.field(name="streamId", default="")
    call_id: str = msgspec.field(name="callId", default="")
    media_format: MediaFormat = msgspec.field(name="mediaFormat", default=MediaFormat())


class Media(msgspec.Struct, frozen=True):
    """Audio of one track; `payload` is decoded µ-law."""

    payload: bytes
    track: str = "inbound"


class Dtmf(msgspec.Struct, frozen=True):
    """One key the caller pressed."""

    digit: str | int


class Message(msgspec.Struct, frozen=True):
    """Any message from Plivo; the part that its event names is set."""

    event: str
    stream_id: str = msgspec.field(name="streamId", default="")
    start: Start | None = None
    media: Media | None = None
    dtmf: Dtmf | None = None
    extra_headers: msgspec.Raw = msgspec.Raw(b"")


def decode(raw: bytes) -> Message:
    """Return one message; an event we don't know has none of its parts set.

    Raises:
        CarrierFormatError: Not JSON, or a field has the wrong shape.
    """
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CarrierFormatError(f"Not a Plivo message: {error}.") from error


def check_format(media_format: MediaFormat) -> None:
    """Refuse audio we would play as noise.

    Raises:
        CarrierFormatError: It is not µ-law at 8 kHz.
    """
    if (media_format.encoding, media_format.sample_rate) != ("audio/x-mulaw", RATE):
        raise CarrierFormatError(f"The stream is {media_format}; audio/x-mulaw at 8000 Hz is expected.")


def carried(token: str) -> str:
    """Return a token as `extraHeaders` may carry it: letters and digits only."""
    return token.encode().hex()


def token_of(extra_headers: bytes) -> str:
    """Return our one-time token; empty when there is none, or it is garbled."""
    found = _TOKEN.search(extra_headers)
    try:
        return bytes.fromhex(found[1].decode()).decode() if found else ""
    except ValueError:
        return ""


def audio_message(mulaw: bytes) -> bytes:
    """Return a `playAudio`."""
    return _PREFIX + base64.b64encode(mulaw) + b'"}}'


def clear_message(stream_id: str) -> bytes:
    """Return a `clearAudio`: Plivo throws away what it has not played yet."""
    return msgspec.json.encode({"event": "clearAudio", "streamId": stream_id})


def dtmf_message(digits: str) -> bytes:
    """Return a `sendDTMF`: Plivo presses these keys towards the caller's side."""
    return msgspec.json.encode({"event": "sendDTMF", "dtmf": digits})


_PREFIX: Final = b'{"event":"playAudio","media":{"contentType":"audio/x-mulaw","sampleRate":8000,"payload":"'
_decoder: Final = msgspec.json.Decoder(Message, strict=False)
