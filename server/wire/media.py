"""Speak on a media socket: binary audio frames with a 12-byte header, and small JSON control frames.

The console leg and the plain *stream* leg (AI platforms, widget) use the same format. Audio is 20 ms a frame.
Header, network byte order: kind u8, codec u8, epoch u16 (low 16 bits), sequence u32, timestamp_ms u32.
"""

from struct import Struct

import msgspec

from server.wire.terms import LegRole

HEADER = Struct("!BBHII")
"""kind, codec, epoch & 0xFFFF, sequence, timestamp_ms; 12 bytes."""

KIND_AUDIO = 1
CODEC_PCM16 = 1
"""Signed 16-bit little-endian, mono."""
CODEC_MULAW = 2
"""G.711 µ-law, mono, 8 kHz only."""

FRAME_MS = 20
MAX_FRAME_BYTES = HEADER.size + 48_000 * 2 // 50
"""The longest audio frame taken: 20 ms of PCM16 at 48 kHz."""
MAX_CONTROL_BYTES = 4096
"""The longest control frame taken."""
SAMPLE_RATES = (8_000, 16_000)
"""The rates a leg may name in its hello."""


class MediaHello(msgspec.Struct, frozen=True, kw_only=True, tag="hello", tag_field="type", forbid_unknown_fields=True):
    """First frame of the client, within 5 s; `rate` in Hz; `codec` pcm16 or mulaw (8 kHz only).

    A caller's leg that can press keys towards its telephone says `dtmf`: it gets the operator's keys as `MediaDtmf`.
    Any other gets them as tones in the audio (ITU-T Q.23).
    """

    token: str
    rate: int = 16_000
    codec: str = "pcm16"
    dtmf: bool = False


class MediaReady(msgspec.Struct, frozen=True, kw_only=True, tag="ready", tag_field="type"):
    """The leg is up: audio flows from now on, both ways, at `rate`."""

    role: LegRole
    epoch: int
    rate: int
    codec: str


class MediaMute(msgspec.Struct, frozen=True, kw_only=True, tag="mute", tag_field="type", forbid_unknown_fields=True):
    """In order with the audio: nothing of this leg is heard after it (or again). The worker echoes it."""

    on: bool


class MediaStats(msgspec.Struct, frozen=True, kw_only=True, tag="stats", tag_field="type"):
    """Once a second from the worker: levels as RMS 0..1 of what the far party says and of this leg; loss in percent.

    `far_silent_ms` is how long the far party's frames have been missing; `jitter_ms` of this leg's frames. `far_holds`
    says that the far party's telephone has put us on hold.
    """

    far_level: float
    own_level: float
    loss_percent: float = 0.0
    jitter_ms: float = 0.0
    far_silent_ms: int = 0
    far_holds: bool = False
    dropped: int = 0


class MediaPing(msgspec.Struct, frozen=True, kw_only=True, tag="ping", tag_field="type", forbid_unknown_fields=True):
    """Either side asks for the round trip; the other answers with `MediaPong` at once."""

    at: float


class MediaPong(msgspec.Struct, frozen=True, kw_only=True, tag="pong", tag_field="type", forbid_unknown_fields=True):
    """The answer to a ping, with its `at`."""

    at: float


class MediaPhase(msgspec.Struct, frozen=True, kw_only=True, tag="phase", tag_field="type"):
    """Tell a leg who the caller talks with now; an AI platform stops or goes on speaking by it."""

    phase: str


class MediaDtmf(msgspec.Struct, frozen=True, kw_only=True, tag="dtmf", tag_field="type", forbid_unknown_fields=True):
    """One key: 0-9 * # A-D. From a caller's leg, or to whoever hears it: pressed there; to it: press it there."""

    digit: str


class MediaHold(msgspec.Struct, frozen=True, kw_only=True, tag="hold", tag_field="type", forbid_unknown_fields=True):
    """From a caller's leg: their telephone has put us on hold, or taken us back."""

    on: bool


class MediaBye(msgspec.Struct, frozen=True, kw_only=True, tag="bye", tag_field="type", forbid_unknown_fields=True):
    """The side that sends it hangs up, in order with the audio; the socket closes after it."""

    reason: str = ""


MediaControlFrame = (
    MediaHello
    | MediaReady
    | MediaMute
    | MediaStats
    | MediaPing
    | MediaPong
    | MediaPhase
    | MediaDtmf
    | MediaHold
    | MediaBye
)
"""Every JSON frame on a media socket."""


def pack_audio(codec: int, epoch: int, sequence: int, timestamp_ms: int, payload: bytes) -> bytes:
    """Return one binary frame; `payload` is 20 ms of audio in `codec`."""
    return HEADER.pack(KIND_AUDIO, codec, epoch & 0xFFFF, sequence & 0xFFFFFFFF, timestamp_ms & 0xFFFFFFFF) + payload
