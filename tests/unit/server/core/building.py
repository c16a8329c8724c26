"""Build sessions and operators for the core's tests, in any state that the machine can reach, by walking there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from server.core import inputs as i
from server.core.deadlines import next_deadline
from server.core.machine import Step, step
from server.core.presence import Operator
from server.core.session import Rules, Session
from server.wire.calling import Transfer
from server.wire.terms import (
    ConversationId,
    LegId,
    Medium,
    OperatorId,
    OrganisationId,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
    TransferKind,
)

NOW = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
RULES = Rules()
ANN, BEN, CAT = OperatorId("ann"), OperatorId("ben"), OperatorId("cat")
ORGANISATION = OrganisationId("o_1")


def after(seconds: float) -> datetime:
    """Return the instant `seconds` after the session was requested."""
    return NOW + timedelta(seconds=seconds)


def new_session(medium: Medium = Medium.VOICE, **changes: Any) -> Session:
    """Return a session that was just requested."""
    session = Session(
        id=SessionId("s_1"),
        organisation_id=ORGANISATION,
        number=42,
        conversation_id=ConversationId("c_1"),
        medium=medium,
        kind=SessionKind.TAKEOVER,
        state=SessionState.SCREENING,
        queue="default",
        priority=5,
        requested_at=NOW,
        queued_at=NOW,
        promise_at=after(RULES.promise_seconds),
        waiting_since=NOW,
        wait_expires_at=after(RULES.wait_expires_seconds),
        epoch=1,
    )
    return replace(session, **changes)


def attempt(**changes: Any) -> Transfer:
    """Return a transfer that has just begun to ring."""
    found = Transfer(
        id=LegId("x_1"),
        kind=TransferKind.WARM,
        to="Billing",
        address="+4930123456",
        began_at=NOW,
        expires_at=after(RULES.transfer_seconds),
    )
    return msgspec.structs.replace(found, **changes)


def walk(session: Session, *facts: i.Input, rules: Rules = RULES, now: datetime = NOW) -> Session:
    """Return the session after these facts."""
    for fact in facts:
        session = step(session, fact, rules, now).session
    return session


def in_state(state: SessionState, medium: Medium = Medium.VOICE, rules: Rules = RULES) -> Session:
    """Return a session that was walked to `state`, rung at and taken by Ann."""
    if state is SessionState.ASKED:
        return new_session(medium, kind=SessionKind.ASSIST, state=state, answer_by=after(120))
    session = new_session(medium)
    if state is SessionState.SCREENING:
        return session
    session = walk(session, i.ScreeningPassed(), rules=rules)
    if state is SessionState.QUEUED:
        return session
    session = walk(session, i.OfferMade(ANN), rules=rules)
    if state is SessionState.OFFERED:
        return session
    session = walk(session, i.OperatorAccepted(ANN, session.epoch), rules=rules)
    if state is SessionState.CONNECTING:
        return session
    session = walk(session, i.MediaBridged(session.epoch), rules=rules) if medium is Medium.VOICE else session
    match state:
        case SessionState.HELD:
            return walk(session, i.OperatorHeld(ANN, session.epoch, on=True), rules=rules)
        case SessionState.WRAP_UP:
            return walk(session, i.OperatorReturned(ANN, session.epoch), rules=rules)
        case SessionState.CLOSED:
            return walk(session, i.OperatorReturned(ANN, session.epoch), i.WrapUpLapsed(), rules=rules)
        case _:
            return session


def fire_deadline(session: Session, rules: Rules = RULES) -> Step:
    """Let the session's own deadline happen, at its instant."""
    deadline = next_deadline(session, rules)
    assert deadline is not None, "nothing to fire"
    return step(session, deadline[1], rules, deadline[0])


def operator(name: str = "ann", **changes: Any) -> Operator:
    """Return a connected operator on duty."""
    built = Operator(
        id=OperatorId(name),
        organisation_id=ORGANISATION,
        name=name.title(),
        role=Role.OPERATOR,
        presence=Presence.AVAILABLE,
        since=NOW,
        idle_since=NOW,
        connected=True,
    )
    return replace(built, **changes)
