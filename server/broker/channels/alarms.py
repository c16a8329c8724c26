"""Tell consoles which accounts are not well: at once when that changes, and each console that comes.

Every broker looks at the accounts' rows by itself, since another one may hold them.

Before: `server.broker.channels.trouble` wrote down that an account is not well, or is again. After: every console of
the organisation shows what is wrong and what to do, or no more.
"""

from functools import partial
from typing import Final

from server.broker.parts import Parts
from server.broker.passing import Passing
from server.broker.ports.store import Unit
from server.wire import codec
from server.wire.frames import Alarms, ChannelAlarm
from server.wire.terms import OrganisationId

LOOK_SECONDS: Final = 2.0
"""How often the rows are looked at."""


class ChannelAlarms:
    """What consoles are told of accounts."""

    def __init__(self, parts: Parts, passing: Passing) -> None:
        """Tell consoles through `passing`; `loop` runs for ever where there are accounts."""
        self._parts: Final = parts
        self._passing: Final = passing
        self._told: Final[dict[OrganisationId, Alarms]] = {}

    async def loop(self) -> None:
        """Look and tell, for ever."""
        while True:
            await self.look()
            await self._parts.clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Tell the consoles of each organisation in which something changed."""
        organisations = {account.organisation_id for account in self._parts.channels.values()}
        for organisation_id in sorted(organisations):
            frame = await self._parts.database.read(partial(self._alarms, organisation_id))
            if frame != self._told.get(organisation_id, Alarms()):
                self._told[organisation_id] = frame
                self._passing.to_consoles(organisation_id, codec.encode(frame))

    def known(self, organisation_id: OrganisationId) -> Alarms | None:
        """Return what a console that comes is told; None where there are no accounts."""
        if all(account.organisation_id != organisation_id for account in self._parts.channels.values()):
            return None
        return self._told.get(organisation_id, Alarms())

    def _alarms(self, organisation_id: OrganisationId, unit: Unit) -> Alarms:
        rows = unit.channels.accounts(organisation_id)
        ill = [row for row in rows if row.name in self._parts.channels and (row.problem or row.paused)]
        return Alarms(
            channels=tuple(
                ChannelAlarm(name=row.name, kind=row.kind, problem=row.problem, paused=row.paused, since=row.since)
                for row in ill
            )
        )
