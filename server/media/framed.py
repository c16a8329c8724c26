"""Be the socket of a console or an AI platform: hello with a token, then binary audio and small JSON frames."""

from typing import Final

from picows import WSMsgType
from typing_extensions import override

from server.broker.ports.media import Admission
from server.media.admissions import RefusedError
from server.media.allowance import Allowance, Doorway
from server.media.codecs import mulaw_to_pcm16, pcm16_to_mulaw
from server.media.exchange import Exchange
from server.media.leg import Leg, Told
from server.media.socket import CLOSE_BAD, CLOSE_FLOOD, CLOSE_REFUSED, LegSocket
from server.telephony.stream import (
    AudioFormat,
    FromLeg,
    StreamFormatError,
    agreed_format,
    decode_audio,
    decode_control,
)
from server.wire.codec import encode
from server.wire.media import (
    CODEC_MULAW,
    CODEC_PCM16,
    FRAME_MS,
    HEADER,
    KIND_AUDIO,
    MediaBye,
    MediaDtmf,
    MediaHello,
    MediaHold,
    MediaMute,
    MediaPhase,
    MediaPing,
    MediaPong,
    MediaReady,
)
from server.wire.terms import LegRole

_DIGITS: Final = frozenset("0123456789*#ABCD")
_CONTROLS_PER_SECOND: Final = 50.0
_CONTROL_BURST: Final = 200.0


class FramedSocket(LegSocket):
    """A socket on `/console` or `/stream`."""

    audio_kind = WSMsgType.BINARY

    def __init__(self, exchange: Exchange, doorway: Doorway, hello_seconds: float, transport_name: str) -> None:
        """Let in tokens that were made for `transport_name` ("console" or "stream")."""
        super().__init__(exchange, doorway, hello_seconds)
        self._transport_name: Final = transport_name
        self._controls: Final = Allowance(_CONTROLS_PER_SECOND, _CONTROL_BURST, self._loop.time())
        self._format = AudioFormat(rate=8_000, codec=CODEC_PCM16)
        self._presses_keys = False
        self._epoch = 0
        self._sequence = 0

    @override
    def on_binary(self, raw: bytes, now: float) -> None:
        """Take one audio frame; one of another epoch is dropped and counted."""
        leg = self.leg
        if leg is None:
            self.refuse(CLOSE_BAD, "hello_first")
            return
        try:
            frame = decode_audio(raw, self._format)
        except StreamFormatError as error:
            self.bad_frame(error.reason)
            return
        if frame.epoch != self._epoch:
            leg.dropped_in += 1
            return
        leg.meter.header(frame.sequence, frame.timestamp_ms, now)
        pcm = frame.payload if self._format.codec == CODEC_PCM16 else mulaw_to_pcm16(frame.payload)
        self.exchange.speak(leg, pcm, now)

    @override
    def on_text(self, raw: bytes, now: float) -> None:
        """Take one control frame."""
        if not self._controls.take(now):
            self.refuse(CLOSE_FLOOD, "flood")
            return
        try:
            frame = decode_control(raw)
        except StreamFormatError as error:
            self.bad_frame(error.reason)
            return
        if self.leg is not None:
            self._obey(self.leg, frame)
        elif isinstance(frame, MediaHello):
            self._greet(frame)
        else:
            self.refuse(CLOSE_BAD, "hello_first")

    @property
    def presses_keys(self) -> bool:
        """What its hello said."""
        return self._presses_keys

    def ready(self, admission: Admission) -> None:
        """Tell the peer that its leg is up."""
        codec = "mulaw" if self._format.codec == CODEC_MULAW else "pcm16"
        self._epoch = admission.epoch & 0xFFFF
        self.wire.control(
            encode(MediaReady(role=admission.role, epoch=admission.epoch, rate=self._format.rate, codec=codec))
        )

    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at this leg's rate."""
        payload = pcm if self._format.codec == CODEC_PCM16 else pcm16_to_mulaw(pcm)
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFFFFFF
        stamp = sequence * FRAME_MS & 0xFFFFFFFF
        self.wire.audio(HEADER.pack(KIND_AUDIO, self._format.codec, self._epoch, sequence, stamp) + payload)

    def flush(self) -> None:
        """Throw away what waits here; the peer learns of the change by a phase frame."""
        self.wire.forget_audio()

    def tell(self, frame: Told) -> None:
        """Send a control frame; a console is not told phases, which its events have."""
        if isinstance(frame, MediaPhase) and self._transport_name == "console":
            return
        self.wire.control(encode(frame))

    @override
    def say_goodbye(self, reason: str) -> None:
        self.wire.control(encode(MediaBye(reason=reason)))

    def _greet(self, hello: MediaHello) -> None:
        """Let the leg in, or close."""
        try:
            self._format = agreed_format(hello)
            self._presses_keys = hello.dtmf
            ticket = self.exchange.redeem(hello.token, self._transport_name)
        except StreamFormatError as error:
            self.refuse(CLOSE_BAD, error.reason)
            return
        except RefusedError:
            self.refuse(CLOSE_REFUSED, "refused")
            return
        self.let_in(self.exchange.enter(ticket, self, rate=self._format.rate))

    def _obey(self, leg: Leg, frame: FromLeg) -> None:
        """Do what a connected leg asks."""
        match frame:
            case MediaPing():
                self.wire.control(encode(MediaPong(at=frame.at)))
            case MediaPong():
                pass
            case MediaMute() if leg.role in {LegRole.OPERATOR, LegRole.SUPERVISOR}:
                self.exchange.mute(leg, on=frame.on)
            case MediaDtmf() if frame.digit in _DIGITS:
                self.exchange.digit(leg, frame.digit)
            case MediaHold() if leg.role is LegRole.CALLER:
                leg.holds = frame.on
            case MediaHello() | MediaMute() | MediaDtmf() | MediaHold():
                self.bad_frame("not_now")
            case MediaBye():
                self.finish("bye", clean=True)
