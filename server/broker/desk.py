"""Carry out an operator's orders: each once, durable before it is answered.

Before: `server.api.console_socket` (or REST) has authenticated the operator. After: the reply goes to whoever asked,
the events to everybody.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from server.broker import road
from server.broker.calls import Calls
from server.broker.carry_out import Effects
from server.broker.discretion import shown_to
from server.broker.dispositions import disposition_of
from server.broker.files import attached
from server.broker.going_out import say
from server.broker.handing_over import pass_on
from server.broker.idempotency import key_reused
from server.broker.messages import Messages
from server.broker.order_facts import OperatorChange, fact_of
from server.broker.orders import (
    check_consult,
    check_free_for,
    check_in_charge,
    check_may_say,
    fingerprint_of,
    session_of,
)
from server.broker.parts import Parts
from server.broker.passing import Listener, Passing
from server.broker.plans import need_feature
from server.broker.ports.media import Keys
from server.broker.ports.records import Conversation, Message, Principal, Stored
from server.broker.ports.store import Unit
from server.broker.redacting import redacted_order
from server.broker.ring_back import RingBacks
from server.broker.roster import Attendance
from server.broker.seats import Seats
from server.broker.supervising import (
    SupervisorOrder,
    is_stopped_already,
    leave_others,
    leg_of,
    needs_ears,
    supervisor_fact,
)
from server.broker.team import Team
from server.broker.transferring import Transfers
from server.broker.translating import TranslationDesk, beside
from server.core import inputs
from server.core.errors import CallerError, ConflictError
from server.core.permissions import Action, check_allowed
from server.core.session import IN_HAND_STATES, Session, label
from server.wire import codec
from server.wire import commands as c
from server.wire.frames import OperatorTyping, Reply
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import NOT_GIVEN, Author, Delivery, Feature, FileId, Medium, MessageId, OperatorId, SessionState
from server.wire.translation import TranslationView
from server.wire.views import MediaGrant, MessageView
from server.wire.widget import OperatorTypes

_DIGITS = re.compile(r"[0-9*#A-D]{1,32}")
SHORTEST_ID, LONGEST_ID = 8, 64
"""How long a command's id may be."""

SessionChange = OperatorChange | SupervisorOrder
"""Orders that are a fact for the session machine."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an operator adds to a conversation; `key` makes it once-only."""

    author: Author
    text: str
    key: str = ""
    files: tuple[FileId, ...] = ()
    translation: TranslationView | None = None


class Desk:
    """What operators ask of the broker."""

    def __init__(
        self,
        parts: Parts,
        attendance: Attendance,
        calls: Calls,
        effects: Effects,
        passing: Passing,
        *,
        messages: Messages,
        seats: Seats,
        shown_typing: Callable[[Conversation], None],
        translation: TranslationDesk,
    ) -> None:
        """Work on these parts; `shown_typing` lets the customer of a conversation on a channel see it."""
        self._shown_typing = shown_typing
        self._translation = translation
        self._messages = messages
        self._passing = passing
        self.ring_backs = RingBacks(parts, calls, effects, seats)
        self.transfers = Transfers(parts, calls, effects, seats)
        self._parts = parts
        self._team = Team(parts, attendance)
        self._seats = seats
        self._calls = calls
        self._effects = effects

    async def execute(self, principal: Principal, command: c.Command, console: Listener | None = None) -> Reply:
        """Carry out one order and return its reply; `console` is the open console it came from, if it is one.

        Raises:
            CallerError: `bad_command_id`, `bad_digits`, `idempotency_key_reused`, `empty_text`, `not_a_call`,
                `reason_needed`, `no_console`.
            NotFoundError: `no_such_session`, `no_such_message`.
            NotAllowedError: `not_allowed`.
            ConflictError: lost a race, or the session has moved on.
        """
        operator_id = self._operator(principal)
        if not SHORTEST_ID <= len(command.id) <= LONGEST_ID:
            raise CallerError("bad_command_id", f"A command's id has {SHORTEST_ID} to {LONGEST_ID} characters.")
        command = redacted_order(self._parts, principal.organisation_id, command)
        match command:
            case c.SetPresence() | c.AskBreak() | c.DecideBreak() | c.HandOver():
                return await self._team.execute(principal, command)
            case c.OpenMedia() | c.Dtmf() | c.RingBack() | c.Transfer():
                return await self._telephone(principal, operator_id, command, console)
            case c.Typing():
                return await self._typing(principal, command)
            case c.ShowWall():
                raise CallerError("no_console", "Figures are sent to an open console.", "Read /v1/wall instead.")
            case c.Translate():
                return await self._translation.order(principal, operator_id, command)
            case c.Say() | c.AddNote() | c.SayAgain() | c.EditMessage() | c.DeleteMessage():
                return await self._word(principal, operator_id, command)
            case _:
                return await self._change(principal, operator_id, command, console)

    async def _telephone(
        self,
        principal: Principal,
        operator_id: OperatorId,
        command: c.OpenMedia | c.Dtmf | c.RingBack | c.Transfer,
        console: Listener | None,
    ) -> Reply:
        """Do what needs more than the session machine: open audio, press keys, call somebody."""
        match command:
            case c.OpenMedia():
                return await self._open_media(principal, operator_id, command, console)
            case c.Dtmf():
                return await self._press(principal, operator_id, command, console)
            case c.RingBack():
                return await self.ring_backs.ring(principal, operator_id, command, console)
            case c.Transfer():
                return await self.transfers.start(principal, operator_id, command, console)

    @staticmethod
    def _operator(principal: Principal) -> OperatorId:
        """Return the operator behind the principal, who must be allowed to handle sessions."""
        if principal.operator is None:
            raise CallerError("operators_only", "Only an operator can do that.", "Use an operator's token.")
        check_allowed(principal.operator.role, Action.HANDLE)
        return principal.operator.id

    async def _change(
        self, principal: Principal, operator_id: OperatorId, command: SessionChange, console: Listener | None
    ) -> Reply:
        """Let the session machine take the order, then bring the call in line and open the operator's media."""
        self._seats.check_order(command, console)
        session = await self._once(principal, command, lambda unit: self._step(unit, principal, operator_id, command))
        await self._effects.hurry(session)
        media = await self._media_for(session, operator_id, command, console)
        view = await self._parts.database.read(
            lambda unit: unit.views.session(principal.organisation_id, command.session_id)
        )
        shown = view and shown_to(principal, view, self._parts.rules)
        return Reply(id=command.id, ok=True, session=shown, media=media)

    async def _media_for(
        self, session: Session, operator_id: OperatorId, command: SessionChange, console: Listener | None
    ) -> MediaGrant | None:
        """Return the way into the call for whoever has just come into it."""
        in_charge = session.operator_id == operator_id and session.medium is Medium.VOICE
        match command:
            case c.Accept() if in_charge and session.state is SessionState.CONNECTING:
                self._seats.hold(session, console)
                return await self._calls.admit_operator(session)
            case c.TakeOver() if in_charge and session.state in IN_HAND_STATES:
                self._seats.hold(session, console)
                return await self._calls.admit_operator(session)
            case c.Supervise() if session.supervisor_leg == leg_of(command, operator_id):
                return await self._calls.admit_supervisor(session)
            case _:
                return None

    def _step(self, unit: Unit, principal: Principal, operator_id: OperatorId, command: SessionChange) -> Session:
        """Take one step along the road."""
        before = self._load(unit, principal, command)
        if is_stopped_already(command, before, operator_id):
            return before
        command = self._checked(unit, principal, command)
        if isinstance(command, c.Requeue) and command.to is not None:
            return pass_on(unit, self._parts, principal, command, command.to)
        if isinstance(command, c.Supervise | c.TakeOver | c.ForceWrapUp):
            fact = supervisor_fact(command, principal)
            if not isinstance(command, c.ForceWrapUp):
                need_feature(unit, self._parts, principal.organisation_id, Feature.SUPERVISION)
        else:
            fact = fact_of(command, operator_id)
        if needs_ears(command):
            check_free_for(unit, before, operator_id)
            leave_others(unit, self._parts, principal, before.id)
        session = road.apply(unit, self._parts, principal.organisation_id, command.session_id, fact).session
        if isinstance(command, c.Accept):
            self._stop_other_rings(unit, session, operator_id)
        if isinstance(command, c.Decline) and (reason := clean_line(command.reason, 200)):
            self._add(unit, principal, session, Words(Author.NOTE, f"Declined: {reason}"))
        return session

    def _checked(self, unit: Unit, principal: Principal, command: SessionChange) -> SessionChange:
        """Return the order with the disposition as its queue writes it."""
        if isinstance(command, c.Answer | c.Decide):
            check_consult(self._load(unit, principal, command), command)
        if not isinstance(command, c.Resolve | c.FinishWrapUp):
            return command
        session = self._load(unit, principal, command)
        last = isinstance(command, c.FinishWrapUp) or self._parts.rules.of(session.queue).wrap_up_seconds <= 0
        known = session.disposition if session.disposition != NOT_GIVEN else ""
        said = command.disposition or known
        found = disposition_of(self._parts.queues.get(session.queue), said, must_be_said=last)
        return msgspec.structs.replace(command, disposition=found)

    def _stop_other_rings(self, unit: Unit, accepted: Session, operator_id: OperatorId) -> None:
        """Let what else rings at the operator ring at others, where they have no ear left for it."""
        for other in unit.sessions.held_by(accepted.organisation_id, operator_id):
            crowded = Medium.VOICE in {accepted.medium, other.medium}
            if other.state is SessionState.OFFERED and crowded:
                gone = inputs.OfferWithdrawn(operator_id)
                road.apply(unit, self._parts, other.organisation_id, other.id, gone)

    async def _once(self, principal: Principal, command: SessionChange, work: Callable[[Unit], Session]) -> Session:
        """Do `work` unless this command's id was carried out before; return the session as it then is."""
        organisation_id = principal.organisation_id
        fingerprint = fingerprint_of(command)

        def guarded(unit: Unit) -> Session:
            known = unit.ledger.recall(organisation_id, principal.id, command.id)
            if known is not None and known.fingerprint != fingerprint:
                raise key_reused()
            if known is not None:
                return self._load(unit, principal, command)
            session = work(unit)
            stored = Stored(fingerprint=fingerprint, body=b"")
            unit.ledger.remember(organisation_id, principal.id, command.id, stored, self._parts.clock.now())
            return session

        return await self._parts.database.run(guarded)

    async def _word(
        self,
        principal: Principal,
        operator_id: OperatorId,
        command: c.Say | c.AddNote | c.SayAgain | c.EditMessage | c.DeleteMessage,
    ) -> Reply:
        """Say something, or change what was said."""
        if isinstance(command, c.Say | c.AddNote):
            return await self._write(principal, operator_id, command)
        return await self._change_message(principal, operator_id, command)

    async def _write(self, principal: Principal, operator_id: OperatorId, command: c.Say | c.AddNote) -> Reply:
        """Add an operator's words, or a note, to the conversation; the command's id makes it once-only."""
        text = clean_text(command.text).strip()
        files = command.files if isinstance(command, c.Say) else ()
        if not text and not files:
            raise CallerError("empty_text", "There is nothing to send.", "Write something first.")
        author = Author.NOTE if isinstance(command, c.AddNote) else Author.OPERATOR

        def work(unit: Unit) -> MessageView:
            session = self._load(unit, principal, command)
            key = f"{operator_id}:{command.id}"
            if (known := unit.conversations.message_by_key(session.conversation_id, key)) is not None:
                return known
            if author is Author.OPERATOR:
                check_may_say(session, operator_id, command.epoch)
            return self._add(unit, principal, session, Words(author, text, key, files, beside(command)))

        return Reply(id=command.id, ok=True, message=await self._parts.database.run(work))

    async def _change_message(
        self, principal: Principal, operator_id: OperatorId, command: c.SayAgain | c.EditMessage | c.DeleteMessage
    ) -> Reply:
        """Send again, change or take back what an operator said; each of these does the same when it is repeated."""

        def work(unit: Unit) -> MessageView:
            session = self._load(unit, principal, command)
            check_may_say(session, operator_id, command.epoch)
            return self._messages.change(unit, principal, session, command)

        return Reply(id=command.id, ok=True, message=await self._parts.database.run(work))

    def _add(self, unit: Unit, principal: Principal, session: Session, words: Words) -> MessageView:
        """Add an operator's turn to the session's conversation, and tell everybody."""
        conversation = unit.conversations.load(principal.organisation_id, session.conversation_id)
        receipts = words.author is Author.OPERATOR and conversation is not None and conversation.receipts
        message = Message(
            id=MessageId(self._parts.new_id("m")),
            organisation_id=principal.organisation_id,
            conversation_id=session.conversation_id,
            author=words.author,
            text=words.text,
            at=self._parts.clock.now(),
            author_name=principal.name,
            session_id=session.id,
            operator_id=OperatorId(principal.id),
            delivery=Delivery.PENDING if receipts else Delivery.SENT,
            key=words.key,
            files=attached(unit, principal.organisation_id, session.conversation_id, words.files),
            translation=words.translation,
        )
        view = say(unit, self._parts, message, conversation)
        if receipts:
            self._messages.await_receipt(unit, principal.organisation_id, view)
        return view

    async def _open_media(
        self, principal: Principal, operator_id: OperatorId, command: c.OpenMedia, console: Listener | None
    ) -> Reply:
        """Give the operator in charge a new one-time token for their call; any older leg of theirs is replaced.

        While another console of theirs has the audio only `take` moves it: the worker closes one leg as it opens
        the other, so both are never connected.
        """
        session = await self._call_in_hand(principal, operator_id, command)
        if not command.take:
            self._seats.check_audio(session, console)
        self._seats.hold(session, console)
        await self._effects.hurry(session)
        return Reply(id=command.id, ok=True, media=await self._calls.admit_operator(session))

    async def _press(
        self, principal: Principal, operator_id: OperatorId, command: c.Dtmf, console: Listener | None
    ) -> Reply:
        """Press keys on the caller's line; they may be a card's, so nothing of them is stored or logged."""
        self._seats.check_order(command, console)
        digits = command.digits.upper()
        if not _DIGITS.fullmatch(digits):
            raise CallerError("bad_digits", "These are not keys of a telephone.", "Use 1 to 32 of 0-9, *, # and A-D.")
        session = await self._call_in_hand(principal, operator_id, command)
        if session.state is not SessionState.ACTIVE:
            raise ConflictError(
                "not_possible_now",
                f"{label(session.number)} is {session.state}: the caller would not hear the keys.",
                "Talk to the caller first.",
                {"state": session.state},
            )
        await self._parts.media.dial(
            Keys(call_id=session.conversation_id, epoch=session.epoch, id=f"{operator_id}:{command.id}", digits=digits)
        )
        return Reply(id=command.id, ok=True)

    async def _call_in_hand(
        self, principal: Principal, operator_id: OperatorId, command: c.OpenMedia | c.Dtmf
    ) -> Session:
        """Return the call that the operator has in hand."""
        session = await self._parts.database.read(lambda unit: self._load(unit, principal, command))
        if session.medium is not Medium.VOICE:
            raise CallerError("not_a_call", f"{label(session.number)} is a chat.", "There is no audio in it.")
        check_in_charge(session, operator_id, command.epoch)
        return session

    async def _typing(self, principal: Principal, command: c.Typing) -> Reply:
        """Tell the assistant whose conversation it is that an operator writes."""

        def work(unit: Unit) -> Conversation | None:
            session = unit.sessions.load(principal.organisation_id, command.session_id)
            if session is None:
                return None
            return unit.conversations.load(principal.organisation_id, session.conversation_id)

        found = await self._parts.database.read(work)
        if found is not None:
            frame = codec.encode(OperatorTyping(conversation_id=found.id, on=command.on))
            self._passing.to_assistant(found.key_id, frame)
            self._passing.to_pages(found.id, codec.encode(OperatorTypes(on=command.on)))
            if command.on:
                self._shown_typing(found)
        return Reply(id=command.id, ok=True)

    @staticmethod
    def _load(unit: Unit, principal: Principal, command: c.SessionOrder) -> Session:
        """Return the command's session, if it is there for this principal."""
        return session_of(unit, principal.organisation_id, command.session_id)
