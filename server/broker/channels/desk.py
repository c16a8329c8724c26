"""Be all channels of one broker: started and stopped together.

Before: `server.broker.broker` puts it together. After: `door` is open, and every account is held by one broker.
"""

import asyncio
from typing import Final

from server.broker.alarm import Alarm
from server.broker.cards import Cards
from server.broker.channels.alarms import ChannelAlarms
from server.broker.channels.door import Door
from server.broker.channels.events import Events
from server.broker.channels.fetching import Fetching
from server.broker.channels.holding import Holding
from server.broker.channels.overview import Overview
from server.broker.channels.taking import Taking
from server.broker.files import Files
from server.broker.messages import Messages
from server.broker.minding import Minding
from server.broker.parts import Parts
from server.broker.passing import Passing
from server.broker.ports.channels import Types
from server.broker.ports.records import Conversation
from server.tasks import TaskRunner

TYPING_SECONDS: Final = 4.0
"""Typing is shown again no sooner than this."""
IDLE_SECONDS: Final = 1.0
MOST_TYPING: Final = 1_000


class Channels:
    """The channels of one broker."""

    def __init__(
        self,
        parts: Parts,
        boot: str,
        *,
        passing: Passing,
        messages: Messages,
        cards: Cards,
        minding: Minding,
        files: Files,
    ) -> None:
        """Put them together; nothing runs until `start`."""
        self._parts = parts
        self._runner = TaskRunner(parts.clock)
        self.taking = Taking(parts, boot, Events(parts, passing, messages, cards, minding))
        self.door = Door(parts, boot, self.taking.wake)
        self.holdings: Final = {
            name: Holding(parts, account, boot, self.door) for name, account in parts.channels.items()
        }
        self._fetching = Fetching(parts, files)
        self._files_alarm = Alarm(parts.clock)
        self.alarms: Final = ChannelAlarms(parts, passing)
        self.overview = Overview(parts, self.taking, self.holdings)
        self._typed: dict[str, float] = {}

    def start(self) -> None:
        """Begin; without a configured account there is nothing to do."""
        if not self.holdings:
            return
        self._runner.keep("channels:taking", self.taking.loop)
        self._runner.keep("channels:files", self._fetch)
        self._runner.keep("channels:alarms", self.alarms.loop)
        for name, holding in self.holdings.items():
            self._runner.keep(f"channels:{name}", holding.loop)

    async def stop(self) -> None:
        """Stop listening and sending, let the accounts go, and close the channels."""
        await self._runner.stop()
        await asyncio.gather(*(holding.release() for holding in self.holdings.values()))
        await asyncio.gather(*(account.channel.close() for account in self._parts.channels.values()))

    def wake(self) -> None:
        """Look at what waits: something was committed."""
        for holding in self.holdings.values():
            holding.sending.wake()
        self._files_alarm.ring()

    def typing(self, conversation: Conversation) -> None:
        """Let the customer see that somebody writes, where the platform shows it."""
        account = self._parts.channels.get(conversation.account)
        if account is None or not isinstance(account.channel, Types):
            return
        now = self._parts.clock.monotonic()
        if self._typed.get(conversation.id, 0.0) > now:
            return
        if len(self._typed) >= MOST_TYPING:
            self._typed.clear()
        self._typed[conversation.id] = now + TYPING_SECONDS
        self._runner.start("channels:typing", account.channel.typing(conversation.external_id))

    async def _fetch(self) -> None:
        """Fetch files of the accounts that this broker holds, for ever."""
        while True:
            held = frozenset(name for name, holding in self.holdings.items() if holding.held)
            await self._fetching.run_due(held)
            await self._files_alarm.wait(IDLE_SECONDS)
