"""Things to store in the store's tests: two organisations, their people, conversations, sessions and turns."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from server.broker.ports.records import Conversation, Message
from server.broker.ports.store import Unit
from server.core.presence import Operator
from server.core.session import Session
from server.wire.terms import (
    Author,
    ConversationId,
    Medium,
    MessageId,
    OperatorId,
    OrganisationId,
    Owner,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.views import Context, Fact, MessageView, Mood

ACME, OTHER = OrganisationId("o_acme"), OrganisationId("o_other")
ANN, BEN = OperatorId("u_ann"), OperatorId("u_ben")
NOW = datetime.fromisoformat("2026-03-29T01:59:59.999999+00:00")
CONTEXT = Context(summary="Wants a refund.", mood=Mood(score=-0.5), facts=(Fact(name="order", value="A-17", turn=2),))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def conversation(number: int = 1, **changes: Any) -> Conversation:
    fields: dict[str, Any] = {
        "id": ConversationId(f"c_{number}"),
        "organisation_id": ACME,
        "key_id": "k_1",
        "medium": Medium.CHAT,
        "channel": "api",
        "customer_name": "Zoë",
        "customer_handle": "+1 555 0142",
        "external_id": "",
        "created_at": NOW,
    }
    return Conversation(**{**fields, **changes})


def session(number: int = 1, **changes: Any) -> Session:
    built = Session(
        id=SessionId(f"s_{number}"),
        organisation_id=ACME,
        number=number,
        conversation_id=ConversationId(f"c_{number}"),
        medium=Medium.CHAT,
        kind=SessionKind.TAKEOVER,
        state=SessionState.QUEUED,
        queue="default",
        priority=5,
        requested_at=NOW,
        queued_at=later(number),
        promise_at=later(60),
        wait_expires_at=later(1800),
        waiting_since=later(number),
        epoch=1,
    )
    return replace(built, **changes)


def operator(operator_id: OperatorId = ANN, **changes: Any) -> Operator:
    built = Operator(
        id=operator_id,
        organisation_id=ACME,
        name=operator_id.removeprefix("u_").title(),
        role=Role.OPERATOR,
        presence=Presence.AVAILABLE,
        since=NOW,
        idle_since=NOW,
        connected=True,
    )
    return replace(built, **changes)


def message(number: int, conversation_number: int = 1, **changes: Any) -> Message:
    fields: dict[str, Any] = {
        "id": MessageId(f"m_{conversation_number}_{number}"),
        "organisation_id": ACME,
        "conversation_id": ConversationId(f"c_{conversation_number}"),
        "author": Author.CUSTOMER,
        "text": f"turn {number}",
        "at": later(number),
    }
    return Message(**{**fields, **changes})


def organisations(unit: Unit) -> None:
    """Add both organisations, and Ann and Ben to the first."""
    unit.roster.add_organisation(ACME, "Acme", NOW)
    unit.roster.add_organisation(OTHER, "Other", NOW)
    unit.roster.insert(operator(ANN))
    unit.roster.insert(operator(BEN))


def handoff(unit: Unit, number: int = 1, **changes: Any) -> Session:
    """Add a conversation with a session, as consistent as the broker's road leaves them."""
    organisation = changes.get("organisation_id", ACME)
    assert unit.sessions.next_number(organisation) == number
    stored = session(number, **changes)
    talk = stored.state not in {SessionState.WRAP_UP, SessionState.CLOSED}
    waiting = {SessionState.QUEUED, SessionState.OFFERED, SessionState.CONNECTING}
    owner = Owner.WAITING if stored.state in waiting else Owner.ASSISTANT
    if stored.state in {SessionState.ACTIVE, SessionState.HELD}:
        owner = Owner.OPERATOR
    unit.conversations.insert(
        conversation(
            number,
            organisation_id=organisation,
            medium=stored.medium,
            epoch=stored.epoch,
            session_id=stored.id if talk else None,
            owner=owner,
        )
    )
    deadline = None if stored.state in {SessionState.ACTIVE, SessionState.HELD, SessionState.CLOSED} else later(1800)
    unit.sessions.insert(stored, reason="asked for a person", context=CONTEXT, deadline_at=deadline)
    return stored


def say(unit: Unit, number: int, conversation_number: int = 1, **changes: Any) -> MessageView:
    """Append a turn."""
    return unit.conversations.add_message(message(number, conversation_number, **changes))
