"""Ask the assistants of this broker: each turn of a customer once at least, in order within a conversation.

The events are read behind a cursor; what concerns an assistant becomes a job in the outbox, in the lane of its
conversation, in one transaction with the cursor. A job that was carried out twice says nothing twice: its answer lies
under the key `reply-to:<message id>`.

Before: a turn, or a return, was committed, whoever brought it. After: `server.broker.replying` stored the answer.
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.asking import Due, due_of
from server.broker.parts import Parts
from server.broker.ports.assistants import AssistantError, AssistantJob, AssistantTurn, Occasion
from server.broker.ports.records import Fed, Job
from server.broker.ports.store import Unit
from server.broker.replying import Replies, Said
from server.core.errors import CallerError, ConflictError, ProviderError
from server.log import get_log
from server.tasks import TaskRunner
from server.wire.events import ApproveDecided, AssistAnswered, ConversationReturned, Event, MessageAdded
from server.wire.terms import Author, OrganisationId, Outcome

ASSISTANT: Final = "assistant"
"""The kind of outbox job that asks an assistant, and the cursor's name."""
AT_ONCE: Final = 32
"""How many conversations are answered at the same time."""
MOST_EVENTS: Final = 500
MOST_STALE: Final = 5
"""So often an answer that came too late is asked for anew before it counts as failed."""
MOST_ATTEMPTS: Final = 8
"""So often a job is begun at most, whatever the assistant's own number of attempts."""
LONGEST_PAUSE_SECONDS: Final = 30.0
_IDLE_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 1.0
_log = get_log(__name__)


class Assisting:
    """Who asks the assistants."""

    def __init__(self, parts: Parts, runner: TaskRunner, replies: Replies) -> None:
        """Work on these parts; each question runs in `runner`."""
        self._parts: Final = parts
        self._runner: Final = runner
        self._replies: Final = replies
        self._alarm: Final = Alarm(parts.clock)
        self._running: Final[set[int]] = set()
        self._read_to: Final[dict[OrganisationId, int]] = {}

    @property
    def on(self) -> bool:
        """Whether there is any assistant to ask."""
        return bool(self._parts.assistants)

    def wake(self) -> None:
        """Look now: something was committed."""
        self._alarm.ring()

    async def start(self) -> None:
        """Note how far events go where no assistant was asked before; what comes from now on is all taken in."""

        def work(unit: Unit) -> None:
            for organisation_id in unit.roster.organisations():
                self._began(unit, organisation_id, unit.views.last_seq(organisation_id))

        await self._parts.database.run(work)

    async def stop(self) -> None:
        """Let go of what the assistants have open."""
        for one in self._parts.assistants.values():
            await one.close()

    async def loop(self) -> None:
        """Turn events into jobs and carry jobs out, for ever."""
        while True:
            try:
                await self.round()
            except ProviderError as error:
                _log.warning("assistants_wait_for_database", code=error.code)
            await self._alarm.wait(_IDLE_SECONDS)

    async def round(self) -> None:
        """Look once: take in what is new, and begin what is due."""
        for organisation_id in await self._parts.database.read(lambda unit: list(unit.roster.organisations())):
            while await self._take_in(organisation_id):
                pass
        now = self._parts.clock.now()
        due = await self._parts.database.read(lambda unit: list(unit.ledger.due_jobs(ASSISTANT, now, 4 * AT_ONCE)))
        for job in due:
            if len(self._running) < AT_ONCE and job.id not in self._running:
                self._running.add(job.id)
                self._runner.start(f"assistant_{job.id}", self._carried_out(job))

    async def _take_in(self, organisation_id: OrganisationId) -> bool:
        """Turn the next events into jobs; return whether there may be more."""
        after = self._read_to.get(organisation_id)
        if after is None:
            after = await self._parts.database.run(lambda unit: self._began(unit, organisation_id, 0))
            self._read_to[organisation_id] = after
        fed, jobs = await self._parts.database.read(lambda unit: self._news(unit, organisation_id, after))
        if not fed:
            return False
        last = fed[-1].event.seq
        if jobs:
            await self._parts.database.run(lambda unit: self._note(unit, organisation_id, jobs, last))
        self._read_to[organisation_id] = last
        return len(fed) == MOST_EVENTS

    @staticmethod
    def _began(unit: Unit, organisation_id: OrganisationId, newest: int) -> int:
        """Return where to read on: where a former broker stopped, else behind the event `newest`, which is noted."""
        known = unit.ledger.cursor(organisation_id, ASSISTANT)
        if known is None:
            known = newest
            unit.ledger.move_cursor(organisation_id, ASSISTANT, known)
        return known

    def _news(self, unit: Unit, organisation_id: OrganisationId, after: int) -> tuple[list[Fed], list[AssistantJob]]:
        """Return the next events, and the jobs that they are for assistants of this broker."""
        fed = list(unit.views.events(organisation_id, after, MOST_EVENTS))
        jobs = [job for one in fed if (job := _job_of(one.event, one.key_id)) is not None]
        if not jobs:
            return fed, []
        keys = unit.roster.credentials(organisation_id, "assistant")
        ours = {key.subject_id for key in keys if key.name in self._parts.assistants and key.revoked_at is None}
        return fed, [job for job in jobs if job.key_id in ours]

    def _note(self, unit: Unit, organisation_id: OrganisationId, jobs: list[AssistantJob], last: int) -> None:
        """Write the jobs down, unless another broker has done so."""
        if (unit.ledger.cursor(organisation_id, ASSISTANT) or 0) >= last:
            return
        for job in jobs:
            body = msgspec.json.encode(job)
            lane = f"{ASSISTANT}:{job.conversation_id}"
            unit.ledger.add_job(organisation_id, lane, ASSISTANT, body, self._parts.clock.now())
        unit.ledger.move_cursor(organisation_id, ASSISTANT, last)

    async def _carried_out(self, job: Job) -> None:
        """Carry one job out; whatever fails is tried again, and in the end a person is called."""
        broke = True
        try:
            await self._carry_out(job)
            broke = False
        except ProviderError as error:
            broke = False
            _log.warning("assistant_waits_for_database", code=error.code)
            await self._parts.clock.sleep(_PAUSE_SECONDS)
        except asyncio.CancelledError:
            broke = False
            raise
        finally:
            if broke:  # a fault of ours: the task runner logs it, and it counts as an attempt
                due_at = self._parts.clock.now() + timedelta(seconds=_PAUSE_SECONDS)
                await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, "broken"))
            self._running.discard(job.id)
            self.wake()

    async def _carry_out(self, job: Job) -> None:
        wanted = msgspec.json.decode(job.body, type=AssistantJob)
        declined = ""
        stale = 0
        while (due := await self._due(job, wanted)) is not None:
            turn = msgspec.structs.replace(due.turn, declined=declined)
            if hopeless := due.hopeless or ("it broke" if job.attempts >= MOST_ATTEMPTS else ""):
                await self._replies.give_up(due.principal, turn, due.policy, hopeless, job.id)
                return
            said, why = await self._asked(job, due, turn)
            if said is Said.DECLINED:
                declined = why
            elif said is not Said.STALE:
                return
            elif (stale := stale + 1) == MOST_STALE:
                error = AssistantError("stale", "the conversation kept changing hands")
                await self._failed(job, due, turn, error)
                return

    async def _due(self, job: Job, wanted: AssistantJob) -> Due | None:
        """Return what is to be asked now; None, and the job's end, when nothing is."""
        assistants = self._parts.assistants
        due = await self._parts.database.read(
            lambda unit: due_of(unit, job.organisation_id, wanted, assistants, self._parts.clock.now())
        )
        if due is None:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
        return due

    async def _asked(self, job: Job, due: Due, turn: AssistantTurn) -> tuple[Said, str]:
        """Ask the assistant and store its answer; a failure is dealt with and counts as done."""
        try:
            answer = await due.assistant.answer(turn)
        except AssistantError as error:
            await self._failed(job, due, turn, error)
            return Said.DONE, ""
        if turn.declined and not answer.text.strip():
            silent = AssistantError("silent", "It said nothing after its request for a person was declined.")
            await self._failed(job, due, turn, silent)
            return Said.DONE, ""
        if answer.later:
            await self._parts.database.run(lambda unit: self._expect(unit, job, due))
            return Said.DONE, ""
        try:
            return await self._replies.say(due.principal, turn, answer, due.policy, job.id)
        except (
            CallerError,
            ConflictError,
        ) as refusal:  # what it asks for cannot be: a wrong default, too many questions
            await self._failed(job, due, turn, AssistantError(refusal.code, refusal.message))
            return Said.DONE, ""

    def _expect(self, unit: Unit, job: Job, due: Due) -> None:
        """Look later whether the answer that was promised came."""
        unit.ledger.finish_job(job.id)
        wanted = msgspec.json.decode(job.body, type=AssistantJob)
        if wanted.occasion is Occasion.TURN:
            late = msgspec.structs.replace(wanted, late=True)
            due_at = self._parts.clock.now() + timedelta(seconds=due.policy.later_seconds)
            lane = f"{ASSISTANT}-late:{wanted.message_id}"
            unit.ledger.add_job(job.organisation_id, lane, ASSISTANT, msgspec.json.encode(late), due_at)

    async def _failed(self, job: Job, due: Due, turn: AssistantTurn, error: AssistantError) -> None:
        """Try again after a pause, or call a person."""
        _log.warning("assistant_failed", assistant=due.principal.name, code=error.code, attempts=job.attempts + 1)
        if error.lasting or job.attempts + 1 >= due.policy.attempts:
            await self._replies.give_up(due.principal, turn, due.policy, str(error), job.id)
            return
        pause = min(error.retry_after_seconds or _PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        due_at = self._parts.clock.now() + timedelta(seconds=pause)
        await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, error.code))


def _job_of(event: Event, key_id: str) -> AssistantJob | None:
    """Return what an event is for the assistant whose conversation it is about; None when nothing."""
    match event:
        case MessageAdded(message=message) if message.author is Author.CUSTOMER:
            return AssistantJob(
                occasion=Occasion.TURN,
                key_id=key_id,
                conversation_id=message.conversation_id,
                message_id=message.id,
            )
        case ConversationReturned(conversation=conversation, session=session) if session.outcome is not Outcome.REFUSED:
            return AssistantJob(
                occasion=Occasion.RETURNED,
                key_id=key_id,
                conversation_id=conversation.id,
                session_id=session.id,
            )
        case (
            AssistAnswered(conversation=conversation, session=session)
            | ApproveDecided(conversation=conversation, session=session)
        ):
            return AssistantJob(
                occasion=Occasion.ANSWERED if isinstance(event, AssistAnswered) else Occasion.DECIDED,
                key_id=key_id,
                conversation_id=conversation.id,
                session_id=session.id,
            )
        case _:
            return None
