"""Hold one connected party of a call: who it is, what it says, and to whom that goes.

The hot path is here: a frame arrives, is measured, and is handed to each listener at once. No queue and no task stands
between two sockets.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from server.broker.ports.media import Admission, LegDown, LegUp
from server.media.admissions import Ticket
from server.media.meter import Meter, Reading
from server.media.resample import FrameResampler
from server.wire.media import MediaDtmf, MediaMute, MediaPhase, MediaStats
from server.wire.terms import LegRole

Told = MediaMute | MediaStats | MediaPhase | MediaDtmf
"""Control frames the worker sends to a leg by itself."""

Hear = Callable[[bytes], None]
"""Takes 20 ms of PCM16 at the listener's rate."""


PRE_ROLL_SECONDS: Final = 0.04
"""A frame younger than this is given to an operator who has just connected."""


class Voice(Protocol):
    """What a call needs of a leg's socket; each wire format has one."""

    def ready(self, admission: Admission) -> None:
        """Tell the peer that its leg is up; the first thing it gets."""
        ...

    def hear(self, pcm: bytes) -> None:
        """Send 20 ms of PCM16 at the leg's rate; never waits."""
        ...

    def flush(self) -> None:
        """Throw away what was sent and not played yet, as far as the wire format can say so."""
        ...

    def tell(self, frame: Told) -> None:
        """Send a control frame that this wire format has a word for; ignore another."""
        ...

    def hang_up(self, reason: str) -> None:
        """Say goodbye and close."""
        ...

    @property
    def presses_keys(self) -> bool:
        """Whether the peer presses keys towards its telephone when told `MediaDtmf`; else it gets them as tones."""
        ...

    @property
    def dropped(self) -> int:
        """Audio frames thrown away because the peer read too slowly."""
        ...

    @property
    def stalled_seconds(self) -> float:
        """For how long the peer has not read anything."""
        ...


class Tap(Protocol):
    """Takes what one leg says and hears, frame by frame: the recorder."""

    def said(self, pcm: bytes, now: float) -> None:
        """Take 20 ms that the leg said at monotonic second `now`."""
        ...

    def heard(self, pcm: bytes) -> None:
        """Take 20 ms that the leg heard of the others just now."""
        ...


class Link:
    """One direction between two legs, with its own resampler when their rates differ."""

    __slots__ = ("_hear", "_resampler", "listener")

    def __init__(self, speaker: "Leg", listener: "Leg", hear: Hear) -> None:
        """Lead from `speaker` to `listener`, whose ear (or place in its mix) is `hear`."""
        self.listener: Final = listener
        self._hear = hear
        self._resampler: Final = None if speaker.rate == listener.rate else FrameResampler(speaker.rate, listener.rate)

    def into(self, hear: Hear) -> "Link":
        """Lead into another ear of the same listener from the next frame on."""
        self._hear = hear
        return self

    def carry(self, pcm: bytes) -> None:
        """Take one frame across."""
        if self._resampler is None:
            self._hear(pcm)
            return
        converted = self._resampler.frame(pcm)
        if converted:
            self._hear(converted)


class Leg:
    """One connected party."""

    __slots__ = (
        "admission",
        "dropped_in",
        "ear",
        "external_id",
        "has_spoken",
        "holds",
        "joined_at",
        "last_pcm",
        "links",
        "meter",
        "muted",
        "rate",
        "role",
        "serial",
        "tap",
        "voice",
    )

    def __init__(self, ticket: Ticket, voice: Voice, *, rate: int, external_id: str, now: float) -> None:
        """Be the leg that `ticket` let in, through `voice`, with PCM16 of `rate` Hz on the inside."""
        self.admission: Final = ticket.admission
        self.external_id: Final = external_id
        self.serial: Final = ticket.serial
        self.role: Final[LegRole] = ticket.admission.role
        self.voice: Final = voice
        self.rate: Final = rate
        self.joined_at: Final = now
        self.meter: Final = Meter(now)
        self.muted = ticket.admission.muted
        self.links: tuple[Link, ...] = ()
        self.has_spoken = False
        self.holds = False
        """Whether its telephone has put us on hold."""
        self.last_pcm = b""
        self.tap: Tap | None = None
        self.ear: Hear | None = None
        """Who transcribes what it says."""
        self.dropped_in = 0
        """Frames of this leg that were not used: of another epoch, or malformed."""

    @property
    def epoch(self) -> int:
        """The epoch it was admitted for."""
        return self.admission.epoch

    def speak(self, pcm: bytes, now: float) -> None:
        """Hand one frame that arrived at monotonic second `now` to whoever hears this leg."""
        self.meter.frame(pcm, now)
        self.last_pcm = pcm
        if self.tap is not None:
            self.tap.said(pcm, now)
        if self.ear is not None:
            self.ear(pcm)
        for link in self.links:
            link.carry(pcm)

    def hear(self, pcm: bytes) -> None:
        """Let it hear 20 ms of somebody's voice."""
        self.voice.hear(pcm)
        if self.tap is not None:
            self.tap.heard(pcm)

    def repeat_to(self, listener: "Leg", now: float) -> None:
        """Let one that was just linked hear the last frame at once, if it is fresh, instead of a frame later."""
        if self.last_pcm and now - self.meter.last_frame_at <= PRE_ROLL_SECONDS:
            for link in self.links:
                if link.listener is listener:
                    link.carry(self.last_pcm)

    def link_to(self, ears: Mapping["Leg", Hear]) -> None:
        """Lead to exactly these legs from the next frame on; a link that stays keeps its resampler."""
        kept = {link.listener: link for link in self.links}
        self.links = tuple(
            kept[listener].into(hear) if listener in kept else Link(self, listener, hear)
            for listener, hear in ears.items()
        )

    def silent_ms_of(self, caller: "Leg | None", left_at: float | None, now: float) -> int:
        """Return for how long this leg could not have heard the caller, who left at `left_at` if they are not here."""
        if caller is not None:
            return caller.meter.silent_ms(now)
        return max(0, round((now - (self.joined_at if left_at is None else left_at)) * 1000))

    def tell_quality(self, own: Reading, far: Reading | None, far_silent_ms: int, caller: "Leg | None" = None) -> None:
        """Tell the peer how its own audio arrives, how loud the far side is, and whether the caller holds us."""
        self.voice.tell(
            MediaStats(
                far_level=far.level if far is not None else 0.0,
                own_level=own.level,
                loss_percent=own.loss_percent,
                jitter_ms=own.jitter_ms,
                far_silent_ms=far_silent_ms,
                far_holds=caller is not None and caller.holds,
                dropped=self.voice.dropped + self.dropped_in,
            )
        )

    def up(self) -> LegUp:
        """Return the fact that this leg is connected."""
        admission = self.admission
        return LegUp(
            call_id=admission.call_id,
            leg_id=admission.leg_id,
            role=admission.role,
            epoch=admission.epoch,
            external_id=self.external_id,
        )

    def down(self, reason: str, *, clean: bool) -> LegDown:
        """Return the fact that this leg is gone."""
        admission = self.admission
        return LegDown(
            call_id=admission.call_id,
            leg_id=admission.leg_id,
            role=admission.role,
            epoch=admission.epoch,
            clean=clean,
            reason=reason,
        )
