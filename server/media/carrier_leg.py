"""Be the socket of a carrier: what the JSON with µ-law of some and the bare PCM16 of others have in common.

Before a start with a good token nothing is used. A subclass knows the format; audio is cut here into 20 ms.
"""

from server.broker.ports.media import Admission
from server.media.admissions import RefusedError
from server.media.leg import Told
from server.media.socket import CLOSE_BAD, CLOSE_REFUSED, LegSocket
from server.telephony.mulaw import DIGITS


class CarrierSocket(LegSocket):
    """A socket of a carrier's media stream."""

    protocols: tuple[str, ...] = ()
    """The WebSocket sub-protocols that the carrier may ask for."""
    _rest = b""
    ignored: int = 0
    """Messages that had no meaning where they came: audio before the start, of another track or stream."""

    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at the leg's rate."""
        raise NotImplementedError

    def flush(self) -> None:
        """Let the carrier throw away what it has not played yet."""
        raise NotImplementedError

    @property
    def presses_keys(self) -> bool:
        """Not, unless the format has a word for it: then keys go out as tones."""
        return False

    def ready(self, admission: Admission) -> None:
        """Nothing: no carrier waits for an answer."""

    def tell(self, frame: Told) -> None:
        """Nothing: most formats have no word for any of them."""

    def start_call(self, token: str, transport: str, call_id: str, *, rate: int) -> None:
        """Let the call in by its token, or close."""
        try:
            ticket = self.exchange.redeem(token, transport, call_id)
        except RefusedError:
            self.refuse(CLOSE_REFUSED, "refused")
            return
        self.let_in(self.exchange.enter(ticket, self, rate=rate, external_id=call_id))

    def may_start(self, stream_id: str) -> bool:
        """Tell whether a start with this stream makes sense; a second one, or one that names no stream, closes."""
        if self.leg is None and stream_id:
            return True
        self.refuse(CLOSE_BAD, "bad_start")
        return False

    def whole_frames(self, audio: bytes, frame_bytes: int) -> bytes:
        """Return what of the audio makes whole frames, and keep the rest for the next time."""
        if self._rest:
            audio = self._rest + audio
        whole = len(audio) - len(audio) % frame_bytes
        self._rest = audio[whole:]
        return audio[:whole]

    def press(self, digit: str | int) -> None:
        """Take one key; what is on no telephone is ignored."""
        if self.leg is None or str(digit) not in DIGITS:
            self.ignored += 1
            return
        self.exchange.digit(self.leg, str(digit))
