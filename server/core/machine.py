"""Move a session: every (state, input) pair stands in exactly one of TRANSITIONS, LATE and ILLEGAL.

TRANSITIONS change something (or have a reason to refuse). LATE pairs lost a race: they change nothing and nobody is
told. ILLEGAL pairs are refused to whoever asked, with the state in the answer. docs/states.md is drawn from them.

Before: `server.broker.road` loads the session. After: it saves the step, its event and its effects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from server.core import aftermath as a
from server.core import callbacks as cb
from server.core import consults as q
from server.core import dialling as d
from server.core import inputs as i
from server.core import outcalls as o
from server.core import rings as r
from server.core import supervision as sv
from server.core import transfers as x
from server.core import transitions as t
from server.core import voicemail as v
from server.core.consult_inputs import ConsultAnswered, ConsultLapsed
from server.core.effects import Effect
from server.core.errors import ConflictError
from server.core.outside_inputs import CallbackBooked, TargetPressed
from server.core.recording import with_recording
from server.core.replacing import replace
from server.core.session import Rules, Session, is_consult, label
from server.core.voicemail_inputs import VoicemailEmpty, VoicemailFailed, VoicemailLeft
from server.wire.terms import SessionState as S

Handler = Callable[[Session, Any, Rules, datetime], t.Change]  # type: ignore[explicit-any]  # the table pairs types
"""A transition; its second parameter is the input that the table names."""

_TALK: Final[dict[type, Handler]] = {
    i.MediaBridged: t.bridge,
    VoicemailLeft: v.keep_message,
    i.OperatorMuted: t.mute,
    i.OperatorHeld: x.hold,
    i.RecordingPaused: t.pause_recording,
    i.RecordingFailed: t.fail_recording,
    i.ConsentNoted: t.note_consent,
    i.ConsentTold: t.tell_consent,
    i.OperatorLost: t.lose_operator,
    i.OperatorBack: t.regain_operator,
    i.OperatorGone: t.drop_operator,
    i.CustomerLeft: t.leave,
    i.OperatorReturned: t.return_to_assistant,
    i.OperatorResolved: t.resolve,
    i.OperatorEnded: t.end,
    i.OperatorRequeued: t.requeue,
    i.FollowUpSet: a.set_follow_up,
    i.TicketLinked: a.link_ticket,
    i.OperatorAccepted: t.accept_again,
    i.SupervisionChosen: sv.choose_step,
    i.SupervisorLost: sv.lose_supervisor,
    i.TakenOver: sv.take_over,
    i.TransferStarted: x.start,
    i.TransferSteered: x.steer,
    i.TransferMoved: x.move,
    i.TransferFailed: x.fail,
    i.TargetUp: x.answer,
    i.TargetDown: x.lose_target,
}

_CALLING_OUT: Final[dict[type, Handler]] = {
    i.TransferMoved: x.move,
    i.TransferFailed: o.fail,
    i.TargetUp: o.answer,
    TargetPressed: o.press,
    i.TargetDown: o.lose_target,
}

_BY_STATE: Final[dict[S, dict[type, Handler]]] = {
    S.SCREENING: {
        i.ScreeningPassed: t.pass_screening,
        i.ScreeningRefused: t.refuse_screening,
        i.ConsentTold: t.tell_consent,
        i.CustomerLeft: t.abandon,
        i.DialStarted: d.start_dial,
    },
    S.ASKED: {
        ConsultAnswered: q.answer,
        ConsultLapsed: q.lapse,
        i.CustomerLeft: q.abandon,
    },
    S.QUEUED: {
        i.TicketLinked: a.link_ticket,
        i.OfferMade: r.make_offer,
        i.RingAgain: r.ring_again,
        i.ConsentTold: t.tell_consent,
        i.OperatorAccepted: cb.accept,
        CallbackBooked: cb.book,
        i.CustomerLeft: t.abandon,
        i.NoticeAcknowledged: o.acknowledge,
        i.PolicyDue: o.follow_policy,
        VoicemailLeft: v.leave_message,
        VoicemailEmpty: v.leave_nothing,
        VoicemailFailed: v.wait_on,
        i.WaitExpired: t.expire,
        **_CALLING_OUT,
    },
    S.OFFERED: {
        i.TicketLinked: a.link_ticket,
        i.OfferMade: r.ring_one_more,
        i.OfferDeclined: r.decline_offer,
        i.ConsentTold: t.tell_consent,
        i.OfferLapsed: r.lapse_offer,
        i.OfferWithdrawn: r.withdraw_offer,
        i.OperatorAccepted: cb.accept,
        CallbackBooked: cb.book,
        i.CustomerLeft: t.abandon,
        i.NoticeAcknowledged: o.acknowledge,
        i.PolicyDue: o.follow_policy,
        VoicemailLeft: v.leave_message,
        VoicemailEmpty: v.leave_nothing,
        VoicemailFailed: v.wait_on,
        i.WaitExpired: t.expire,
        **_CALLING_OUT,
    },
    S.CONNECTING: {
        i.TicketLinked: a.link_ticket,
        i.MediaBridged: t.bridge,
        VoicemailLeft: v.keep_message,
        i.ConnectFailed: d.fail_connect,
        i.ConsentTold: t.tell_consent,
        i.ConsentNoted: t.note_consent,
        i.CustomerLeft: d.abandon,
        i.OperatorAccepted: t.accept_again,
        i.OperatorMuted: t.mute,
        i.OperatorReturned: d.return_to_assistant,
        i.OperatorEnded: d.end,
        i.OperatorRequeued: d.requeue,
        i.DialMoved: d.move_dial,
    },
    S.ACTIVE: _TALK,
    S.HELD: _TALK,
    S.WRAP_UP: {
        i.FollowUpSet: a.set_follow_up,
        i.FollowUpFinished: a.finish_follow_up,
        i.TicketLinked: a.link_ticket,
        i.CustomerScored: a.take_score,
        i.WrapUpFinished: t.finish_wrap_up,
        i.WrapUpLapsed: t.lapse_wrap_up,
        i.WrapUpForced: sv.force_wrap_up,
    },
    S.CLOSED: {
        i.WrapUpFinished: a.write_up_late,
        i.FollowUpSet: a.set_follow_up,
        i.FollowUpFinished: a.finish_follow_up,
        i.TicketLinked: a.link_ticket,
        i.CustomerScored: a.take_score,
    },
}

TRANSITIONS: Final[dict[tuple[S, type], Handler]] = {
    (state, kind): handler for state, table in _BY_STATE.items() for kind, handler in table.items()
}
"""What each input does in each state where it does something."""

_RACES: Final = frozenset(
    {
        i.ScreeningPassed,
        i.ScreeningRefused,
        i.OfferMade,
        i.OfferLapsed,
        i.OfferWithdrawn,
        i.RingAgain,
        i.MediaBridged,
        i.ConnectFailed,
        i.OperatorLost,
        i.OperatorBack,
        i.OperatorGone,
        i.CustomerLeft,
        i.PolicyDue,
        VoicemailLeft,
        VoicemailEmpty,
        VoicemailFailed,
        i.RecordingFailed,
        i.WaitExpired,
        i.WrapUpLapsed,
        i.SupervisorLost,
        i.DialMoved,
        ConsultLapsed,
        i.TransferMoved,
        i.TransferFailed,
        i.TargetUp,
        i.TargetDown,
        TargetPressed,
    }
)
"""Inputs that nobody asked for: timers, media and customers may always come late."""

INPUTS: Final[tuple[type, ...]] = i.Input.__args__
"""Every kind of input."""

LATE: Final = frozenset((s, k) for s in S for k in INPUTS if k in _RACES and (s, k) not in TRANSITIONS)
"""Pairs that lost a race: nothing changes."""

ILLEGAL: Final = frozenset((s, k) for s in S for k in INPUTS if k not in _RACES and (s, k) not in TRANSITIONS)
"""Pairs that are refused to whoever asked."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one input did: the session afterwards, what must follow, and whether anything changed."""

    session: Session
    effects: tuple[Effect, ...]
    changed: bool


def step(session: Session, fact: i.Input, rules: Rules, now: datetime) -> Step:
    """Return what `fact` does to `session`.

    Args:
        session: As saved.
        fact: What happened.
        rules: The durations in force.
        now: Aware UTC.

    Raises:
        ConflictError: `not_possible_now`, `already_taken`, `not_yours`, `stale_epoch` or `not_offered_to_you`.
    """
    pair = (session.state, type(fact))
    if pair in LATE:
        return Step(session, (), changed=False)
    handler = TRANSITIONS.get(pair)
    if handler is None:
        raise _refusal(session)
    after, effects = with_recording(*x.without_leftovers(*handler(session, fact, rules, now), now), rules)
    if after == session:
        return Step(session, (), changed=False)
    return Step(replace(after, version=session.version + 1), effects, changed=True)


def _refusal(session: Session) -> ConflictError:
    """Say why an order is not possible in this state."""
    name = label(session.number)
    state = session.state.replace("_", " ")
    if session.state is S.CLOSED and is_consult(session):
        return ConflictError(
            "already_answered",
            f"{name} is answered already, or its time is over.",
            "Nothing is left to do.",
            {"state": session.state, "winner": str(session.operator_id or ""), "outcome": str(session.outcome)},
        )
    if session.state is S.CLOSED:
        return ConflictError("session_closed", f"{name} is closed.", "It is in the history.", {"state": session.state})
    if session.state is S.ASKED:
        return ConflictError(
            "not_possible_now",
            f"{name} is a question of the assistant: the customer stays with it.",
            "Answer it.",
            {"state": session.state},
        )
    return ConflictError(
        "not_possible_now",
        f"{name} is {state}: that is not possible now.",
        "Wait for the state to change, or look at the session again.",
        {"state": session.state},
    )
