"""Bring a caller to somebody outside: dial the target once, and tell the session what becomes of it.

The attempt is saved before the carrier is asked, and the carrier is asked once: a broker that dies in between calls
nobody twice, and the attempt ends by its own time, with the caller back with the operator.

Before: an operator ordered it. After: `server.core.transfers` moves the session by what carrier and media worker tell.
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from server.broker import road
from server.broker.calls import Calls
from server.broker.carry_out import Effects
from server.broker.idempotency import key_reused
from server.broker.notice_orders import ON_CALL
from server.broker.orders import check_in_charge, fingerprint_of, session_of
from server.broker.parts import Parts
from server.broker.passing import Listener
from server.broker.ports.carrier import Carrier, OutgoingCall
from server.broker.ports.dialling import Callee
from server.broker.ports.records import AuditRecord, Principal, Stored
from server.broker.ports.store import Unit
from server.broker.seats import Seats
from server.core import inputs
from server.core.errors import CallerError, HandoffError, NotAllowedError, ProviderError, TooManyError
from server.core.outside_inputs import Outside
from server.core.session import Session
from server.core.transfers import fact_of_dial, under_way
from server.log import get_log
from server.tasks import spawn
from server.wire import commands as c
from server.wire.calling import Transfer
from server.wire.frames import Reply
from server.wire.terms import (
    AuditAction,
    ConversationId,
    Dial,
    LegId,
    LegRole,
    OperatorId,
    TransferKind,
    TransferOutcome,
    TransferStage,
)

ANSWER_SECONDS: Final = 30.0
"""How much longer than the ringing the target's token is good."""
DAY: Final = timedelta(hours=24)
"""Over how long calls are counted."""
MARK: Final = ".x_"
"""What stands between a call's id and an attempt's in what the carrier reports on."""
POLICY: Final = OperatorId("policy")
"""Who had somebody called, in the audit, when it was a step of a policy."""
_log = get_log(__name__)


class Transfers:
    """Calls to targets, and what becomes of them."""

    def __init__(self, parts: Parts, calls: Calls, effects: Effects, seats: Seats) -> None:
        """Work on these parts."""
        self._parts = parts
        self._calls = calls
        self._effects = effects
        self._seats = seats
        self._dialling: set[asyncio.Task[None]] = set()

    async def start(
        self, principal: Principal, operator_id: OperatorId, command: c.Transfer, console: Listener | None
    ) -> Reply:
        """Have the target called, and return the session with the attempt in it.

        Raises:
            CallerError: `no_carrier`, `bad_destination`.
            NotAllowedError: `destination_not_allowed`, `speak_first`.
            TooManyError: `too_many_calls`.
            NotFoundError: `no_such_session`.
            ConflictError: `not_on_the_telephone`, `transfer_under_way`, `too_many_transfers`, `not_yours`,
                `stale_epoch`.
        """
        self._seats.check_order(command, console)
        session, attempt = await self._parts.database.run(
            lambda unit: self._open(unit, principal, operator_id, command)
        )
        await self._effects.hurry(session)
        carrier = self._parts.carriers.of(attempt.carrier) if attempt is not None else None
        if attempt is not None and carrier is not None:
            task = spawn("transfer", self._dial(carrier, session, attempt))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)
        view = await self._parts.database.read(lambda unit: unit.views.session(principal.organisation_id, session.id))
        return Reply(id=command.id, ok=True, session=view)

    def _open(
        self, unit: Unit, principal: Principal, operator_id: OperatorId, command: c.Transfer
    ) -> tuple[Session, Transfer | None]:
        """Return the session, and the attempt to dial; the same order again gets the session and nobody to dial."""
        organisation_id = principal.organisation_id
        session = session_of(unit, organisation_id, command.session_id)
        known = unit.ledger.recall(organisation_id, principal.id, command.id)
        if known is not None and known.fingerprint != fingerprint_of(command):
            raise key_reused()
        if known is not None:
            return session, None
        check_in_charge(session, operator_id, command.epoch)
        conversation = unit.conversations.load(organisation_id, session.conversation_id)
        carrier = self._parts.carriers.to_dial(conversation.channel if conversation is not None else "")
        if carrier is None:
            raise CallerError(
                "no_carrier",
                "No carrier that can dial is configured.",
                "Set up a carrier with its caller_number (docs/carriers.md), then start the broker again.",
            )
        callee = self._parts.guard.callee(command.to)
        if callee.warm_only and command.how is TransferKind.COLD:
            raise NotAllowedError(
                "speak_first",
                f"{callee.to} wants to hear from you before the caller comes.",
                "Transfer warm: speak with them first.",
            )
        fact = inputs.TransferStarted(
            operator_id,
            command.epoch,
            attempt=LegId(self._parts.new_id("x")),
            kind=command.how,
            to=callee.to,
            address=callee.address,
            carrier=carrier.channel,
        )
        opened = road.apply(unit, self._parts, organisation_id, session.id, fact).session
        note_call(unit, self._parts, session, operator_id, callee)
        stored = Stored(fingerprint=fingerprint_of(command), body=b"")
        unit.ledger.remember(organisation_id, principal.id, command.id, stored, self._parts.clock.now())
        return opened, under_way(opened)

    async def place(self, session: Session, wanted: road.SyncCallJob) -> None:
        """Have the carrier call whom a step of the policy names; asked again it calls nobody."""
        attempt = await self._parts.database.run(lambda unit: self._claimed(unit, session, wanted.attempt))
        carrier = self._parts.carriers.of(attempt.carrier) if attempt is not None else None
        if attempt is not None and carrier is not None:
            task = spawn("policy_call", self._dial(carrier, session, attempt))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    def _claimed(self, unit: Unit, session: Session, attempt_id: str) -> Transfer | None:
        """Return the attempt if nobody has begun to place it, and write down that somebody has now."""
        found = unit.sessions.load(session.organisation_id, session.id)
        attempt = under_way(found) if found is not None else None
        if attempt is None or attempt.id != attempt_id or attempt.dial is not Dial.PLACING:
            return None
        fact = inputs.TransferMoved(attempt.id, Dial.QUEUED)
        road.apply(unit, self._parts, session.organisation_id, session.id, fact)
        return attempt

    async def _dial(self, carrier: Carrier, session: Session, attempt: Transfer) -> None:
        """Ask the carrier once, and note what came of it."""
        ring_seconds = (attempt.expires_at - attempt.began_at).total_seconds()
        try:
            grant = await self._calls.admit(
                session.conversation_id,
                LegRole.TARGET,
                carrier.transport,
                leg_id=attempt.id,
                expires_in_seconds=ring_seconds + ANSWER_SECONDS,
            )
            call = OutgoingCall(
                conversation_id=ConversationId(f"{session.conversation_id}.{attempt.id}"),
                to=attempt.address,
                ring_seconds=max(int(ring_seconds) - 2, 5),
                media_url=grant.url,
                media_token=grant.token,
            )
            external_id = await carrier.place(call)
        except ProviderError as error:
            _log.warning("transfer_failed", code=error.code)
            fact = inputs.TransferFailed(attempt.id, TransferOutcome.FAILED, error.message)
            await self._parts.database.run(
                lambda unit: road.apply(unit, self._parts, session.organisation_id, session.id, fact)
            )
            return
        still_wanted = await self._parts.database.run(lambda unit: self._placed(unit, session, attempt, external_id))
        if not still_wanted:
            await carrier.hang_up(external_id)

    def _placed(self, unit: Unit, session: Session, attempt: Transfer, external_id: str) -> bool:
        """Remember the carrier's id; tell whether the target is still wanted."""
        fact = inputs.TransferMoved(attempt.id, Dial.QUEUED, external_id)
        after = road.apply(unit, self._parts, session.organisation_id, session.id, fact).session
        return any(one.id == attempt.id and one.stage is not TransferStage.OVER for one in after.transfers)


def take_report(unit: Unit, parts: Parts, reference: str, dial: Dial) -> bool:
    """Take what a carrier tells of a call to a target; tell whether its reference names one, live or long over."""
    call_id, mark, rest = reference.partition(MARK)
    if not mark:
        return False
    attempt_id = f"{MARK[1:]}{rest}"
    organisation_id = unit.conversations.organisation_of(ConversationId(call_id))
    conversation = unit.conversations.load(organisation_id, ConversationId(call_id)) if organisation_id else None
    if conversation is None or conversation.session_id is None:
        return True
    session = unit.sessions.load(conversation.organisation_id, conversation.session_id)
    attempt = under_way(session) if session is not None else None
    if session is not None and attempt is not None and attempt.id == attempt_id:
        road.apply(unit, parts, session.organisation_id, session.id, fact_of_dial(attempt, dial))
    return True


def outside_of(unit: Unit, parts: Parts, session: Session, words: str) -> Outside:
    """Return whom a step of the policy would have called now, or why nobody can be."""
    attempt = LegId(parts.new_id("x"))
    try:
        named, label = words, ""
        if words.startswith(ON_CALL):
            name, _, level = words.removeprefix(ON_CALL).partition("/")
            people = parts.on_call[name].on_call(int(level or 1) - 1, parts.clock.now())
            person = next((one for one in people if one.call), None)
            if person is None:
                return Outside(attempt, to=words, problem="nobody who is on call now has a telephone (call)")
            named, label = person.call, person.name
        conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
        carrier = parts.carriers.to_dial(conversation.channel if conversation is not None else "")
        if carrier is None:
            return Outside(attempt, to=words, problem="no carrier that can dial is configured")
        callee = parts.guard.callee(named)
        callee = msgspec.structs.replace(callee, to=label or callee.to)
        note_call(unit, parts, session, POLICY, callee)
    except HandoffError as error:
        return Outside(attempt, to=words, problem=error.message)
    return Outside(attempt, to=callee.to, address=callee.address, carrier=carrier.channel)


def note_call(unit: Unit, parts: Parts, session: Session, operator_id: OperatorId, callee: Callee) -> None:
    """Write down who had whom called, and refuse one call too many; a policy counts for all of them together.

    Raises:
        TooManyError: `too_many_calls`, with the rule in `details`.
    """
    guard, since = parts.guard, parts.clock.now() - DAY
    organisation_id = session.organisation_id
    for rule, most, actor in (
        ("most_a_day_each", guard.most_a_day_each, str(operator_id)),
        ("most_a_day", guard.most_a_day, ""),
    ):
        if operator_id == POLICY and actor:
            continue
        if unit.audit.count(organisation_id, AuditAction.DIAL, since, actor) >= most:
            whose = "You have" if actor else "Your organisation has"
            raise TooManyError(
                "too_many_calls",
                f"{whose} had {most} calls placed in 24 hours: [transfers] {rule}.",
                "Put the caller back into a queue, or ask an administrator.",
                {"rule": rule, "retry_after_seconds": "3600"},
            )
    unit.audit.add(
        AuditRecord(
            id=parts.new_id("au"),
            organisation_id=organisation_id,
            at=parts.clock.now(),
            action=AuditAction.DIAL,
            actor_id=operator_id,
            session_id=session.id,
            subject_id=None,
            reason=callee.to,
        )
    )
