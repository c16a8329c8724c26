"""Stand in for the media worker without any audio: `LoopbackMedia` keeps calls in memory and obeys the same rules.

It ships, for dry runs and tests of the broker: legs are connected and hung up by method calls instead of sockets.
Tokens, calls, epochs and facts are the worker's own objects; only sockets, sound and the second process are missing.
"""

import asyncio
from collections import deque
from typing import Final

from server.broker.ports.measures import WorkerMeasures
from server.broker.ports.media import Admission, CallPlan, CallState, FactHandler, Keys, MediaFact
from server.clock import Clock, SystemClock
from server.core.errors import ProviderError
from server.media.admissions import AdmissionBook, RefusedError
from server.media.call import Call
from server.media.codecs import frame_bytes
from server.media.config import PATHS
from server.media.leg import Leg, Told
from server.media.tally import Tally
from server.tasks import spawn
from server.wire.terms import ConversationId

RATE: Final = 8_000
"""Hz of the frames that loopback legs exchange."""


class LoopbackLeg:
    """One party: what it heard and was told, for a test to look at."""

    def __init__(self) -> None:
        self.admission: Admission | None = None
        self.heard: Final[deque[bytes]] = deque(maxlen=500)
        self.told: Final[deque[Told]] = deque(maxlen=500)
        self.flushes = 0
        self.presses_keys = False
        self.ended = ""
        """Why the worker hung up; empty while it did not."""
        self.leg: Leg | None = None

    def ready(self, admission: Admission) -> None:
        """Take note of being up."""
        self.admission = admission

    def hear(self, pcm: bytes) -> None:
        """Keep what arrives."""
        self.heard.append(pcm)

    def flush(self) -> None:
        """Count it: nothing waits to be played."""
        self.flushes += 1

    def tell(self, frame: Told) -> None:
        """Keep what is said."""
        self.told.append(frame)

    def hang_up(self, reason: str) -> None:
        """Take note that the worker hung up."""
        self.ended = reason

    @property
    def dropped(self) -> int:
        """Nothing is: a loopback leg always keeps up."""
        return 0

    @property
    def stalled_seconds(self) -> float:
        """Never."""
        return 0.0


class LoopbackMedia:
    """A `MediaControl` in memory."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Begin without calls; `clock` times the tokens."""
        self.reachable = True
        """Set it to False to be a worker that does not answer."""
        self._clock: Final = clock or SystemClock()
        self._book: Final = AdmissionBook()
        self._tally: Final = Tally()
        self._calls: Final[dict[ConversationId, Call]] = {}
        self._facts: Final[deque[MediaFact]] = deque()
        self._handler: FactHandler | None = None
        self._delivering = False
        self._delivery: asyncio.Task[None] | None = None

    async def start(self, handler: FactHandler) -> tuple[CallState, ...]:
        """Return the calls that live here; facts go to `handler` from now on, also those that waited."""
        self._must_be_reachable()
        self._handler = handler
        self._deliver_soon()
        return tuple(call.state() for call in self._calls.values() if call.legs)

    async def admit(self, admission: Admission) -> None:
        """Register a one-time token."""
        self._must_be_reachable()
        self._book.register(admission, self._clock.monotonic())

    async def plan(self, plan: CallPlan) -> None:
        """Set what a call should be."""
        self._must_be_reachable()
        self._call(plan.call_id).apply(plan, self._clock.monotonic())
        if self._call(plan.call_id).ended:
            self._book.drop_call(plan.call_id)

    async def dial(self, keys: Keys) -> None:
        """Press keys on the caller's line."""
        self._must_be_reachable()
        self._call(keys.call_id).dial(keys, self._clock.monotonic())

    async def measures(self) -> WorkerMeasures | None:
        """Return what was counted; None while it does not answer."""
        if not self.reachable:
            return None
        legs = [leg for call in self._calls.values() for leg in call.legs.values()]
        calls = sum(1 for call in self._calls.values() if call.legs)
        return self._tally.measures(legs, calls=calls, recordings=0)

    def media_url(self, transport: str) -> str:
        """Return an address that leads nowhere but has the right shape."""
        if transport not in PATHS:
            raise ProviderError("unknown_transport", f"There is no media transport {transport!r}.", retryable=False)
        return f"ws://127.0.0.1:1{PATHS[transport]}"

    async def stop(self, *, end_calls: bool) -> None:
        """Let go; with `end_calls` all legs are hung up first."""
        if end_calls:
            for call in self._calls.values():
                for leg in list(call.legs.values()):
                    call.drop(leg, "worker_stopped", clean=True)
            await self._deliver()
        self._handler = None

    def connect(self, token: str, transport: str, external_id: str = "", *, speaks: bool = True) -> LoopbackLeg:
        """Bring a token, as a socket would; with `speaks` the first audio comes at once.

        Raises:
            RefusedError: the token lets nobody in.
        """
        now = self._clock.monotonic()
        try:
            ticket = self._book.redeem(token, transport, external_id, now)
        except RefusedError as error:
            raise self._refused(error) from None
        call = self._call(ticket.admission.call_id)
        if call.ended or call.fences(ticket.admission):
            raise self._refused(RefusedError("stale"))
        party = LoopbackLeg()
        party.leg = Leg(ticket, party, rate=RATE, external_id=external_id, now=now)
        self._tally.joined(party.leg)
        call.join(party.leg, now)
        if speaks:
            self.speak(party, bytes(frame_bytes(RATE)))
        return party

    def speak(self, party: LoopbackLeg, pcm: bytes) -> None:
        """Say 20 ms of PCM16 at 8 kHz."""
        if party.leg is None:
            return
        now = self._clock.monotonic()
        if not party.leg.has_spoken:
            self._call(party.leg.admission.call_id).first_audio(party.leg, now)
        party.leg.speak(pcm, now)

    def leave(self, party: LoopbackLeg, reason: str = "bye", *, clean: bool = True) -> None:
        """Hang up from the party's side, or break its line (`clean` false)."""
        if party.leg is not None:
            self._call(party.leg.admission.call_id).leave(party.leg, reason, self._clock.monotonic(), clean=clean)

    def mute(self, party: LoopbackLeg, *, on: bool) -> None:
        """Mute in band, as a console does."""
        if party.leg is not None:
            self._call(party.leg.admission.call_id).mute(party.leg, self._clock.monotonic(), on=on)

    def tick(self) -> None:
        """Let 20 ms pass: whatever the worker makes itself (tone, silence, mixes) is heard."""
        for call in self._calls.values():
            call.tick(self._clock.monotonic())

    def press(self, party: LoopbackLeg, digit: str) -> None:
        """Press a key of the caller's or the target's telephone."""
        if party.leg is not None:
            self._call(party.leg.admission.call_id).digit(party.leg, digit)

    def _refused(self, error: RefusedError) -> RefusedError:
        self._tally.refused += 1
        return error

    def _call(self, call_id: ConversationId) -> Call:
        if call_id not in self._calls:
            self._calls[call_id] = Call(call_id, self._tell)
        return self._calls[call_id]

    def _tell(self, fact: MediaFact) -> None:
        self._tally.told(fact)
        self._facts.append(fact)
        self._deliver_soon()

    def _deliver_soon(self) -> None:
        if self._facts and self._handler is not None and not self._delivering:
            self._delivery = spawn("loopback-facts", self._deliver())

    async def _deliver(self) -> None:
        """Hand out facts one at a time; one whose handler raises stays for the next time."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._facts and self._handler is not None:
                await self._handler(self._facts[0])
                self._facts.popleft()
        finally:
            self._delivering = False

    def _must_be_reachable(self) -> None:
        if not self.reachable:
            raise ProviderError("media_unreachable", "The media worker does not answer.", "Try again.")
