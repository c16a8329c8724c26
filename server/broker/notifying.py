"""Send notices: at least once, each by itself, with growing pauses, until accepted or too late.

Before: a step of the policy, or the end of a session, wrote the job beside its change. After: somebody outside knows.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.composing import compose, is_moot
from server.broker.parts import Parts
from server.broker.ports.notices import Destination, Notice, NoticeJob
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.broker.road import NOTICE, WAITING_NOTICE
from server.core.errors import ProviderError
from server.log import get_log
from server.tasks import TaskRunner, spawn

RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 86_400)
"""The pauses between attempts: 13 attempts in about 75 hours."""
SEND_SECONDS: Final = 30.0
"""No answer in this time is none."""
IMPATIENT_SECONDS: Final = 10.0
"""The same where another destination stands by."""
AT_ONCE: Final = 8
"""Notices on their way to one destination."""
_LOOK_AT: Final = 500
_IDLE_SECONDS: Final = 1.0
_log = get_log(__name__)


class Notifying:
    """The sender of notices."""

    def __init__(self, parts: Parts, runner: TaskRunner) -> None:
        """Work on these parts; `loop` runs for ever, each notice in a task of its own on `runner`."""
        self._parts = parts
        self._runner = runner
        self._alarm = Alarm(parts.clock)
        self._on_the_way: dict[int, str] = {}

    def wake(self) -> None:
        """Look at the outbox now."""
        self._alarm.ring()

    async def loop(self) -> None:
        """Send notices as they fall due, for ever."""
        while True:
            await self._start_due()
            await self._alarm.wait(_IDLE_SECONDS)

    async def _start_due(self) -> None:
        """Set out with every notice that is due; no destination that is slow holds up another one."""
        busy = Counter(self._on_the_way.values())
        for job in await self._parts.database.read(self._due):
            wanted = msgspec.json.decode(job.body, type=NoticeJob)
            if job.id not in self._on_the_way and busy[wanted.destination] < AT_ONCE:
                busy[wanted.destination] += 1
                self._on_the_way[job.id] = wanted.destination
                self._runner.start("notice", self._carry(job, wanted))

    def _due(self, unit: Unit) -> list[Job]:
        return list(unit.ledger.due_jobs(NOTICE, self._parts.clock.now(), _LOOK_AT))

    async def _carry(self, job: Job, wanted: NoticeJob) -> None:
        """Try one notice once."""
        try:
            await self._try(job, wanted)
        finally:
            del self._on_the_way[job.id]
            self._alarm.ring()

    async def _try(self, job: Job, wanted: NoticeJob) -> None:
        """Send one notice; what was not accepted goes elsewhere or is tried again, and is given up at last."""
        notice = await self._parts.database.read(lambda unit: compose(unit, self._parts, job, wanted))
        if notice is None:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        failure = await self._failure(wanted, notice)
        if failure is None:
            await self._parts.database.run(lambda unit: self._finish(unit, job, wanted))
            return
        facts = {"destination": wanted.destination, "attempts": job.attempts + 1, "code": failure.code}
        over = not failure.retryable or job.attempts >= len(RETRY_SECONDS)
        instead = self._parts.fallbacks.get(wanted.destination, "")
        if instead and (over or wanted.kind == WAITING_NOTICE):
            _log.warning("notice_goes_elsewhere", to=instead, **facts)
            await self._parts.database.run(lambda unit: self._pass_on(unit, job, wanted, instead))
        elif over:
            _log.error("notice_given_up", **facts)
            await self._parts.database.run(lambda unit: self._finish(unit, job, wanted))
        else:
            pause = max(RETRY_SECONDS[job.attempts], failure.retry_after_seconds or 0)
            _log.warning("notice_failed", retry_seconds=pause, **facts)
            due_at = self._parts.clock.now() + timedelta(seconds=pause)
            await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, failure.code))

    async def _failure(self, wanted: NoticeJob, notice: Notice) -> ProviderError | None:
        """Send it; return why it was not accepted, None when it was."""
        destination = self._parts.destinations.get(wanted.destination)
        if destination is None:
            return ProviderError("no_such_destination", "The destination is not configured any more.", retryable=False)
        seconds = IMPATIENT_SECONDS if wanted.destination in self._parts.fallbacks else SEND_SECONDS
        sending = spawn("notice_sending", _sent(destination, notice))
        timer = spawn("notice_timer", self._parts.clock.sleep(seconds))
        try:
            await asyncio.wait((sending, timer), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                return sending.result()
            return ProviderError("notice_timed_out", f"No answer in {seconds:g} s.")
        finally:
            sending.cancel()
            timer.cancel()

    def _pass_on(self, unit: Unit, job: Job, wanted: NoticeJob, instead: str) -> None:
        """Let another destination have it, now."""
        unit.ledger.finish_job(job.id)
        onward = msgspec.structs.replace(wanted, destination=instead, begun_at=wanted.begun_at or wanted.destination)
        lane = f"{job.lane}>{instead}"
        unit.ledger.add_job(job.organisation_id, lane, NOTICE, msgspec.json.encode(onward), self._parts.clock.now())

    def _finish(self, unit: Unit, job: Job, wanted: NoticeJob) -> None:
        """Be done with it, and say it again later where it is to be repeated until somebody comes."""
        unit.ledger.finish_job(job.id)
        session = unit.views.session(job.organisation_id, wanted.session_id)
        if wanted.repeat_seconds <= 0 or session is None or is_moot(wanted, session):
            return
        now = self._parts.clock.now()
        again = msgspec.structs.replace(wanted, destination=wanted.begun_at or wanted.destination, begun_at="", at=now)
        due_at = now + timedelta(seconds=wanted.repeat_seconds)
        lane = job.lane.partition(">")[0]
        unit.ledger.add_job(job.organisation_id, lane, NOTICE, msgspec.json.encode(again), due_at)


async def _sent(destination: Destination, notice: Notice) -> ProviderError | None:
    """Hand it over; return why it was not accepted, None when it was."""
    try:
        await destination.send(notice)
    except ProviderError as error:
        return error
    return None
