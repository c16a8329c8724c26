"""A question and a proposal of an assistant, as a broker would show them."""

from datetime import timedelta

from server.wire.terms import Medium, SessionKind, SessionState
from server.wire.views import SessionView
from tests.fakes.console_data import NOW, session


def question(number: int = 60, **fields: object) -> SessionView:
    """Return a question that waits for a line."""
    known: dict[str, object] = {
        "medium": Medium.CHAT,
        "kind": SessionKind.ASSIST,
        "state": SessionState.ASKED,
        "epoch": 0,
        "reason": "May I refund the shipping of order 88120 when the parcel was three days late?",
        "answer_by": NOW + timedelta(seconds=92),
        "promise_at": NOW + timedelta(seconds=92),
        "default_answer": "Say that we call back.",
    }
    return session(number, **{**known, **fields})


def proposal(number: int = 61, **fields: object) -> SessionView:
    """Return a proposal that waits for yes or no."""
    return question(
        number,
        **{
            "kind": SessionKind.APPROVE,
            "reason": "Refund 49.00 to the card ending 1111 for order 88120.",
            "default_answer": "decline",
            **fields,
        },
    )
