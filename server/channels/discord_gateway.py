"""Listen to Discord's gateway with discord.py, which keeps the heartbeat, the session and its resumption.

Only raw frames are taken from it, so that what is kept is what Discord sent. A session that can be resumed replays a
short gap by itself; after a longer one, or a restart of ours, the messages since the cursor are fetched. Edits and
deletions of such a gap are not told.

Before: a bot's token and, by channel, the newest message that was kept. After: frames, each taken once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from importlib.util import find_spec
from typing import Final

import msgspec

from server.broker.ports.channels import Incoming, SendError, SendProblem
from server.channels.discord_answers import answered
from server.channels.discord_events import DISPATCHES, OWN_ID
from server.channels.discord_places import Places
from server.channels.http import Http
from server.channels.reading import at, decoded, list_at, text_at
from server.clock import Clock
from server.log import get_log
from server.secret_files import SecretText
from server.tasks import Restart, spawn

PAGE: Final = 100
"""So many messages are fetched with one call."""
DISCORDS: Final = "https://discord.com/"
_log: Final = get_log(__name__)


def is_installed() -> bool:
    """Tell whether the extra `[discord]` is there."""
    return find_spec("discord") is not None


class Gateway:
    """One bot's connection, opened anew whenever it ends for good."""

    def __init__(self, http: Http, token: SecretText, clock: Clock, *, message_content: bool) -> None:
        """Connect as the bot whose token this is; `http` reads what was missed."""
        self._http: Final = http
        self._token: Final = token
        self._clock: Final = clock
        self._message_content: Final = message_content
        self._restart: Final = Restart(first_seconds=5.0, most_seconds=120.0)
        self.trouble = ""
        """Why there is no connection; empty while there is one."""

    async def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield frames for ever, each with the cursor to go on from once it is kept.

        Raises:
            SendError: AUTH: the token, or an intent, is refused.
        """
        places = Places(cursor)
        failures = 0
        while True:
            try:
                async with aclosing(self._session(places)) as frames:
                    async for incoming in frames:
                        failures, self.trouble = 0, ""
                        yield incoming, places.cursor
            except SendError as error:
                self.trouble = error.message
                if error.problem is SendProblem.AUTH:
                    raise
                failures += 1
                pause_seconds = max(self._restart.pause_seconds(failures), error.retry_after_seconds or 0.0)
                _log.warning("discord_gateway_ended", failures=failures, reason=error.message)
                await self._clock.sleep(pause_seconds)

    async def _session(self, places: Places) -> AsyncGenerator[Incoming]:
        """Yield the frames of one client of discord.py, for as long as it stays."""
        # The SDK is an extra, and takes a quarter of a second to import.
        from server.channels.discord_client import Frames, point_at  # noqa: PLC0415

        if not self._http.api_base.startswith(DISCORDS):
            found = answered(await self._http.call("GET", "/gateway/bot"))
            point_at(self._http.api_base, text_at(found, "url"))
        client = Frames(message_content=self._message_content)
        staying = spawn("discord_gateway", client.stay(self._token))
        staying.add_done_callback(lambda _: client.frames.put_nowait(""))
        try:
            while True:
                frame = await client.frames.get()
                if not frame:
                    await staying
                async for incoming in self._of(frame, places, client.own_id):
                    yield incoming
        finally:
            await client.close()
            staying.cancel()
            await asyncio.wait([staying])

    async def _of(self, frame: str, places: Places, own_id: str) -> AsyncIterator[Incoming]:
        """Yield a frame that is read, and what was missed when one says that the session is new."""
        body = frame.encode("utf-8", "replace")
        found = decoded(body)
        kind, data = text_at(found, "t"), at(found, "d")
        if kind == "READY":
            missed = list(places.channels)
        elif kind == "GUILD_CREATE":
            channels = [*list_at(data, "channels"), *list_at(data, "threads")]
            named = [(text_at(one, "id"), text_at(one, "last_message_id")) for one in channels]
            missed = [channel for channel, last in named if places.missed(channel, last)]
        else:
            missed = []
        for channel in missed:
            async for incoming in self._missed(channel, places, own_id):
                yield incoming
        if kind in DISPATCHES:
            if kind == "MESSAGE_CREATE":
                places.passed(text_at(data, "channel_id"), text_at(data, "id"))
            yield Incoming(headers={OWN_ID: own_id}, body=body)

    async def _missed(self, channel: str, places: Places, own_id: str) -> AsyncIterator[Incoming]:
        """Yield a channel's messages since the one that was kept, oldest first, as the gateway would have told them."""
        guild = at(await self._read(f"/channels/{channel}", {}, channel, places), "guild_id")
        while channel in places.channels or guild is not None:
            query = {"after": places.since(channel), "limit": str(PAGE)}
            messages = list_at(await self._read(f"/channels/{channel}/messages", query, channel, places))
            for message in sorted(messages, key=lambda one: text_at(one, "id").zfill(20)):
                places.passed(channel, text_at(message, "id"))
                frame = {"op": 0, "t": "MESSAGE_CREATE", "d": message, "guild_id": guild}
                yield Incoming(headers={OWN_ID: own_id}, body=msgspec.json.encode(frame))
            if len(messages) < PAGE:
                return

    async def _read(self, path: str, query: Mapping[str, str], channel: str, places: Places) -> object:
        """Return what Discord says of a channel; None, and the channel is forgotten, when it is not ours to read.

        Raises:
            SendError: it cannot be read now.
        """
        try:
            return answered(await self._http.call("GET", path, params=query))
        except SendError as error:
            if error.problem not in {SendProblem.GONE, SendProblem.BLOCKED, SendProblem.INVALID}:
                raise
            places.forget(channel)
            return None
