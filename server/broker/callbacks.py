"""Book callbacks, and have the carrier call when an operator has accepted one.

The callback is a session of its own, on a conversation of its own, at the place of the one that waited: nobody who came
later gets ahead of it. The wait that it replaces ends with the outcome `callback`, and the customer may hang up.

Before: the assistant asks for it, or a step of the policy. After: `server.core.callbacks` says when it may ring.
"""

import hashlib
from datetime import datetime, timedelta

import msgspec

from server.broker import road
from server.broker.composing_session import placed_session
from server.broker.conversations import load_conversation
from server.broker.going_out import say
from server.broker.idempotency import key_reused
from server.broker.parts import Parts
from server.broker.plans import need_feature, need_handoff, need_room
from server.broker.ports.carrier import Carrier
from server.broker.ports.records import Conversation, Message, Principal, Stored
from server.broker.ports.store import Unit
from server.broker.redacting import redacted_context
from server.broker.ring_back import RingBacks, context_of, number_of, to_call
from server.broker.transferring import note_call
from server.core import inputs
from server.core.deadlines import next_deadline
from server.core.errors import CallerError, ConflictError, HandoffError, NotFoundError
from server.core.outside_inputs import CallbackBooked
from server.core.session import WAITING_STATES, Session, label
from server.log import get_log
from server.wire.calling import Callback
from server.wire.requests import NewCallback
from server.wire.sanitize import clean_line
from server.wire.terms import Author, ConversationId, Dial, Feature, Limited, MessageId, SessionId, SessionState
from server.wire.views import Context, SessionView

_log = get_log(__name__)


class Callbacks:
    """Calls that customers wait for without being on the line."""

    def __init__(self, parts: Parts, ring_backs: RingBacks) -> None:
        """Work on these parts; `ring_backs` dials."""
        self._parts = parts
        self._ring_backs = ring_backs

    async def book(
        self, principal: Principal, conversation_id: ConversationId, body: NewCallback, key: str
    ) -> SessionView:
        """Queue a call back, at the place of the session that waits if there is one; a repeated `key` does it once.

        Raises:
            CallerError: `no_carrier`, `no_number`, `bad_destination`, `bad_window`, `idempotency_key_reused`.
            NotAllowedError: `destination_not_allowed`, `handoff_off`, `plan_limit`, `not_in_plan`.
            NotFoundError: `no_such_conversation`.
            ConflictError: `not_possible_now`: an operator has the customer.
        """
        fingerprint = hashlib.sha256(msgspec.json.encode((conversation_id, body))).hexdigest()

        def work(unit: Unit) -> SessionView:
            known = unit.ledger.recall(principal.organisation_id, principal.id, key) if key else None
            if known is not None and known.fingerprint != fingerprint:
                raise key_reused()
            if known is None:
                session_id = self._asked(unit, principal, conversation_id, body)
                if key:
                    stored = Stored(fingerprint=fingerprint, body=session_id.encode())
                    unit.ledger.remember(principal.organisation_id, principal.id, key, stored, self._parts.clock.now())
            else:
                session_id = SessionId(known.body.decode())
            view = unit.views.session(principal.organisation_id, session_id)
            if view is None:
                raise NotFoundError("no_such_session", "There is no such session.", "Look at the queue for its number.")
            return view

        return await self._parts.database.run(work)

    def _asked(self, unit: Unit, principal: Principal, conversation_id: ConversationId, body: NewCallback) -> SessionId:
        conversation = load_conversation(unit, principal, conversation_id)
        organisation_id = principal.organisation_id
        open_id = conversation.session_id
        waiting = unit.sessions.load(organisation_id, open_id) if open_id is not None else None
        if waiting is not None and waiting.state not in WAITING_STATES:
            raise ConflictError(
                "not_possible_now",
                f"{label(waiting.number)} is {waiting.state.replace('_', ' ')}.",
                "Ask again when nobody has the customer.",
                {"state": waiting.state},
            )
        need_handoff(unit, organisation_id, conversation_id)
        need_feature(unit, self._parts, organisation_id, Feature.VOICE)
        if waiting is None:
            need_room(unit, self._parts, organisation_id, Limited.SESSIONS)
        carrier, number = self._callable(unit, conversation, body.number)
        now = self._parts.clock.now()
        window = self._window(body.not_before, body.not_after, now)
        context = redacted_context(self._parts, organisation_id, body.context)
        booked = self._open(unit, conversation, waiting, carrier, number, window=window, body=body, context=context)
        if waiting is not None:
            road.apply(unit, self._parts, organisation_id, waiting.id, CallbackBooked())
        return booked

    def _callable(self, unit: Unit, conversation: Conversation, wanted: str) -> tuple[Carrier, str]:
        """Return who dials which number; what may not be dialled is refused now, and not when the turn has come."""
        carrier = self._parts.carriers.to_dial(conversation.channel)
        if carrier is None:
            raise CallerError(
                "no_carrier",
                "No carrier that can dial is configured.",
                "Set up a carrier with its caller_number (docs/carriers.md), then start the broker again.",
            )
        number = wanted.strip() or number_of(unit, conversation)
        if not number:
            raise CallerError("no_number", "No telephone number is known.", "Ask the customer, and send it as number.")
        return carrier, self._parts.guard.callee(number).address

    def _window(
        self, not_before: datetime | None, not_after: datetime | None, now: datetime
    ) -> tuple[datetime, datetime]:
        begin = max(not_before or now, now)
        end = not_after or begin + timedelta(seconds=self._parts.rules.callback_keep_seconds)
        if end <= begin:
            raise CallerError(
                "bad_window", "The time to call back is over before it begins.", "Send a later not_after, or none."
            )
        return begin, end

    def _open(
        self,
        unit: Unit,
        before: Conversation,
        waiting: Session | None,
        carrier: Carrier,
        number: str,
        *,
        window: tuple[datetime, datetime],
        body: NewCallback,
        context: Context,
    ) -> SessionId:
        """Insert the conversation of the call to come, and the session that waits for it."""
        conversation = to_call(self._parts, before, carrier.channel, number)
        now = self._parts.clock.now()
        callback = Callback(
            asked_at=now,
            not_before=window[0],
            not_after=window[1],
            next_at=window[0],
            place_of=label(waiting.number) if waiting is not None else "",
        )
        session = placed_session(unit, self._parts, conversation, waiting, body=body, callback=callback)
        known = context if waiting is None or context != Context() else context_of(unit, waiting)
        reason = self._parts.redactor.redact(before.organisation_id, clean_line(body.reason, 200))
        unit.conversations.insert(conversation)
        rules = self._parts.rules.of(session.queue)
        deadline = next_deadline(session, rules)
        unit.sessions.insert(
            session,
            reason=reason or (f"Call back, from {callback.place_of}" if callback.place_of else "Call back"),
            context=known,
            deadline_at=deadline[0] if deadline else None,
        )
        road.enter(unit, self._parts, conversation, session)
        road.apply(unit, self._parts, session.organisation_id, session.id, inputs.ScreeningPassed())
        return session.id

    async def book_waiting(self, session: Session, wanted: road.SyncCallJob) -> None:
        """Book what a step of the policy orders; whom we can't call is asked for a number, and waits on."""
        await self._parts.database.run(lambda unit: self._book_waiting(unit, session, wanted))

    def _book_waiting(self, unit: Unit, told: Session, wanted: road.SyncCallJob) -> None:
        organisation_id = told.organisation_id
        session = unit.sessions.load(organisation_id, told.id)
        conversation = unit.conversations.load(organisation_id, told.conversation_id)
        if session is None or conversation is None or session.state not in WAITING_STATES:
            return
        now = self._parts.clock.now()
        try:
            if session.medium is not conversation.medium or not conversation.caller_connected:
                raise CallerError("no_number", "The customer is not on the telephone.", "Ask for a number.")
            carrier, number = self._callable(unit, conversation, "")
        except HandoffError as error:
            _log.info("callback_offered", code=error.code)
            self._tell(unit, session, conversation, wanted.offer, now)
            return
        body = NewCallback(queue=session.queue, priority=session.priority)
        window = self._window(None, None, now)
        self._open(unit, conversation, session, carrier, number, window=window, body=body, context=Context())
        road.apply(unit, self._parts, organisation_id, session.id, CallbackBooked(wanted.text))

    def _tell(self, unit: Unit, session: Session, conversation: Conversation, text: str, now: datetime) -> None:
        message = Message(
            id=MessageId(self._parts.new_id("m")),
            organisation_id=session.organisation_id,
            conversation_id=session.conversation_id,
            author=Author.SYSTEM,
            text=text,
            at=now,
            session_id=session.id,
        )
        say(unit, self._parts, message, conversation)

    async def place(self, session: Session, _wanted: road.SyncCallJob) -> None:
        """Have the carrier call; asked again it calls nobody."""
        found = await self._parts.database.run(lambda unit: self._claimed(unit, session))
        if found is not None:
            carrier, claimed, number = found
            self._ring_backs.begin_dial(carrier, claimed, number)

    def _claimed(self, unit: Unit, wanted: Session) -> tuple[Carrier, Session, str] | None:
        """Return whom to call if nobody has begun to, and write down that somebody has now."""
        session = unit.sessions.load(wanted.organisation_id, wanted.id)
        rings = session is not None and session.state is SessionState.CONNECTING and session.dial is Dial.PLACING
        if session is None or not rings or session.operator_id is None:
            return None
        conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
        try:
            if conversation is None:
                raise NotFoundError("no_such_conversation", "The conversation is gone.", "")
            carrier, number = self._callable(unit, conversation, conversation.customer_handle)
            note_call(unit, self._parts, session, session.operator_id, self._parts.guard.callee(number))
        except HandoffError as error:
            fact = inputs.DialMoved(Dial.FAILED, error.message)
            road.apply(unit, self._parts, session.organisation_id, session.id, fact)
            return None
        fact = inputs.DialMoved(Dial.QUEUED)
        return carrier, road.apply(unit, self._parts, session.organisation_id, session.id, fact).session, number
