"""Be the socket of a Plivo call: their JSON, our frames.

The token comes in the `extra_headers` of `start`. Plivo says no goodbye: it closes, and ours is to close as well, after
which the XML behind `<Stream>` goes on.
"""

from typing_extensions import override

from server.media.codecs import pcm16_to_mulaw
from server.media.leg import Told
from server.media.mulaw_leg import MulawSocket
from server.media.socket import CLOSE_BAD
from server.telephony import plivo
from server.telephony.mulaw import CarrierFormatError
from server.wire.media import MediaDtmf


class PlivoSocket(MulawSocket):
    """A socket on `/plivo`."""

    _stream_id = ""

    @override
    def take(self, raw: bytes, now: float) -> None:
        """Take one message."""
        message = plivo.decode(raw)
        match message.event:
            case "media":
                self._take_media(message, now)
            case "start":
                self._start(message)
            case "dtmf" if message.dtmf is not None:
                self.press(message.dtmf.digit)
            case "stop":
                self.finish("stop", clean=True)
            case _:
                self.ignored += 1

    @property
    @override
    def presses_keys(self) -> bool:
        """Plivo presses keys itself when told to."""
        return True

    @override
    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at 8 kHz."""
        self.wire.audio(plivo.audio_message(pcm16_to_mulaw(pcm)))

    @override
    def flush(self) -> None:
        """Let Plivo throw away what it has not played yet."""
        self.wire.forget_audio()
        self.wire.control(plivo.clear_message(self._stream_id))

    @override
    def tell(self, frame: Told) -> None:
        """Have Plivo press a key; it has no word for anything else."""
        if isinstance(frame, MediaDtmf):
            self.wire.control(plivo.dtmf_message(frame.digit))

    def _start(self, message: plivo.Message) -> None:
        start = message.start or plivo.Start()
        if not self.may_start(start.stream_id):
            return
        try:
            plivo.check_format(start.media_format)
        except CarrierFormatError:
            self.refuse(CLOSE_BAD, "bad_format")
            return
        self._stream_id = start.stream_id
        self.start_stream(plivo.token_of(bytes(message.extra_headers)), "plivo", start.call_id)

    def _take_media(self, message: plivo.Message, now: float) -> None:
        media = message.media
        if media is None or media.track != "inbound" or message.stream_id != self._stream_id:
            self.ignored += 1
            return
        self.speak(media.payload, now)
