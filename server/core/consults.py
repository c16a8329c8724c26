"""Say what becomes of a question or a proposal of the assistant: answered, decided, or left to its default.

Like `server.core.transitions`: one small pure function a fact. The customer stays with the assistant throughout.
"""

from datetime import datetime
from typing import Final

from server.core.consult_inputs import ConsultAnswered
from server.core.effects import AnswerAssistant
from server.core.replacing import replace
from server.core.session import Rules, Session
from server.core.transitions import Change, closed, stale
from server.wire.terms import Outcome, Party, SessionKind

APPROVE: Final = "approve"
DECLINE: Final = "decline"
"""What the default of a proposal may be."""
NOBODY_DECIDED: Final = "Nobody decided in time: the default applies."
"""What the assistant reads of a proposal that was left to its default."""


def answer(session: Session, fact: ConsultAnswered, _rules: Rules, now: datetime) -> Change:
    """Close a question with its answer, or a proposal with the decision; the assistant is told."""
    if fact.epoch != session.epoch:
        raise stale(session)
    outcome = Outcome.ANSWERED
    if fact.approved is not None:
        outcome = Outcome.APPROVED if fact.approved else Outcome.DECLINED
    over = closed(session, outcome, Party.OPERATOR, now)
    return replace(over, operator_id=fact.operator_id, note=fact.answer), (AnswerAssistant(),)


def lapse(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """Let the default hold, because nobody answered in time; the assistant is told that it is the default."""
    if session.kind is SessionKind.APPROVE:
        outcome = Outcome.APPROVED if session.default_answer == APPROVE else Outcome.DECLINED
        note = NOBODY_DECIDED
    else:
        outcome, note = Outcome.EXPIRED, session.default_answer
    return replace(closed(session, outcome, Party.BROKER, now), note=note), (AnswerAssistant(),)


def abandon(session: Session, _fact: object, _rules: Rules, now: datetime) -> Change:
    """Close a question whose customer has left; nobody waits for the answer any more."""
    return closed(session, Outcome.ABANDONED, Party.CUSTOMER, now), ()
