"""Bring the outside in line with what the model wants: the audio leg, missing turns, a fresh snapshot.

Called after every change of the model; it starts work only for a want that is new or was not met for a while.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from operator_console.clock import Clock
from operator_console.model.select import operator_me
from operator_console.model.state import DeskModel
from operator_console.model.wants import TurnsWant, wants
from operator_console.tui.gaze import Gaze
from operator_console.tui.headset_keeper import HeadsetKeeper
from operator_console.tui.ports import Desk
from operator_console.tui.readers import Readers
from server.wire.terms import Presence

ASK_AGAIN_SECONDS: Final = 2.0
"""The same turns, or a snapshot, are not asked for more often than this."""

Start = Callable[[str, Awaitable[None]], None]
"""Starts a worker of a group, ending the group's older one."""


class Fulfilment:
    """What was asked for, and when."""

    def __init__(self, desk: Desk, readers: Readers, keeper: HeadsetKeeper, clock: Clock, start: Start) -> None:
        """Take who is asked, and the way to start work."""
        self._desk = desk
        self._readers = readers
        self._keeper = keeper
        self._clock = clock
        self._start = start
        self.gaze: Final = Gaze(lambda look: start("looks", desk.look(look)), clock)
        self._presence: Presence | None = None
        self._turns: TurnsWant | None = None
        self._turns_at = float("-inf")
        self._resync_at = float("-inf")

    def follow(self, model: DeskModel) -> None:
        """Act on what this model wants."""
        self.gaze.follow(model)
        self._greet(model)
        wanted = wants(model)
        self._keeper.want(wanted.headset)
        now = self._clock.monotonic()
        if not wanted.resync:
            self._resync_at = float("-inf")
        elif now - self._resync_at >= ASK_AGAIN_SECONDS:
            self._resync_at = now
            self._start("resync", self._desk.resync())
        if wanted.turns is not None and (wanted.turns != self._turns or now - self._turns_at >= ASK_AGAIN_SECONDS):
            self._turns, self._turns_at = wanted.turns, now
            self._start("turns", self._readers.turns(wanted.turns))

    def _greet(self, model: DeskModel) -> None:
        """Tell who signs on what happened meanwhile."""
        me = operator_me(model)
        before, self._presence = self._presence, me.presence if me else None
        if before is Presence.OFFLINE and self._presence is Presence.AVAILABLE:
            self._start("digest", self._readers.digest())
