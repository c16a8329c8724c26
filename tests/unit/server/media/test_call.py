"""One call without sockets: what the links do, frame by frame."""

import hashlib

import pytest

from server.broker.ports.media import Admission, Bridged, CallPlan, MediaFact
from server.media.admissions import AdmissionBook
from server.media.call import STALLED_SECONDS, Call
from server.media.fences import FIRST_AUDIO_SECONDS
from server.media.leg import Leg
from server.media.loopback import LoopbackLeg
from server.wire.media import MediaPhase, MediaStats
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole

pytestmark = pytest.mark.unit

FRAME = b"\x01\x00" * 160


class Scene:
    """A call with loopback legs, and a clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.facts: list[MediaFact] = []
        self.call = Call(ConversationId("c"), self.facts.append)
        self._book = AdmissionBook()
        self._tokens = 0

    def join(self, role: LegRole, epoch: int = 0, *, muted: bool = False) -> LoopbackLeg:
        self._tokens += 1
        token = str(self._tokens)
        self._book.register(
            Admission(
                call_id=self.call.call_id,
                leg_id=LegId(token),
                role=role,
                token_sha256=hashlib.sha256(token.encode()).hexdigest(),
                epoch=epoch,
                transport="stream",
                expires_in_seconds=30,
                muted=muted,
            ),
            self.now,
        )
        party = LoopbackLeg()
        ticket = self._book.redeem(token, "stream", "", self.now)
        party.leg = Leg(ticket, party, rate=8_000, external_id="", now=self.now)
        self.call.join(party.leg, self.now)
        return party

    def say(self, party: LoopbackLeg, pcm: bytes = FRAME) -> None:
        assert party.leg is not None
        if not party.leg.has_spoken:
            self.call.first_audio(party.leg, self.now)
        party.leg.speak(pcm, self.now)

    def plan(self, phase: CallPhase, epoch: int = 1, version: int = 0, *, muted: bool = False) -> None:
        self.call.apply(
            CallPlan(call_id=self.call.call_id, phase=phase, epoch=epoch, muted=muted, version=version), self.now
        )


def test_the_operators_first_frame_is_heard_and_the_assistants_next_is_not() -> None:
    scene = Scene()
    caller, assistant = scene.join(LegRole.CALLER), scene.join(LegRole.ASSISTANT)
    scene.plan(CallPhase.OPERATOR)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.say(assistant, b"A" * 320)
    scene.say(operator, b"O" * 320)
    scene.say(assistant, b"B" * 320)
    scene.say(operator, b"P" * 320)
    assert list(caller.heard) == [b"A" * 320, b"O" * 320, b"P" * 320]


def test_a_new_operator_hears_the_callers_last_frame_at_once_if_it_is_fresh() -> None:
    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    scene.plan(CallPhase.OPERATOR)
    scene.say(caller)
    scene.now += 0.02
    assert list(scene.join(LegRole.OPERATOR, 1).heard) == [FRAME]
    scene.now += 0.05
    assert not scene.join(LegRole.OPERATOR, 1).heard


def test_an_operator_not_yet_meant_hears_no_pre_roll() -> None:
    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    scene.say(caller)
    assert not scene.join(LegRole.OPERATOR, 1).heard
    scene.plan(CallPhase.HOLD)
    scene.say(caller)
    assert not scene.join(LegRole.OPERATOR, 1).heard


def test_an_operator_who_stays_silent_takes_the_caller_after_a_second() -> None:
    scene = Scene()
    scene.join(LegRole.CALLER)
    scene.plan(CallPhase.OPERATOR)
    scene.join(LegRole.OPERATOR, 1)
    scene.now += FIRST_AUDIO_SECONDS / 2
    scene.call.second(scene.now)
    assert not any(isinstance(fact, Bridged) for fact in scene.facts)
    scene.now += FIRST_AUDIO_SECONDS / 2
    scene.call.second(scene.now)
    assert any(isinstance(fact, Bridged) for fact in scene.facts)


def test_a_peer_that_stopped_reading_is_let_go() -> None:
    class StalledLeg(LoopbackLeg):
        @property
        def stalled_seconds(self) -> float:
            return STALLED_SECONDS + 1

    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    caller.__class__ = StalledLeg
    scene.call.second(scene.now)
    assert caller.ended == "stalled"
    assert not scene.call.legs


def test_bridged_is_told_each_time_it_begins_and_only_then() -> None:
    scene = Scene()
    scene.join(LegRole.CALLER)
    scene.plan(CallPhase.OPERATOR, 1, 1)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.say(operator)
    scene.plan(CallPhase.OPERATOR, 1, 2, muted=True)
    scene.plan(CallPhase.OPERATOR, 1, 3)
    scene.plan(CallPhase.HOLD, 1, 4)
    assert sum(isinstance(fact, Bridged) for fact in scene.facts) == 1
    scene.plan(CallPhase.OPERATOR, 1, 5)
    assert sum(isinstance(fact, Bridged) for fact in scene.facts) == 2


def test_ticks_are_needed_only_while_the_worker_itself_speaks() -> None:
    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    assert not scene.call.needs_ticks
    scene.plan(CallPhase.HOLD)
    assert scene.call.needs_ticks
    scene.call.tick(scene.now)
    assert len(caller.heard) == 1
    assert caller.leg is not None
    scene.call.leave(caller.leg, "bye", scene.now, clean=True)
    assert not scene.call.needs_ticks
    scene.call.tick(scene.now)


def test_what_was_queued_is_flushed_when_another_speaks() -> None:
    scene = Scene()
    caller, _ = scene.join(LegRole.CALLER), scene.join(LegRole.ASSISTANT)
    scene.plan(CallPhase.OPERATOR, 1, 1)
    scene.say(scene.join(LegRole.OPERATOR, 1))
    assert caller.flushes == 1
    scene.plan(CallPhase.OPERATOR, 1, 2, muted=True)
    assert caller.flushes == 2
    scene.plan(CallPhase.OPERATOR, 1, 3)
    assert caller.flushes == 2, "silence needs no flush: the first word would be cut"


def test_platforms_are_told_whom_the_caller_really_talks_with() -> None:
    scene = Scene()
    scene.join(LegRole.CALLER)
    assistant = scene.join(LegRole.ASSISTANT)
    scene.plan(CallPhase.OPERATOR, 1)
    assert [frame.phase for frame in assistant.told if isinstance(frame, MediaPhase)] == ["assistant"]
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.say(operator)
    assert operator.leg is not None
    scene.call.leave(operator.leg, "broken", scene.now, clean=False)
    assert [frame.phase for frame in assistant.told if isinstance(frame, MediaPhase)] == [
        "assistant",
        "operator",
        "hold",
    ]


def test_a_missing_caller_is_counted_from_when_the_line_went() -> None:
    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    scene.plan(CallPhase.OPERATOR)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.now += 5.0
    scene.say(caller)
    assert caller.leg is not None
    scene.call.leave(caller.leg, "broken", scene.now, clean=False)
    scene.now += 2.0
    scene.call.second(scene.now)
    (stats,) = [frame for frame in operator.told if isinstance(frame, MediaStats)]
    assert stats.far_silent_ms == 2_000


def test_a_leg_that_was_replaced_cannot_leave_for_its_successor() -> None:
    scene = Scene()
    first = scene.join(LegRole.CALLER)
    scene.join(LegRole.CALLER)
    before = len(scene.facts)
    assert first.leg is not None
    scene.call.leave(first.leg, "broken", scene.now, clean=False)
    assert len(scene.facts) == before
    assert LegRole.CALLER in scene.call.legs
