"""Call a customer back: a session that is the operator's from the first ring, on a line that the carrier places.

The session is saved before the carrier is asked, and the carrier is asked once: a broker that dies in between places no
second call, and the session ends by itself when its lease does.

Before: an operator ordered it. After: the customer answered and both talk, or the session is closed and says why.
"""

import asyncio
from typing import Final

import msgspec

from server.broker import road
from server.broker.calls import Calls
from server.broker.carry_out import Effects
from server.broker.idempotency import key_reused
from server.broker.orders import check_free_for, fingerprint_of
from server.broker.parts import Parts
from server.broker.passing import Listener
from server.broker.plans import need_feature, need_room
from server.broker.ports.carrier import Carrier, OutgoingCall
from server.broker.ports.records import Conversation, Principal, Stored
from server.broker.ports.store import Unit
from server.broker.seats import Seats
from server.broker.supervising import leave_others
from server.broker.transferring import note_call, take_report
from server.core import inputs
from server.core.contacts import phone_number
from server.core.dialling import is_dialling
from server.core.errors import CallerError, ConflictError, NotFoundError, ProviderError
from server.core.session import IN_HAND_STATES, Session, label
from server.log import get_log
from server.tasks import spawn
from server.wire import commands as c
from server.wire.frames import Reply
from server.wire.terms import (
    ConversationId,
    Dial,
    Feature,
    IdentityKind,
    LegRole,
    Limited,
    Medium,
    OperatorId,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.views import Context

ANSWER_SECONDS: Final = 30.0
"""How much longer than the ringing the callee's token is good."""
_log = get_log(__name__)


class RingBacks:
    """Calls that operators place."""

    def __init__(self, parts: Parts, calls: Calls, effects: Effects, seats: Seats) -> None:
        """Work on these parts."""
        self._seats = seats
        self._parts = parts
        self._calls = calls
        self._effects = effects
        self._dialling: set[asyncio.Task[None]] = set()

    async def ring(
        self, principal: Principal, operator_id: OperatorId, command: c.RingBack, console: Listener | None
    ) -> Reply:
        """Open the session, have the carrier dial, and return the session with the operator's own media.

        Raises:
            CallerError: `no_carrier`, `no_number`, `bad_destination`.
            NotAllowedError: `destination_not_allowed`.
            TooManyError: `too_many_calls`.
            NotFoundError: `no_such_session`.
            ConflictError: `in_a_call`, `not_possible_now`.
        """
        session, number, carrier = await self._parts.database.run(
            lambda unit: self._open(unit, principal, operator_id, command)
        )
        await self._effects.hurry(session)
        if carrier is not None:
            self.begin_dial(carrier, session, number)
        media = None
        if is_dialling(session):
            self._seats.hold(session, console)
            media = await self._calls.admit_operator(session)
        view = await self._parts.database.read(lambda unit: unit.views.session(principal.organisation_id, session.id))
        return Reply(id=command.id, ok=True, session=view, media=media)

    async def moved(self, conversation_id: ConversationId, dial: Dial) -> None:
        """Take what the carrier tells of a call: in any order, any number of times."""

        def work(unit: Unit) -> None:
            if take_report(unit, self._parts, conversation_id, dial):
                return
            organisation_id = unit.conversations.organisation_of(conversation_id)
            conversation = unit.conversations.load(organisation_id, conversation_id) if organisation_id else None
            if conversation is not None and conversation.session_id is not None:
                fact = inputs.DialMoved(dial)
                road.apply(unit, self._parts, conversation.organisation_id, conversation.session_id, fact)

        await self._parts.database.run(work)

    def _open(
        self, unit: Unit, principal: Principal, operator_id: OperatorId, command: c.RingBack
    ) -> tuple[Session, str, Carrier | None]:
        """Return the new session, the number to dial and who dials; the same order again gets nobody to dial."""
        organisation_id = principal.organisation_id
        known = unit.ledger.recall(organisation_id, principal.id, command.id)
        if known is not None and known.fingerprint != fingerprint_of(command):
            raise key_reused()
        if known is not None:
            return self._load(unit, principal, SessionId(known.body.decode())), "", None
        need_feature(unit, self._parts, organisation_id, Feature.VOICE)
        need_room(unit, self._parts, organisation_id, Limited.SESSIONS)
        old = self._load(unit, principal, command.session_id)
        if old.medium is Medium.VOICE and old.state in IN_HAND_STATES:
            raise ConflictError(
                "not_possible_now", f"{label(old.number)} is on the line.", "Wait until the call is over."
            )
        before = unit.conversations.load(organisation_id, old.conversation_id)
        carrier = self._parts.carriers.to_dial(before.channel if before is not None else "")
        if carrier is None:
            raise CallerError(
                "no_carrier",
                "No carrier that can dial is configured.",
                "Set up a carrier with its caller_number (docs/carriers.md), then start the broker again.",
            )
        number = number_of(unit, before) if before is not None else ""
        if before is None or not number:
            raise CallerError(
                "no_number", f"No telephone number is known for {label(old.number)}.", "Look at the contact's page."
            )
        conversation = to_call(self._parts, before, carrier.channel, number)
        callee = self._parts.guard.callee(number)
        session = self._session(unit, old, conversation)
        check_free_for(unit, session, operator_id)
        leave_others(unit, self._parts, principal, session.id)
        unit.conversations.insert(conversation)
        unit.sessions.insert(
            session,
            reason=f"Ring back of {label(old.number)}",
            context=context_of(unit, old),
            deadline_at=session.queued_at,
        )
        road.enter(unit, self._parts, conversation, session)
        fact = inputs.DialStarted(operator_id)
        opened = road.apply(unit, self._parts, organisation_id, session.id, fact).session
        note_call(unit, self._parts, opened, operator_id, callee)
        stored = Stored(fingerprint=fingerprint_of(command), body=session.id.encode())
        unit.ledger.remember(organisation_id, principal.id, command.id, stored, self._parts.clock.now())
        return opened, number, carrier

    @staticmethod
    def _load(unit: Unit, principal: Principal, session_id: SessionId) -> Session:
        session = unit.sessions.load(principal.organisation_id, session_id)
        if session is None:
            raise NotFoundError("no_such_session", "There is no such session.", "Look at the history for its number.")
        return session

    def _session(self, unit: Unit, old: Session, conversation: Conversation) -> Session:
        now = self._parts.clock.now()
        return Session(
            id=SessionId(self._parts.new_id("s")),
            organisation_id=old.organisation_id,
            number=unit.sessions.next_number(old.organisation_id),
            conversation_id=conversation.id,
            medium=Medium.VOICE,
            kind=SessionKind.CALLBACK,
            state=SessionState.SCREENING,
            queue=old.queue,
            priority=old.priority,
            requested_at=now,
            queued_at=now,
            promise_at=now,
            wait_expires_at=now,
            waiting_since=now,
        )

    def begin_dial(self, carrier: Carrier, session: Session, number: str) -> None:
        """Ask the carrier, in a task of its own."""
        task = spawn("ring_back", self._dial(carrier, session, number))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _dial(self, carrier: Carrier, session: Session, number: str) -> None:
        """Ask the carrier once, and note what came of it."""
        ring_seconds = self._parts.rules.of(session.queue).dial_seconds
        try:
            grant = await self._calls.admit(
                session.conversation_id,
                LegRole.CALLER,
                carrier.transport,
                expires_in_seconds=ring_seconds + ANSWER_SECONDS,
            )
            call = OutgoingCall(
                conversation_id=session.conversation_id,
                to=number,
                ring_seconds=max(int(ring_seconds) - 2, 5),
                media_url=grant.url,
                media_token=grant.token,
            )
            external_id = await carrier.place(call)
        except ProviderError as error:
            _log.warning("ring_back_failed", code=error.code)
            reason = error.message
            await self._parts.database.run(lambda unit: self._failed(unit, session, reason))
            return
        still_wanted = await self._parts.database.run(lambda unit: self._placed(unit, session, external_id))
        if not still_wanted:
            await carrier.hang_up(external_id)

    def _failed(self, unit: Unit, session: Session, reason: str) -> None:
        fact = inputs.DialMoved(Dial.FAILED, reason)
        road.apply(unit, self._parts, session.organisation_id, session.id, fact)

    def _placed(self, unit: Unit, session: Session, external_id: str) -> bool:
        """Remember the carrier's id; tell whether the operator still wants the call."""
        conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
        if conversation is not None:
            unit.conversations.save(msgspec.structs.replace(conversation, external_id=external_id))
        fact = inputs.DialMoved(Dial.QUEUED)
        after = road.apply(unit, self._parts, session.organisation_id, session.id, fact).session
        return after.state is not SessionState.CLOSED


def number_of(unit: Unit, conversation: Conversation) -> str:
    """Return the number that the customer called from, else one that their contact is known by."""
    number = phone_number(conversation.customer_handle.strip())
    if number or conversation.contact_id is None:
        return number
    page = unit.contacts.page(conversation.organisation_id, conversation.contact_id)
    identities = page.contact.identities if page is not None else ()
    return next((one.value for one in identities if one.kind is IdentityKind.PHONE), "")


def to_call(parts: Parts, before: Conversation, channel: str, number: str) -> Conversation:
    """Return the conversation of a call that we place to a customer of an earlier one."""
    return Conversation(
        id=ConversationId(parts.new_id("c")),
        organisation_id=before.organisation_id,
        key_id=before.key_id,
        medium=Medium.VOICE,
        channel=channel,
        customer_name=before.customer_name,
        customer_handle=number,
        external_id="",
        created_at=parts.clock.now(),
        contact_id=before.contact_id,
    )


def context_of(unit: Unit, old: Session) -> Context:
    """Return what was known of the matter, for the card of the call."""
    view = unit.views.session(old.organisation_id, old.id)
    return view.context if view is not None else Context()
