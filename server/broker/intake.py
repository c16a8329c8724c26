"""Take in conversations, their turns, and requests for a person; each is durable before it is answered.

Before: `server.api` has authenticated an assistant's key. After: `server.broker.assignment` rings an operator.
"""

import asyncio
import hashlib
from datetime import datetime, timedelta

import msgspec

from server.broker import road
from server.broker.calls import Calls
from server.broker.cards import Cards
from server.broker.consulting import open_consult
from server.broker.contacts import recognised
from server.broker.conversations import end_conversation, load_conversation, no_such_conversation
from server.broker.discretion import shown_to
from server.broker.files import attached
from server.broker.going_out import say
from server.broker.idempotency import key_reused
from server.broker.minding import Minding
from server.broker.packages import clean_context
from server.broker.parts import Parts
from server.broker.passing import Passing
from server.broker.plans import need_feature, need_handoff, need_room
from server.broker.ports.records import Conversation, Message, Principal, Stored
from server.broker.ports.store import Unit
from server.broker.ports.understanding import Assessment
from server.broker.redacting import redacted_context, redacted_turn
from server.broker.refused_sends import CODES, refused
from server.broker.signs import declines, shown
from server.broker.translation_jobs import want_translation
from server.core import inputs
from server.core.deadlines import next_deadline
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.core.ownership import check_assistant_may_speak, check_nobody_elsewhere
from server.core.session import CONSULT_KINDS, Session
from server.wire import codec
from server.wire.frames import CustomerTyping
from server.wire.requests import ConsentChange, NewAttributes, NewConversation, NewHandoff, NewMessage
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import (
    Author,
    ConversationId,
    Feature,
    Limited,
    Medium,
    MessageId,
    OrganisationId,
    SessionId,
    SessionState,
)
from server.wire.views import Attribute, Context, ConversationView, MessageView, SessionView
from server.wire.widget import OperatorTypes


class Intake:
    """What assistants ask of the broker."""

    def __init__(self, parts: Parts, calls: Calls, passing: Passing, cards: Cards, minding: Minding) -> None:
        """Work on these parts.

        `calls` closes what is left of an ended call, `passing` reaches open consoles, `cards` completes what the
        assistant left out, `minding` looks at what is said.
        """
        self._cards = cards
        self._parts = parts
        self._calls = calls
        self._passing = passing
        self._minding = minding
        minding.open = self._open_for_trigger

    async def create_conversation(self, principal: Principal, body: NewConversation) -> ConversationView:
        """Start a conversation, or return the one that this outside id has already."""
        parts = self._parts
        conversation = Conversation(
            id=ConversationId(parts.new_id("c")),
            organisation_id=principal.organisation_id,
            key_id=principal.id,
            medium=body.medium,
            channel=clean_line(body.channel, 40) or "api",
            customer_name=clean_line(body.customer_name, 120),
            customer_handle=clean_line(body.customer_handle, 120),
            external_id=body.external_id,
            created_at=parts.clock.now(),
            receipts=body.receipts,
            attributes=clean_attributes(body.attributes),
        )

        def work(unit: Unit) -> ConversationView:
            known = None
            if body.external_id:
                known = unit.conversations.find(principal.organisation_id, conversation.channel, body.external_id)
            if known is None:
                if body.medium is Medium.VOICE:
                    need_feature(unit, parts, principal.organisation_id, Feature.VOICE)
                contact = recognised(unit, parts, conversation, clean_line(body.customer_id, 120))
                unit.conversations.insert(msgspec.structs.replace(conversation, contact_id=contact))
                unit.ledger.tell_conversation(principal.organisation_id, "conversation.changed", conversation.id)
            wanted = known.id if known else conversation.id
            return _found(unit.views.conversation(principal.organisation_id, wanted))

        return await parts.database.run(work)

    async def append_message(
        self, principal: Principal, conversation_id: ConversationId, body: NewMessage
    ) -> MessageView:
        """Append a turn of the customer or the assistant; a repeated `key` returns the first one.

        Raises:
            CallerError: `author_not_allowed`.
            ConflictError: `operator_owns`, `stale_ownership`, `conversation_ended`.
        """
        if body.author not in {Author.CUSTOMER, Author.ASSISTANT}:
            raise CallerError(
                "author_not_allowed",
                f"An assistant's key may not write as {body.author}.",
                "Use customer or assistant.",
            )
        parts = self._parts
        if not (body.text.strip() or body.files or body.links):
            raise CallerError("empty_text", "There is nothing in this turn.", "Give it a text, files or links.")
        text = await redacted_turn(parts, principal.organisation_id, conversation_id, clean_text(body.text))

        def work(unit: Unit) -> MessageView:
            conversation = load_conversation(unit, principal, conversation_id)
            if body.key and (known := unit.conversations.message_by_key(conversation_id, body.key)) is not None:
                return known
            if conversation.ended_at is not None:
                raise ConflictError("conversation_ended", "The conversation has ended.", "Start a new one.")
            return add_turn(unit, parts, principal, conversation, msgspec.structs.replace(body, text=text))

        try:
            view = await parts.database.run(work)
        except ConflictError as refusal:
            if refusal.code in CODES:
                await refused(parts, principal, conversation_id, refusal.code)
            raise
        self._cards.heard(view)
        self._minding.noticed(principal.organisation_id, conversation_id)
        return view

    async def request_handoff(
        self, principal: Principal, conversation_id: ConversationId, body: NewHandoff, key: str
    ) -> SessionView:
        """Queue a session for the conversation; a repeated `key` with the same body returns the first one.

        Raises:
            CallerError: `idempotency_key_reused` when the key came with another body before.
            ConflictError: `handoff_open`, `conversation_ended`.
            NotAllowedError: `handoff_off`, `plan_limit`.
        """
        fingerprint = hashlib.sha256(msgspec.json.encode((conversation_id, body))).hexdigest()
        guarded = body.kind not in CONSULT_KINDS
        assessment = await self.screened(principal.organisation_id, conversation_id) if guarded else None

        def work(unit: Unit) -> SessionView:
            known = unit.ledger.recall(principal.organisation_id, principal.id, key) if key else None
            if known is None:
                session_id = self.open_session(unit, principal, conversation_id, body, assessment)
                if key:
                    stored = Stored(fingerprint=fingerprint, body=session_id.encode())
                    unit.ledger.remember(principal.organisation_id, principal.id, key, stored, self._parts.clock.now())
            elif known.fingerprint != fingerprint:
                raise key_reused()
            else:
                session_id = SessionId(known.body.decode())
            return self._shown(unit, principal, session_id)

        session = await self._parts.database.run(work)
        self._cards.want(principal.organisation_id, session.id)
        return session

    async def update_context(
        self, principal: Principal, conversation_id: ConversationId, context: Context
    ) -> SessionView:
        """Replace the context package of the open session: the card changes on every console.

        Raises:
            ConflictError: `no_open_handoff`.
        """

        def work(unit: Unit) -> SessionView:
            conversation = load_conversation(unit, principal, conversation_id)
            session_id = conversation.session_id
            session = unit.sessions.load(principal.organisation_id, session_id) if session_id else None
            if session is None:
                raise ConflictError("no_open_handoff", "No session is open.", "Request a handoff first.")
            cleaned = redacted_context(self._parts, principal.organisation_id, clean_context(context))
            before = _found_session(unit.views.session(principal.organisation_id, session.id)).context
            cleaned = msgspec.structs.replace(cleaned, signs=before.signs)
            unit.sessions.set_context(principal.organisation_id, session.id, cleaned)
            unit.ledger.tell_session(principal.organisation_id, "session.updated", session)
            return self._shown(unit, principal, session.id)

        view = await self._parts.database.run(work)
        self._cards.want(principal.organisation_id, view.id)
        return view

    async def tell_consent(
        self, principal: Principal, conversation_id: ConversationId, body: ConsentChange
    ) -> SessionView:
        """Write down what the customer said about being recorded.

        Raises:
            ConflictError: `no_open_handoff`, `not_possible_now`.
        """

        def work(unit: Unit) -> SessionView:
            conversation = load_conversation(unit, principal, conversation_id)
            if conversation.session_id is None:
                raise ConflictError("no_open_handoff", "No session is open.", "Request a handoff first.")
            told = inputs.ConsentTold(body.consent)
            session = road.apply(unit, self._parts, principal.organisation_id, conversation.session_id, told).session
            return _found_session(unit.views.session(principal.organisation_id, session.id))

        return await self._parts.database.run(work)

    async def customer_typing(self, principal: Principal, conversation_id: ConversationId, *, on: bool) -> None:
        """Show the organisation's consoles that the customer writes (or stopped)."""
        await self._parts.database.read(lambda unit: load_conversation(unit, principal, conversation_id))
        self._passing.to_consoles(
            principal.organisation_id, codec.encode(CustomerTyping(conversation_id=conversation_id, on=on))
        )

    async def assistant_typing(self, principal: Principal, conversation_id: ConversationId, *, on: bool) -> None:
        """Show the customer's page that the assistant writes (or stopped)."""
        await self._parts.database.read(lambda unit: load_conversation(unit, principal, conversation_id))
        self._passing.to_pages(conversation_id, codec.encode(OperatorTypes(on=on)))

    async def end_conversation(self, principal: Principal, conversation_id: ConversationId) -> ConversationView:
        """Say that the customer left; ending it twice changes nothing."""

        def work(unit: Unit) -> ConversationView:
            conversation = load_conversation(unit, principal, conversation_id)
            end_conversation(unit, self._parts, conversation)
            return _found(unit.views.conversation(principal.organisation_id, conversation_id))

        view = await self._parts.database.run(work)
        if view.medium is Medium.VOICE:
            await self._calls.close(conversation_id)
        return view

    def _shown(self, unit: Unit, principal: Principal, session_id: SessionId) -> SessionView:
        """Return the session as the assistant may see it."""
        view = _found_session(unit.views.session(principal.organisation_id, session_id))
        return shown_to(principal, view, self._parts.rules)

    async def set_attributes(
        self, principal: Principal, conversation_id: ConversationId, body: NewAttributes
    ) -> ConversationView:
        """Replace the facts that rules of the house decide on."""

        def work(unit: Unit) -> ConversationView:
            conversation = load_conversation(unit, principal, conversation_id)
            attributes = clean_attributes(body.attributes)
            unit.conversations.save(msgspec.structs.replace(conversation, attributes=attributes))
            return _found(unit.views.conversation(principal.organisation_id, conversation_id))

        view = await self._parts.database.run(work)
        self._minding.noticed(principal.organisation_id, conversation_id)
        return view

    async def screened(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Assessment | None:
        """Return what the guard and the triggers say; None when they take too long: nobody is lost to a slow guard."""
        try:
            async with asyncio.timeout(self._parts.rules.screening_seconds):
                return await self._minding.assess(organisation_id, conversation_id)
        except TimeoutError:
            return None

    def _open_for_trigger(
        self, unit: Unit, conversation: Conversation, body: NewHandoff, assessment: Assessment
    ) -> SessionId:
        """Open a session that a trigger asks for, in the name of the assistant whose conversation it is."""
        principal = Principal(
            kind="assistant", id=conversation.key_id, organisation_id=conversation.organisation_id, name=""
        )
        return self.open_session(unit, principal, conversation.id, body, assessment)

    def _place_of(self, unit: Unit, conversation: Conversation, body: NewHandoff, now: datetime) -> datetime:
        """Return since when the session stands in the queue: who hung up just now has their place back."""
        seconds = self._parts.rules.of(body.queue).redial_seconds
        if conversation.contact_id is None or conversation.medium is not Medium.VOICE or not seconds:
            return now
        since = now - timedelta(seconds=seconds)
        before = unit.sessions.abandoned(conversation.organisation_id, conversation.contact_id, body.queue, since)
        fits = before is not None and before.medium is Medium.VOICE and before.priority == body.priority
        return before.queued_at if before is not None and fits else now

    def open_session(
        self,
        unit: Unit,
        principal: Principal,
        conversation_id: ConversationId,
        body: NewHandoff,
        assessment: Assessment | None,
    ) -> SessionId:
        """Insert the session, screened: waiting, or declined because the customer did not mean it."""
        parts = self._parts
        conversation = load_conversation(unit, principal, conversation_id)
        if conversation.ended_at is not None:
            raise ConflictError("conversation_ended", "The conversation has ended.", "Start a new one.")
        need_handoff(unit, principal.organisation_id, conversation_id)
        if conversation.session_id is None:
            need_room(unit, parts, principal.organisation_id, Limited.SESSIONS)
        if body.kind in CONSULT_KINDS:
            return open_consult(unit, parts, conversation, body)
        if conversation.session_id is not None:
            raise ConflictError(
                "handoff_open",
                "A handoff is open for this conversation already.",
                "Update its context instead.",
                {"session_id": conversation.session_id},
            )
        now = parts.clock.now()
        rules = parts.rules.of(body.queue)
        session = Session(
            id=SessionId(parts.new_id("s")),
            organisation_id=principal.organisation_id,
            number=unit.sessions.next_number(principal.organisation_id),
            conversation_id=conversation_id,
            medium=conversation.medium,
            kind=body.kind,
            state=SessionState.SCREENING,
            queue=body.queue,
            priority=body.priority,
            requested_at=now,
            queued_at=self._place_of(unit, conversation, body, now),
            waiting_since=now,
            promise_at=now + timedelta(seconds=rules.promise_seconds),
            wait_expires_at=now + timedelta(seconds=rules.wait_expires_seconds),
            epoch=conversation.epoch + 1,
            consent=body.consent,
            skills=body.skills,
        )
        deadline = next_deadline(session, rules)
        declined = declines(assessment, body, parts.mind)
        context = redacted_context(parts, principal.organisation_id, clean_context(body.context))
        if assessment is not None:
            context = shown(context, assessment, parts.mind, declined=declined)
        unit.sessions.insert(
            session,
            reason=parts.redactor.redact(principal.organisation_id, clean_line(body.reason, 200)),
            context=context,
            deadline_at=deadline[0] if deadline else None,
        )
        road.enter(unit, self._parts, conversation, session)
        verdict = inputs.ScreeningRefused() if declined else inputs.ScreeningPassed()
        road.apply(unit, parts, principal.organisation_id, session.id, verdict)
        want_translation(unit, parts, principal.organisation_id, conversation_id)
        return session.id


def add_turn(
    unit: Unit, parts: Parts, principal: Principal, conversation: Conversation, body: NewMessage
) -> MessageView:
    """Append a turn whose text is clean and redacted, and tell everybody.

    Raises:
        ConflictError: `operator_owns`, `stale_ownership`, `person_elsewhere`.
    """
    check_assistant_may_speak(conversation.owner, conversation.owner_epoch, body.author, body.epoch)
    check_nobody_elsewhere(conversation.elsewhere_until, body.author, parts.clock.now())
    message = Message(
        id=MessageId(parts.new_id("m")),
        organisation_id=principal.organisation_id,
        conversation_id=conversation.id,
        author=body.author,
        text=body.text,
        at=parts.clock.now(),
        author_name=conversation.customer_name if body.author is Author.CUSTOMER else principal.name,
        session_id=conversation.session_id,
        key=body.key,
        files=attached(unit, principal.organisation_id, conversation.id, body.files, body.links),
    )
    return say(unit, parts, message, conversation)


def clean_attributes(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    """Return the facts with every text filtered; how many there may be is checked where they come in."""
    return {
        clean_line(name, 60): clean_line(value, 200) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def _found(view: ConversationView | None) -> ConversationView:
    """Return the view of a conversation that this transaction has seen."""
    if view is None:
        raise no_such_conversation()
    return view


def _found_session(view: SessionView | None) -> SessionView:
    """Return the view of a session that this transaction has seen."""
    if view is None:
        raise NotFoundError("no_such_session", "There is no such session.", "Look at the queue for its number.")
    return view
