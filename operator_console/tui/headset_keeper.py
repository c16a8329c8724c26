"""Keep the operator's audio leg as the model wants it: open for my call, muted or not, closed when the call is over.

It compares what is wanted with what is, so a killed and restarted console, a broken media socket and an accepted call
all take the same way. Before: a session of mine is connecting, live or held. After: its leg is open here, or the
operator was told why not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from operator_console.clock import Clock
from operator_console.model.inputs import HeadsetPhase, HeadsetState
from operator_console.model.wants import HeadsetWant
from operator_console.tui.ports import Headset
from server.wire.commands import OpenMedia
from server.wire.frames import Reply
from server.wire.terms import SessionId
from server.wire.views import MediaGrant

BACK_OFF_SECONDS: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Pauses before the first, second … try to open the leg again; the last one stays."""

ELSEWHERE: Final = "media_elsewhere"
"""The broker's refusal while another console of the operator has the call's audio."""
REPLACED: Final = "replaced"
"""What the media worker says to a leg whose place another one took."""

Order = Callable[[OpenMedia], Awaitable[Reply]]
"""Sends an order and gives its answer."""


class HeadsetKeeper:
    """Runs as one task (`run`); everything else only tells it news and returns at once."""

    def __init__(self, headset: Headset, order: Order, clock: Clock, new_id: Callable[[], str]) -> None:
        """Take the headset, the way to ask for a grant, and the time."""
        self._headset = headset
        self._order = order
        self._clock = clock
        self._new_id = new_id
        self._news = asyncio.Event()
        self._want: HeadsetWant | None = None
        self._grants: dict[SessionId, MediaGrant] = {}
        self._open: HeadsetWant | None = None
        self._broken = False
        self._ended: tuple[SessionId, int] | None = None
        self._elsewhere = False
        self._take = False
        self._tries = 0

    def want(self, want: HeadsetWant | None) -> None:
        """Take what the model wants now."""
        if want != self._want:
            if want is None or self._want is None or want.session_id != self._want.session_id:
                self._ended = None
                self._elsewhere = self._take = False
                self._tries = 0
            elif self._elsewhere and want.lost and not self._want.lost:
                self._ended, self._elsewhere = None, False  # the other console let go of the call
            self._want = want
            self._news.set()

    def offer(self, session_id: SessionId, grant: MediaGrant) -> None:
        """Take the grant that came with an accept, or before the session of a call that we place is known here."""
        self._grants = {session_id: grant}
        self._news.set()

    def heard(self, state: HeadsetState) -> None:
        """Take the leg's own news: live, broken (open again), or ended by the far side (stay closed)."""
        if state.phase is HeadsetPhase.LIVE:
            self._tries = 0
        elif state.phase is HeadsetPhase.RECONNECTING:
            self._broken = True
            self._news.set()
        elif state.phase is HeadsetPhase.CLOSED and self._open is not None:
            self._ended = (self._open.session_id, self._open.epoch)
            self._elsewhere = state.reason == REPLACED
            self._open = None

    def again(self) -> None:
        """Open the leg here although it was ended or is open in another console: the operator asks for it."""
        self._ended = None
        self._elsewhere, self._take = False, True
        self._open = None
        self._tries = 0
        self._news.set()

    async def run(self) -> None:
        """Follow the model until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._follow()

    async def close(self) -> None:
        """Close the leg with a goodbye, when the console ends."""
        await self._headset.close()

    async def _follow(self) -> None:
        want = self._want
        if want is None:
            if self._open is not None or self._broken:
                self._grants.clear()
                self._open, self._broken = None, False
                await self._headset.close()
            return
        current = self._open
        same = current is not None and (current.session_id, current.epoch) == (want.session_id, want.epoch)
        if not same or self._broken:
            if self._ended != (want.session_id, want.epoch):
                await self._open_leg(want)
        elif current is not None and current.muted != want.muted:
            self._open = want
            await self._headset.mute(on=want.muted)

    async def _open_leg(self, want: HeadsetWant) -> None:
        """Get a grant and open the leg; without one try later, as long as the leg is wanted."""
        grant = self._grants.pop(want.session_id, None)
        if grant is None and not want.renewable:
            self._broken = False
            return
        if grant is None:
            await self._clock.sleep(BACK_OFF_SECONDS[min(self._tries, len(BACK_OFF_SECONDS) - 1)])
            self._tries += 1
            if self._want is None or self._want.session_id != want.session_id:
                self._news.set()
                return
            want = self._want
            take, self._take = self._take, False
            order = OpenMedia(id=self._new_id(), session_id=want.session_id, epoch=want.epoch, take=take)
            reply = await self._order(order)
            if reply.error is not None and reply.error.code == ELSEWHERE:
                self._ended, self._elsewhere, self._broken = (want.session_id, want.epoch), True, False
                return
            grant = reply.media if reply.ok else None
        now = self._want
        if grant is None or now is None or now.session_id != want.session_id:
            self._news.set()
            return
        self._broken = False
        self._open = HeadsetWant(now.session_id, grant.epoch, now.muted, now.renewable)
        await self._headset.open(grant, muted=now.muted)
        self._news.set()
