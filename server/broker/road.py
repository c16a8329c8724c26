"""Change a session: the one road. Nothing else writes one.

load → step → save session, conversation, effects and events in one transaction → answer → carry the effects out.

Before: a use case (intake, assignment, calls, resolution, timers) opens the transaction and knows the fact.
After: the feed tells everybody, and `server.broker.carry_out` does what the step ordered.
"""

from datetime import datetime

import msgspec

from server.broker.going_out import say
from server.broker.notice_orders import order_amends, order_closed, order_waiting
from server.broker.orders import session_of
from server.broker.pace import filled_in
from server.broker.parts import Parts
from server.broker.ports.records import AuditRecord, Conversation, Message
from server.broker.ports.store import Unit
from server.broker.ports.tickets import TicketJob
from server.broker.rings import note_ring
from server.core.aftermath import TicketPhase, ticket_phase
from server.core.audit import deeds
from server.core.deadlines import next_deadline
from server.core.dialling import came_to_nothing
from server.core.effects import (
    AnswerAssistant,
    BookCallback,
    DropDial,
    DropTarget,
    Effect,
    Notify,
    PlaceCall,
    PlaceDial,
    ReturnToAssistant,
    SyncCall,
    TellCustomer,
    TellWaiting,
)
from server.core.inputs import Input
from server.core.machine import Step, step
from server.core.ownership import owner_of
from server.core.presence import finish_work
from server.core.session import IN_HAND_STATES, OPEN_STATES, Session, is_consult
from server.wire.terms import (
    Author,
    Medium,
    MessageId,
    OperatorId,
    OrganisationId,
    SessionId,
    SessionKind,
    SessionState,
)

TICKET = "ticket"
"""The kind of outbox job that looks after a ticket in another system."""
ASSIST_ANSWERED = "assist.answered"
"""The event that brings an assistant the answer to its question."""
APPROVE_DECIDED = "approve.decided"
"""The event that brings an assistant the decision on its proposal."""
SYNC_CALL = "sync_call"
"""The kind of outbox job that brings a live call in line with a session."""

DROP_DIAL = "drop_dial"
"""The kind of outbox job that has the carrier stop ringing a call that we placed."""

PLACE_CALL = "place_call"
"""The kind of outbox job that has the carrier call whom a step of the policy names."""

PLACE_DIAL = "place_dial"
"""The kind of outbox job that has the carrier call somebody back."""

BOOK_CALLBACK = "book_callback"
"""The kind of outbox job that books a callback for somebody who waits."""

DROP_TARGET = "drop_target"
"""The kind of outbox job that has the carrier end its call to the target of a transfer."""

_TALK_STATES = OPEN_STATES - {SessionState.WRAP_UP}


class SyncCallJob(msgspec.Struct, frozen=True):
    """The body of a job about a session's call; `attempt` names the transfer it is about, if it is about one.

    `text` and `offer` are what a customer is told who is called back, or who cannot be.
    """

    session_id: SessionId
    attempt: str = ""
    text: str = ""
    offer: str = ""


def apply(unit: Unit, parts: Parts, organisation_id: OrganisationId, session_id: SessionId, fact: Input) -> Step:
    """Let `fact` happen to a session, within the caller's transaction.

    Raises:
        NotFoundError: `no_such_session`.
        ConflictError: what the machine refuses.
    """
    session = session_of(unit, organisation_id, session_id)
    now = parts.clock.now()
    rules = parts.rules.of(session.queue)
    done = step(session, fact, rules, now)
    if done.changed:
        _save(unit, parts, session, done, now)
        note_ring(unit, rules, session, done.session, fact=fact, now=now)
        _record(unit, parts, session, done.session, fact)
        unit.after_commit(lambda: parts.measures.stepped(session, done.session, fact))
    return done


def enter(unit: Unit, parts: Parts, conversation: Conversation, session: Session) -> None:
    """Write what follows a session that was just inserted."""
    _move_conversation(unit, conversation, session)
    unit.ledger.tell_session(session.organisation_id, f"session.{session.state}", session)
    unit.after_commit(lambda: parts.measures.requested(session))


def _save(unit: Unit, parts: Parts, before: Session, done: Step, now: datetime) -> None:
    """Write the step: session, ownership, operators, events, effects."""
    after = done.session
    deadline = next_deadline(after, parts.rules.of(after.queue))
    unit.sessions.save(after, deadline_at=deadline[0] if deadline else None)
    conversation = unit.conversations.load(after.organisation_id, after.conversation_id)
    if conversation is not None:
        _move_conversation(unit, conversation, after)
    kind = "session.updated" if before.state is after.state else f"session.{after.state}"
    unit.ledger.tell_session(after.organisation_id, kind, after)
    _move_operators(unit, before, after, now)
    _look_after_tickets(unit, parts, before, after, now)
    _order(unit, parts, after, done.effects, now)
    if after.state is SessionState.CLOSED and before.state is not SessionState.CLOSED and not is_consult(after):
        order_closed(unit, parts, after, parts.rules.of(after.queue).outcome_to, now)
    order_amends(unit, before, after, now)


def _record(unit: Unit, parts: Parts, before: Session, after: Session, fact: Input) -> None:
    """Write down what a supervisor did by this step."""
    for deed in deeds(before, after, fact):
        record = AuditRecord(
            id=parts.new_id("au"),
            organisation_id=before.organisation_id,
            at=parts.clock.now(),
            action=deed.action,
            actor_id=deed.actor_id,
            session_id=before.id,
            subject_id=before.operator_id,
            reason=deed.reason,
        )
        unit.audit.add(record)


def _move_conversation(unit: Unit, conversation: Conversation, session: Session) -> None:
    """Keep the conversation's owner, open session and highest epoch in line with its session.

    A question or a proposal changes none of them: the customer never leaves the assistant.
    """
    if is_consult(session):
        return
    in_talk = session.state in _TALK_STATES
    if not in_talk and conversation.session_id not in {session.id, None}:
        return  # an older session ends its wrap-up while a newer one is open
    owner = owner_of(session)
    changed = owner is not conversation.owner
    moved = msgspec.structs.replace(
        conversation,
        owner=owner,
        owner_epoch=conversation.owner_epoch + int(changed),
        epoch=max(conversation.epoch, session.epoch),
        session_id=session.id if in_talk else None,
        elsewhere_until=conversation.elsewhere_until if in_talk else None,
        ended_at=conversation.ended_at or (session.ended_at if came_to_nothing(session) else None),
    )
    if moved == conversation:
        return
    unit.conversations.save(moved)
    if changed:
        unit.ledger.tell_conversation(session.organisation_id, "conversation.changed", conversation.id)


def _move_operators(unit: Unit, before: Session, after: Session, now: datetime) -> None:
    """Let operators whose work in hand changed become idle, go off duty, or be shown as busy."""
    for operator_id in _touched(before, after):
        operator = unit.roster.load(after.organisation_id, operator_id)
        if operator is None:
            continue
        held = unit.sessions.held_by(after.organisation_id, operator_id)
        in_hand = sum(1 for session in held if session.state in IN_HAND_STATES)
        moved = finish_work(operator, in_hand=in_hand, now=now)
        if moved != operator:
            unit.roster.save(moved)
        unit.ledger.tell_operator(after.organisation_id, operator_id)


def _touched(before: Session, after: Session) -> list[OperatorId]:
    """Return the operators for whom the list of work in hand may have changed."""
    if is_consult(after) or (before.state is after.state and before.operator_id == after.operator_id):
        return []
    return sorted({who for who in (before.operator_id, after.operator_id) if who is not None})


def _order(unit: Unit, parts: Parts, session: Session, effects: tuple[Effect, ...], now: datetime) -> None:
    """Write down what the step ordered."""
    for effect in effects:
        match effect:
            case SyncCall() | DropDial():
                kind = SYNC_CALL if isinstance(effect, SyncCall) else DROP_DIAL
                body = msgspec.json.encode(SyncCallJob(session.id))
                unit.ledger.add_job(session.organisation_id, session.conversation_id, kind, body, now)
            case DropTarget() | PlaceCall() | PlaceDial() | BookCallback():
                _order_call(unit, session, effect, now)
            case ReturnToAssistant():
                unit.ledger.tell_conversation(
                    session.organisation_id, "conversation.returned", session.conversation_id, session.id
                )
            case AnswerAssistant():
                kind = ASSIST_ANSWERED if session.kind is SessionKind.ASSIST else APPROVE_DECIDED
                unit.ledger.tell_conversation(session.organisation_id, kind, session.conversation_id, session.id)
            case TellCustomer() | TellWaiting():
                _tell_customer(unit, parts, session, effect, now)
            case Notify():
                order_waiting(unit, parts, session, effect, now)


def _order_call(
    unit: Unit, session: Session, effect: DropTarget | PlaceCall | PlaceDial | BookCallback, now: datetime
) -> None:
    """Write down what a carrier, or who books callbacks, is to do about a session."""
    match effect:
        case DropTarget(attempt=attempt) | PlaceCall(attempt=attempt):
            job = SyncCallJob(session.id, attempt)
            kind = DROP_TARGET if isinstance(effect, DropTarget) else PLACE_CALL
        case PlaceDial():
            kind, job = PLACE_DIAL, SyncCallJob(session.id, "back")
        case BookCallback(text=text, offer=offer):
            kind, job = BOOK_CALLBACK, SyncCallJob(session.id, "booked", text, offer)
    lane = f"{session.conversation_id}/{job.attempt}"
    unit.ledger.add_job(session.organisation_id, lane, kind, msgspec.json.encode(job), now)


def _look_after_tickets(unit: Unit, parts: Parts, before: Session, after: Session, now: datetime) -> None:
    """Write down what is due in ticket systems, in one lane for each contact and system: theirs never overtake."""
    rules = parts.rules.of(after.queue)
    phase = ticket_phase(before.state, after, rules)
    if phase is None:
        return
    known = {ticket.system for ticket in after.tickets if ticket.id} if phase is TicketPhase.END else set[str]()
    for system in sorted({rules.ticket_system, *known} - {""}):
        conversation = unit.conversations.load(after.organisation_id, after.conversation_id)
        whose = (conversation.contact_id if conversation else None) or after.id
        body = msgspec.json.encode(TicketJob(session_id=after.id, system=system, phase=phase, at=now))
        unit.ledger.add_job(after.organisation_id, f"{whose}/{TICKET}/{system}", TICKET, body, now)


def _tell_customer(
    unit: Unit, parts: Parts, session: Session, effect: TellCustomer | TellWaiting, now: datetime
) -> None:
    """Add a line of ours to the conversation; on a call only those of the policy, which the assistant can say."""
    if isinstance(effect, TellCustomer) and session.medium is not Medium.CHAT:
        return
    text = (
        parts.notices[effect.notice] if isinstance(effect, TellCustomer) else filled_in(unit, session, effect.text, now)
    )
    if not text:
        return
    message = Message(
        id=MessageId(parts.new_id("m")),
        organisation_id=session.organisation_id,
        conversation_id=session.conversation_id,
        author=Author.SYSTEM,
        text=text,
        at=now,
        session_id=session.id,
    )
    conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
    say(unit, parts, message, conversation)
