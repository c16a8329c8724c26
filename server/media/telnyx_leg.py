"""Be the socket of a Telnyx call: their JSON, our frames.

The token comes in `connected`, the call in `start`; audio is put back into order by its chunk. Telnyx's own goodbye is
`stop`; ours is to close, after which the call is still up until it is hung up by a command.
"""

from typing_extensions import override

from server.media.codecs import pcm16_to_mulaw
from server.media.mulaw_leg import MulawSocket
from server.media.socket import CLOSE_BAD
from server.telephony import telnyx
from server.telephony.in_order import InOrder
from server.telephony.mulaw import CarrierFormatError


class TelnyxSocket(MulawSocket):
    """A socket on `/telnyx`."""

    _stream_id = ""
    _token = ""
    _order: InOrder | None = None

    @override
    def take(self, raw: bytes, now: float) -> None:
        """Take one message."""
        message = telnyx.decode(raw)
        match message.event:
            case "media":
                self._take_media(message, now)
            case "connected":
                self._token = message.token
            case "start":
                self._start(message)
            case "dtmf" if message.dtmf is not None:
                self.press(message.dtmf.digit)
            case "stop":
                self.finish("stop", clean=True)
            case _:
                self.ignored += 1

    @override
    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at 8 kHz."""
        self.wire.audio(telnyx.audio_message(pcm16_to_mulaw(pcm)))

    @override
    def flush(self) -> None:
        """Let Telnyx throw away what it has not played yet."""
        self.wire.forget_audio()
        self.wire.control(telnyx.CLEAR)

    def _start(self, message: telnyx.Message) -> None:
        if not self.may_start(message.stream_id):
            return
        start = message.start or telnyx.Start()
        try:
            telnyx.check_format(start.media_format)
        except CarrierFormatError:
            self.refuse(CLOSE_BAD, "bad_format")
            return
        self._stream_id, self._order = message.stream_id, InOrder()
        self.start_stream(self._token, "telnyx", start.call_control_id)

    def _take_media(self, message: telnyx.Message, now: float) -> None:
        media, order = message.media, self._order
        if media is None or order is None or media.track != "inbound" or message.stream_id != self._stream_id:
            self.ignored += 1
            return
        for mulaw in order.take(media.chunk, media.payload):
            self.speak(mulaw, now)
