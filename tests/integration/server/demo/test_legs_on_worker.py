"""The demo's callers, assistants and operators are real peers of the real media worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.clock import SystemClock
from server.demo.desk import free_ports
from server.demo.hearing import tone_frame
from server.demo.legs import Leg, LegError, StreamLeg
from server.demo.line import Line, LineClosedError
from server.demo.speech import load_clip
from server.demo.twilio_leg import Carrier, TwilioLeg
from server.wire.terms import CallPhase, ConversationId, LegRole
from server.wire.views import MediaGrant
from tests.media_clients import Desk, desk, until

pytestmark = pytest.mark.integration

CARRIER = Carrier(account_sid="AC" + "0" * 32)
SID = "CA" + "1" * 32
LATER = datetime(2099, 1, 1, tzinfo=UTC)


async def grant(media: Desk, role: LegRole, transport: str, epoch: int = 0, external_id: str = "") -> MediaGrant:
    token = await media.admit("c", role, transport, epoch=epoch, external_id=external_id)
    url = media.control.media_url(transport)
    return MediaGrant(url=url, token=token, epoch=epoch, expires_at=LATER, call_id=ConversationId("c"))


async def caller_leg(media: Desk, transport: str, carrier: Carrier = CARRIER) -> Leg:
    mine = await grant(media, LegRole.CALLER, transport, external_id=SID if transport == "twilio" else "")
    return await TwilioLeg.open(mine, carrier, SID) if transport == "twilio" else await StreamLeg.open(mine)


@asynccontextmanager
async def talking(*legs: Leg) -> AsyncIterator[list[Line]]:
    lines = [Line(leg, SystemClock()) for leg in legs]
    tasks = [asyncio.ensure_future(line.run()) for line in lines]
    try:
        yield lines
    finally:
        for leg in legs:
            await leg.hang_up()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("transport", ["twilio", "stream"])
async def test_caller_and_assistant_take_turns_by_ear(tmp_path: Path, transport: str) -> None:
    async with desk(tmp_path) as media:
        await media.plan("c", CallPhase.ASSISTANT)
        assistant = await StreamLeg.open(await grant(media, LegRole.ASSISTANT, "stream"))
        async with talking(await caller_leg(media, transport), assistant) as (caller, helper):
            clip = load_clip("double_charge-8")
            heard = asyncio.ensure_future(helper.hear_out(100))
            assert await caller.say(clip)
            assert await heard
            loud = helper.ear.speech_frames
            assert loud > len(clip) // 2
            answered = asyncio.ensure_future(caller.hear_out(100))
            assert await helper.say(clip)
            assert await answered
            assert caller.ear.speech_frames > len(clip) // 2
            assert assistant.phase == "assistant"


@pytest.mark.parametrize("transport", ["twilio", "stream"])
async def test_the_operators_tone_is_heard_and_is_silence_while_muted(tmp_path: Path, transport: str) -> None:
    async with desk(tmp_path) as media:
        await media.plan("c", CallPhase.OPERATOR, epoch=1)
        operator = await StreamLeg.open(await grant(media, LegRole.OPERATOR, "console", epoch=1))
        async with talking(await caller_leg(media, transport), operator) as (caller, desk_line):
            tones = [tone_frame(880.0, number) for number in range(40)]
            caller.ear.listen_for(880.0)
            await desk_line.until(lambda: desk_line.ear.frames > 10)
            await desk_line.blurt(tones)
            await until(lambda: caller.ear.tone_frames >= 30, "the tone is heard")
            await operator.mute(on=True)
            await until(lambda: operator.muted, "the mute is echoed")
            await desk_line.until(lambda: False, 20)
            caller.ear.listen_for(880.0)
            await desk_line.blurt(tones)
            await desk_line.until(lambda: False, 20)
            assert caller.ear.tone_frames == 0
            await operator.mute(on=False)
            await desk_line.blurt(tones)
            await until(lambda: caller.ear.tone_frames >= 30, "the tone is heard again")


async def test_a_signed_call_is_let_in_and_a_forged_one_is_not(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = {"port": port, "public_url": f"ws://127.0.0.1:{port}", "twilio_auth_token": "s3cret"}
    async with desk(tmp_path, **settings) as media:
        with pytest.raises(LegError, match="403"):
            await caller_leg(media, "twilio", Carrier(account_sid=CARRIER.account_sid, auth_token="wrong"))
        async with talking(
            await caller_leg(media, "twilio", Carrier(account_sid=CARRIER.account_sid, auth_token="s3cret")),
            await StreamLeg.open(await grant(media, LegRole.ASSISTANT, "stream")),
        ) as (_, helper):
            await helper.until(lambda: helper.ear.frames > 0, 250)


async def test_a_used_token_opens_no_second_leg(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        once = await grant(media, LegRole.ASSISTANT, "stream")
        async with talking(await StreamLeg.open(once)):
            with pytest.raises(LegError):
                await StreamLeg.open(once)


@pytest.mark.parametrize("transport", ["twilio", "stream"])
async def test_a_call_that_the_desk_ends_is_noticed_in_the_middle_of_a_word(tmp_path: Path, transport: str) -> None:
    async with desk(tmp_path) as media:
        await media.plan("c", CallPhase.ASSISTANT)
        assistant = await StreamLeg.open(await grant(media, LegRole.ASSISTANT, "stream"))
        async with talking(await caller_leg(media, transport), assistant) as (caller, helper):
            await helper.until(lambda: helper.ear.frames > 0, 250)
            said = asyncio.ensure_future(caller.say(load_clip("ai-back-darnell")))
            await caller.until(lambda: caller.ear.frames > 10, 250)
            await media.plan("c", CallPhase.ENDED, epoch=9)
            with pytest.raises(LineClosedError):
                await said
