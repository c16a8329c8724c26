"""Hold the connection to Discord's gateway: discord.py, of which only the raw frames are used.

Imported only where a Discord channel is configured: `pip install "operator-console[discord]"`.
"""

import asyncio
from typing import Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from server.broker.ports.channels import SendError, SendProblem
from server.secret_files import SecretText

MOST_WAITING: Final = 10_000
"""So many frames may wait to be kept; then the connection is given up, and the gap is read later."""
_MENDING: Final = {
    4004: "Discord refuses the bot's token. Make a new one in the developer portal.",
    4011: "The bot is in so many servers that it needs shards, which are not there.",
    4012: "Discord no longer speaks this version of its gateway. Update discord.py.",
    4013: "Discord does not know an intent that was asked for. Update discord.py.",
    4014: "Discord refuses the Message Content Intent. Switch it on in the developer portal, or set "
    "message_content = false.",
}


class Frames(discord.Client):
    """A bot that does nothing but hand on what the gateway sends."""

    def __init__(self, *, message_content: bool) -> None:
        """Ask for messages of servers and direct messages, and for who types in the latter."""
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = intents.dm_typing = True
        intents.message_content = message_content
        super().__init__(
            intents=intents,
            enable_debug_events=True,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        # Its own readers raise on a field they miss, which would end the connection; nothing here needs them.
        self._connection.parsers.clear()
        self.frames: Final[asyncio.Queue[str]] = asyncio.Queue()

    @property
    def own_id(self) -> str:
        """Who the bot is; empty until it is known."""
        return str(self.user.id) if self.user is not None else ""

    async def on_socket_raw_receive(self, frame: str) -> None:
        """Keep a frame in order; discord.py starts these one after the other."""
        if self.frames.qsize() >= MOST_WAITING:
            await self.close()
        else:
            self.frames.put_nowait(frame)

    async def stay(self, token: SecretText) -> None:
        """Stay connected until closed.

        Raises:
            SendError: AUTH: somebody has to mend the bot; RETRY: not now.
        """
        try:
            await self.start(token.reveal())
        except discord.LoginFailure as error:
            raise SendError(SendProblem.AUTH, _MENDING[4004]) from error
        except discord.PrivilegedIntentsRequired as error:
            raise SendError(SendProblem.AUTH, _MENDING[4014]) from error
        except discord.ConnectionClosed as error:
            problem = SendProblem.AUTH if error.code in _MENDING else SendProblem.RETRY
            raise SendError(problem, _MENDING.get(error.code, f"Discord closed ({error.code}).")) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise SendError(SendProblem.RETRY, f"Discord cannot be reached ({type(error).__name__}).") from error
        raise SendError(SendProblem.RETRY, "The connection to Discord has ended.")


def point_at(api_base: str, gateway: str) -> None:
    """Have discord.py speak with another address than discord.com; it has one for the whole process."""
    Route.BASE = api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
