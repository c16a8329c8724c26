"""Be the socket of a Twilio call: their JSON, our frames.

Before `start` with a good token nothing is used. Twilio's own goodbye is `stop`; ours is to close, after which the
TwiML behind `</Connect>` hangs up.
"""

from picows import WSMsgType
from typing_extensions import override

from server.broker.ports.media import Admission
from server.media.admissions import RefusedError
from server.media.codecs import mulaw_to_pcm16, pcm16_to_mulaw
from server.media.leg import Told
from server.media.socket import CLOSE_BAD, CLOSE_REFUSED, LegSocket
from server.telephony import twilio


class TwilioSocket(LegSocket):
    """A socket on `/twilio`."""

    audio_kind = WSMsgType.TEXT
    _stream_sid = ""
    _prefix = b""
    _rest = b""
    ignored = 0
    """Messages that had no meaning where they came: audio before `start`, of another track or stream."""

    @override
    def on_binary(self, raw: bytes, now: float) -> None:
        """Refuse: Twilio speaks text."""
        self.bad_frame("binary")

    @override
    def on_text(self, raw: bytes, now: float) -> None:
        """Take one message."""
        if len(raw) > twilio.MAX_MESSAGE_BYTES:
            self.bad_frame("frame_too_large")
            return
        try:
            message = twilio.decode(raw)
        except twilio.TwilioFormatError:
            self.bad_frame("bad_frame")
            return
        match message.event:
            case "media":
                self._take_media(message, now)
            case "start":
                self._start(message.start)
            case "dtmf":
                self._take_digit(message.dtmf)
            case "stop":
                self.finish("stop", clean=True)
            case _:
                self.ignored += 1

    @property
    def presses_keys(self) -> bool:
        """Not: Media Streams takes audio, marks and clears only, so keys go out as tones."""
        return False

    def ready(self, admission: Admission) -> None:
        """Nothing: Twilio waits for no answer."""

    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at 8 kHz."""
        self.wire.audio(twilio.media_message(self._prefix, pcm16_to_mulaw(pcm)))

    def flush(self) -> None:
        """Let Twilio throw away what it has not played yet."""
        self.wire.forget_audio()
        self.wire.control(twilio.clear_message(self._stream_sid))

    def tell(self, frame: Told) -> None:
        """Nothing: Twilio has no word for any of them."""

    def _start(self, start: twilio.Start | None) -> None:
        """Let the call in by the token of its TwiML, or close; a second `start` closes too."""
        if start is None or not start.stream_sid or self.leg is not None:
            self.refuse(CLOSE_BAD, "bad_start")
            return
        try:
            twilio.check_format(start.media_format)
            ticket = self.exchange.redeem(start.parameters.token, "twilio", start.call_sid)
        except twilio.TwilioFormatError:
            self.refuse(CLOSE_BAD, "bad_format")
            return
        except RefusedError:
            self.refuse(CLOSE_REFUSED, "refused")
            return
        self._stream_sid = start.stream_sid
        self._prefix = twilio.media_prefix(start.stream_sid)
        self.let_in(self.exchange.enter(ticket, self, rate=twilio.RATE, external_id=start.call_sid))

    def _take_media(self, message: twilio.Message, now: float) -> None:
        """Cut what came into 20 ms; Twilio sends just that, its compatibles not always."""
        leg, media = self.leg, message.media
        if leg is None or media is None or media.track != "inbound" or message.stream_sid != self._stream_sid:
            self.ignored += 1
            return
        mulaw = self._rest + media.payload if self._rest else media.payload
        size = twilio.FRAME_BYTES
        whole = len(mulaw) - len(mulaw) % size
        for start in range(0, whole, size):
            self.exchange.speak(leg, mulaw_to_pcm16(mulaw[start : start + size]), now)
        self._rest = mulaw[whole:]

    def _take_digit(self, dtmf: twilio.Dtmf | None) -> None:
        digit = "" if dtmf is None else str(dtmf.digit)
        if self.leg is None or digit not in twilio.DIGITS:
            self.ignored += 1
            return
        self.exchange.digit(self.leg, digit)
