"""Let a console give orders: each with its own id, the session and the epoch it was given for.

`id` is the idempotency key: the same id from the same operator gets the same reply and one effect.
"""

from datetime import datetime

import msgspec

from server.wire.terms import (
    Consent,
    FileId,
    MessageId,
    OperatorId,
    Presence,
    SessionId,
    Supervision,
    TransferKind,
    TransferStep,
)


class Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """What all commands share: an id of 8 to 64 characters, chosen by the console."""

    id: str


class SessionOrder(Order, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """An order about one session; refused when `epoch` is not the session's."""

    session_id: SessionId
    epoch: int


class Accept(SessionOrder, frozen=True, kw_only=True, tag="accept", forbid_unknown_fields=True):
    """Take the session."""


class Decline(SessionOrder, frozen=True, kw_only=True, tag="decline", forbid_unknown_fields=True):
    """Let an offer pass, with a reason."""

    reason: str = ""


class Say(SessionOrder, frozen=True, kw_only=True, tag="say", forbid_unknown_fields=True):
    """Send a text, files uploaded before, or both, to the customer.

    Attributes:
        written: What the operator wrote, where `text` is its translation: kept beside it.
        untranslated: A translation was wanted and none came: the text goes as it was written, and says so.
    """

    text: str
    files: tuple[FileId, ...] = ()
    written: str = ""
    untranslated: bool = False


class SayAgain(SessionOrder, frozen=True, kw_only=True, tag="say_again", forbid_unknown_fields=True):
    """Send a message again that failed, or whose outcome is unknown: a new message, linked to the old one."""

    message_id: MessageId


class EditMessage(SessionOrder, frozen=True, kw_only=True, tag="edit", forbid_unknown_fields=True):
    """Change the text of one's own last message, while the time for that runs."""

    message_id: MessageId
    text: str


class DeleteMessage(SessionOrder, frozen=True, kw_only=True, tag="delete", forbid_unknown_fields=True):
    """Take one's own last message back, while the time for that runs."""

    message_id: MessageId


class Translate(SessionOrder, frozen=True, kw_only=True, tag="translate", forbid_unknown_fields=True):
    """Have the turns of one's conversation translated, or no more; switched on, what failed is tried again."""

    on: bool


class AddNote(SessionOrder, frozen=True, kw_only=True, tag="note", forbid_unknown_fields=True):
    """Write an internal note; the customer never sees it. Any operator of the organisation may."""

    text: str


class Answer(SessionOrder, frozen=True, kw_only=True, tag="answer", forbid_unknown_fields=True):
    """Answer an assistant's question with one line; the customer stays with it."""

    text: str


class Decide(SessionOrder, frozen=True, kw_only=True, tag="decide", forbid_unknown_fields=True):
    """Approve or decline what an assistant proposes to do, with or without a reason."""

    approved: bool
    reason: str = ""


class Mute(SessionOrder, frozen=True, kw_only=True, tag="mute", forbid_unknown_fields=True):
    """Let the caller hear silence, or the operator again."""

    on: bool


class Hold(SessionOrder, frozen=True, kw_only=True, tag="hold", forbid_unknown_fields=True):
    """Put the customer on hold, or take them back."""

    on: bool


class BackToAssistant(SessionOrder, frozen=True, kw_only=True, tag="back", forbid_unknown_fields=True):
    """Give the conversation back to the assistant, with a note on what was agreed."""

    note: str = ""


class Resolve(SessionOrder, frozen=True, kw_only=True, tag="resolve", forbid_unknown_fields=True):
    """The matter is done. A chat returns to the assistant; a live call too, unless `hang_up`."""

    note: str = ""
    disposition: str = ""
    hang_up: bool = False


class End(SessionOrder, frozen=True, kw_only=True, tag="end", forbid_unknown_fields=True):
    """Hang up; on a chat, close without return."""


class Requeue(SessionOrder, frozen=True, kw_only=True, tag="requeue", forbid_unknown_fields=True):
    """Put the session back into a queue at its place (`queue` empty: the same queue), and ring `to` first, if named."""

    queue: str = ""
    note: str = ""
    to: OperatorId | None = None


class FollowUp(SessionOrder, frozen=True, kw_only=True, tag="follow_up", forbid_unknown_fields=True):
    """Say what is still to be done, and by when (aware; left out: at once); an empty text means nothing is pending."""

    text: str
    at: datetime | None = None


class FollowUpDone(SessionOrder, frozen=True, kw_only=True, tag="follow_up_done", forbid_unknown_fields=True):
    """Say that an ended matter is done after all: its follow-up is over and it counts as resolved. Any operator may."""


class LinkTicket(SessionOrder, frozen=True, kw_only=True, tag="link_ticket", forbid_unknown_fields=True):
    """Link a ticket of another system, or with `remove` take the link away. Any operator may."""

    system: str
    reference: str
    remove: bool = False


class RingBack(SessionOrder, frozen=True, kw_only=True, tag="ring_back", forbid_unknown_fields=True):
    """Call the customer of this session; the reply has the new session, which is the operator's, and its media."""


class Transfer(SessionOrder, frozen=True, kw_only=True, tag="transfer", forbid_unknown_fields=True):
    """Bring the caller to somebody outside: a name of the phonebook, a telephone number, a SIP address, an extension.

    The caller waits meanwhile, but for a conference. Whatever becomes of it, they are never dropped.
    """

    to: str
    how: TransferKind = TransferKind.WARM


class SteerTransfer(SessionOrder, frozen=True, kw_only=True, tag="transfer_step", forbid_unknown_fields=True):
    """Swap between caller and target, merge both, complete the transfer, or go back to the caller."""

    step: TransferStep


class FinishWrapUp(SessionOrder, frozen=True, kw_only=True, tag="wrap_up", forbid_unknown_fields=True):
    """Close the session after writing up."""

    disposition: str = ""
    note: str = ""


class Supervise(SessionOrder, frozen=True, kw_only=True, tag="supervise", forbid_unknown_fields=True):
    """Watch, listen, whisper, barge, or stop (`mode` none), in another operator's talk. For supervisors."""

    mode: Supervision
    reason: str = ""


class TakeOver(SessionOrder, frozen=True, kw_only=True, tag="take_over", forbid_unknown_fields=True):
    """Become the one in charge of another operator's talk. For supervisors."""

    reason: str = ""


class ForceWrapUp(SessionOrder, frozen=True, kw_only=True, tag="force_wrap_up", forbid_unknown_fields=True):
    """End another operator's wrap-up; a reason is needed. For supervisors."""

    reason: str


class ShowWall(Order, frozen=True, kw_only=True, tag="show_wall", forbid_unknown_fields=True):
    """Send the figures of the queues from now on, or no more. For supervisors; ends with the connection."""

    on: bool


class OpenMedia(SessionOrder, frozen=True, kw_only=True, tag="open_media", forbid_unknown_fields=True):
    """Ask for a new media token, after a reconnect or a restart of the console.

    While another console of the operator has the call's audio this is refused, unless `take` moves it here.
    """

    take: bool = False


class PauseRecording(SessionOrder, frozen=True, kw_only=True, tag="pause_recording", forbid_unknown_fields=True):
    """Pause the recording, or go on with it; also begins one anew that had failed."""

    on: bool


class SetConsent(SessionOrder, frozen=True, kw_only=True, tag="consent", forbid_unknown_fields=True):
    """Write down what the customer said about being recorded."""

    consent: Consent


class Dtmf(SessionOrder, frozen=True, kw_only=True, tag="dtmf", forbid_unknown_fields=True):
    """Press keys on the caller's line: 1 to 32 of 0-9 * # A-D, heard by the caller in the order given, once."""

    digits: str


class SetPresence(Order, frozen=True, kw_only=True, tag="presence", forbid_unknown_fields=True):
    """Go on duty, away with a reason, or off duty; what holds already cancels what was to come after the work."""

    presence: Presence
    reason: str = ""


class AskBreak(Order, frozen=True, kw_only=True, tag="break_ask", forbid_unknown_fields=True):
    """Ask a supervisor for a break, or take the request back."""

    reason: str = ""
    on: bool = True


class DecideBreak(Order, frozen=True, kw_only=True, tag="break_decide", forbid_unknown_fields=True):
    """Grant or deny an operator's request for a break; supervisors only."""

    operator_id: OperatorId
    granted: bool
    note: str = ""


class HandOver(Order, frozen=True, kw_only=True, tag="hand_over", forbid_unknown_fields=True):
    """Hand all one's chats on with a note: they ring at a colleague who is on duty, or go back to the queue."""

    to: OperatorId | None = None
    note: str = ""


class Typing(Order, frozen=True, kw_only=True, tag="typing", forbid_unknown_fields=True):
    """Tell the customer's side that the operator writes; kept nowhere."""

    session_id: SessionId
    on: bool


Command = (
    Accept
    | Decline
    | Say
    | SayAgain
    | EditMessage
    | DeleteMessage
    | Translate
    | AddNote
    | Answer
    | Decide
    | Mute
    | Hold
    | BackToAssistant
    | Resolve
    | End
    | Requeue
    | FollowUp
    | FollowUpDone
    | LinkTicket
    | RingBack
    | Transfer
    | SteerTransfer
    | FinishWrapUp
    | Supervise
    | TakeOver
    | ForceWrapUp
    | ShowWall
    | OpenMedia
    | PauseRecording
    | SetConsent
    | Dtmf
    | SetPresence
    | AskBreak
    | DecideBreak
    | HandOver
    | Typing
)
"""Every order there is."""
