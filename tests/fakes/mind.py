"""Understand in the test's own process, without MiniLM; it can be told to be gone, or to hang for ever."""

import asyncio
from collections.abc import Mapping, Sequence

from server.broker.ports.understanding import Assessment, Turn
from server.broker.signs import MindPolicy
from server.understanding.assess import Assessor
from server.understanding.trigger_settings import TriggerSettings
from server.wire.terms import OrganisationId
from server.wire.views import Attribute
from tests.world import World


class MindInProcess:
    """The understanding as a worker would give it."""

    def __init__(self, settings: TriggerSettings | None = None) -> None:
        self._assessor = Assessor(settings or TriggerSettings(), None)
        self.gone = False
        self.hangs = False
        self.asked = 0

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def assess(
        self, organisation_id: OrganisationId, turns: Sequence[Turn], facts: Mapping[str, Attribute]
    ) -> Assessment | None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        return None if self.gone else self._assessor.assess(turns, facts)


def minded(mind: MindInProcess | None = None, **policy: object) -> World:
    """Return a desk whose conversations are looked at."""
    return World(understanding=mind or MindInProcess(), mind=MindPolicy(**policy))  # type: ignore[arg-type]
