"""Keep all calls of a worker: who may come in, which call a leg belongs to, what time brings.

Everything that the broker orders and that sockets report goes through here. Before: an admission or a plan, or a
token on a socket. After: a call's legs, and facts in the log.
"""

import asyncio
from typing import Final

from server.broker.ports.measures import WorkerMeasures
from server.broker.ports.media import Admission, CallPlan, CallState, Keys, MediaFact
from server.media.admissions import AdmissionBook, RefusedError, Ticket
from server.media.call import Call, Tell
from server.media.leg import Leg, Voice
from server.media.recorder import Recorder
from server.media.tally import Tally
from server.media.transcribing import SpeechProcess
from server.wire.media import FRAME_MS
from server.wire.terms import ConversationId, LegRole

KEEP_ENDED_SECONDS: Final = 60.0
"""How long a call without legs is remembered, so that a late plan or leg does not revive it."""
SLICES: Final = 20
"""Parts of a second over which the once-a-second work is spread."""
MOST_LATE_FRAMES: Final = 5
"""Frames of tone or silence that are made up for after the loop was busy; more are skipped."""


class Exchange:
    """All calls of this process."""

    def __init__(
        self, tell: Tell, recorder: Recorder | None = None, *, beeps: bool = True, speech: SpeechProcess | None = None
    ) -> None:
        """Begin empty, inside the event loop; facts go to `tell`, recordings to `recorder`, `beeps` sound on hold."""
        self._beeps: Final = beeps
        self._recorder: Final = recorder
        self._speech: Final = speech
        self._tell_broker: Final = tell
        self.tally: Final = Tally()
        self._loop: Final = asyncio.get_running_loop()
        self._book: Final = AdmissionBook()
        self._calls: Final[dict[ConversationId, Call]] = {}
        self._ticking: Final[dict[ConversationId, Call]] = {}
        self._empty_since: Final[dict[ConversationId, float]] = {}
        self._next_tick_at = 0.0
        self._tick_timer: asyncio.Handle | None = None
        self._second_timer: asyncio.Handle | None = None

    def start(self) -> None:
        """Let time pass from now on."""
        self._second_timer = self._loop.call_later(1.0 / SLICES, self._slice, 0)

    def stop(self) -> None:
        """Hang up on everybody and let time stand still."""
        for call in self._calls.values():
            for leg in list(call.legs.values()):
                call.drop(leg, "worker_stopped", clean=True)
            call.recording.stop(self._loop.time())
        for timer in (self._tick_timer, self._second_timer):
            if timer is not None:
                timer.cancel()

    def _tell(self, fact: MediaFact) -> None:
        self.tally.told(fact)
        self._tell_broker(fact)

    def measures(self) -> WorkerMeasures:
        """Return what was counted since this process began."""
        legs = [leg for call in self._calls.values() for leg in call.legs.values()]
        recordings = sum(1 for call in self._calls.values() if call.recording.on)
        return self.tally.measures(legs, calls=self.live_calls, recordings=recordings)

    @property
    def live_calls(self) -> int:
        """Calls with at least one leg."""
        return sum(1 for call in self._calls.values() if call.legs)

    def states(self) -> tuple[CallState, ...]:
        """Return the calls that live here."""
        return tuple(call.state() for call in self._calls.values() if call.legs)

    def admit(self, admission: Admission) -> None:
        """Register a one-time token."""
        self._book.register(admission, self._loop.time())

    def plan(self, plan: CallPlan) -> None:
        """Make a call what the broker wants."""
        now = self._loop.time()
        call = self._call(plan.call_id)
        call.apply(plan, now)
        if call.ended:
            self._book.drop_call(plan.call_id)
        self._settle(call, now)

    def dial(self, keys: Keys) -> None:
        """Press keys on the line of a call's caller."""
        now = self._loop.time()
        call = self._call(keys.call_id)
        call.dial(keys, now)
        self._settle(call, now)

    def redeem(self, token: str, transport: str, external_id: str = "") -> Ticket:
        """Return the ticket of a token that a socket brought, and burn it.

        Raises:
            RefusedError: nobody comes in with it.
        """
        try:
            return self._redeemed(token, transport, external_id)
        except RefusedError:
            self.tally.refused += 1
            raise

    def _redeemed(self, token: str, transport: str, external_id: str) -> Ticket:
        ticket = self._book.redeem(token, transport, external_id, self._loop.time())
        admission = ticket.admission
        call = self._calls.get(admission.call_id)
        if call is None:
            return ticket
        present = call.legs.get(admission.role)
        late = present is not None and (present.epoch, present.serial) > (admission.epoch, ticket.serial)
        if call.ended or late or call.fences(admission):
            raise RefusedError("stale")
        return ticket

    def enter(self, ticket: Ticket, voice: Voice, *, rate: int, external_id: str = "") -> Leg:
        """Take the leg of a redeemed ticket into its call."""
        now = self._loop.time()
        leg = Leg(ticket, voice, rate=rate, external_id=external_id, now=now)
        call = self._call(leg.admission.call_id)
        self.tally.joined(leg)
        call.join(leg, now)
        self._settle(call, now)
        return leg

    def speak(self, leg: Leg, pcm: bytes, now: float) -> None:
        """Take one frame of a leg: PCM16 at its rate, arrived at monotonic second `now`."""
        if not leg.has_spoken:
            call = self._call(leg.admission.call_id)
            call.first_audio(leg, now)
            self._settle(call, now)
        leg.speak(pcm, now)

    def mute(self, leg: Leg, *, on: bool) -> None:
        """Do what a leg says about itself."""
        now = self._loop.time()
        call = self._call(leg.admission.call_id)
        call.mute(leg, now, on=on)
        self._settle(call, now)

    def digit(self, leg: Leg, digit: str) -> None:
        """Take a key of the caller's telephone, or of a target's; other roles have none."""
        if leg.role in {LegRole.CALLER, LegRole.TARGET}:
            self._call(leg.admission.call_id).digit(leg, digit)

    def leave(self, leg: Leg, reason: str, *, clean: bool) -> None:
        """Take note that a leg's socket is gone."""
        call = self._calls.get(leg.admission.call_id)
        if call is not None:
            now = self._loop.time()
            call.leave(leg, reason, now, clean=clean)
            self._settle(call, now)

    def _call(self, call_id: ConversationId) -> Call:
        call = self._calls.get(call_id)
        if call is None:
            call = self._calls[call_id] = Call(
                call_id, self._tell, self._recorder, beeps=self._beeps, speech=self._speech
            )
        return call

    def _settle(self, call: Call, now: float) -> None:
        """Keep the books of who needs ticks and which calls are empty, after a change."""
        if call.legs:
            self._empty_since.pop(call.call_id, None)
        else:
            self._empty_since.setdefault(call.call_id, now)
        if not call.needs_ticks:
            self._ticking.pop(call.call_id, None)
        elif call.call_id not in self._ticking:
            self._ticking[call.call_id] = call
            if self._tick_timer is None:
                self._next_tick_at = now
                self._tick_timer = self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        """Give every waiting caller its 20 ms, on a schedule that does not drift."""
        now = self._loop.time()
        period = FRAME_MS / 1000
        if now - self._next_tick_at > MOST_LATE_FRAMES * period:
            self._next_tick_at = now
        while self._next_tick_at <= now:
            for call in list(self._ticking.values()):
                call.tick(now)
                if not call.needs_ticks:
                    del self._ticking[call.call_id]
            self._next_tick_at += period
        self._tick_timer = self._loop.call_at(self._next_tick_at, self._tick) if self._ticking else None

    def _slice(self, number: int) -> None:
        """Give a part of the calls its once-a-second work: statistics, first-audio limits, forgetting.

        A thousand calls at once would hold up everybody's audio for a frame.
        """
        self._second_timer = self._loop.call_later(1.0 / SLICES, self._slice, (number + 1) % SLICES)
        now = self._loop.time()
        for call in [call for call_id, call in self._calls.items() if hash(call_id) % SLICES == number]:
            for role, reading in call.second(now).items():
                if role in call.legs:
                    self.tally.heard(call.legs[role], reading)
            self._settle(call, now)
        if number == 0:
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Drop what time has made worthless."""
        self._book.forget_expired(now)
        for call_id, since in list(self._empty_since.items()):
            if now - since > KEEP_ENDED_SECONDS and not self._book.expects(call_id):
                del self._calls[call_id], self._empty_since[call_id]
