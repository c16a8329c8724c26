"""Speak Twilio Media Streams: the JSON messages of a bidirectional stream, both ways.

Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages. Audio is µ-law, 8 kHz, mono, base64.
Twilio writes numbers as strings; what is not needed is not read, so that a change there breaks nothing here.
"""

import base64
from typing import Final

import msgspec

from server.telephony.mulaw import RATE, CarrierFormatError


class MediaFormat(msgspec.Struct, frozen=True):
    """What the audio is; refused unless it is µ-law, 8 kHz, mono."""

    encoding: str = "audio/x-mulaw"
    sample_rate: int = msgspec.field(name="sampleRate", default=RATE)
    channels: int = 1


class Parameters(msgspec.Struct, frozen=True):
    """The `<Parameter>`s of our TwiML that we read back: the one-time token."""

    token: str = ""


class Start(msgspec.Struct, frozen=True):
    """The stream begins: whose call it is, and the parameters of our TwiML."""

    stream_sid: str = msgspec.field(name="streamSid", default="")
    call_sid: str = msgspec.field(name="callSid", default="")
    media_format: MediaFormat = msgspec.field(name="mediaFormat", default=MediaFormat())
    parameters: Parameters = msgspec.field(name="customParameters", default=Parameters())


class Media(msgspec.Struct, frozen=True):
    """Audio of one track; `payload` is decoded µ-law."""

    payload: bytes
    track: str = "inbound"


class Dtmf(msgspec.Struct, frozen=True):
    """One key the caller pressed."""

    digit: str | int


class Message(msgspec.Struct, frozen=True):
    """Any message from Twilio; the part that its event names is set."""

    event: str
    stream_sid: str = msgspec.field(name="streamSid", default="")
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
        raise CarrierFormatError(f"Not a Twilio message: {error}.") from error


def check_format(media_format: MediaFormat) -> None:
    """Refuse audio we would play as noise.

    Raises:
        CarrierFormatError: It is not µ-law, 8 kHz, mono.
    """
    if (media_format.encoding, media_format.sample_rate, media_format.channels) != ("audio/x-mulaw", RATE, 1):
        raise CarrierFormatError(f"The stream is {media_format}; µ-law, 8000 Hz, mono is expected.")


def media_prefix(stream_sid: str) -> bytes:
    """Return the start of every `media` message of a stream, so that a frame costs one base64."""
    return b'{"event":"media","streamSid":' + msgspec.json.encode(stream_sid) + b',"media":{"payload":"'


def media_message(prefix: bytes, mulaw: bytes) -> bytes:
    """Return a `media` message; `prefix` is from `media_prefix`."""
    return prefix + base64.b64encode(mulaw) + b'"}}'


def mark_message(stream_sid: str, name: str) -> bytes:
    """Return a `mark`: Twilio sends it back when everything before it was played (or cleared)."""
    return msgspec.json.encode({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}})


def clear_message(stream_sid: str) -> bytes:
    """Return a `clear`: Twilio throws away what it has not played yet."""
    return msgspec.json.encode({"event": "clear", "streamSid": stream_sid})


_decoder: Final = msgspec.json.Decoder(Message, strict=False)
