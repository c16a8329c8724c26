"""Be the socket of a carrier that sends JSON with µ-law in it: what Twilio's, Plivo's and Telnyx's have in common.

A subclass names its messages.
"""

from picows import WSMsgType
from typing_extensions import override

from server.media.carrier_leg import CarrierSocket
from server.media.codecs import mulaw_to_pcm16
from server.telephony.mulaw import FRAME_BYTES, MAX_MESSAGE_BYTES, RATE, CarrierFormatError


class MulawSocket(CarrierSocket):
    """A socket of a carrier's media stream."""

    audio_kind = WSMsgType.TEXT

    def take(self, raw: bytes, now: float) -> None:
        """Take one message.

        Raises:
            CarrierFormatError: It is none of the carrier's.
        """
        raise NotImplementedError

    @override
    def on_binary(self, raw: bytes, now: float) -> None:
        """Refuse: these carriers speak text."""
        self.bad_frame("binary")

    @override
    def on_text(self, raw: bytes, now: float) -> None:
        """Take one message."""
        if len(raw) > MAX_MESSAGE_BYTES:
            self.bad_frame("frame_too_large")
            return
        try:
            self.take(raw, now)
        except CarrierFormatError:
            self.bad_frame("bad_frame")

    def start_stream(self, token: str, transport: str, call_id: str) -> None:
        """Let the call in by its token, or close; all these carriers speak 8 kHz."""
        self.start_call(token, transport, call_id, rate=RATE)

    def speak(self, mulaw: bytes, now: float) -> None:
        """Cut what came into 20 ms; carriers send just that, their compatibles not always."""
        leg = self.leg
        if leg is None:
            self.ignored += 1
            return
        audio = self.whole_frames(mulaw, FRAME_BYTES)
        for start in range(0, len(audio), FRAME_BYTES):
            self.exchange.speak(leg, mulaw_to_pcm16(audio[start : start + FRAME_BYTES]), now)
