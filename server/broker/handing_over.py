"""Hand sessions of an operator on: all chats in one order at the end of a shift, or one session to one colleague.

A colleague is rung for each of them; what they let pass goes on to others, at its place. Before: an operator is about
to leave. After: nobody is left with them, in one transaction, and the note is where the next one reads it.
"""

import hashlib

import msgspec

from server.broker import road
from server.broker.idempotency import key_reused
from server.broker.orders import session_of
from server.broker.parts import Parts
from server.broker.ports.records import Message, Principal, Stored
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.core.presence import Operator
from server.core.session import IN_HAND_STATES, Session, label
from server.wire.commands import HandOver, Requeue
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import Author, Medium, MessageId, OperatorId, Presence, Role, SessionState


def hand_over(unit: Unit, parts: Parts, principal: Principal, command: HandOver) -> tuple[str, ...]:
    """Hand the operator's chats on, within the caller's transaction; return their numbers, none when done before.

    Raises:
        CallerError: `not_to_yourself`, `idempotency_key_reused`.
        NotFoundError: `no_such_operator`.
        ConflictError: `nothing_in_hand`, `colleague_away`.
    """
    fingerprint = hashlib.sha256(msgspec.json.encode(command)).hexdigest()
    known = unit.ledger.recall(principal.organisation_id, principal.id, command.id)
    if known is not None:
        if known.fingerprint != fingerprint:
            raise key_reused()
        return ()
    target = _colleague(unit, principal, command.to) if command.to is not None else None
    mine = OperatorId(principal.id)
    chats = [one for one in unit.sessions.held_by(principal.organisation_id, mine) if _goes_along(one)]
    if not chats:
        raise ConflictError("nothing_in_hand", "You have no chat in hand.", "A call is ended or given back by itself.")
    note = clean_text(command.note, 2000).strip()
    for chat in chats:
        _hand_on(unit, parts, principal, chat, inputs.OperatorRequeued(mine, chat.epoch, "", note), target=target)
    stored = Stored(fingerprint=fingerprint, body=b"")
    unit.ledger.remember(principal.organisation_id, principal.id, command.id, stored, parts.clock.now())
    return tuple(label(chat.number) for chat in chats)


def _goes_along(session: Session) -> bool:
    return session.medium is Medium.CHAT and session.state in {SessionState.ACTIVE, SessionState.HELD}


def pass_on(unit: Unit, parts: Parts, principal: Principal, command: Requeue, to: OperatorId) -> Session:
    """Put one session back at its place and ring a colleague for it, within the caller's transaction.

    Raises:
        CallerError: `not_to_yourself`.
        NotFoundError: `no_such_session`, `no_such_operator`.
        ConflictError: `colleague_away`, `colleague_in_call`, or the session is not the operator's any more.
    """
    target = _colleague(unit, principal, to)
    session = session_of(unit, principal.organisation_id, command.session_id)
    if session.medium is Medium.VOICE and _is_in_call(unit, principal, target):
        raise ConflictError(
            "colleague_in_call",
            f"{target.name} is in a call.",
            "Name somebody who is free, or put the caller into a queue.",
        )
    note = clean_text(command.note, 2000).strip()
    requeued = inputs.OperatorRequeued(OperatorId(principal.id), command.epoch, clean_line(command.queue, 64), note)
    return _hand_on(unit, parts, principal, session, requeued, target=target)


def _is_in_call(unit: Unit, principal: Principal, target: Operator) -> bool:
    held = unit.sessions.held_by(principal.organisation_id, target.id)
    return any(one.medium is Medium.VOICE and one.state in IN_HAND_STATES for one in held)


def _colleague(unit: Unit, principal: Principal, to: OperatorId) -> Operator:
    """Return the colleague, who must be there to take something."""
    if to == principal.id:
        raise CallerError("not_to_yourself", "You can't hand over to yourself.", "Name a colleague, or the queue.")
    target = unit.roster.load(principal.organisation_id, to)
    if target is None or target.role is Role.VIEWER:
        raise NotFoundError("no_such_operator", "There is no such operator.", "Look at the team for the name.")
    if not target.connected or target.presence is not Presence.AVAILABLE:
        raise ConflictError(
            "colleague_away", f"{target.name} is not on duty.", "Name somebody who is, or hand over to the queue."
        )
    return target


def _hand_on(
    unit: Unit,
    parts: Parts,
    principal: Principal,
    session: Session,
    requeued: inputs.OperatorRequeued,
    *,
    target: Operator | None,
) -> Session:
    """Put one session back at its place, with the note, and ring the colleague for it."""
    named = f"@{target.name} " if target is not None else ""
    text = f"{named}Handed over by {principal.name}." + (f" {requeued.note}" if requeued.note else "")
    passed_on = road.apply(unit, parts, session.organisation_id, session.id, requeued).session
    message = Message(
        id=MessageId(parts.new_id("m")),
        organisation_id=session.organisation_id,
        conversation_id=session.conversation_id,
        author=Author.NOTE,
        text=text,
        at=parts.clock.now(),
        author_name=principal.name,
        session_id=session.id,
        operator_id=OperatorId(principal.id),
    )
    unit.ledger.tell_message(session.organisation_id, "message.added", unit.conversations.add_message(message))
    if target is None:
        return passed_on
    return road.apply(unit, parts, session.organisation_id, session.id, inputs.OfferMade(target.id)).session
