"""The gateway: discord.py keeps the session, we keep the place."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.broker.ports.channels import Incoming, SendError, SendProblem
from server.channels.discord import Discord
from server.channels.discord_events import OWN_ID
from server.clock import ManualClock
from server.secret_files import SecretText
from tests.fakes.discord_platform import DiscordPlatform, discord_platform, refused
from tests.fakes.discord_words import BOT_ID, DIRECT, ROOM, TOKEN

pytestmark = pytest.mark.integration


class Listener:
    """What the broker does with a channel that listens."""

    def __init__(self, platform: DiscordPlatform, cursor: str = "", token: str = TOKEN) -> None:
        self.clock = ManualClock()
        self.bot = Discord(token=SecretText(token), clock=self.clock, api_base=f"{platform.url}/api/v10")
        self.frames = aiter(self.bot.listen(cursor))
        self.cursor = cursor
        self.keys: list[str] = []
        self.texts: list[str] = []

    async def next(self) -> Incoming:
        async with asyncio.timeout(60):
            asking = asyncio.ensure_future(anext(self.frames))
            while not asking.done():
                await asyncio.wait([asking], timeout=0.05)
                if self.clock.sleeping:
                    await self.clock.advance(120)
            incoming, self.cursor = asking.result()
        events = self.bot.parse(incoming)
        self.keys += [one.key for one in events]
        self.texts += [one.text for one in events]
        return incoming

    async def close(self) -> None:
        await self.frames.aclose()  # type: ignore[attr-defined]
        await self.bot.close()


@asynccontextmanager
async def listening(platform: DiscordPlatform, cursor: str = "", token: str = TOKEN) -> AsyncIterator[Listener]:
    listener = Listener(platform, cursor, token)
    try:
        yield listener
    finally:
        await listener.close()


async def heard(platform: DiscordPlatform, listener: Listener, text: str) -> Incoming:
    """Have something said once the session stands, and hear it."""
    sessions = len(platform.identified)
    asking = asyncio.ensure_future(listener.next())
    if not platform._links:
        await platform.until(lambda: len(platform.identified) > sessions or platform.resumed)
    await platform.say(text)
    return await asking


async def test_what_is_said_arrives_raw_and_with_who_we_are() -> None:
    async with discord_platform() as platform, listening(platform) as listener:
        incoming = await heard(platform, listener, "one 😀")
        assert incoming.headers[OWN_ID] == BOT_ID
        assert json.loads(incoming.body)["d"]["content"] == "one 😀"
        assert listener.texts == ["one 😀"]
        assert platform.identified[0]["intents"] == 1 << 0 | 1 << 9 | 1 << 12 | 1 << 14 | 1 << 15


async def test_a_dropped_connection_resumes_and_replays_without_duplicates() -> None:
    async with discord_platform() as platform, listening(platform) as listener:
        await heard(platform, listener, "one")
        await platform.drop()
        await platform.say("two")
        await platform.say("three")
        await listener.next()
        await listener.next()
        await platform.ask_to_reconnect()
        await platform.say("four")
        await listener.next()
        assert listener.texts == ["one", "two", "three", "four"]
        assert len(set(listener.keys)) == 4
        assert len(platform.identified) == 1
        assert len(platform.resumed) == 2


async def test_a_session_that_is_lost_reads_the_gap_by_its_cursor() -> None:
    async with discord_platform() as platform, listening(platform) as listener:
        await heard(platform, listener, "one")
        platform.can_resume = False
        await platform.drop()
        for number in range(120):
            platform.message(f"missed {number}")
        for _ in range(120):
            await listener.next()
        await platform.say("now")
        await listener.next()
        assert listener.texts == ["one", *(f"missed {number}" for number in range(120)), "now"]
        assert len(platform.identified) == 2


async def test_after_a_restart_it_goes_on_from_the_cursor_also_in_channels_that_are_new() -> None:
    async with discord_platform() as platform:
        platform.in_guild = True
        async with listening(platform) as listener:
            await heard(platform, listener, "one")
            cursor = listener.cursor
        platform.message("in the direct channel")
        platform.message("in a room", channel=ROOM)
        async with listening(platform, cursor) as listener:
            direct = listener.bot.parse(await listener.next())
            room = listener.bot.parse(await listener.next())
            assert listener.texts == ["in the direct channel", "in a room"]
            assert [direct[0].shared, room[0].shared] == [False, True]
            assert set(json.loads(listener.cursor)["newest"]) == {DIRECT, ROOM}


async def test_a_channel_that_is_gone_loses_no_other() -> None:
    async with discord_platform() as platform:
        cursor = json.dumps({"newest": {"1": "5", DIRECT: "5"}})
        platform.faults["GET /channels/1"].append(refused(404, 10003, "Unknown Channel"))
        platform.message("missed")
        async with listening(platform, cursor) as listener:
            await listener.next()
            assert listener.texts == ["missed"]
            assert set(json.loads(listener.cursor)["newest"]) == {DIRECT}


async def test_a_refused_token_or_intent_ends_it_with_what_to_do() -> None:
    async with discord_platform() as platform:
        async with listening(platform, token="OTA.wrong.token") as listener:
            with pytest.raises(SendError) as refused:
                await listener.next()
            assert refused.value.problem is SendProblem.AUTH
        platform.close_with = 4014
        async with listening(platform) as listener:
            with pytest.raises(SendError, match="Message Content Intent") as refused:
                await listener.next()
            assert refused.value.problem is SendProblem.AUTH
            assert "Message Content Intent" in await listener.bot.health()


async def test_an_event_that_is_broken_loses_no_other_and_what_nobody_reads_is_not_kept() -> None:
    async with discord_platform() as platform, listening(platform) as listener:
        asking = asyncio.ensure_future(listener.next())
        await platform.until(lambda: platform.identified)
        await platform.dispatch("PRESENCE_UPDATE", {"user": {"id": "1"}, "status": "online"})
        await platform.dispatch("MESSAGE_CREATE", {"id": "1"})
        await platform.say("one")
        await asking
        await listener.next()
        assert listener.texts == ["", "one"]
        assert len(platform.identified) == 1
