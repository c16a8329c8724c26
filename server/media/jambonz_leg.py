"""Be the socket of jambonz's `listen` verb: bare PCM16 both ways, JSON for the rest.

The token comes with the first message. jambonz says no goodbye: it closes; ours ends the verb, after which those that
stand behind it are done.
"""

from picows import WSMsgType
from typing_extensions import override

from server.media.carrier_leg import CarrierSocket
from server.media.codecs import frame_bytes
from server.media.socket import CLOSE_BAD
from server.telephony import jambonz
from server.telephony.mulaw import MAX_MESSAGE_BYTES, CarrierFormatError


class JambonzSocket(CarrierSocket):
    """A socket on `/jambonz`."""

    audio_kind = WSMsgType.BINARY
    protocols = jambonz.PROTOCOLS
    _frame_bytes = 0

    @override
    def on_binary(self, raw: bytes, now: float) -> None:
        """Take audio of the caller, of any length."""
        leg = self.leg
        if leg is None:
            self.bad_frame("start_first")
            return
        if len(raw) % 2:
            self.bad_frame("bad_audio")
            return
        audio = self.whole_frames(raw, self._frame_bytes)
        for start in range(0, len(audio), self._frame_bytes):
            self.exchange.speak(leg, audio[start : start + self._frame_bytes], now)

    @override
    def on_text(self, raw: bytes, now: float) -> None:
        """Take one message."""
        if len(raw) > MAX_MESSAGE_BYTES:
            self.bad_frame("frame_too_large")
            return
        try:
            if self.leg is None:
                self._start(jambonz.decode_start(raw))
            else:
                self._take(jambonz.decode(raw))
        except CarrierFormatError:
            self.bad_frame("bad_frame")

    @override
    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16."""
        self.wire.audio(pcm)

    @override
    def flush(self) -> None:
        """Let jambonz throw away what it has not played yet."""
        self.wire.forget_audio()
        self.wire.control(jambonz.KILL_AUDIO)

    @override
    def say_goodbye(self, reason: str) -> None:
        """End the verb."""
        self.wire.control(jambonz.DISCONNECT)

    def _start(self, start: jambonz.Start) -> None:
        if not self.may_start(start.call_sid):
            return
        try:
            jambonz.check_rate(start.rate)
        except CarrierFormatError:
            self.refuse(CLOSE_BAD, "bad_format")
            return
        self._frame_bytes = frame_bytes(start.rate)
        self.start_call(start.one_time_token, "jambonz", start.call_sid, rate=start.rate)

    def _take(self, message: jambonz.Message) -> None:
        if message.key:
            self.press(message.key)
        else:
            self.ignored += 1
