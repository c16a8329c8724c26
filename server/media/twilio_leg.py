"""Be the socket of a Twilio call: their JSON, our frames.

Before `start` with a good token nothing is used. Twilio's own goodbye is `stop`; ours is to close, after which the
TwiML behind `</Connect>` goes on.
"""

from typing_extensions import override

from server.media.codecs import pcm16_to_mulaw
from server.media.mulaw_leg import MulawSocket
from server.media.socket import CLOSE_BAD
from server.telephony import twilio
from server.telephony.mulaw import CarrierFormatError


class TwilioSocket(MulawSocket):
    """A socket on `/twilio`."""

    _stream_sid = ""
    _prefix = b""

    @override
    def take(self, raw: bytes, now: float) -> None:
        """Take one message."""
        message = twilio.decode(raw)
        match message.event:
            case "media":
                self._take_media(message, now)
            case "start":
                self._start(message.start or twilio.Start())
            case "dtmf" if message.dtmf is not None:
                self.press(message.dtmf.digit)
            case "stop":
                self.finish("stop", clean=True)
            case _:
                self.ignored += 1

    @override
    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at 8 kHz."""
        self.wire.audio(twilio.media_message(self._prefix, pcm16_to_mulaw(pcm)))

    @override
    def flush(self) -> None:
        """Let Twilio throw away what it has not played yet."""
        self.wire.forget_audio()
        self.wire.control(twilio.clear_message(self._stream_sid))

    def _start(self, start: twilio.Start) -> None:
        if not self.may_start(start.stream_sid):
            return
        try:
            twilio.check_format(start.media_format)
        except CarrierFormatError:
            self.refuse(CLOSE_BAD, "bad_format")
            return
        self._stream_sid = start.stream_sid
        self._prefix = twilio.media_prefix(start.stream_sid)
        self.start_stream(start.parameters.token, "twilio", start.call_sid)

    def _take_media(self, message: twilio.Message, now: float) -> None:
        media = message.media
        if media is None or media.track != "inbound" or message.stream_sid != self._stream_sid:
            self.ignored += 1
            return
        self.speak(media.payload, now)
