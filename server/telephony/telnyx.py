"""Speak Telnyx media streaming: the JSON messages of a bidirectional RTP stream, both ways.

Source: https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket (AsyncAPI). Audio is
PCMU, 8 kHz, mono, base64 without RTP headers; frames may come out of order (`server.telephony.in_order`). The one-time
token is the `stream_auth_token` of the command, which comes back in `connected`.
"""

import base64
from typing import Final

import msgspec

from server.telephony.mulaw import RATE, CarrierFormatError


class MediaFormat(msgspec.Struct, frozen=True):
    """What the audio is."""

    encoding: str = "PCMU"
    sample_rate: int = RATE
    channels: int = 1


class Start(msgspec.Struct, frozen=True):
    """The stream begins: whose call it is."""

    call_control_id: str = ""
    media_format: MediaFormat = MediaFormat()


class Media(msgspec.Struct, frozen=True):
    """Audio of one track; `payload` is decoded µ-law, `chunk` its number within the track."""

    payload: bytes
    track: str = "inbound"
    chunk: int = 0


class Dtmf(msgspec.Struct, frozen=True):
    """One key the caller pressed."""

    digit: str | int


class Message(msgspec.Struct, frozen=True):
    """Any message from Telnyx; the part that its event names is set."""

    event: str
    token: str = msgspec.field(name="x-telnyx-streaming-auth-token", default="")
    stream_id: str = ""
    start: Start | None = None
    media: Media | None = None
    dtmf: Dtmf | None = None


def decode(raw: bytes) -> Message:
    """Return one message; an event we don't know has none of its parts set.

    Raises:
        CarrierFormatError: Not JSON, or a field has the wrong shape.
    """
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CarrierFormatError(f"Not a Telnyx message: {error}.") from error


def check_format(media_format: MediaFormat) -> None:
    """Refuse audio we would play as noise.

    Raises:
        CarrierFormatError: It is not PCMU, 8 kHz, mono.
    """
    if (media_format.encoding, media_format.sample_rate, media_format.channels) != ("PCMU", RATE, 1):
        raise CarrierFormatError(f"The stream is {media_format}; PCMU, 8000 Hz, mono is expected.")


def audio_message(mulaw: bytes) -> bytes:
    """Return a `media`."""
    return b'{"event":"media","media":{"payload":"' + base64.b64encode(mulaw) + b'"}}'


CLEAR: Final = b'{"event":"clear"}'
"""Telnyx throws away what it has not played yet."""
_decoder: Final = msgspec.json.Decoder(Message, strict=False)
