"""Hand all chats of an operator on in one order, at the end of a shift: to a colleague, or back to the queue.

A colleague is rung for each of them; what they let pass goes on to others, at its place. Before: an operator is about
to leave. After: nobody is left with them, in one transaction, and the note is where the next one reads it.
"""

import hashlib

import msgspec

from server.broker import road
from server.broker.idempotency import key_reused
from server.broker.parts import Parts
from server.broker.ports.records import Message, Principal, Stored
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.core.presence import Operator
from server.core.session import Session, label
from server.wire.commands import HandOver
from server.wire.sanitize import clean_text
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
    target = _target(unit, principal, command)
    mine = OperatorId(principal.id)
    chats = [one for one in unit.sessions.held_by(principal.organisation_id, mine) if _goes_along(one)]
    if not chats:
        raise ConflictError("nothing_in_hand", "You have no chat in hand.", "A call is ended or given back by itself.")
    note = clean_text(command.note, 2000).strip()
    for chat in chats:
        _hand_on(unit, parts, principal, chat, target=target, note=note)
    stored = Stored(fingerprint=fingerprint, body=b"")
    unit.ledger.remember(principal.organisation_id, principal.id, command.id, stored, parts.clock.now())
    return tuple(label(chat.number) for chat in chats)


def _goes_along(session: Session) -> bool:
    return session.medium is Medium.CHAT and session.state in {SessionState.ACTIVE, SessionState.HELD}


def _target(unit: Unit, principal: Principal, command: HandOver) -> Operator | None:
    """Return the colleague, who must be there to take something; None for the queue."""
    if command.to is None:
        return None
    if command.to == principal.id:
        raise CallerError("not_to_yourself", "You can't hand over to yourself.", "Name a colleague, or the queue.")
    target = unit.roster.load(principal.organisation_id, command.to)
    if target is None or target.role is Role.VIEWER:
        raise NotFoundError("no_such_operator", "There is no such operator.", "Look at the team for the name.")
    if not target.connected or target.presence is not Presence.AVAILABLE:
        raise ConflictError(
            "colleague_away", f"{target.name} is not on duty.", "Name somebody who is, or hand over to the queue."
        )
    return target


def _hand_on(
    unit: Unit, parts: Parts, principal: Principal, chat: Session, *, target: Operator | None, note: str
) -> None:
    """Put one chat back at its place, with the note, and ring the colleague for it."""
    named = f"@{target.name} " if target is not None else ""
    text = f"{named}Handed over by {principal.name}." + (f" {note}" if note else "")
    requeued = inputs.OperatorRequeued(OperatorId(principal.id), chat.epoch, "", note)
    road.apply(unit, parts, chat.organisation_id, chat.id, requeued)
    message = Message(
        id=MessageId(parts.new_id("m")),
        organisation_id=chat.organisation_id,
        conversation_id=chat.conversation_id,
        author=Author.NOTE,
        text=text,
        at=parts.clock.now(),
        author_name=principal.name,
        session_id=chat.id,
        operator_id=OperatorId(principal.id),
    )
    unit.ledger.tell_message(chat.organisation_id, "message.added", unit.conversations.add_message(message))
    if target is not None:
        road.apply(unit, parts, chat.organisation_id, chat.id, inputs.OfferMade(target.id))
