"""Questions and proposals: answered once, or left to their default at their time, and never the customer's owner."""

from dataclasses import replace
from typing import Any

import pytest

from server.core import inputs as i
from server.core.consult_inputs import ConsultAnswered, ConsultLapsed
from server.core.effects import AnswerAssistant
from server.core.errors import ConflictError
from server.core.machine import Step, step
from server.core.ownership import owner_of
from server.core.session import Session
from server.wire.terms import Outcome, Owner, Party, SessionKind, SessionState
from tests.unit.server.core.building import ANN, BEN, NOW, RULES, after, fire_deadline, in_state

pytestmark = pytest.mark.unit


def asked(kind: SessionKind = SessionKind.ASSIST, **changes: Any) -> Session:
    return replace(in_state(SessionState.ASKED), kind=kind, **changes)


def answered(session: Session, who: Any = ANN, text: str = "Yes, 20.", approved: bool | None = None) -> Step:
    return step(session, ConsultAnswered(who, session.epoch, text, approved), RULES, after(30))


def test_the_conversation_stays_the_assistants_throughout() -> None:
    session = asked()
    assert owner_of(session) is Owner.ASSISTANT
    assert owner_of(answered(session).session) is Owner.ASSISTANT


def test_an_answer_closes_the_question_and_goes_to_the_assistant() -> None:
    done = answered(asked())
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (
        SessionState.CLOSED,
        Outcome.ANSWERED,
        Party.OPERATOR,
    )
    assert (session.note, session.operator_id, session.closed_at) == ("Yes, 20.", ANN, after(30))
    assert done.effects == (AnswerAssistant(),)
    assert session.accepted_at is None


@pytest.mark.parametrize(("approved", "outcome"), [(True, Outcome.APPROVED), (False, Outcome.DECLINED)])
def test_a_decision_is_the_outcome(approved: bool, outcome: Outcome) -> None:
    assert answered(asked(SessionKind.APPROVE), approved=approved).session.outcome is outcome


@pytest.mark.parametrize(
    ("kind", "default", "outcome", "note"),
    [
        (SessionKind.ASSIST, "", Outcome.EXPIRED, ""),
        (SessionKind.ASSIST, "Say that we call back.", Outcome.EXPIRED, "Say that we call back."),
        (SessionKind.APPROVE, "approve", Outcome.APPROVED, "Nobody decided in time: the default applies."),
        (SessionKind.APPROVE, "decline", Outcome.DECLINED, "Nobody decided in time: the default applies."),
    ],
)
def test_at_its_time_the_default_holds_and_says_so(
    kind: SessionKind, default: str, outcome: Outcome, note: str
) -> None:
    done = fire_deadline(asked(kind, default_answer=default))
    assert (done.session.outcome, done.session.ended_by, done.session.note) == (outcome, Party.BROKER, note)
    assert (done.session.closed_at, done.effects) == (after(120), (AnswerAssistant(),))
    assert done.session.operator_id is None


def test_the_second_answer_is_refused_and_a_late_deadline_changes_nothing() -> None:
    closed = answered(asked()).session
    with pytest.raises(ConflictError) as refusal:
        answered(closed, BEN)
    assert (refusal.value.code, refusal.value.details["winner"]) == ("already_answered", ANN)
    assert not step(closed, ConsultLapsed(), RULES, NOW).changed


def test_an_answer_for_another_epoch_is_stale() -> None:
    with pytest.raises(ConflictError) as refusal:
        step(asked(), ConsultAnswered(ANN, 7, "Yes."), RULES, NOW)
    assert refusal.value.code == "stale_epoch"


def test_a_question_cannot_be_accepted_and_says_what_can_be_done() -> None:
    session = asked()
    with pytest.raises(ConflictError) as refusal:
        step(session, i.OperatorAccepted(ANN, session.epoch), RULES, NOW)
    assert (refusal.value.code, refusal.value.hint) == ("not_possible_now", "Answer it.")


def test_a_customer_who_left_needs_no_answer() -> None:
    done = step(asked(), i.CustomerLeft(), RULES, NOW)
    assert (done.session.outcome, done.session.ended_by, done.effects) == (Outcome.ABANDONED, Party.CUSTOMER, ())
