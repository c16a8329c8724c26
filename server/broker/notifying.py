"""Send notices: at least once, each destination by itself, with growing pauses, until accepted or too late.

Before: a step of the policy, or the end of a session, wrote the job beside its change. After: somebody outside knows.
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.parts import Parts
from server.broker.ports.notices import Notice, NoticeJob
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.broker.road import NOTICE, WAITING_NOTICE
from server.core.errors import ProviderError
from server.log import get_log
from server.wire.terms import SessionState
from server.wire.views import SessionView

RETRY_SECONDS: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 86_400)
"""The pauses between attempts: 13 attempts in about 75 hours."""
SEND_SECONDS: Final = 30.0
AT_ONCE: Final = 8
_IDLE_SECONDS: Final = 1.0
_MOOT: Final = frozenset(SessionState) - {SessionState.QUEUED, SessionState.OFFERED}
_log = get_log(__name__)


class Notifying:
    """The sender of notices."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts; `loop` runs for ever, `run_due` once."""
        self._parts = parts
        self._alarm = Alarm(parts.clock)

    def wake(self) -> None:
        """Look at the outbox now."""
        self._alarm.ring()

    async def loop(self) -> None:
        """Send notices as they fall due, for ever."""
        while True:
            await self.run_due()
            await self._alarm.wait(_IDLE_SECONDS)

    async def run_due(self) -> int:
        """Try every notice that is due, several at once, and return how many were tried."""
        tried = 0
        while jobs := await self._parts.database.read(self._due):
            await asyncio.gather(*(self._try(job) for job in jobs))
            tried += len(jobs)
        return tried

    def _due(self, unit: Unit) -> list[Job]:
        return list(unit.ledger.due_jobs(NOTICE, self._parts.clock.now(), AT_ONCE))

    async def _try(self, job: Job) -> None:
        """Send one notice; what was not accepted is tried again later, and given up after the last pause."""
        wanted = msgspec.json.decode(job.body, type=NoticeJob)
        failure = await self._failure(job, wanted)
        if failure is None:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        facts = {"destination": wanted.destination, "attempts": job.attempts + 1, "code": failure.code}
        if not failure.retryable or job.attempts >= len(RETRY_SECONDS):
            _log.error("notice_given_up", **facts)
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        pause = RETRY_SECONDS[job.attempts]
        _log.warning("notice_failed", retry_seconds=pause, **facts)
        due_at = self._parts.clock.now() + timedelta(seconds=pause)
        await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, failure.code))

    async def _failure(self, job: Job, wanted: NoticeJob) -> ProviderError | None:
        """Send it; return why it was not accepted, None when it was, or when it is moot."""
        session = await self._parts.database.read(
            lambda unit: unit.views.session(job.organisation_id, wanted.session_id)
        )
        if session is None or _is_moot(wanted, session):
            return None
        destination = self._parts.destinations.get(wanted.destination)
        if destination is None:
            return ProviderError("no_such_destination", "The destination is not configured any more.", retryable=False)
        notice = Notice(id=f"notice_{job.id}", kind=wanted.kind, at=wanted.at, session=session)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await destination.send(notice)
        except ProviderError as error:
            return error
        except TimeoutError:
            return ProviderError("notice_timed_out", f"No answer in {SEND_SECONDS:g} s.")
        return None


def _is_moot(wanted: NoticeJob, session: SessionView) -> bool:
    """Tell whether the notice would be about something that is over: somebody has come meanwhile."""
    return wanted.kind == WAITING_NOTICE and session.state in _MOOT
