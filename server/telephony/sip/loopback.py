"""Stand in for a SIP stack without any network: `LoopbackSip` keeps calls in memory and makes the same promises.

It ships, for dry runs and tests of the broker: what the other side of a call does are method calls instead of SIP.
`tests/contract/test_sip_engine.py` holds it and the real engine to the same words.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from server.broker.ports.sip import (
    MediaDoor,
    ReferOutcome,
    SipAnswered,
    SipCall,
    SipEnded,
    SipFact,
    SipHeld,
    SipIncoming,
    SipRinging,
    SipTransferAsked,
    TakeFact,
)
from server.clock import Clock, SystemClock
from server.core.errors import ProviderError
from server.tasks import TaskRunner
from server.telephony.sip.ends import call_end
from server.telephony.sip.targets import request_uri

HOST: Final = "pbx.example.com"
"""Whose numbers it dials."""


@dataclass(slots=True)
class LoopbackCall:
    """One call: what the broker asked of it, for a test to look at."""

    call_id: str
    inbound: bool
    to: str = ""
    told: SipIncoming | None = None
    reference: str = ""
    door: MediaDoor | None = None
    answered: bool = False
    by_us: bool = False
    timed_out: bool = False
    referred: list[str] = field(default_factory=list[str])
    referral: asyncio.Future[ReferOutcome] | None = None


class LoopbackSip:
    """A `SipEngine` in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Begin without calls; `clock` times how long it rings."""
        self.reachable = True
        """Set it to False to be an engine that is away."""
        self.on_answer: Callable[[LoopbackCall], None] = lambda _: None
        """Told of every call once both sides have agreed on audio: bring its leg, by `door`."""
        self.calls: Final[dict[str, LoopbackCall]] = {}
        self._clock: Final = clock or SystemClock()
        self._runner = TaskRunner(self._clock)
        self._numbers: Final = count(1)
        self._facts: Final[deque[SipFact]] = deque()
        self._more: Final = asyncio.Event()
        self._take: TakeFact | None = None

    # --- SipEngine -------------------------------------------------------------------------------------------------

    async def start(self, take: TakeFact) -> tuple[SipCall, ...]:
        """Return the calls that live here; what waited is told, and what rings is told again."""
        self._take, self._runner = take, TaskRunner(self._clock)
        self._must_be_reachable()
        for one in self.calls.values():
            if one.told is not None and not (one.reference or one.by_us):
                self._tell(one.told)
        self._runner.keep("loopback-sip", self._deliver)
        return tuple(
            SipCall(call_id=one.call_id, reference=one.reference, answered=one.answered) for one in self.calls.values()
        )

    async def stop(self, *, end_calls: bool) -> None:
        """Let go; with `end_calls` its calls end too."""
        if end_calls:
            for call_id in list(self.calls):
                await self.hang_up(call_id)
        await self._runner.stop()
        self._take = None

    async def answer(self, call_id: str, reference: str, door: MediaDoor) -> None:
        """Answer a call; one that is gone or answered already is left as it is."""
        self._must_be_reachable()
        one = self.calls.get(call_id)
        if one is not None and not one.reference:
            one.reference, one.door = reference, door
            self._established(one)

    async def refuse(self, call_id: str) -> None:
        """Decline a call."""
        await self.hang_up(call_id)

    async def dial(self, to: str, reference: str, ring_seconds: float, door: MediaDoor) -> str:
        """Have it ring, and return the call's id."""
        self._must_be_reachable()
        try:
            address = request_uri(to, HOST)
        except ValueError as error:
            raise ProviderError("sip_refused", f"The call can't be placed: {error}.", retryable=False) from error
        one = self._new(inbound=False)
        one.to, one.reference, one.door = address, reference, door
        self._runner.start("loopback-ring", self._give_up(one, ring_seconds))
        return one.call_id

    async def hang_up(self, call_id: str) -> None:
        """End a call."""
        self._must_be_reachable()
        if (one := self.calls.get(call_id)) is not None:
            one.by_us = True
            self._close(one, 0, "")

    async def refer(self, call_id: str, target: str, seconds: float) -> ReferOutcome:
        """Ask the other side to call `target`; what it reports comes by `reports`."""
        self._must_be_reachable()
        one = self.calls.get(call_id)
        try:
            address = request_uri(target, HOST)
        except ValueError as error:
            raise ProviderError("sip_refused", f"The call can't be moved: {error}.", retryable=False) from error
        if one is None or not one.answered:
            raise ProviderError("sip_refused", "The call is over.", retryable=False)
        one.referred.append(address)
        one.referral = asyncio.get_running_loop().create_future()
        self._runner.start("loopback-refer", self._give_up_referral(one.referral, seconds))
        return await one.referral

    # --- the other side --------------------------------------------------------------------------------------------

    def rings_here(self, caller: str = "+15550142", called: str = "+15550199", name: str = "") -> LoopbackCall:
        """Call the desk."""
        one = self._new(inbound=True)
        one.told = SipIncoming(call_id=one.call_id, caller=caller, name=name, called=called, source="127.0.0.1")
        if self._take is not None:
            self._tell(one.told)
        return one

    def rings(self, one: LoopbackCall) -> None:
        """Ring at the one whom the desk calls."""
        self._tell(SipRinging(call_id=one.call_id, reference=one.reference))

    def answers(self, one: LoopbackCall) -> None:
        """Pick up a call of the desk's."""
        self._established(one)

    def leaves(self, one: LoopbackCall, status: int = 0, reason: str = "") -> None:
        """Hang up, give up, or decline with a SIP status."""
        self._close(one, status, reason)

    def holds(self, one: LoopbackCall, *, on: bool) -> None:
        """Put the desk on hold."""
        self._tell(SipHeld(call_id=one.call_id, reference=one.reference, on=on))

    def asks_for_a_transfer(self, one: LoopbackCall, target: str) -> None:
        """Want the desk to call somebody else."""
        self._tell(SipTransferAsked(call_id=one.call_id, reference=one.reference, target=target))

    def reports(self, one: LoopbackCall, outcome: ReferOutcome) -> None:
        """Say what became of a REFER."""
        if one.referral is not None and not one.referral.done():
            one.referral.set_result(outcome)
        if outcome.moved:
            self._close(one, 0, "")

    # --- within ----------------------------------------------------------------------------------------------------

    def _new(self, *, inbound: bool) -> LoopbackCall:
        one = LoopbackCall(f"sip_{next(self._numbers)}", inbound)
        self.calls[one.call_id] = one
        return one

    def _established(self, one: LoopbackCall) -> None:
        one.answered = True
        self._tell(SipAnswered(call_id=one.call_id, reference=one.reference))
        self.on_answer(one)

    def _close(self, one: LoopbackCall, status: int, reason: str) -> None:
        if self.calls.pop(one.call_id, None) is None:
            return
        if one.referral is not None and not one.referral.done():
            one.referral.set_result(ReferOutcome(moved=False, reason="The call ended."))
        end = call_end(
            status, answered=one.answered, inbound=one.inbound, by_us=one.by_us, timed_out=one.timed_out
        )  # fmt: skip
        self._tell(
            SipEnded(
                call_id=one.call_id, reference=one.reference, end=end, reason=reason, status=status, by_us=one.by_us
            )
        )

    async def _give_up(self, one: LoopbackCall, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if not one.answered and one.call_id in self.calls:
            one.timed_out = one.by_us = True
            self._close(one, 0, "")

    async def _give_up_referral(self, referral: asyncio.Future[ReferOutcome], seconds: float) -> None:
        await self._clock.sleep(seconds)
        if not referral.done():
            referral.set_result(ReferOutcome(moved=False, reason="No outcome in time."))

    def _tell(self, fact: SipFact) -> None:
        self._facts.append(fact)
        self._more.set()

    async def _deliver(self) -> None:
        while self._take is not None:
            await self._more.wait()
            self._more.clear()
            while self._facts:
                await self._take(self._facts.popleft())

    def _must_be_reachable(self) -> None:
        if not self.reachable or self._take is None:
            raise ProviderError("sip_engine_away", "The SIP engine is not there just now.", "Try again in a moment.")
