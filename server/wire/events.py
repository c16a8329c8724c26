"""Tell consoles and assistants what happened: numbered facts, each with the thing as it is now.

An event carries the whole view of what changed, so applying it twice does no harm, and
an old snapshot plus the events that followed equals a new snapshot (tests/unit/server/wire and
tests/contract prove it for every type). Numbers are per organisation.
"""

from datetime import datetime

import msgspec

from server.wire.views import ConversationView, MessageView, OperatorView, SessionView


class Numbered(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What all events share: their number within the organisation and their instant."""

    seq: int
    at: datetime


class SessionEvent(Numbered, frozen=True, kw_only=True, tag_field="type"):
    """A fact about a session, with the session as it is now."""

    session: SessionView


class SessionScreening(SessionEvent, frozen=True, kw_only=True, tag="session.screening"):
    """A handoff was requested and is being screened."""


class SessionAsked(SessionEvent, frozen=True, kw_only=True, tag="session.asked"):
    """The assistant asks an operator something; the customer stays with it."""


class SessionQueued(SessionEvent, frozen=True, kw_only=True, tag="session.queued"):
    """The session waits, new or back at its place."""


class SessionOffered(SessionEvent, frozen=True, kw_only=True, tag="session.offered"):
    """The session rings at one operator."""


class SessionConnecting(SessionEvent, frozen=True, kw_only=True, tag="session.connecting"):
    """An operator accepted; media is being set up."""


class SessionActive(SessionEvent, frozen=True, kw_only=True, tag="session.active"):
    """Operator and customer talk."""


class SessionHeld(SessionEvent, frozen=True, kw_only=True, tag="session.held"):
    """The customer is on hold."""


class SessionWrapUp(SessionEvent, frozen=True, kw_only=True, tag="session.wrap_up"):
    """The talk is over; the operator writes up."""


class SessionClosed(SessionEvent, frozen=True, kw_only=True, tag="session.closed"):
    """The session ended, with its outcome."""


class SessionUpdated(SessionEvent, frozen=True, kw_only=True, tag="session.updated"):
    """Something on the card or the call bar changed; the state did not."""


class MessageAdded(Numbered, frozen=True, kw_only=True, tag="message.added"):
    """A turn was added to a conversation."""

    message: MessageView


class MessageChanged(Numbered, frozen=True, kw_only=True, tag="message.changed"):
    """The delivery state (or the text, after an edit) of a message changed."""

    message: MessageView


class OperatorChanged(Numbered, frozen=True, kw_only=True, tag="operator.changed"):
    """An operator's presence, connection or work in hand changed."""

    operator: OperatorView


class ConversationChanged(Numbered, frozen=True, kw_only=True, tag="conversation.changed"):
    """Ownership, or a leg of the conversation, changed."""

    conversation: ConversationView


class ConversationReturned(Numbered, frozen=True, kw_only=True, tag="conversation.returned"):
    """The conversation is the assistant's again, with the human stretch it missed.

    Attributes:
        conversation: As it is now; `owner_epoch` is the number the assistant's next sends must carry.
        session: The session that ended, with outcome, note and follow-up.
        stretch: What was said between hand-over and return, oldest first, at most 200 turns.
    """

    conversation: ConversationView
    session: SessionView
    stretch: tuple[MessageView, ...] = ()


class ConsultEvent(Numbered, frozen=True, kw_only=True, tag_field="type"):
    """What became of a question or a proposal, for the assistant that asked.

    Attributes:
        conversation: As it is now; it stayed the assistant's.
        session: Closed, with its outcome and `note`; `ended_by` is `broker` where nobody came and the default holds.
    """

    conversation: ConversationView
    session: SessionView


class AssistAnswered(ConsultEvent, frozen=True, kw_only=True, tag="assist.answered"):
    """An operator answered the assistant's question (`session.note`), or nobody did in time (outcome `expired`)."""


class ApproveDecided(ConsultEvent, frozen=True, kw_only=True, tag="approve.decided"):
    """The assistant's proposal was approved or declined: by an operator, or by its default."""


Event = (
    SessionScreening
    | SessionAsked
    | SessionQueued
    | SessionOffered
    | SessionConnecting
    | SessionActive
    | SessionHeld
    | SessionWrapUp
    | SessionClosed
    | SessionUpdated
    | MessageAdded
    | MessageChanged
    | OperatorChanged
    | ConversationChanged
    | ConversationReturned
    | AssistAnswered
    | ApproveDecided
)
"""Every event there is; consoles ignore the last three, assistants the operator ones."""
