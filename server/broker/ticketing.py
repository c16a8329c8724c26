"""Keep a ticket of each handoff in another system: found or made, linked, told of the end, opened again later.

Before: a step of a session wrote the job beside its change. After: the ticket has the whole context, and the session
names it. A creation is looked for by our key before it is made again; an update may be written twice when an answer
got lost.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from server.broker import ticket_words as words
from server.broker.alarm import Alarm
from server.broker.notifying import RETRY_SECONDS
from server.broker.parts import Parts
from server.broker.ports.records import Job
from server.broker.ports.store import Unit
from server.broker.ports.tickets import (
    Move,
    TicketDesk,
    TicketDraft,
    TicketError,
    TicketGoneError,
    TicketJob,
    TicketRef,
    TicketUpdate,
)
from server.broker.road import TICKET, apply
from server.core import inputs
from server.core.aftermath import TicketPhase
from server.core.errors import CallerError
from server.log import get_log
from server.wire.history import Identity
from server.wire.terms import OrganisationId, Outcome
from server.wire.views import MessageView, SessionView, Ticket

SEND_SECONDS: Final = 60.0
"""One job asks several times; all of it takes at most this long."""
AT_ONCE: Final = 8
MOST_TURNS: Final = 400
"""The newest turns that a ticket tells."""
_IDLE_SECONDS: Final = 1.0
_log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a job is about, read in one go; `earlier` is the ticket of the contact's last handoff, still fresh."""

    session: SessionView
    said: tuple[MessageView, ...]
    identities: tuple[Identity, ...]
    mine: Ticket | None
    earlier: Ticket | None


class Ticketing:
    """The keeper of tickets."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts; `loop` runs for ever, `run_due` once."""
        self._parts = parts
        self._alarm = Alarm(parts.clock)

    @property
    def on(self) -> bool:
        """Whether any system is configured."""
        return bool(self._parts.tickets)

    def wake(self) -> None:
        """Look at the outbox now."""
        self._alarm.ring()

    async def loop(self) -> None:
        """Look after tickets as jobs fall due, for ever."""
        while True:
            await self.run_due()
            await self._alarm.wait(_IDLE_SECONDS)

    async def stop(self) -> None:
        """Let go of the systems."""
        for desk in self._parts.tickets.values():
            await desk.system.close()

    async def run_due(self) -> int:
        """Try every job that is due, several at once, and return how many were tried."""
        tried = 0
        while jobs := await self._parts.database.read(self._due):
            await asyncio.gather(*(self._try(job) for job in jobs))
            tried += len(jobs)
        return tried

    def _due(self, unit: Unit) -> list[Job]:
        return list(unit.ledger.due_jobs(TICKET, self._parts.clock.now(), AT_ONCE))

    async def _try(self, job: Job) -> None:
        """Do one job; what failed is tried again later, and given up after the last pause."""
        wanted = msgspec.json.decode(job.body, type=TicketJob)
        failure = await self._failure(job, wanted)
        if failure is None:
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        facts = {"system": wanted.system, "phase": wanted.phase, "attempts": job.attempts + 1, "code": failure.code}
        if not failure.retryable or job.attempts >= len(RETRY_SECONDS):
            _log.error("ticket_given_up", session_id=wanted.session_id, **facts)
            await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))
            return
        pause = max(RETRY_SECONDS[job.attempts], failure.retry_after_seconds or 0)
        _log.warning("ticket_failed", retry_seconds=pause, **facts)
        due_at = self._parts.clock.now() + timedelta(seconds=pause)
        await self._parts.database.run(lambda unit: unit.ledger.postpone_job(job.id, due_at, failure.code))

    async def _failure(self, job: Job, wanted: TicketJob) -> TicketError | None:
        """Do it; return why it did not work, None when it did or when there is nothing to do."""
        desk = self._parts.tickets.get(wanted.system)
        if desk is None:
            return TicketError(
                "no_such_ticket_system", "The ticket system is not configured any more.", retryable=False
            )
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._look_after(desk, job.organisation_id, wanted)
        except TicketError as error:
            return error
        except TimeoutError:
            return TicketError("ticket_system_slow", f"No whole answer in {SEND_SECONDS:g} s.")
        return None

    async def _look_after(self, desk: TicketDesk, organisation_id: OrganisationId, wanted: TicketJob) -> None:
        """Bring the ticket to what the handoff is now."""
        now = self._parts.clock.now()
        case = await self._parts.database.read(lambda unit: _case(unit, organisation_id, wanted, desk, now))
        if case is None:
            return
        if case.mine is None:
            told_all = await self._open(desk, organisation_id, wanted, case)
            if told_all or wanted.phase is TicketPhase.OPEN:
                return
            case = await self._parts.database.read(lambda unit: _case(unit, organisation_id, wanted, desk, now))
        if case is not None and case.mine is not None and wanted.phase is TicketPhase.END:
            await self._end(desk, organisation_id, wanted, case, case.mine)

    async def _open(self, desk: TicketDesk, organisation_id: OrganisationId, wanted: TicketJob, case: _Case) -> bool:
        """Link a ticket: the contact's earlier one, one that an answer got lost of, or a new one.

        Returns:
            Whether it tells all that there is to tell by now.
        """
        remark, follows = "", ""
        if case.earlier is not None:
            again = TicketUpdate(
                key=f"{case.session.id}-again",
                text=words.again(case.session, case.said, desk),
                move=_move(case.session, desk, Move.REOPEN),
            )
            try:
                await desk.system.add(_ref(case.earlier), again)
            except TicketGoneError as gone:
                remark, follows = f"{gone.message} This one goes on.", gone.follows
            else:
                await self._link(organisation_id, wanted, _ref(case.earlier))
                return True
        found = await desk.system.find(case.session.id)
        if found is not None:
            await self._link(organisation_id, wanted, found)
            return False
        made = await desk.system.create(_draft(case, desk, case.session.id, remark, follows))
        await self._link(organisation_id, wanted, made)
        return True

    async def _end(
        self, desk: TicketDesk, organisation_id: OrganisationId, wanted: TicketJob, case: _Case, mine: Ticket
    ) -> None:
        """Tell the ticket how the handoff ended; one that is gone gets a successor that says so."""
        update = TicketUpdate(
            key=f"{case.session.id}-end",
            text=words.whole(case.session, case.said, desk),
            move=_move(case.session, desk, Move.NONE),
        )
        try:
            await desk.system.add(_ref(mine), update)
        except TicketGoneError as gone:
            key = f"{case.session.id}-after-{mine.id}"
            found = await desk.system.find(key)
            made = found or await desk.system.create(
                _draft(case, desk, key, f"{gone.message} This one goes on.", gone.follows)
            )
            await self._link(organisation_id, wanted, made)

    async def _link(self, organisation_id: OrganisationId, wanted: TicketJob, found: TicketRef) -> None:
        """Let the session name the ticket, so that operators see it."""
        ticket = Ticket(system=wanted.system, reference=found.reference, id=found.id, url=found.url)
        fact = inputs.TicketLinked(ticket)
        try:
            await self._parts.database.run(
                lambda unit: apply(unit, self._parts, organisation_id, wanted.session_id, fact)
            )
        except CallerError as error:
            _log.warning("ticket_not_linked", session_id=wanted.session_id, code=error.code)


def _case(
    unit: Unit, organisation_id: OrganisationId, wanted: TicketJob, desk: TicketDesk, now: datetime
) -> _Case | None:
    """Return what the job is about; None when the session is not there any more."""
    session = unit.views.session(organisation_id, wanted.session_id)
    if session is None:
        return None
    page = unit.contacts.page(organisation_id, session.contact_id) if session.contact_id else None
    others = () if page is None else page.sessions
    since = now - timedelta(days=desk.reopen_days)
    fresh = [
        one
        for one in others
        if one.id != session.id and one.requested_at <= session.requested_at and (one.closed_at or now) > since
    ]
    earlier = [found for one in fresh for found in (_linked(one, wanted.system),) if found is not None]
    return _Case(
        session=session,
        said=tuple(unit.views.latest_messages(organisation_id, session.conversation_id, MOST_TURNS)),
        identities=() if page is None else page.contact.identities,
        mine=_linked(session, wanted.system),
        earlier=earlier[0] if earlier and desk.reopen_days else None,
    )


def _linked(session: SessionView, system: str) -> Ticket | None:
    """Return the newest ticket that we keep of a session in a system."""
    return next((one for one in reversed(session.tickets) if one.system == system and one.id), None)


def _draft(case: _Case, desk: TicketDesk, key: str, remark: str, follows: str) -> TicketDraft:
    session = case.session
    return TicketDraft(
        key=key,
        title=words.title(session),
        text=words.whole(session, case.said, desk, remark=remark),
        customer_name=session.customer.name,
        customer_email=words.email_of(case.identities),
        priority=session.priority,
        follows=follows,
        solved=_move(session, desk, Move.NONE) is Move.SOLVE,
    )


def _move(session: SessionView, desk: TicketDesk, otherwise: Move) -> Move:
    """Return SOLVE when the matter is done and tickets are to be solved then; else `otherwise`."""
    pending = bool(session.follow_up) and session.follow_up_done_at is None
    done = session.outcome is Outcome.RESOLVED and session.closed_at is not None and not pending
    return Move.SOLVE if desk.solve and done else otherwise


def _ref(ticket: Ticket) -> TicketRef:
    return TicketRef(id=ticket.id, reference=ticket.reference, url=ticket.url)
