"""Two consoles of one operator, over real sockets, with the media worker: the audio is open in one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, Mute, OpenMedia
from server.wire.events import SessionActive
from server.wire.frames import Ghosts, Look, Reply
from server.wire.terms import SessionId
from tests.live import Console, console, fresh, greeted, operator, rest
from tests.media_clients import StreamLeg

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CALLER_HZ, FIRST_HZ, SECOND_HZ = 1000.0, 440.0, 1760.0
PATIENCE = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker('[desk]\nrouting = "pull"\n') as running:
        yield running


async def ghosts_until(opened: Console, person: str, session_id: str | None, *, writing: bool) -> None:
    """Read until somebody is told to be there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            frame = await opened.next(Ghosts, PATIENCE)
            assert isinstance(frame, Ghosts)
            for one in frame.people:
                if (one.operator_id, one.session_id, one.writing) == (person, session_id, writing):
                    return


async def test_the_audio_is_in_one_console_and_moves_without_ever_being_in_both(broker: Running) -> None:
    token = await operator(broker, "Ann")
    async with rest(broker) as client, StreamLeg() as caller, StreamLeg() as first_leg, StreamLeg() as second_leg:
        made = (await client.post("/v1/conversations", json={"medium": "voice", "customer_name": "Carl"})).json()
        path = f"/v1/conversations/{made['id']}"
        grant = (await client.post(f"{path}/legs", json={"role": "caller"})).json()
        await caller.open(grant["url"], grant["token"])
        caller.speak(CALLER_HZ)
        session = (await client.post(f"{path}/handoffs", json={"reason": "asked for a person"})).json()
        async with greeted(broker, token) as (first, _), greeted(broker, token) as (second, _):
            accepted = await first.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
            assert accepted.media is not None
            assert accepted.session is not None
            epoch = accepted.session.epoch
            refused = await second.order(OpenMedia(id=fresh(), session_id=session["id"], epoch=epoch))
            assert refused.error is not None
            assert (refused.error.code, refused.media) == ("media_elsewhere", None)
            await first_leg.open(accepted.media.url, accepted.media.token)
            first_leg.speak(FIRST_HZ)
            await caller.hears(FIRST_HZ)
            await second.until(SessionActive, PATIENCE)
            looking_on = await second.order(Mute(id=fresh(), session_id=session["id"], epoch=epoch, on=True))
            assert looking_on.error is not None
            assert looking_on.error.code == "view_only_here"

            taken: Reply = await second.order(OpenMedia(id=fresh(), session_id=session["id"], epoch=epoch, take=True))
            assert taken.media is not None
            assert not first_leg.gone.is_set(), "the first one talks until the second is there"
            await second_leg.open(taken.media.url, taken.media.token)
            second_leg.speak(SECOND_HZ)
            await asyncio.wait_for(first_leg.gone.wait(), PATIENCE)
            assert "replaced" in f"{first_leg.close_reason} {first_leg.told('bye')}"
            await caller.hears(SECOND_HZ)
            await second_leg.hears(CALLER_HZ)
            held = await first.order(OpenMedia(id=fresh(), session_id=session["id"], epoch=epoch))
            assert held.error is not None
            assert held.error.code == "media_elsewhere"
            muted = await second.order(Mute(id=fresh(), session_id=session["id"], epoch=epoch, on=True))
            assert muted.ok


async def test_consoles_see_who_looks_and_writes_and_a_newcomer_is_told_at_once(broker: Running) -> None:
    bea, cy = await operator(broker, "Bea"), await operator(broker, "Cy")
    async with greeted(broker, bea) as (first, mine), greeted(broker, cy) as (second, _):
        await first.send(Look(session_id=SessionId("s_any"), writing=True))
        await ghosts_until(second, mine.me, "s_any", writing=True)
        async with console(broker, cy) as late:
            await ghosts_until(late, mine.me, "s_any", writing=True)
        await first.send(Look())
        await ghosts_until(second, mine.me, None, writing=False)
    async with greeted(broker, cy) as (second, _):
        async with greeted(broker, bea) as (first, mine):
            await first.send(Look(session_id=SessionId("s_any")))
            await ghosts_until(second, mine.me, "s_any", writing=False)
        await ghosts_until(second, mine.me, None, writing=False)
