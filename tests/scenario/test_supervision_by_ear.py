"""Each ear hears exactly what it should at every step of the ladder: one tone a person, told apart by frequency."""

from collections.abc import Iterable

import pytest

from server.media.admissions import RefusedError
from server.media.loopback import RATE, LoopbackLeg
from server.media.tone import BEEP_HZ
from server.wire import commands as c
from server.wire.terms import Role, SessionState, Supervision
from tests.media_clients import loudness, share, tone, tones
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario

CALLER, OPERATOR, SUPERVISOR, ASSISTANT = 700, 1_000, 1_500, 2_100
"""Hertz; whole periods in 20 ms, so that no tone leaks into another."""
FRAMES = 30
SETTLED = 6
"""Frames at the start that may still hold what was said before."""


def only_beeps(frames: Iterable[bytes]) -> bool:
    """Tell whether the hold tone is heard, and nothing beside it."""
    sounding = [frame for frame in frames if loudness(frame) > 20]
    return bool(sounding) and all(share(frame, BEEP_HZ, RATE) > 0.8 for frame in sounding)


class Room:
    """A call with everybody in it, each saying their own tone."""

    def __init__(self, desk: World, call: Customer, ann: Person, sue: Person) -> None:
        self.desk, self.call, self.ann, self.sue = desk, call, ann, sue

    def speakers(self) -> dict[int, LoopbackLeg]:
        legs = {
            CALLER: self.call.line,
            ASSISTANT: self.call.assistant_leg,
            OPERATOR: self.ann.leg,
            SUPERVISOR: self.sue.leg,
        }
        return {hertz: leg for hertz, leg in legs.items() if leg is not None and not leg.ended}

    def ears(self) -> dict[int, set[int]]:
        """Let everybody talk at once for 0.6 s; return which tones each of them heard."""
        speakers = self.speakers()
        for number in range(FRAMES):
            if number == SETTLED:
                for leg in speakers.values():
                    leg.heard.clear()
            for hertz, leg in speakers.items():
                if leg.leg is not None and not leg.leg.muted:
                    self.desk.media.speak(leg, tone(hertz, RATE, number))
            self.desk.media.tick()
        return {
            hertz: {BEEP_HZ}
            if only_beeps(leg.heard)
            else tones(b"".join(leg.heard), RATE, CALLER, OPERATOR, SUPERVISOR, ASSISTANT)
            for hertz, leg in speakers.items()
        }

    async def goes_to(self, mode: Supervision) -> None:
        """Put Sue on a step of the ladder, with her headset open and her microphone as her console would have it."""
        reply = await self.sue.does(c.Supervise, self.call, mode=mode)
        if reply.media is not None:
            self.sue.grant = reply.media
            await self.sue.opens_headset()
        if self.sue.leg is not None and not self.sue.leg.ended:
            self.desk.media.mute(self.sue.leg, on=mode is Supervision.LISTEN)


@pytest.fixture
async def room(desk: World) -> Room:
    """A call that Ann has taken, and Sue, who may supervise."""
    ann = await desk.operator("ann")
    sue = await desk.operator("sue", role=Role.SUPERVISOR, duty=False)
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    return Room(desk, call, ann, sue)


ALONE = {CALLER: {OPERATOR}, OPERATOR: {CALLER}, ASSISTANT: set()}
EARS = {
    Supervision.WATCH: ALONE,
    Supervision.LISTEN: {**ALONE, SUPERVISOR: {CALLER, OPERATOR}},
    Supervision.WHISPER: {**ALONE, OPERATOR: {CALLER, SUPERVISOR}, SUPERVISOR: {CALLER, OPERATOR}},
    Supervision.BARGE: {
        CALLER: {OPERATOR, SUPERVISOR},
        OPERATOR: {CALLER, SUPERVISOR},
        ASSISTANT: set(),
        SUPERVISOR: {CALLER, OPERATOR},
    },
}


async def test_each_ear_hears_what_the_step_says_up_and_down_the_ladder(room: Room) -> None:
    assert room.ears() == ALONE
    ladder = [Supervision.WATCH, Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE]
    for mode in (*ladder, *reversed(ladder), Supervision.BARGE, Supervision.LISTEN, Supervision.WHISPER):
        await room.goes_to(mode)
        assert room.ears() == EARS[mode], mode
    await room.goes_to(Supervision.NONE)
    assert room.ears() == ALONE
    assert room.sue.leg is not None
    assert room.sue.leg.ended == "fenced", "who stopped has no leg left to hear with"


@pytest.mark.parametrize("mode", [Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE])
async def test_a_muted_operator_is_heard_by_nobody_also_not_by_the_supervisor(room: Room, mode: Supervision) -> None:
    await room.goes_to(mode)
    await room.ann.does(c.Mute, room.call, on=True)
    ears = room.ears()
    assert all(OPERATOR not in heard for heard in ears.values())
    assert ears[CALLER] == ({SUPERVISOR} if mode is Supervision.BARGE else set())
    assert ears[SUPERVISOR] == {CALLER}


@pytest.mark.parametrize("mode", [Supervision.WHISPER, Supervision.BARGE])
async def test_a_muted_supervisor_is_heard_by_nobody(room: Room, mode: Supervision) -> None:
    await room.goes_to(mode)
    assert room.sue.leg is not None
    room.desk.media.mute(room.sue.leg, on=True)
    assert room.ann.leg is not None
    room.ann.leg.heard.clear()
    for number in range(FRAMES):  # a console that is muted sends nothing; one that did would not be heard either
        room.desk.media.speak(room.sue.leg, tone(SUPERVISOR, RATE, number))
        room.desk.media.tick()
    assert not room.ann.leg.heard
    assert room.ears() == EARS[Supervision.LISTEN]


@pytest.mark.parametrize("mode", [Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE])
async def test_on_hold_no_voice_goes_anywhere(room: Room, mode: Supervision) -> None:
    await room.goes_to(mode)
    await room.ann.does(c.Hold, room.call, on=True)
    assert room.ears() == {CALLER: {BEEP_HZ}, OPERATOR: set(), ASSISTANT: set(), SUPERVISOR: set()}


@pytest.mark.parametrize("mode", [Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE])
async def test_who_hears_the_caller_stops_with_the_talk(room: Room, mode: Supervision) -> None:
    await room.goes_to(mode)
    await room.ann.does(c.BackToAssistant, room.call)
    assert room.sue.leg is not None
    assert room.sue.leg.ended
    assert room.ears() == {CALLER: {ASSISTANT}, ASSISTANT: {CALLER}} | {
        hertz: set() for hertz in room.speakers() if hertz not in {CALLER, ASSISTANT}
    }


@pytest.mark.parametrize("mode", [Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE])
async def test_when_the_supervisors_audio_is_lost_the_ladder_drops_and_the_call_goes_on(
    room: Room, mode: Supervision
) -> None:
    await room.goes_to(mode)
    lost = room.sue.leg
    assert lost is not None
    await room.sue.loses_headset()
    room.sue.leg = None
    session = await room.call.session()
    assert (session.supervisor_id, session.supervision, session.state) == (None, Supervision.NONE, SessionState.ACTIVE)
    assert room.ears() == ALONE
    before = len(lost.heard)
    room.ears()
    assert len(lost.heard) == before


async def test_a_leg_that_the_plan_does_not_name_hears_nothing_and_is_not_let_in(room: Room) -> None:
    await room.goes_to(Supervision.BARGE)
    first = room.sue.leg
    grant = room.sue.grant
    assert first is not None
    assert grant is not None
    await room.goes_to(Supervision.NONE)
    stale = await room.desk.broker.calls.admit_supervisor(await room.call.row())  # as after a lost race
    with pytest.raises(RefusedError, match="stale"):
        room.desk.media.connect(stale.token, "console")
    room.sue.leg = None
    assert room.ears() == ALONE


async def test_taking_over_the_caller_hears_the_supervisor_and_never_the_assistant(room: Room) -> None:
    await room.goes_to(Supervision.WHISPER)
    reply = await room.sue.does(c.TakeOver, room.call, reason="legal matter")
    assert room.ann.leg is not None
    assert room.ann.leg.ended == "fenced"
    room.ann.leg = None
    assert room.ears()[CALLER] == {BEEP_HZ}, "between the two the caller hears the tone, and not the assistant"
    room.sue.grant = reply.media
    await room.sue.opens_headset()
    ears = room.ears()
    assert ears == {CALLER: {SUPERVISOR}, ASSISTANT: set(), SUPERVISOR: {CALLER}}
    session = await room.call.session()
    assert (session.operator_id, session.state, session.operator_lost_at) == (room.sue.id, SessionState.ACTIVE, None)
