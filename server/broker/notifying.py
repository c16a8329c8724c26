"""Send notices: at least once, each by itself, with growing pauses, until accepted or too late.

Before: a step of the policy, or the end of a session, wrote the job beside its change. After: somebody outside knows.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.composing import Composed, compose, is_moot, notice_of
from server.broker.notice_orders import AMEND, NOTICE, ON_CALL, WAITING_NOTICE, add, order_amend
from server.broker.parts import Parts
from server.broker.ports.alerts import Alert
from server.broker.ports.measures import NoticeResult
from server.broker.ports.notices import Destination, Notice, NoticeJob
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.core.errors import ProviderError
from server.log import get_log
from server.tasks import TaskRunner, spawn

RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 86_400)
"""The pauses between attempts: 13 attempts in about 75 hours."""
SEND_SECONDS: Final = 30.0
"""No answer in this time is none."""
IMPATIENT_SECONDS: Final = 10.0
"""The same where another destination stands by."""
AT_ONCE: Final = 32
"""Notices on their way to one destination."""
_LOOK_AT: Final = 500
_IDLE_SECONDS: Final = 1.0
_log = get_log(__name__)

Work = Coroutine[object, object, tuple[str, ProviderError | None]]
"""Something at a destination: by what the notice is found again, and why it was not accepted."""


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
        now = self._parts.clock.now()
        return [*unit.ledger.due_jobs(AMEND, now, _LOOK_AT), *unit.ledger.due_jobs(NOTICE, now, _LOOK_AT)]

    async def _carry(self, job: Job, wanted: NoticeJob) -> None:
        """Do one job once."""
        try:
            if job.kind == AMEND:
                await self._amend(job, wanted)
            elif wanted.destination.startswith(ON_CALL):
                await self._parts.database.run(lambda unit: self._spread(unit, job, wanted))
            else:
                await self._try(job, wanted)
        finally:
            del self._on_the_way[job.id]
            self._alarm.ring()

    async def _try(self, job: Job, wanted: NoticeJob) -> None:
        """Send one notice; what was not accepted goes elsewhere or is tried again, and is given up at last."""
        made = await self._parts.database.run(lambda unit: compose(unit, self._parts, job, wanted))
        if made is None:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        reference, failure = await self._send(wanted, made.notice)
        if failure is None:
            await self._parts.database.run(lambda unit: self._accepted(unit, job, wanted, made, reference))
            self._parts.measures.noticed(wanted.destination, NoticeResult.ACCEPTED)
            return
        facts = {"destination": wanted.destination, "attempts": job.attempts + 1, "code": failure.code}
        over = not failure.retryable or job.attempts >= len(RETRY_SECONDS)
        instead = self._parts.fallbacks.get(wanted.destination, "")
        if instead and (over or wanted.kind == WAITING_NOTICE):
            _log.warning("notice_goes_elsewhere", to=instead, **facts)
            await self._parts.database.run(lambda unit: self._pass_on(unit, job, wanted, instead))
            self._parts.measures.noticed(wanted.destination, NoticeResult.PASSED_ON)
        elif over:
            _log.error("notice_given_up", **facts)
            await self._parts.database.run(lambda unit: self._finish(unit, job, wanted))
            self._parts.measures.noticed(wanted.destination, NoticeResult.GIVEN_UP)
        else:
            pause = max(RETRY_SECONDS[job.attempts], failure.retry_after_seconds or 0)
            _log.warning("notice_failed", retry_seconds=pause, **facts)
            due_at = self._parts.clock.now() + timedelta(seconds=pause)
            await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, failure.code))
            self._parts.measures.noticed(wanted.destination, NoticeResult.RETRIED)

    async def _send(self, wanted: NoticeJob, notice: Notice) -> tuple[str, ProviderError | None]:
        """Send it; return by what it is found again, and why it was not accepted, None when it was."""
        destination = self._parts.destinations.get(wanted.destination)
        if destination is None:
            return "", ProviderError(
                "no_such_destination", "The destination is not configured any more.", retryable=False
            )
        seconds = IMPATIENT_SECONDS if wanted.destination in self._parts.fallbacks else SEND_SECONDS
        return await self._in_time(_sent(destination, notice), seconds)

    async def _in_time(self, work: Work, seconds: float) -> tuple[str, ProviderError | None]:
        """Return what came of it, or that nothing did in this time."""
        sending = spawn("notice_sending", work)
        timer = spawn("notice_timer", self._parts.clock.sleep(seconds))
        try:
            await asyncio.wait((sending, timer), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                return sending.result()
            return "", ProviderError("notice_timed_out", f"No answer in {seconds:g} s.")
        finally:
            sending.cancel()
            timer.cancel()

    def _accepted(self, unit: Unit, job: Job, wanted: NoticeJob, made: Composed, reference: str) -> None:
        """Write down that it went out; what became moot on the way is put right at once."""
        if made.alert and reference:
            unit.alerts.refer(made.alert, reference)
            session = unit.views.session(job.organisation_id, wanted.session_id)
            if session is None or is_moot(wanted, session):
                order_amend(unit, job.organisation_id, wanted.session_id, self._parts.clock.now())
        self._finish(unit, job, wanted)

    def _spread(self, unit: Unit, job: Job, wanted: NoticeJob) -> None:
        """Let a schedule's notice become one for each place where whoever is on call now is told."""
        schedule = self._parts.on_call.get(wanted.destination.removeprefix(ON_CALL))
        session = unit.views.session(job.organisation_id, wanted.session_id)
        if session is not None and schedule is not None and not is_moot(wanted, session):
            now = self._parts.clock.now()
            for person in schedule.on_call(wanted.level, now):
                for destination in person.destinations:
                    one = msgspec.structs.replace(
                        wanted, destination=destination, person=person.name, at=now, repeat_seconds=0.0
                    )
                    add(unit, job.organisation_id, one, now)
        self._finish(unit, job, wanted)

    async def _amend(self, job: Job, wanted: NoticeJob) -> None:
        """Bring what went out about a session in line with it; what fails is tried again, and given up at last."""
        alerts, notice = await self._parts.database.read(lambda unit: self._to_amend(unit, job, wanted))
        if notice is None:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        known = self._parts.destinations
        found = [(known[one.destination], one.reference) for one in alerts if one.destination in known]
        done = await asyncio.gather(
            *(self._in_time(_amended(where, reference, notice), SEND_SECONDS) for where, reference in found)
        )
        failures = [failure for _, failure in done if failure is not None and failure.retryable]
        if not failures or job.attempts >= len(RETRY_SECONDS):
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        pause = max(RETRY_SECONDS[job.attempts], failures[0].retry_after_seconds or 0)
        _log.warning("notice_not_amended", retry_seconds=pause, code=failures[0].code)
        due_at = self._parts.clock.now() + timedelta(seconds=pause)
        await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, failures[0].code))

    def _to_amend(self, unit: Unit, job: Job, wanted: NoticeJob) -> tuple[Sequence[Alert], Notice | None]:
        session = unit.views.session(job.organisation_id, wanted.session_id)
        if session is None:
            return (), None
        return unit.alerts.of_session(wanted.session_id), notice_of(unit, self._parts, job, wanted, session)

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


async def _sent(destination: Destination, notice: Notice) -> tuple[str, ProviderError | None]:
    """Hand it over; return by what it is found again, and why it was not accepted."""
    try:
        return await destination.send(notice), None
    except ProviderError as error:
        return "", error


async def _amended(destination: Destination, reference: str, notice: Notice) -> tuple[str, ProviderError | None]:
    """Change it; return why that was not accepted."""
    try:
        await destination.amend(reference, notice)
    except ProviderError as error:
        return reference, error
    return reference, None
