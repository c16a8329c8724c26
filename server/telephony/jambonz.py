"""Speak the socket of jambonz's `listen` verb: one JSON with who calls, then PCM16 as binary, keys as JSON.

Source: https://docs.jambonz.org/verbs/verbs/listen. Audio is signed 16-bit little-endian, mono, both ways, without a
header, at the rate that the verb asked for and the first message repeats. What is not needed is not read.
"""

from typing import Final

import msgspec

from server.telephony.mulaw import CarrierFormatError
from server.wire.media import SAMPLE_RATES

PROTOCOLS: Final = ("audio.jambonz.org", "audio.drachtio.org")
"""The sub-protocols that jambonz asks for: in newer and in older versions."""
KILL_AUDIO: Final = b'{"type":"killAudio"}'
"""jambonz throws away what it has not played yet."""
DISCONNECT: Final = b'{"type":"disconnect"}'
"""The verb ends, and what stands behind it is done."""


class Metadata(msgspec.Struct, frozen=True):
    """What we gave the verb to say, where it stands by itself."""

    token: str = ""


class Start(msgspec.Struct, frozen=True):
    """The first message: whose call it is, how it sounds, and what we gave the verb to say."""

    call_sid: str = msgspec.field(name="callSid", default="")
    rate: int = msgspec.field(name="sampleRate", default=8_000)
    token: str = ""
    metadata: Metadata = Metadata()

    @property
    def one_time_token(self) -> str:
        """Our token, which stands beside the call's attributes, or within `metadata`."""
        return self.token or self.metadata.token


class Message(msgspec.Struct, frozen=True):
    """A later message: a key that the caller pressed, or something we have no use for.

    jambonz's server writes `event` and `dtmf`, its own libraries read `type` and `digit`: both are taken.
    """

    event: str = ""
    type: str = ""
    dtmf: str | int = ""
    digit: str | int = ""

    @property
    def key(self) -> str:
        """The key that was pressed; empty when it is about something else."""
        return str(self.dtmf or self.digit) if "dtmf" in {self.event, self.type} else ""


def decode_start(raw: bytes) -> Start:
    """Return the first message.

    Raises:
        CarrierFormatError: Not JSON, or a field has the wrong shape.
    """
    try:
        return _start.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CarrierFormatError(f"Not jambonz's first message: {error}.") from error


def decode(raw: bytes) -> Message:
    """Return a later message.

    Raises:
        CarrierFormatError: Not JSON, or a field has the wrong shape.
    """
    try:
        return _message.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CarrierFormatError(f"Not a message of jambonz: {error}.") from error


def check_rate(rate: int) -> None:
    """Refuse audio we would play too fast or too slowly.

    Raises:
        CarrierFormatError: It is at a rate that no leg may have.
    """
    if rate not in SAMPLE_RATES:
        raise CarrierFormatError(f"The audio is at {rate} Hz; one of {SAMPLE_RATES} is expected.")


_start: Final = msgspec.json.Decoder(Start, strict=False)
_message: Final = msgspec.json.Decoder(Message, strict=False)
