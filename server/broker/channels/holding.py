"""Hold one account for this broker: one broker at a time sends on it, listens to it and asks for its health.

Holding is a lease in the account's row, so that any broker may die at any time. Whoever takes an account over finds the
parts that its predecessor was sending: nobody knows of those, unless the platform knows our keys.

Before: `desk` starts one of these for each account. After: what comes is kept, what waits is sent, what is wrong
is told.
"""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

import msgspec

from server.broker.channels.catching_up import CatchingUp
from server.broker.channels.door import Door
from server.broker.channels.sending import Sending, end_part, still_keyed
from server.broker.channels.trouble import row_of, set_problem
from server.broker.parts import Parts
from server.broker.ports.channel_store import PartState
from server.broker.ports.channels import Account, Listens, SendError, SendProblem
from server.broker.ports.store import Unit
from server.core.errors import HandoffError
from server.log import get_log

LEASE_SECONDS: Final = 6.0
RENEW_SECONDS: Final = 2.0
HEALTH_SECONDS: Final = 60.0
SICK_SECONDS: Final = 15.0
"""How often an account that is not well is asked again."""
ASK_SECONDS: Final = 30.0
GRACE_SECONDS: Final = 5.0
CUT_OFF: Final = "The program stopped while this was being sent: nobody knows whether it arrived."
_log = get_log(__name__)


class Holding:
    """One account, as long as this broker has it."""

    def __init__(self, parts: Parts, account: Account, boot: str, door: Door) -> None:
        """Hold the account as the broker of this boot id."""
        self._parts = parts
        self.account = account
        self._boot = boot
        self._door = door
        self.sending = Sending(parts, account, boot)
        self._catching_up = CatchingUp(parts, account, door)
        self.held = False

    async def loop(self) -> None:
        """Take the account when nobody has it, work on it, and let it go when it is lost; for ever."""
        while True:
            if await self._renew():
                await self._work()
            await self._parts.clock.sleep(RENEW_SECONDS)

    async def _work(self) -> None:
        """Do all that the holder does, until the lease is lost."""
        self.held = True
        try:
            async with asyncio.TaskGroup() as group:
                work = (self.sending.loop, self._watch, self._catching_up.loop)
                tasks = [group.create_task(one()) for one in work]
                if isinstance(self.account.channel, Listens):
                    tasks.append(group.create_task(self._listen(self.account.channel)))
                await self._stay()
                for task in tasks:
                    task.cancel()
        finally:
            self.held = False

    async def _stay(self) -> None:
        """Renew the lease; return when it is lost, or could not be renewed in its time."""
        until = self._parts.clock.monotonic() + LEASE_SECONDS
        while self._parts.clock.monotonic() < until:
            await self._parts.clock.sleep(RENEW_SECONDS)
            try:
                if not await self._renew():
                    return
            except HandoffError as error:
                _log.warning("channel_lease_not_renewed", account=self.account.name, code=error.code)
                continue
            until = self._parts.clock.monotonic() + LEASE_SECONDS

    async def _renew(self) -> bool:
        """Take or keep the lease; False when another broker has it."""
        return await self._parts.database.run(self._take_or_keep)

    def _take_or_keep(self, unit: Unit) -> bool:
        now = self._parts.clock.now()
        row = row_of(unit, self.account)
        free = row.held_until is None or row.held_until <= now or not row.holder
        if row.holder != self._boot and not free:
            return False
        until = now + timedelta(seconds=LEASE_SECONDS)
        if row.holder != self._boot:
            _log.info("channel_held", account=self.account.name)
            self._catching_up.nobody_listened(row)
            self._take_over(unit)
        unit.channels.save_account(
            msgspec.structs.replace(row, kind=self.account.kind, holder=self._boot, held_until=until)
        )
        return True

    def _take_over(self, unit: Unit) -> None:
        """Decide about the parts that a former holder was sending."""
        now = self._parts.clock.now()
        for part in unit.out_parts.sending(self.account.organisation_id, self.account.name):
            if still_keyed(unit, self.account.channel.limits, part, now):
                waiting = msgspec.structs.replace(
                    part, state=PartState.WAITING, due_at=now, changed_at=now, doubtful=True
                )
                unit.out_parts.save(waiting)
            else:
                end_part(unit, self._parts, part, PartState.UNKNOWN, CUT_OFF)

    async def release(self) -> None:
        """Let the account go, once what is under way has ended."""
        await self.sending.stop(GRACE_SECONDS)

        def work(unit: Unit) -> None:
            row = row_of(unit, self.account)
            if row.holder == self._boot:
                unit.channels.save_account(msgspec.structs.replace(row, holder="", held_until=self._parts.clock.now()))

        try:
            await self._parts.database.run(work)
        except HandoffError as error:
            _log.warning("channel_not_released", account=self.account.name, code=error.code)

    async def _listen(self, channel: Listens) -> None:
        """Keep what the channel brings, each with the cursor to go on from."""
        account = self.account
        while True:
            row = await self._parts.database.read(
                lambda unit: unit.channels.account(account.organisation_id, account.name)
            )
            try:
                async for incoming, cursor in channel.listen(row.cursor if row is not None else ""):
                    await self._door.keep(account, incoming, partial(self._go_on, cursor))
            except SendError as error:
                await self._parts.database.run(partial(self._refused, error))
            await self._parts.clock.sleep(SICK_SECONDS)

    def _refused(self, error: SendError, unit: Unit) -> None:
        pause = True if error.problem is SendProblem.AUTH else None
        set_problem(unit, self._parts, self.account, error.message, pause=pause)

    def _go_on(self, cursor: str, unit: Unit) -> None:
        row = row_of(unit, self.account)
        unit.channels.save_account(msgspec.structs.replace(row, cursor=cursor))

    async def _watch(self) -> None:
        """Ask for the account's health, now and then; more often while it is not well."""
        account, asked_at = self.account, -HEALTH_SECONDS
        while True:
            row = await self._parts.database.read(
                lambda unit: unit.channels.account(account.organisation_id, account.name)
            )
            sick = row is not None and (row.paused or bool(row.problem))
            if sick or self._parts.clock.monotonic() - asked_at >= HEALTH_SECONDS:
                await self.check()
                asked_at = self._parts.clock.monotonic()
            await self._parts.clock.sleep(SICK_SECONDS)

    async def check(self) -> str:
        """Ask the platform whether the account works, write it down, and return what is wrong."""
        problem = await asked(self.account)
        self._catching_up.asked(well=not problem)
        row = await self._parts.database.run(
            lambda unit: set_problem(unit, self._parts, self.account, problem, pause=False if not problem else None)
        )
        if not row.paused:
            self.sending.wake()
        return problem


async def asked(account: Account) -> str:
    """Return what a channel says is wrong with its account; empty when nothing is."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return (await account.channel.health())[:200]
    except TimeoutError:
        return f"The platform did not answer in {ASK_SECONDS:g} s."
    except SendError as error:
        return error.message[:200]
