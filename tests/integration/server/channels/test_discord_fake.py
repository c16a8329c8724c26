"""A plain discord.py bot lives with the fake Discord, so that the fake proves something about our adapter."""

import asyncio

import pytest

from tests import needs

pytest.importorskip("discord", reason=needs.PEERS.skip)

import discord

from server.channels.discord_client import point_at
from tests.fakes.discord_platform import discord_platform
from tests.fakes.discord_words import DIRECT, TOKEN

pytestmark = pytest.mark.integration


class Bot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, messages=True, message_content=True))
        self.heard: list[str] = []
        self.resumptions = 0

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message.content)
            async with message.channel.typing():
                await message.channel.send(f"you said {message.content}", nonce=f"n{message.id}"[:25])

    async def on_resumed(self) -> None:
        self.resumptions += 1


async def test_a_bot_of_discord_py_hears_types_answers_and_resumes() -> None:
    async with discord_platform() as platform:
        point_at(f"{platform.url}/api/v10", platform.url.replace("http", "ws") + "/gateway")
        bot = Bot()
        running = asyncio.ensure_future(bot.start(TOKEN))
        try:
            await platform.until(lambda: platform.identified)
            await platform.say("one")
            await platform.until(lambda: bot.heard == ["one"] and len(platform.messages) == 2)
            await platform.drop()
            await platform.say("two")
            await platform.until(lambda: bot.heard == ["one", "two"] and len(platform.messages) == 4)
            assert bot.resumptions == 1
            assert len(platform.identified) == 1
            assert ("POST", f"/channels/{DIRECT}/typing", None) in platform.calls
        finally:
            await bot.close()
            await asyncio.wait([running])
