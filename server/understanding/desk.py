"""Ask the process that understands, and never wait long for it: the broker's port on `server.understanding.worker`.

One question is under way at a time; so many more may wait; a further one is answered None at once. A worker that takes
too long, or is gone, is replaced, with a growing pause.

Before: `server.broker.minding` has turns to look at. After: it shows what was found.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from server.broker.ports.understanding import Assessment, Turn
from server.clock import Clock
from server.log import get_log
from server.tasks import TaskRunner
from server.understanding import expressions
from server.understanding.rule_book import RuleBook
from server.understanding.text import MOST_CHARACTERS
from server.understanding.trigger_settings import TriggerSettings, check_settings, parsed
from server.understanding.worker import Answer, Ask, Begin, Ready
from server.wire.requests import HouseRule
from server.wire.terms import OrganisationId
from server.wire.views import Attribute

MOST_WAITING: Final = 32
"""Questions that may wait for the one under way."""
ANSWER_SECONDS: Final = 5.0
"""A worker that takes longer is replaced."""
START_SECONDS: Final = 60.0
"""The same while it loads its models."""
LONGEST_LINE: Final = 16 * 1024 * 1024
_log = get_log(__name__)


class WorkerUnderstanding:
    """Understanding in a process of its own."""

    def __init__(self, begin: Begin, clock: Clock, rules: RuleBook) -> None:
        """Work as `begin` says; nothing runs before `start`."""
        self._begin = begin
        self._clock = clock
        self._rules = rules
        self._runner = TaskRunner(clock)
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._number = 0
        self._wanted = asyncio.Event()
        self.model = False

    async def start(self) -> None:
        """Begin to bring up the worker; does not wait for it."""
        self._wanted.set()
        self._runner.keep("understanding", self._keep_up)

    async def stop(self) -> None:
        """End the worker."""
        await self._runner.stop()
        await self._end()

    async def assess(
        self, organisation_id: OrganisationId, turns: Sequence[Turn], facts: Mapping[str, Attribute]
    ) -> Assessment | None:
        """Return what shows in these turns; None when that takes too long or the worker is not there."""
        if self._process is None or self._waiting >= MOST_WAITING:
            return None
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask(organisation_id, turns, facts)
        finally:
            self._waiting -= 1

    def rules(self, organisation_id: OrganisationId) -> tuple[HouseRule, ...]:
        """Return the rules that an organisation added over the API."""
        return self._rules.of(organisation_id)

    def check_rules(self, rules: Sequence[HouseRule]) -> None:
        """Refuse rules that cannot be read."""
        check_settings(TriggerSettings(rules=tuple(rules)))

    def replace_rules(self, organisation_id: OrganisationId, rules: tuple[HouseRule, ...]) -> None:
        """Keep these rules of an organisation."""
        self._rules.replace(organisation_id, rules)

    def holding(self, rules: Sequence[HouseRule], facts: Mapping[str, Attribute]) -> tuple[HouseRule, ...]:
        """Return the rules that hold for these facts."""
        return tuple(rule for rule in rules if rule.enabled and expressions.holds(parsed(rule.when), facts))

    async def _ask(
        self, organisation_id: OrganisationId, turns: Sequence[Turn], facts: Mapping[str, Attribute]
    ) -> Assessment | None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        self._number += 1
        rules = self._rules.of(organisation_id)
        short = tuple(msgspec.structs.replace(turn, text=turn.text[:MOST_CHARACTERS]) for turn in turns)
        ask = Ask(self._number, short, dict(facts), rules)
        try:
            process.stdin.write(msgspec.json.encode(ask) + b"\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                await process.stdin.drain()
                answer = msgspec.json.decode(await process.stdout.readline(), type=Answer)
        except (TimeoutError, OSError, ValueError, msgspec.MsgspecError) as error:
            _log.warning("understanding_failed", error=type(error).__name__)
            await self._end()
            return None
        except asyncio.CancelledError:
            await self._end()  # its answer would be taken for the next question's
            raise
        return answer.assessment

    async def _keep_up(self) -> None:
        """Start the worker whenever there is none."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._bring_up()

    async def _bring_up(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server.understanding.worker", stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
            limit=LONGEST_LINE,
        )  # fmt: skip
        if process.stdin is None or process.stdout is None:
            return
        try:
            process.stdin.write(msgspec.json.encode(self._begin) + b"\n")
            async with asyncio.timeout(START_SECONDS):
                ready = msgspec.json.decode(await process.stdout.readline(), type=Ready)
        except (TimeoutError, OSError, ValueError, msgspec.MsgspecError, asyncio.CancelledError):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            self._wanted.set()
            raise
        self.model = ready.model
        self._process = process
        _log.info("understanding_ready", model=ready.model, note=ready.note)

    async def _end(self) -> None:
        """End the worker that is there, and ask for another unless everything ends."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self._wanted.set()
