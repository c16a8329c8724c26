"""Be one telephone call in the engine process: the stack's call on one side, its leg at the media worker on the other.

Audio is handed over as it comes: what the caller says is read every 10 ms, what they are to hear is written when it
arrives, and a backlog of more than 60 ms is thrown away rather than heard late.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from baresip import AudioNotActive, AudioRestarted, BaresipError, Call, DigitEvent

from server.broker.ports.sip import (
    MediaDoor,
    SipAnswered,
    SipEnded,
    SipFact,
    SipHeld,
    SipIncoming,
    SipRinging,
)
from server.log import get_log
from server.tasks import TaskRunner
from server.telephony.sip.ends import call_end
from server.telephony.sip.leg import LegError, MediaLeg, open_leg
from server.telephony.sip.source_filter import SUPPORTED, FilterError, guard_audio
from server.telephony.sip.trace import AudioPlace
from server.wire.sanitize import clean_line

MOST_BEHIND_MS: Final = 60
"""More than this of what the caller is to hear never waits."""
UNGUARDED_SECONDS: Final = 1.0
"""How long audio waits for its filter before it is let through without one."""
MOST_OFFERS: Final = 30
"""How often a re-INVITE is tried that another one stands in the way of."""
_DIGITS: Final = frozenset("0123456789*#ABCD")
_log = get_log(__name__)


class Line:
    """One call."""

    def __init__(
        self,
        call: Call,
        call_id: str,
        *,
        inbound: bool,
        tell: Callable[[SipFact], None],
        runner: TaskRunner,
        strict: bool,
        hold: bool,
    ) -> None:
        """Speak for `call`; with `strict` only the peer's RTP is taken, with `hold` it is told of holds."""
        self.call: Final = call
        self.call_id: Final = call_id
        self.inbound: Final = inbound
        self.told: SipIncoming | None = None
        """How the broker heard of a call that came in."""
        self.reference = ""
        """What the broker answered or dialled it with."""
        self.answered = False
        self.over = False
        self.by_us = False
        self.timed_out = False
        self.local_port = 0
        self._strict: Final = strict
        self._signals_hold: Final = hold
        self._tell: Final = tell
        self._runner: Final = runner
        self._leg: MediaLeg | None = None
        self._door: MediaDoor | None = None
        self._guarded: tuple[int, AudioPlace] | None = None
        self._open = not strict
        self._answered_at = 0.0
        self._said = b""
        self._source_rate = self._sink_rate = 0
        self._keys: Final[asyncio.Queue[str]] = asyncio.Queue(64)
        self._held = False
        self._offering: Final = asyncio.Lock()
        call.on_dtmf(self._pressed)

    # --- what the broker orders ------------------------------------------------------------------------------------

    async def answer(self, reference: str, door: MediaDoor) -> None:
        """Bring the leg up, then answer: who hears us can be heard.

        Raises:
            LegError: the media worker is not there.
            BaresipError: the stack refused.
        """
        self.reference = reference
        self._leg = await open_leg(door, self, 8_000, self._keep)
        if self.over:
            self._leg.close()
            return
        # Without video=True this stack sends a needless re-INVITE; no video codec is offered, so none is taken.
        await self.call.answer(video=True)

    def expect(self, reference: str, door: MediaDoor) -> None:
        """Remember where the audio of a call that we place goes once it is answered."""
        self.reference, self._door = reference, door

    async def hang_up(self) -> None:
        """End it, ringing or not."""
        self.by_us = True
        with suppress(BaresipError):  # gone already
            if self.inbound and not self.answered:
                await self.call.reject()
            else:
                await self.call.hangup()

    # --- what the stack tells ------------------------------------------------------------------------------------

    def established(self, now: float) -> None:
        """Both sides have agreed on audio."""
        self.answered, self._answered_at = True, now
        self._tell(SipAnswered(call_id=self.call_id, reference=self.reference))
        self._runner.start("sip_keys", self._press_keys())
        if self._door is not None:
            self._runner.start("sip_leg", self._enter(self._door))

    def rings(self) -> None:
        """The other side rings."""
        self._tell(SipRinging(call_id=self.call_id, reference=self.reference))

    def held(self, *, on: bool) -> None:
        """The other side put us on hold, or took us back."""
        if self._leg is not None:
            self._leg.hold(on=on)
        self._tell(SipHeld(call_id=self.call_id, reference=self.reference, on=on))

    def closed(self, text: str, status: int) -> None:
        """The call is over: hang up at the media worker, and say how it ended."""
        self.over = True
        with suppress(asyncio.QueueFull):
            self._keys.put_nowait("")
        if self._leg is not None:
            self._leg.close()
        self._tell(
            SipEnded(
                call_id=self.call_id,
                reference=self.reference,
                end=call_end(
                    status,
                    answered=self.answered,
                    inbound=self.inbound,
                    by_us=self.by_us,
                    timed_out=self.timed_out,
                ),
                reason=clean_line(text, 120),
                status=status,
                by_us=self.by_us,
            )
        )

    def guard(self, peer: AudioPlace) -> None:
        """Take RTP from nowhere but the peer's place, from now on."""
        if not self._strict or not SUPPORTED or not self.local_port or not peer.port:
            return
        wanted = (self.local_port, peer)
        if wanted == self._guarded:
            return
        try:
            done = guard_audio(self.local_port, peer)
        except FilterError as error:
            _log.warning("sip_audio_unguarded", error=str(error))
            done = False
        if done:
            self._guarded = wanted
            if not self._open:
                self._forget_what_came()
                self._open = True

    # --- audio ---------------------------------------------------------------------------------------------------

    def pump(self, now: float) -> None:
        """Hand on what the caller has said since the last time."""
        leg = self._leg
        if not self.answered or self.over or leg is None:
            return
        if not self._open:
            if now - self._answered_at < UNGUARDED_SECONDS:
                return
            _log.warning("sip_audio_unguarded", error="no session description was seen")
            self._open = True
        try:
            rate = self._rate_of_caller()
            self._said += self.call.audio.read(rate // 5)
        except (AudioNotActive, AudioRestarted):
            self._said, self._source_rate = b"", 0
            return
        size = rate // 50 * 2
        while len(self._said) >= size:
            frame, self._said = self._said[:size], self._said[size:]
            leg.say(frame)

    def hear(self, pcm: bytes) -> None:
        """Let the caller hear 20 ms."""
        if not self.answered or self.over or self._leg is None:
            return
        audio = self.call.audio
        try:
            if not self._sink_rate:
                self._sink_rate = audio.info().tx_sample_rate
            stats = audio.stats()
            if stats.tx_buffered > self._sink_rate * 2 * MOST_BEHIND_MS // 1000:
                audio.flush_tx()
            elif not stats.tx_buffered:
                audio.write(
                    bytes(self._sink_rate // 50)
                )  # 10 ms ahead of the line's own clock, so that it never starves
            audio.write(pcm)
        except (AudioNotActive, AudioRestarted):
            self._sink_rate = 0

    def press(self, digit: str) -> None:
        """Press a key on the line (RFC 4733), after those that wait."""
        if digit in _DIGITS:
            with suppress(asyncio.QueueFull):
                self._keys.put_nowait(digit)

    def phase(self, phase: str) -> None:
        """Throw away what the caller has not heard of the last speaker, and tell the other side of a hold if wanted."""
        with suppress(AudioNotActive, AudioRestarted):
            self.call.audio.flush_tx()
        if self._signals_hold and self.answered:
            self._held = phase == "hold"
            self._runner.start("sip_hold", self._follow_hold())

    def leg_gone(self, reason: str) -> None:
        """The media worker has let the caller go: so do we."""
        if not self.over and (self.answered or not self.inbound):
            self._runner.start("sip_hang_up", self.hang_up())

    # --- within ----------------------------------------------------------------------------------------------------

    def _keep(self, leg: MediaLeg) -> None:
        self._leg = leg

    async def _enter(self, door: MediaDoor) -> None:
        try:
            leg = await open_leg(door, self, 8_000, self._keep)
        except LegError as error:
            _log.warning("sip_leg_failed", error=str(error))
            await self.hang_up()
            return
        if self.over:
            leg.close()

    async def _press_keys(self) -> None:
        while digit := await self._keys.get():
            with suppress(BaresipError):
                await self.call.send_dtmf(digit)
            await asyncio.sleep(0.1)

    async def _follow_hold(self) -> None:
        """Tell the other side what holds now; an offer that is under way is waited for."""
        async with self._offering:
            for _ in range(MOST_OFFERS):
                if self.over or self.call.is_on_hold == self._held:
                    return
                try:
                    await (self.call.hold() if self._held else self.call.resume())
                except BaresipError:
                    await asyncio.sleep(0.1)

    def _pressed(self, key: DigitEvent) -> None:
        if self._leg is not None and self._open and key.digit in _DIGITS:
            self._leg.digit(key.digit)

    def _rate_of_caller(self) -> int:
        if not self._source_rate:
            info = self.call.audio.info()
            if not info.rx_ready or not info.rx_sample_rate:
                raise AudioNotActive("not yet")
            self._source_rate = info.rx_sample_rate
        return self._source_rate

    def _forget_what_came(self) -> None:
        with suppress(AudioNotActive, AudioRestarted):
            self.call.audio.read(64_000)
