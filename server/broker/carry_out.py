"""Carry out what steps ordered: at least once, in order within a lane, tried again until it works.

Before: `server.broker.road` (or `messages`) wrote the job beside the change. After: the media worker has the call as it
should be, or a message whose receipt did not come says so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.messages import RECEIPT_DUE, Messages, ReceiptDueJob
from server.broker.parts import Parts
from server.broker.ports.media import CallPlan, VoicemailOrder
from server.broker.ports.recordings import voicemail_name
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.broker.road import DROP_DIAL, DROP_TARGET, SYNC_CALL, SyncCallJob
from server.core.calls import call_phase, leaves_message
from server.core.errors import ProviderError
from server.core.policy import VoicemailRules
from server.core.session import DEFAULT_RULES, Rules, Session, is_consult
from server.core.transfers import in_call
from server.log import get_log
from server.wire.terms import LegId, Medium, Recording, SessionState, TransferStage

Handler = Callable[[Session, SyncCallJob], Awaitable[None]]
"""Does a job about a session; done again it does no harm."""

_RETRY_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_KINDS: Final = (SYNC_CALL, DROP_DIAL, DROP_TARGET, RECEIPT_DUE)
_IDLE_SECONDS: Final = 1.0
_log = get_log(__name__)


def plan_of(session: Session, rules: Rules = DEFAULT_RULES) -> CallPlan:
    """Return what the session's call should be; repeating it is harmless."""
    attempt = in_call(session)
    return CallPlan(
        call_id=session.conversation_id,
        phase=call_phase(session),
        epoch=session.epoch,
        muted=session.muted,
        version=session.version,
        reason=session.outcome or "",
        answered=session.state in {SessionState.ACTIVE, SessionState.HELD},
        supervision=session.supervision,
        supervisor_leg=LegId(session.supervisor_leg),
        target=attempt.stage if attempt is not None else TransferStage.OVER,
        target_leg=attempt.id if attempt is not None else LegId(""),
        record=session.id if session.recording is Recording.ON else "",
        voicemail=_voicemail(session, rules.of(session.queue).voicemail) if leaves_message(session) else None,
    )


def _voicemail(session: Session, rules: VoicemailRules) -> VoicemailOrder:
    return VoicemailOrder(
        record=voicemail_name(session.id),
        session_id=session.id,
        greeting=rules.greeting,
        longest_seconds=rules.longest_seconds,
        shortest_seconds=rules.shortest_seconds,
        silence_seconds=rules.silence_seconds,
        attempts=rules.attempts,
    )


class Effects:
    """The effect runner."""

    def __init__(self, parts: Parts, messages: Messages) -> None:
        """Work on these parts; `loop` does the work, `hurry` goes ahead of it."""
        self._parts = parts
        self._messages = messages
        self._alarm = Alarm(parts.clock)
        self._one_at_a_time = asyncio.Lock()
        self.handlers: dict[str, Handler] = {}
        """Who does the other kinds of jobs about a session's calls."""

    def wake(self) -> None:
        """Look at the outbox now."""
        self._alarm.ring()

    async def loop(self) -> None:
        """Carry out jobs as they fall due, for ever."""
        while True:
            await self.run_due()
            await self._alarm.wait(_IDLE_SECONDS)

    async def hurry(self, session: Session) -> None:
        """Bring one session's call in line at once; the outbox's own job then finds nothing left to change."""
        if session.medium is Medium.VOICE and not is_consult(session):
            try:
                await self._parts.media.plan(plan_of(session, self._parts.rules))
            except ProviderError as error:
                _log.warning("plan_delayed", code=error.code)
            self.wake()

    async def run_due(self) -> int:
        """Carry out everything that is due, and return how many jobs were tried."""
        tried = 0
        async with self._one_at_a_time:
            while jobs := await self._parts.database.read(self._due):
                for job in jobs:
                    await self._try(job)
                tried += len(jobs)
        return tried

    def _due(self, unit: Unit) -> list[Job]:
        """Return the jobs to do now."""
        now = self._parts.clock.now()
        return [job for kind in (*_KINDS, *self.handlers) for job in unit.ledger.due_jobs(kind, now, 100)]

    async def _try(self, job: Job) -> None:
        """Do one job; a failure is logged and tried again later."""
        try:
            await self._do(job)
        except Exception as error:  # noqa: BLE001 - the effect runner: a failed effect is logged and tried again
            wait = _RETRY_SECONDS[min(job.attempts, len(_RETRY_SECONDS) - 1)]
            _log.warning("effect_failed", kind=job.kind, attempts=job.attempts + 1, retry_seconds=wait, exc_info=error)
            due_at, name = self._parts.clock.now() + timedelta(seconds=wait), type(error).__name__
            await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, name))
        else:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))

    async def _do(self, job: Job) -> None:
        """Do what the job says."""
        if job.kind == RECEIPT_DUE:
            await self._messages.receipt_due(job.organisation_id, msgspec.json.decode(job.body, type=ReceiptDueJob))
            return
        wanted = msgspec.json.decode(job.body, type=SyncCallJob)
        session = await self._parts.database.read(
            lambda unit: unit.sessions.load(job.organisation_id, wanted.session_id)
        )
        if session is not None and job.kind == DROP_DIAL:
            await self._drop_dial(session)
        elif session is not None and job.kind == DROP_TARGET:
            await self._drop_target(session, wanted.attempt)
        elif session is not None and job.kind in self.handlers:
            await self.handlers[job.kind](session, wanted)
        elif session is not None:
            await self._parts.media.plan(plan_of(session, self._parts.rules))

    async def _drop_dial(self, session: Session) -> None:
        """Have the carrier stop ringing; a call it never took, or has ended, needs nothing."""
        conversation = await self._parts.database.read(
            lambda unit: unit.conversations.load(session.organisation_id, session.conversation_id)
        )
        carrier = self._parts.carriers.of(conversation.channel) if conversation is not None else None
        if carrier is not None and conversation is not None and conversation.external_id:
            await carrier.hang_up(conversation.external_id)

    async def _drop_target(self, session: Session, attempt: str) -> None:
        """Have the carrier end its call to the target; one that it never placed needs nothing."""
        call = next((one for one in session.transfers if one.id == attempt), None)
        carrier = self._parts.carriers.of(call.carrier) if call is not None else None
        if carrier is not None and call is not None and call.external_id:
            await carrier.hang_up(call.external_id)
