"""Ask a platform for what it gave up bringing while nobody was there, or while it could not reach us.

What was heard in that time all the same is taken once, by its key.

Before: `holding` has taken an account, or found it well after it was not. After: `door` keeps what was missed.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from server.broker.channels.door import Door
from server.broker.parts import Parts
from server.broker.ports.channel_store import HeldAccount
from server.broker.ports.channels import Account, CatchesUp, SendError
from server.log import get_log

MARGIN_SECONDS: Final = 600.0
"""Health is asked for every minute, and platforms try for minutes: what is missing may be that much older."""
MOST_DAYS: Final = 7
MOST_CHATS: Final = 200
AGAIN_SECONDS: Final = 60.0
_log = get_log(__name__)


class CatchingUp:
    """What one account may have missed."""

    def __init__(self, parts: Parts, account: Account, door: Door) -> None:
        """Keep what was missed through `door`; `loop` runs until cancelled."""
        self._parts: Final = parts
        self._account: Final = account
        self._door: Final = door
        self._behind: Final = asyncio.Event()
        self._since: datetime | None = None
        self._ill_since: datetime | None = None

    def nobody_listened(self, row: HeldAccount) -> None:
        """An account is taken whose last holder left or died when its lease ended; a new one has missed nothing."""
        if row.held_until is not None:
            ill = row.since if row.problem else None
            self._look_from(min(row.held_until, ill or row.held_until))

    def asked(self, *, well: bool) -> None:
        """The platform was asked whether the account works."""
        if not well:
            self._ill_since = self._ill_since or self._parts.clock.now()
        elif self._ill_since is not None:
            self._look_from(self._ill_since)
            self._ill_since = None

    def _look_from(self, instant: datetime) -> None:
        self._since = min(self._since or instant, instant)
        self._behind.set()

    async def loop(self) -> None:
        """Ask whenever something may be missing; again after a while when the platform cannot be asked."""
        channel = self._account.channel
        while isinstance(channel, CatchesUp):
            await self._behind.wait()
            self._behind.clear()
            since, self._since = self._since, None
            if since is None:
                continue
            try:
                await self._ask(channel, since)
            except SendError as error:
                _log.warning("channel_not_caught_up", account=self._account.name, reason=error.message)
                self._look_from(since)
                await self._parts.clock.sleep(max(AGAIN_SECONDS, error.retry_after_seconds or 0.0))

    async def _ask(self, channel: CatchesUp, since: datetime) -> None:
        account = self._account
        oldest = self._parts.clock.now() - timedelta(days=MOST_DAYS)
        since = max(since - timedelta(seconds=MARGIN_SECONDS), oldest)
        chats = await self._parts.database.read(
            lambda unit: unit.channels.newest_chats(account.organisation_id, account.name, MOST_CHATS)
        )
        found = 0
        async for incoming in channel.missed([one.chat for one in chats], since):
            await self._door.keep(account, incoming)
            found += 1
        _log.info("channel_caught_up", account=account.name, chats=len(chats), read=found)
