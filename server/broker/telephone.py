"""Take calls that come over SIP, and tell the desk how those go on that we placed.

Before: the engine tells a fact. After: a call is a conversation whose audio is on its way to the media worker, the
assistant knows of it or a person is asked for, and the call rings on until that is so.
"""

import asyncio
from typing import Final

from server.broker.answering import answering_key
from server.broker.calls import Calls
from server.broker.intake import Intake
from server.broker.parts import Parts
from server.broker.ports.carrier import BringsBySip, MovedCall
from server.broker.ports.media import LegDown
from server.broker.ports.records import Principal
from server.broker.ports.sip import (
    CallEnd,
    LinePolicy,
    MediaDoor,
    SipAnswered,
    SipCall,
    SipEnded,
    SipEngine,
    SipFact,
    SipHeld,
    SipIncoming,
    SipRegistered,
    SipRinging,
    SipTransferAsked,
)
from server.broker.ring_back import RingBacks
from server.core.errors import HandoffError
from server.log import get_log
from server.tasks import spawn
from server.wire.requests import NewConversation, NewHandoff
from server.wire.terms import ConversationId, Dial, LegId, LegRole, Medium

CHANNEL: Final = "sip"
_DIALS: Final = {
    CallEnd.NORMAL: Dial.CANCELLED,
    CallEnd.BUSY: Dial.BUSY,
    CallEnd.NO_ANSWER: Dial.NO_ANSWER,
    CallEnd.CANCELLED: Dial.CANCELLED,
    CallEnd.FAILED: Dial.FAILED,
}
_log = get_log(__name__)


class Telephone:
    """The broker's side of a SIP engine."""

    def __init__(
        self, parts: Parts, engine: SipEngine, policy: LinePolicy, *, intake: Intake, calls: Calls, placed: RingBacks
    ) -> None:
        """Take calls from `engine`; `intake` keeps them, `calls` lets their audio in, `placed` hears how others go."""
        self._parts = parts
        self._engine = engine
        self._policy = policy
        self._intake = intake
        self._calls = calls
        self._placed = placed
        self._newest: dict[str, asyncio.Task[None]] = {}
        self.trunks: dict[str, SipRegistered] = {}
        """What registrars said last, by trunk."""

    async def start(self) -> None:
        """Begin to listen, and take up the calls that live.

        Raises:
            ProviderError: `sip_not_installed`, `sip_port_taken`, `sip_failed`.
        """
        for call in await self._engine.start(self.take):
            try:
                await self._take_up(call)
            except HandoffError as error:
                _log.warning("sip_call_not_taken_up", code=error.code, error=error.message)

    async def stop(self, *, end_calls: bool) -> None:
        """Let go of the engine; with `end_calls` its calls end too."""
        await self._engine.stop(end_calls=end_calls)
        await asyncio.gather(*self._newest.values(), return_exceptions=True)

    async def take(self, fact: SipFact) -> None:
        """Take in a fact: those of one call in order, and no call waits for another."""
        key = fact.trunk if isinstance(fact, SipRegistered) else fact.call_id
        task = spawn("sip_fact", self._in_turn(self._newest.get(key), fact))
        self._newest[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    def _forget(self, key: str, done: asyncio.Task[None]) -> None:
        if self._newest.get(key) is done:
            del self._newest[key]

    async def _in_turn(self, before: asyncio.Task[None] | None, fact: SipFact) -> None:
        """Take in one fact after the one before it; what is wrong with one call harms no other."""
        if before is not None:
            await asyncio.wait((before,))
        try:
            await self._take(fact)
        except HandoffError as error:
            _log.warning("sip_fact_failed", fact=type(fact).__name__, code=error.code, error=error.message)
            if isinstance(fact, SipIncoming):
                await self._engine.refuse(fact.call_id)

    async def _take(self, fact: SipFact) -> None:
        match fact:
            case SipIncoming():
                await self._incoming(fact)
            case SipRinging(reference=reference):
                await self._moved(reference, Dial.RINGING)
            case SipAnswered(reference=reference):
                await self._moved(reference, Dial.ANSWERED)
            case SipEnded():
                await self._ended(fact)
            case SipRegistered(trunk=trunk):
                self.trunks[trunk] = fact
                _log_registration(fact)
            case SipHeld() | SipTransferAsked():
                _log_wish(fact)

    async def _incoming(self, call: SipIncoming) -> None:
        """Keep the call, let its audio in, have it answered."""
        brought = self._brought(call.called)
        if brought is not None:
            door = MediaDoor(url=brought.media_url, token=brought.media_token)
            await self._engine.answer(call.call_id, brought.conversation_id, door)
            return
        principal = await self._principal()
        body = NewConversation(
            medium=Medium.VOICE,
            channel=CHANNEL,
            customer_name=call.name[:120],
            customer_handle=call.caller[:120],
            external_id=call.call_id,
            attributes={"called": call.called[:120]} if call.called else {},
        )
        conversation = await self._intake.create_conversation(principal, body)
        grant = await self._calls.admit(conversation.id, LegRole.CALLER, CHANNEL)
        door = MediaDoor(url=grant.url, token=grant.token)
        await self._engine.answer(call.call_id, conversation.id, door)
        await self._ask_for_a_person(principal, conversation.id, call.call_id)

    def _brought(self, called: str) -> MovedCall | None:
        """Return the call of another carrier that comes to us this way."""
        able = (one for one in self._parts.carriers.by_channel.values() if isinstance(one, BringsBySip))
        return next((call for one in able if (call := one.claim(called)) is not None), None)

    async def _ask_for_a_person(self, principal: Principal, conversation_id: ConversationId, call_id: str) -> None:
        """Queue the call where no assistant answers, once however often it is asked for."""
        if self._policy.queue:
            wanted = NewHandoff(reason="Called the desk", queue=self._policy.queue)
            await self._intake.request_handoff(principal, conversation_id, wanted, f"sip:{call_id}")

    async def _principal(self) -> Principal:
        policy = self._policy
        return await self._parts.database.read(
            lambda unit: answering_key(unit, policy.organisation_id, policy.assistant, "sip")
        )

    async def _moved(self, reference: str, dial: Dial) -> None:
        """Tell how far a call has got; for one that came in it means nothing."""
        if reference:
            await self._placed.moved(ConversationId(reference), dial)

    async def _ended(self, fact: SipEnded) -> None:
        """Close what the call was about, also when its audio never came up."""
        await self._moved(fact.reference, _DIALS[fact.end])
        organisation_id = self._policy.organisation_id
        conversation = await self._parts.database.read(
            lambda unit: unit.conversations.find(organisation_id, CHANNEL, fact.call_id)
        )
        if conversation is not None and conversation.ended_at is None:
            gone = LegDown(
                call_id=conversation.id,
                leg_id=LegId(""),
                role=LegRole.CALLER,
                epoch=0,
                clean=fact.end is CallEnd.NORMAL,
                reason=fact.reason,
            )
            await self._calls.on_fact(gone)

    async def _take_up(self, call: SipCall) -> None:
        """Finish what the broker before may not have: a call that it answered may wait for a person to be asked for.

        A call that rings is told of anew by the engine; audio lives on at the media worker.
        """
        organisation_id = self._policy.organisation_id
        conversation = await self._parts.database.read(
            lambda unit: unit.conversations.find(organisation_id, CHANNEL, call.call_id)
        )
        if conversation is None or conversation.id != call.reference or conversation.ended_at is not None:
            return
        await self._ask_for_a_person(await self._principal(), conversation.id, call.call_id)


def _log_registration(fact: SipRegistered) -> None:
    if fact.ok:
        _log.info("sip_registered", trunk=fact.trunk)
    else:
        _log.error("sip_registration_refused", trunk=fact.trunk, reason=fact.reason)


def _log_wish(fact: SipHeld | SipTransferAsked) -> None:
    if isinstance(fact, SipHeld):
        _log.info("sip_caller_holds", on=fact.on)
    else:
        _log.warning("sip_transfer_refused", pii_target=fact.target)
