"""Be the socket of a carrier that sends JSON with µ-law in it: what Twilio's, Plivo's and Telnyx's have in common.

Before a start with a good token nothing is used. A subclass names its messages; audio is cut here into 20 ms.
"""

from picows import WSMsgType
from typing_extensions import override

from server.broker.ports.media import Admission
from server.media.admissions import RefusedError
from server.media.codecs import mulaw_to_pcm16
from server.media.leg import Told
from server.media.socket import CLOSE_BAD, CLOSE_REFUSED, LegSocket
from server.telephony.mulaw import DIGITS, FRAME_BYTES, MAX_MESSAGE_BYTES, RATE, CarrierFormatError


class MulawSocket(LegSocket):
    """A socket of a carrier's media stream."""

    audio_kind = WSMsgType.TEXT
    _rest = b""
    ignored = 0
    """Messages that had no meaning where they came: audio before `start`, of another track or stream."""

    def take(self, raw: bytes, now: float) -> None:
        """Take one message.

        Raises:
            CarrierFormatError: It is none of the carrier's.
        """
        raise NotImplementedError

    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at 8 kHz."""
        raise NotImplementedError

    def flush(self) -> None:
        """Let the carrier throw away what it has not played yet."""
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

    @property
    def presses_keys(self) -> bool:
        """Not, unless the format has a word for it: then keys go out as tones."""
        return False

    def ready(self, admission: Admission) -> None:
        """Nothing: no carrier waits for an answer."""

    def tell(self, frame: Told) -> None:
        """Nothing: most formats have no word for any of them."""

    def start_call(self, token: str, transport: str, call_id: str) -> None:
        """Let the call in by its token, or close."""
        try:
            ticket = self.exchange.redeem(token, transport, call_id)
        except RefusedError:
            self.refuse(CLOSE_REFUSED, "refused")
            return
        self.let_in(self.exchange.enter(ticket, self, rate=RATE, external_id=call_id))

    def may_start(self, stream_id: str) -> bool:
        """Tell whether a start with this stream makes sense; a second one, or one that names no stream, closes."""
        if self.leg is None and stream_id:
            return True
        self.refuse(CLOSE_BAD, "bad_start")
        return False

    def speak(self, mulaw: bytes, now: float) -> None:
        """Cut what came into 20 ms; carriers send just that, their compatibles not always."""
        leg = self.leg
        if leg is None:
            self.ignored += 1
            return
        if self._rest:
            mulaw = self._rest + mulaw
        whole = len(mulaw) - len(mulaw) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            self.exchange.speak(leg, mulaw_to_pcm16(mulaw[start : start + FRAME_BYTES]), now)
        self._rest = mulaw[whole:]

    def press(self, digit: str | int) -> None:
        """Take one key; what is on no telephone is ignored."""
        if self.leg is None or str(digit) not in DIGITS:
            self.ignored += 1
            return
        self.exchange.digit(self.leg, str(digit))
