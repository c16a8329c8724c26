"""What is kept for seven days is kept for seven days, and not for ever."""

import pytest

from server.wire import commands as c
from tests.world import World

pytestmark = pytest.mark.scenario

DAY_SECONDS = 86_400.0


async def test_old_events_go_and_the_newest_stays(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.Resolve, chat)
    await ann.does(c.FinishWrapUp, chat)
    last = await desk.database.read(lambda unit: unit.views.last_seq(ann.principal.organisation_id))
    desk.clock._elapsed_seconds += 6.9 * DAY_SECONDS
    assert await desk.broker.housekeeping.sweep() == 0
    desk.clock._elapsed_seconds += 0.2 * DAY_SECONDS
    assert await desk.broker.housekeeping.sweep() > 0
    oldest = await desk.database.read(lambda unit: unit.views.oldest_seq(ann.principal.organisation_id))
    assert oldest == last, "the newest event marks where the numbers stand"
    assert await desk.broker.housekeeping.sweep() == 0
