"""Tell which changes of a session are worth a line to the operator, and which should ring."""

from collections.abc import Mapping
from typing import Final

from operator_console.model.inputs import Tone
from operator_console.model.keys import key_of
from operator_console.model.select import is_mine, is_talking
from operator_console.model.transfers import ended_words
from operator_console.model.wording import outcome_words
from server.wire.terms import NOT_GIVEN, Delivery, OperatorId, Outcome, Party, Presence, Role, SessionId, SessionState
from server.wire.views import MessageView, OperatorView, SessionView

News = tuple[str, Tone]
"""A sentence and its urgency."""
SENT_AGAIN: Final = frozenset({Delivery.FAILED, Delivery.UNKNOWN})
"""Deliveries after which a message may be sent again."""


def closing_news(before: SessionView, after: SessionView, me: OperatorId, wanted: SessionId | None) -> News | None:
    """Return what to say of a session that closed; `wanted` is the one I have asked for and not been given."""
    number = after.number
    if after.id == wanted or before.state is SessionState.CONNECTING:
        if after.outcome is Outcome.ABANDONED and (after.id == wanted or is_mine(before, me)):
            return f"{number}: the customer left while you were accepting. Nothing is charged to you.", Tone.WARNING
        if after.id == wanted:
            return f"{number} ended before it reached you.", Tone.WARNING
    if before.dial is not None and before.state is SessionState.CONNECTING and is_mine(before, me):
        why = f": {after.note}" if after.note else ""
        return f"{number}: {outcome_words(after)}{why}.", Tone.WARNING
    return _over_news(before, after) if is_mine(before, me) else None


def _over_news(before: SessionView, after: SessionView) -> News | None:
    """Return what to say of a session of mine that closed."""
    if after.disposition == NOT_GIVEN:
        return f"{after.number} closed without a disposition. H shows it; there r writes it up.", Tone.WARNING
    if before.state is SessionState.OFFERED:
        return f"{after.number}: the customer left. It no longer rings.", Tone.INFO
    return (f"{after.number} {_ended(after)}.", Tone.INFO) if is_talking(before) else None


def change_news(
    before: SessionView | None, after: SessionView, me: OperatorId, wanted: SessionId | None
) -> News | None:
    """Return what to say of a session that changed and is still open."""
    if before is None:
        return None
    was_mine = is_mine(before, me)
    if was_mine and is_talking(before) and after.state is SessionState.QUEUED:
        return f"{after.number} is back in the queue at its place.", Tone.WARNING
    if was_mine and is_talking(before) and after.state is SessionState.WRAP_UP:
        return f"{after.number} {_ended(after)}. Wrap up with r.", Tone.INFO
    if is_talking(after) and after.operator_id != me and after.id == wanted:
        return f"{after.number} was taken by someone else.", Tone.WARNING
    if was_mine and is_talking(before) and not is_mine(after, me):
        by = ": a supervisor took over" if is_talking(after) else " is no longer yours"
        return f"{after.number}{by}.", Tone.WARNING
    out = before.supervisor_id == me and after.supervisor_id is None and after.operator_id != me
    return (f"You are out of {after.number}.", Tone.INFO) if out else _talk_news(before, after, me)


def _talk_news(before: SessionView, after: SessionView, me: OperatorId) -> News | None:
    """Return what to say of a transfer of mine that is over, or a recording that was lost."""
    if not is_mine(before, me):
        return None
    moved = ended_words(before, after)
    if moved:
        return moved, Tone.WARNING
    if not after.recording_failure or before.recording_failure:
        return None
    return f"{after.number} is not recorded any more: {after.recording_failure}. The call goes on.", Tone.ERROR


def mention_news(session: SessionView, note: MessageView) -> News:
    """Return what to say of a note that names me."""
    return f"{session.number}: {note.author_name or 'someone'} mentions you in a note.", Tone.WARNING


def person_news(before: OperatorView | None, after: OperatorView, me: OperatorView | None) -> News | None:
    """Return what to say of a person who changed: the answer to my request for a break, or a request I decide on."""
    if before is None or me is None:
        return None
    if after.id == me.id and after.break_answer and after.break_answer != before.break_answer:
        later = " It begins after your work in hand." if after.pending_presence is Presence.AWAY else ""
        return f"Your break was {after.break_answer}.{later}", Tone.WARNING
    asks_now = after.break_asked_at is not None and after.break_asked_at != before.break_asked_at
    if asks_now and after.id != me.id and me.role in {Role.SUPERVISOR, Role.ADMINISTRATOR}:
        return f"{after.name} asks for a break: {after.break_reason}. :break.grant or the team screen.", Tone.WARNING
    return None


def delivery_news(
    session: SessionView, before: MessageView | None, after: MessageView, keys: Mapping[str, tuple[str, ...]]
) -> News | None:
    """Return what to say of a message of mine that failed, or that may not have arrived."""
    worse = before is not None and before.version < after.version and before.delivery is not after.delivery
    if not worse or after.delivery not in SENT_AGAIN:
        return None
    key = key_of(keys, "chat.again", "S")
    if after.delivery is Delivery.FAILED:
        why = f" ({after.failure})" if after.failure else ""
        return f"{session.number}: your message was NOT SENT{why}. {key} sends it again.", Tone.ERROR
    return f"{session.number}: your message may not have arrived. {key} asks: send again?", Tone.WARNING


def rings(before: SessionView | None, after: SessionView, me: OperatorView | None) -> bool:
    """Tell whether a change should ring: on duty, and new in the queue or newly offered to me."""
    if me is None or me.presence is not Presence.AVAILABLE:
        return False
    if after.state is SessionState.OFFERED and after.rings_at(me.id):
        return before is None or before.state is not SessionState.OFFERED or not before.rings_at(me.id)
    if after.state is SessionState.ASKED:
        return before is None
    fresh = before is None or before.state not in {SessionState.QUEUED, SessionState.OFFERED}
    return fresh and after.state is SessionState.QUEUED


_ENDINGS = {
    Outcome.RETURNED: "is with the AI again",
    Outcome.RESOLVED: "is resolved",
    Outcome.TRANSFERRED: "was transferred",
    Outcome.FAILED: "failed: the line broke",
    Outcome.EXPIRED: "expired",
    Outcome.VOICEMAIL: "ended with a voicemail",
    Outcome.VOICEMAIL_EMPTY: "ended without a message",
}


def _ended(session: SessionView) -> str:
    """Return how a talk ended, as the rest of a sentence."""
    if session.outcome is not None and session.outcome in _ENDINGS:
        return _ENDINGS[session.outcome]
    if session.ended_by is Party.CUSTOMER:
        return "ended: the customer hung up" if session.medium == "voice" else "ended: the customer left"
    return "ended: you hung up" if session.ended_by is Party.OPERATOR else "ended"
