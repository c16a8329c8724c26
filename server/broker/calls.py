"""Keep live calls and sessions in step: give out media tokens, and turn the worker's facts into inputs.

Before: the media worker tells a fact, or an operator accepted. After: the session has moved, in one transaction.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from server.broker import road
from server.broker.conversations import end_conversation, load_conversation
from server.broker.moving import Moving
from server.broker.parts import Parts
from server.broker.ports.media import (
    Admission,
    Bridged,
    CallPlan,
    CallState,
    Digit,
    LegDown,
    LegUp,
    MediaFact,
    RecordingLost,
    Spoken,
    VoicemailOver,
)
from server.broker.ports.recordings import voicemail_name
from server.broker.ports.records import Conversation, Principal
from server.broker.ports.store import Unit
from server.core import inputs
from server.core.calls import leaves_message
from server.core.errors import CallerError, ConflictError
from server.core.outside_inputs import TargetPressed
from server.core.session import Session
from server.core.transfers import is_ringing, under_way
from server.core.voicemail_inputs import VoicemailEmpty, VoicemailFailed, VoicemailLeft
from server.log import get_log
from server.wire.requests import NewLeg
from server.wire.terms import (
    CallPhase,
    ConversationId,
    LegId,
    LegRole,
    Medium,
    OrganisationId,
    SessionState,
    Supervision,
    TransferStage,
)
from server.wire.views import MediaGrant

TOKEN_SECONDS: Final = 30.0
"""How long a media token may wait for its leg."""

LAST_EPOCH: Final = 1 << 30
"""The epoch of a call's last plan: nothing comes after it."""

TakeSpoken = Callable[[OrganisationId, Spoken], Awaitable[None]]
"""Takes in what was said aloud."""

_log = get_log(__name__)


class Calls:
    """Live calls, as the broker sees them."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts
        self.spoken: TakeSpoken | None = None
        self._moving = Moving(parts, self.admit)

    async def admit_operator(self, session: Session) -> MediaGrant:
        """Return a one-time token for the operator in charge; the caller is fetched if they are still elsewhere."""
        await self._moving.bring(session)
        return await self.admit(
            session.conversation_id, LegRole.OPERATOR, "console", epoch=session.epoch, muted=session.muted
        )

    async def admit_supervisor(self, session: Session) -> MediaGrant:
        """Return a one-time token for the leg that the session's plan names; it starts muted for who only listens."""
        return await self.admit(
            session.conversation_id,
            LegRole.SUPERVISOR,
            "console",
            epoch=session.epoch,
            muted=session.supervision is Supervision.LISTEN,
            leg_id=LegId(session.supervisor_leg),
        )

    async def admit(
        self,
        call_id: ConversationId,
        role: LegRole,
        transport: str,
        *,
        epoch: int = 0,
        muted: bool = False,
        external_id: str = "",
        leg_id: LegId | None = None,
        expires_in_seconds: float = TOKEN_SECONDS,
    ) -> MediaGrant:
        """Register a one-time token with the worker and return it.

        Raises:
            ProviderError: the worker cannot be reached.
        """
        token = self._parts.new_secret()
        await self._parts.media.admit(
            Admission(
                call_id=call_id,
                leg_id=leg_id or LegId(self._parts.new_id("leg")),
                role=role,
                token_sha256=hashlib.sha256(token.encode()).hexdigest(),
                epoch=epoch,
                transport=transport,
                expires_in_seconds=expires_in_seconds,
                external_id=external_id,
                muted=muted,
            )
        )
        return MediaGrant(
            url=self._parts.media.media_url(transport),
            token=token,
            epoch=epoch,
            expires_at=self._parts.clock.now() + timedelta(seconds=expires_in_seconds),
            call_id=call_id,
        )

    async def new_leg(self, principal: Principal, conversation_id: ConversationId, body: NewLeg) -> MediaGrant:
        """Give an assistant's platform a token for the caller's or the assistant's leg.

        Raises:
            CallerError: `not_a_call`, `role_not_allowed`.
            NotFoundError: `no_such_conversation`.
            ConflictError: `conversation_ended`.
        """
        if body.role not in {LegRole.CALLER, LegRole.ASSISTANT}:
            raise CallerError("role_not_allowed", "Our people get their token by an order.", "Use caller or assistant.")
        conversation = await self._parts.database.read(lambda unit: load_conversation(unit, principal, conversation_id))
        if conversation.medium is not Medium.VOICE:
            raise CallerError("not_a_call", "This conversation is a chat.", "Create one with medium voice.")
        if conversation.ended_at is not None:
            raise ConflictError("conversation_ended", "The conversation has ended.", "Start a new one.")
        return await self.admit(conversation_id, body.role, body.transport)

    async def on_fact(self, fact: MediaFact) -> None:
        """Take in what the worker tells."""
        if isinstance(fact, Digit) and not fact.leg_id:
            return  # live only: digits may be a card's; the worker shows them to the operator, nobody stores them
        organisation_id = await self._parts.database.read(lambda unit: unit.conversations.organisation_of(fact.call_id))
        if organisation_id is None:
            _log.warning("fact_of_unknown_call", fact=type(fact).__name__)
            return
        if isinstance(fact, Spoken):
            if self.spoken is not None:
                await self.spoken(organisation_id, fact)
            return
        over = await self._parts.database.run(lambda unit: self._take_in(unit, organisation_id, fact))
        if over or (isinstance(fact, LegDown) and fact.role is LegRole.CALLER):
            await self.close(fact.call_id)

    async def close(self, call_id: ConversationId) -> None:
        """Close whatever is left of a call whose customer is gone."""
        await self._parts.media.plan(
            CallPlan(call_id=call_id, phase=CallPhase.ENDED, epoch=LAST_EPOCH, muted=False, version=0)
        )

    async def take_up(self, calls: tuple[CallState, ...]) -> None:
        """Bring sessions in line with the calls that live in the worker after a start of the broker."""
        alive = {call.call_id: call for call in calls}
        believed = await self._parts.database.read(lambda unit: unit.conversations.connected_calls())
        for conversation in believed:
            for fact in missing_legs(conversation, alive.get(conversation.id)):
                await self.on_fact(fact)
        sessions = await self._parts.database.read(lambda unit: unit.sessions.open_calls())
        for session in sessions:
            for fact in missing_people(session, alive.get(session.conversation_id)):
                await self.on_fact(fact)
        for call in calls:
            for leg in call.legs:
                await self.on_fact(leg)
            if call.bridged:
                await self.on_fact(Bridged(call_id=call.call_id, epoch=call.epoch))

    def _take_in(
        self,
        unit: Unit,
        organisation_id: OrganisationId,
        fact: LegUp | LegDown | Bridged | RecordingLost | VoicemailOver | Digit,
    ) -> bool:
        """Change conversation and session by one fact; tell whether the call is over for who is left in it."""
        conversation = unit.conversations.load(organisation_id, fact.call_id)
        if conversation is None:
            return False
        if isinstance(fact, VoicemailOver):
            return self._take_message(unit, conversation, fact)
        ours = session_fact(fact)
        if isinstance(fact, RecordingLost) and fact.record != conversation.session_id:
            return False
        if ours is not None and conversation.session_id is not None:
            road.apply(unit, self._parts, organisation_id, conversation.session_id, ours)
        elif isinstance(fact, LegDown) and ends_call(unit, conversation, fact):
            self._rescue_message(unit, conversation)
            end_conversation(unit, self._parts, conversation)
            return True
        elif isinstance(fact, LegUp | LegDown):
            _mark(unit, conversation, fact.role, up=isinstance(fact, LegUp))
        return False

    def _take_message(self, unit: Unit, conversation: Conversation, fact: VoicemailOver) -> bool:
        """Let a message be the end of the wait; tell whether the line is to drop."""
        session_id = conversation.session_id
        if session_id is None or fact.record != voicemail_name(session_id):
            return False
        if fact.failed:
            _log.error("voicemail_failed", session_id=session_id, reason=fact.reason)
        done = road.apply(unit, self._parts, conversation.organisation_id, session_id, _message_fact(fact))
        return done.session.state is SessionState.CLOSED

    def _rescue_message(self, unit: Unit, conversation: Conversation) -> None:
        """Keep the message of a caller whose worker died before it could tell of it."""
        session_id, recordings = conversation.session_id, self._parts.recordings
        session = unit.sessions.load(conversation.organisation_id, session_id) if session_id is not None else None
        if session is None or recordings is None or not leaves_message(session):
            return
        seconds = recordings.seconds(voicemail_name(session.id))
        if seconds:
            left = VoicemailLeft(seconds)
            road.apply(unit, self._parts, conversation.organisation_id, session.id, left)


def _message_fact(fact: VoicemailOver) -> inputs.Input:
    if fact.failed:
        return VoicemailFailed()
    return VoicemailLeft(fact.seconds) if fact.kept else VoicemailEmpty()


def session_fact(fact: LegUp | LegDown | Bridged | RecordingLost | Digit) -> inputs.Input | None:
    """Return what a fact about the media means for the open session; None where it is about the customer's side."""
    match fact:
        case Bridged(epoch=epoch):
            return inputs.MediaBridged(epoch)
        case LegUp() | LegDown():
            return _leg_fact(fact)
        case RecordingLost(reason=reason):
            return inputs.RecordingFailed(reason)
        case Digit(leg_id=leg_id, digit=digit):
            return TargetPressed(leg_id, digit)


def _leg_fact(fact: LegUp | LegDown) -> inputs.Input | None:
    up = isinstance(fact, LegUp)
    match fact.role:
        case LegRole.OPERATOR:
            return inputs.OperatorBack(fact.epoch) if up else inputs.OperatorLost(fact.epoch)
        case LegRole.TARGET:
            return (
                inputs.TargetUp(fact.leg_id) if isinstance(fact, LegUp) else inputs.TargetDown(fact.leg_id, fact.clean)
            )
        case LegRole.SUPERVISOR:
            return None if up else inputs.SupervisorLost(fact.leg_id)
        case LegRole.CALLER | LegRole.ASSISTANT:
            return None


def ends_call(unit: Unit, conversation: Conversation, fact: LegDown) -> bool:
    """Tell whether a call that no operator has is over: its caller left, or the target whom they were brought to."""
    if fact.role is not LegRole.TARGET:
        return fact.role is LegRole.CALLER
    newest = unit.sessions.newest_of(conversation.organisation_id, conversation.id)
    last = newest.transfers[-1] if newest is not None and newest.transfers else None
    return last is not None and last.id == fact.leg_id and last.stage is TransferStage.JOINED


def _mark(unit: Unit, conversation: Conversation, role: LegRole, *, up: bool) -> None:
    """Show whether a leg of the conversation is connected."""
    caller = up if role is LegRole.CALLER else conversation.caller_connected
    assistant = up if role is LegRole.ASSISTANT else conversation.assistant_connected
    if (caller, assistant) == (conversation.caller_connected, conversation.assistant_connected):
        return
    marked = msgspec.structs.replace(conversation, caller_connected=caller, assistant_connected=assistant)
    unit.conversations.save(marked)
    unit.ledger.tell_conversation(conversation.organisation_id, "conversation.changed", conversation.id)


def missing_legs(conversation: Conversation, call: CallState | None) -> list[LegDown]:
    """Return the legs that we believe connected and the worker does not have."""
    there = {leg.role for leg in call.legs} if call else set[LegRole]()
    believed = {LegRole.CALLER: conversation.caller_connected, LegRole.ASSISTANT: conversation.assistant_connected}
    return [
        LegDown(
            call_id=conversation.id,
            leg_id=LegId(""),
            role=role,
            epoch=0,
            clean=False,
            reason="not there after a restart",
        )
        for role, connected in believed.items()
        if connected and role not in there
    ]


def missing_people(session: Session, call: CallState | None) -> list[LegDown]:
    """Return the legs of the operator in charge, and of a target, that the worker does not have any more."""
    lost = LegDown(
        call_id=session.conversation_id,
        leg_id=LegId(""),
        role=LegRole.OPERATOR,
        epoch=session.epoch,
        clean=False,
        reason="not there after a restart",
    )
    found = [] if has_operator(session, call) else [lost]
    attempt = under_way(session)
    there = {leg.leg_id for leg in call.legs} if call is not None else set[LegId]()
    if attempt is not None and not is_ringing(attempt) and attempt.id not in there:
        found.append(msgspec.structs.replace(lost, leg_id=attempt.id, role=LegRole.TARGET, epoch=0))
    return found


def has_operator(session: Session, call: CallState | None) -> bool:
    """Tell whether the worker has the leg of the operator in charge, or none is needed."""
    if session.operator_id is None or call is None:
        return session.operator_id is None
    return any(leg.role is LegRole.OPERATOR and leg.epoch == session.epoch for leg in call.legs)
