"""Keep supervisors' walls up to date: worked out once for an organisation, at most once a second, for all who look.

Before: something was committed, or a minute has passed. After: every open wall of the organisation has the new figures.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from server.broker.alarm import Alarm
from server.broker.parts import Parts
from server.broker.ports.store import Unit
from server.broker.ports.supervision import QueueNow
from server.core.errors import ProviderError
from server.core.figures import DayCounts
from server.log import get_log
from server.wire import codec
from server.wire.frames import Wall
from server.wire.terms import OrganisationId
from server.wire.wall import QueueFigures, WallView

LEAST_SECONDS: Final = 1.0
"""How long a wall stays as it is at least."""
MOST_SECONDS: Final = 60.0
"""A wall is worked out anew after so long also when nothing changed: the day may have."""

Tell = Callable[[bytes], None]
"""Takes one encoded frame; must not block."""

_log = get_log(__name__)


class Walls:
    """All walls of this broker."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts, with nobody looking."""
        self._parts = parts
        self._alarm = Alarm(parts.clock)
        self._watchers: dict[OrganisationId, set[Tell]] = {}
        self._known: dict[OrganisationId, WallView] = {}
        self._changed: set[str] = set()

    async def view(self, organisation_id: OrganisationId) -> WallView:
        """Return the wall as it is now, or was less than a second ago."""
        known = self._known.get(organisation_id)
        now = self._parts.clock.now()
        if known is None or now - known.at >= timedelta(seconds=LEAST_SECONDS):
            return await self._fresh(organisation_id)
        return known

    async def _fresh(self, organisation_id: OrganisationId) -> WallView:
        """Return the wall worked out anew."""
        now = self._parts.clock.now()
        known = await self._parts.database.read(lambda unit: self._work_out(unit, organisation_id, now))
        self._known[organisation_id] = known
        return known

    async def watch(self, organisation_id: OrganisationId, tell: Tell) -> None:
        """Send the wall to `tell`, now and whenever it changes."""
        self._watchers.setdefault(organisation_id, set()).add(tell)
        tell(codec.encode(Wall(wall=await self.view(organisation_id))))

    def leave(self, organisation_id: OrganisationId, tell: Tell) -> None:
        """Send nothing more to `tell`."""
        watchers = self._watchers.get(organisation_id, set())
        watchers.discard(tell)
        if not watchers:
            self._watchers.pop(organisation_id, None)

    def wake(self, seqs: dict[str, int]) -> None:
        """Something was committed in these organisations."""
        changed = {one for one in seqs if one in self._watchers}
        if changed:
            self._changed.update(changed)
            self._alarm.ring()

    async def loop(self) -> None:
        """Send what changed, at most once a second, for ever."""
        while True:
            await self._parts.clock.sleep(LEAST_SECONDS)
            await self._alarm.wait(MOST_SECONDS)
            changed, self._changed = self._changed or set(self._watchers), set()
            for organisation in changed:
                await self._send(OrganisationId(organisation))

    async def _send(self, organisation_id: OrganisationId) -> None:
        """Work one wall out, encode it once, and hand it to everybody who looks."""
        if organisation_id not in self._watchers:
            return
        try:
            frame = codec.encode(Wall(wall=await self._fresh(organisation_id)))
        except ProviderError as error:
            _log.warning("wall_waits_for_database", code=error.code)
            self._changed.add(organisation_id)
            return
        for tell in tuple(self._watchers.get(organisation_id, ())):
            tell(frame)

    def _work_out(self, unit: Unit, organisation_id: OrganisationId, now: datetime) -> WallView:
        """Return the wall as of `now`."""
        since = start_of_day(now)
        counts = unit.figures.counts(organisation_id, since, self._parts.rules)
        standing = unit.figures.now(organisation_id)
        names = sorted({*counts, *standing, *self._parts.rules.queues})
        oldest = [one.waiting_since for one in standing.values() if one.waiting_since is not None]
        together = QueueNow(
            waiting=sum(one.waiting for one in standing.values()),
            waiting_since=min(oldest, default=None),
            in_hand=sum(one.in_hand for one in standing.values()),
        )
        return WallView(
            at=now,
            since=since,
            total=figures("", together, sum(counts.values(), DayCounts())),
            queues=tuple(
                figures(name, standing.get(name, QueueNow()), counts.get(name, DayCounts())) for name in names
            ),
        )


def start_of_day(now: datetime) -> datetime:
    """Return when the day of `now` began where this machine stands."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)


def figures(name: str, standing: QueueNow, counts: DayCounts) -> QueueFigures:
    """Return what is shown of one queue."""
    return QueueFigures(
        name=name,
        waiting=standing.waiting,
        waiting_since=standing.waiting_since,
        in_hand=standing.in_hand,
        answered=counts.answered,
        abandoned=counts.abandoned,
        abandoned_short=counts.abandoned_short,
        expired=counts.expired,
        service_level=counts.service_level,
        service_level_2=counts.service_level_2,
        average_answer_seconds=counts.average_answer_seconds,
        abandonment=counts.abandonment,
        scored=counts.scored,
        satisfaction=counts.satisfaction,
    )
