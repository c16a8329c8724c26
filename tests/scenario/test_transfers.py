"""A call is brought to somebody outside: each ear hears what it should, and the caller is never lost on the way."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.carrier import Carriers
from server.broker.ports.dialling import Callee
from server.core.errors import HandoffError
from server.media.admissions import RefusedError
from server.media.loopback import RATE, LoopbackLeg
from server.media.tone import BEEP_HZ
from server.wire import commands as c
from server.wire.calling import Transfer
from server.wire.frames import Reply
from server.wire.terms import (
    Dial,
    Outcome,
    Role,
    SessionState,
    Supervision,
    TransferKind,
    TransferOutcome,
    TransferStep,
)
from tests.fakes.carrier import FakeCarrier
from tests.fakes.dial_guard import OpenGuard
from tests.media_clients import loudness, share, tone, tones
from tests.world import Person, World

pytestmark = pytest.mark.scenario

CALLER, OPERATOR, SUPERVISOR, ASSISTANT, TARGET = 700, 1_000, 1_500, 2_100, 2_800
"""Hertz; whole periods in 20 ms, so that no tone leaks into another."""
FRAMES, SETTLED = 30, 6
BILLING = Callee(to="Billing", address="+4930123456")
BOSS = Callee(to="Boss", address="sip:boss@pbx.example.com", warm_only=True)
COLD, WARM, CONFERENCE = TransferKind.COLD, TransferKind.WARM, TransferKind.CONFERENCE
SWAP, MERGE, COMPLETE, BACK = TransferStep.SWAP, TransferStep.MERGE, TransferStep.COMPLETE, TransferStep.BACK


class Room:
    """A call with everybody in it, each saying their own tone."""

    def __init__(self, desk: World, carrier: FakeCarrier) -> None:
        self.desk, self.carrier = desk, carrier
        self.target: LoopbackLeg | None = None
        self.sue: Person | None = None

    async def begins(self) -> None:
        """Let Ann talk with a caller."""
        self.ann = await self.desk.operator("ann")
        self.call = await self.desk.caller()
        await self.call.asks_for_a_person()
        await self.ann.takes(self.call)

    async def transfers(self, kind: TransferKind = WARM, to: str = "Billing", id_: str = "") -> Reply:
        return await self.ann.does(c.Transfer, self.call, to=to, how=kind, id_=id_)

    async def steers(self, step: TransferStep) -> Reply:
        return await self.ann.does(c.SteerTransfer, self.call, step=step)

    async def answers(self) -> LoopbackLeg:
        """Let the target pick up: the carrier connects their audio."""
        self.target = self.desk.media.connect(self.carrier.placed[-1].media_token, "twilio", "CA1")
        await self.desk.settle()
        return self.target

    async def reports(self, dial: Dial) -> None:
        await self.desk.broker.desk.ring_backs.moved(self.carrier.placed[-1].conversation_id, dial)
        await self.desk.settle()

    async def attempt(self) -> Transfer:
        return (await self.call.session()).transfers[-1]

    def target_leaves(self) -> None:
        assert self.target is not None
        self.desk.media.leave(self.target)
        self.target = None

    def ears(self) -> dict[int, set[int]]:
        """Let everybody talk at once for 0.6 s; return which tones each of those who are there heard."""
        sue = self.sue.leg if self.sue is not None else None
        legs = {
            CALLER: self.call.line,
            ASSISTANT: self.call.assistant_leg,
            OPERATOR: self.ann.leg,
            TARGET: self.target,
            SUPERVISOR: sue,
        }
        speakers = {hertz: leg for hertz, leg in legs.items() if leg is not None and not leg.ended}
        self.desk.media._calls[self.call.id]._ticks = 0  # so that the beeps fall into what is listened to
        for number in range(FRAMES):
            if number == SETTLED:
                for leg in speakers.values():
                    leg.heard.clear()
            for hertz, leg in speakers.items():
                if leg.leg is not None and not leg.leg.muted:
                    self.desk.media.speak(leg, tone(hertz, RATE, number))
            self.desk.media.tick()
        return {hertz: _heard(leg) for hertz, leg in speakers.items()}


def _heard(leg: LoopbackLeg) -> set[int]:
    sounding = [frame for frame in leg.heard if loudness(frame) > 20]
    if sounding and all(share(frame, BEEP_HZ, RATE) > 0.8 for frame in sounding):
        return {BEEP_HZ}
    return tones(b"".join(leg.heard), RATE, CALLER, OPERATOR, SUPERVISOR, ASSISTANT, TARGET)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A talk between Ann and a caller, on a desk whose broker can be stopped and started again."""
    carrier = FakeCarrier()
    guard = OpenGuard(BILLING, BOSS)
    async with World(f"sqlite:///{tmp_path / 'desk.db'}", carriers=Carriers({"twilio": carrier}), guard=guard) as desk:
        room = Room(desk, carrier)
        await room.begins()
        yield room


ALONE = {CALLER: {OPERATOR}, OPERATOR: {CALLER}, ASSISTANT: set[int]()}
WAITS = {CALLER: {BEEP_HZ}, ASSISTANT: set[int]()}


async def test_warm_each_ear_hears_what_the_stage_says_from_the_ring_to_the_end(room: Room) -> None:
    assert room.ears() == ALONE
    await room.transfers()
    assert room.ears() == {**WAITS, OPERATOR: set()}, "it rings: the caller hears that the line is alive"
    await room.answers()
    consulting = {**WAITS, OPERATOR: {TARGET}, TARGET: {OPERATOR}}
    assert room.ears() == consulting
    await room.steers(SWAP)
    assert room.ears() == {**ALONE, TARGET: {BEEP_HZ}}
    await room.steers(SWAP)
    assert room.ears() == consulting
    await room.steers(MERGE)
    both = {CALLER: {OPERATOR, TARGET}, OPERATOR: {CALLER, TARGET}, TARGET: {CALLER, OPERATOR}, ASSISTANT: set[int]()}
    assert room.ears() == both
    await room.ann.does(c.Mute, room.call, on=True)
    assert room.ears() == {CALLER: {TARGET}, OPERATOR: {CALLER, TARGET}, TARGET: {CALLER}, ASSISTANT: set()}
    await room.steers(COMPLETE)
    assert room.ears() == {CALLER: {TARGET}, OPERATOR: set(), TARGET: {CALLER}, ASSISTANT: set()}
    view = await room.call.session()
    assert (view.state, view.outcome) == (SessionState.WRAP_UP, Outcome.TRANSFERRED)


@pytest.mark.parametrize("stage", ["consulting", "swapped", "merged"])
async def test_a_supervisor_hears_the_operators_talk_and_whispers_only_to_the_operator(room: Room, stage: str) -> None:
    room.sue = await room.desk.operator("sue", role=Role.SUPERVISOR, duty=False)
    await room.transfers()
    await room.answers()
    reply = await room.sue.does(c.Supervise, room.call, mode=Supervision.WHISPER)
    room.sue.grant = reply.media
    await room.sue.opens_headset()
    for step in {"consulting": (), "swapped": (SWAP,), "merged": (MERGE,)}[stage]:
        await room.steers(step)
    partners = {"consulting": {TARGET}, "swapped": {CALLER}, "merged": {CALLER, TARGET}}[stage]
    ears = room.ears()
    assert ears[SUPERVISOR] == {OPERATOR, *partners}
    assert ears[OPERATOR] == {SUPERVISOR, *partners}
    assert all(SUPERVISOR not in ears[hertz] for hertz in (CALLER, TARGET, ASSISTANT))


async def test_cold_the_answer_joins_caller_and_target_and_the_operator_is_done(room: Room) -> None:
    await room.transfers(COLD)
    (call,) = room.carrier.placed
    assert (call.to, call.ring_seconds < 30) == ("+4930123456", True)
    for dial in (Dial.RINGING, Dial.QUEUED):
        await room.reports(dial)
    assert (await room.attempt()).dial is Dial.RINGING
    await room.answers()
    assert room.ears() == {CALLER: {TARGET}, OPERATOR: set(), TARGET: {CALLER}, ASSISTANT: set()}
    view = await room.call.session()
    assert (view.state, view.outcome, view.transfers[-1].outcome) == (
        SessionState.WRAP_UP,
        Outcome.TRANSFERRED,
        TransferOutcome.ANSWERED,
    )
    await room.desk.later(120)
    assert (await room.call.state()) is SessionState.CLOSED
    assert room.ears()[CALLER] == {TARGET}, "they talk on when the operator has written up"
    assert "conversation.returned" not in room.desk.names()


@pytest.mark.parametrize("who", ["caller", "target"])
async def test_after_a_transfer_the_call_is_over_for_both_when_one_of_them_hangs_up(room: Room, who: str) -> None:
    await room.transfers(COLD)
    await room.answers()
    assert room.target is not None
    assert room.call.line is not None
    leaving, left = (room.call.line, room.target) if who == "caller" else (room.target, room.call.line)
    room.desk.media.leave(leaving)
    await room.desk.settle()
    assert left.ended == "ended"
    assert (await room.call.conversation()).ended_at is not None
    assert (await room.call.session()).outcome is Outcome.TRANSFERRED


async def test_a_conference_goes_on_while_it_rings_and_is_one_at_the_answer(room: Room) -> None:
    await room.transfers(CONFERENCE)
    assert room.ears() == ALONE
    await room.answers()
    assert room.ears() == {
        CALLER: {OPERATOR, TARGET},
        OPERATOR: {CALLER, TARGET},
        TARGET: {CALLER, OPERATOR},
        ASSISTANT: set(),
    }
    room.target_leaves()
    await room.desk.settle()
    assert room.ears() == ALONE
    assert (await room.attempt()).outcome is TransferOutcome.ANSWERED


@pytest.mark.parametrize("kind", TransferKind)
@pytest.mark.parametrize(
    ("dial", "outcome"),
    [
        (Dial.BUSY, TransferOutcome.BUSY),
        (Dial.NO_ANSWER, TransferOutcome.NO_ANSWER),
        (Dial.FAILED, TransferOutcome.UNREACHABLE),
        (Dial.CANCELLED, TransferOutcome.CANCELLED),
    ],
)
async def test_a_carriers_bad_news_gives_the_caller_back_and_says_what_it_was(
    room: Room, kind: TransferKind, dial: Dial, outcome: TransferOutcome
) -> None:
    await room.transfers(kind)
    for _ in range(2):
        await room.reports(dial)
    assert room.ears() == ALONE
    one = await room.attempt()
    assert (one.outcome, one.ended_at is not None, await room.call.state()) == (outcome, True, SessionState.ACTIVE)


async def test_a_target_who_does_not_answer_is_rung_no_longer_and_the_caller_is_back(room: Room) -> None:
    await room.transfers(COLD)
    await room.desk.later(31)
    assert (await room.attempt()).outcome is TransferOutcome.NO_ANSWER
    assert room.ears() == ALONE
    assert len(room.carrier.ended) == 1
    with pytest.raises(RefusedError):
        await room.answers()


async def test_a_carrier_that_refuses_gives_the_caller_back_with_its_words(room: Room) -> None:
    room.carrier.refuses = "Twilio refused: not a valid number (21211)"
    await room.transfers()
    one = await room.attempt()
    assert (one.outcome, one.reason) == (TransferOutcome.FAILED, room.carrier.refuses)
    assert room.ears() == ALONE


async def test_a_target_who_answers_in_the_moment_it_is_cancelled_comes_to_nobody(room: Room) -> None:
    await room.transfers()
    await room.steers(BACK)
    with pytest.raises(RefusedError):
        await room.answers()
    assert room.ears() == ALONE
    assert room.carrier.ended == [f"CA{1:032x}"], "the carrier is told to stop"


async def test_a_target_who_declines_after_the_consult_gives_the_caller_back(room: Room) -> None:
    await room.transfers()
    await room.answers()
    room.target_leaves()
    await room.desk.settle()
    assert (await room.attempt()).outcome is TransferOutcome.DECLINED
    assert room.ears() == ALONE


@pytest.mark.parametrize("answered", [False, True])
async def test_a_caller_who_hangs_up_lets_the_target_go_and_the_operator_write_up(room: Room, answered: bool) -> None:
    await room.transfers()
    target = await room.answers() if answered else None
    await room.call.leaves()
    view = await room.call.session()
    assert (view.state, view.outcome) == (SessionState.WRAP_UP, Outcome.RESOLVED)
    assert (view.transfers[-1].outcome, view.transfers[-1].reason) == (TransferOutcome.CANCELLED, "the caller hung up")
    assert len(room.carrier.ended) == 1
    assert target is None or target.ended == "ended"


async def test_a_console_that_dies_in_a_consult_lets_both_wait_and_the_caller_back_into_the_queue(room: Room) -> None:
    await room.transfers()
    target = await room.answers()
    place = (await room.call.session()).queued_at
    await room.ann.loses_headset()
    ears = room.ears()
    assert (ears[CALLER], ears[TARGET]) == ({BEEP_HZ}, {BEEP_HZ})
    await room.desk.later(14)
    assert await room.call.state() is SessionState.HELD
    await room.ann.goes()
    await room.desk.later(2)
    view = await room.call.session()
    assert (view.state, view.queued_at) == (SessionState.QUEUED, place)
    assert (target.ended, view.transfers[-1].outcome) == ("fenced", TransferOutcome.CANCELLED)
    assert len(room.carrier.ended) == 1


async def test_a_console_that_comes_back_in_time_goes_on_with_the_consult(room: Room) -> None:
    await room.transfers()
    await room.answers()
    await room.ann.loses_headset()
    await room.desk.later(5)
    await room.ann.asks_for_media(room.call)
    await room.ann.opens_headset()
    assert room.ears() == {**WAITS, OPERATOR: {TARGET}, TARGET: {OPERATOR}}


async def test_cold_without_its_operator_is_completed_by_the_answer(room: Room) -> None:
    await room.transfers(COLD)
    await room.ann.loses_headset()
    await room.ann.goes()
    await room.desk.later(25)
    await room.answers()
    assert room.ears()[CALLER] == {TARGET}
    assert (await room.call.session()).outcome is Outcome.TRANSFERRED


async def test_cold_without_its_operator_that_fails_puts_the_caller_back_at_their_place(room: Room) -> None:
    place = (await room.call.session()).queued_at
    await room.transfers(COLD)
    await room.ann.loses_headset()
    await room.ann.goes()
    await room.desk.later(20)
    assert room.ears()[CALLER] == {BEEP_HZ}
    await room.reports(Dial.BUSY)
    await room.desk.later(1)
    view = await room.call.session()
    assert (view.state, view.queued_at, view.transfers[-1].outcome) == (
        SessionState.QUEUED,
        place,
        TransferOutcome.BUSY,
    )


@pytest.mark.parametrize("stage", ["ringing", "consulting", "swapped", "merged", "joined"])
async def test_a_broker_that_restarts_takes_the_transfer_up_where_it_was(room: Room, stage: str) -> None:
    await room.transfers()
    steps = {"swapped": (SWAP,), "merged": (MERGE,), "joined": (COMPLETE,)}.get(stage, ())
    if stage != "ringing":
        await room.answers()
    for step in steps:
        await room.steers(step)
    before = room.ears()
    await room.desk.restart(after_seconds=3)
    assert room.ears() == before
    if stage == "ringing":
        await room.answers()
        assert room.ears() == {**WAITS, OPERATOR: {TARGET}, TARGET: {OPERATOR}}
    elif stage != "joined":
        await room.steers(BACK)
        assert room.ears() == ALONE
    assert len(room.carrier.placed) == 1


@pytest.mark.parametrize("stage", ["ringing", "consulting", "merged"])
async def test_what_happened_while_no_broker_ran_is_taken_in_and_the_caller_given_back(room: Room, stage: str) -> None:
    await room.transfers()
    if stage != "ringing":
        await room.answers()
    if stage == "merged":
        await room.steers(MERGE)
    await room.desk.stop()
    if stage != "ringing":
        room.target_leaves()
    await room.desk.clock.advance(40)
    await room.desk.start()
    await room.desk.later(1)
    expected = {
        "ringing": TransferOutcome.NO_ANSWER,
        "consulting": TransferOutcome.DECLINED,
        "merged": TransferOutcome.ANSWERED,
    }
    assert (await room.attempt()).outcome is expected[stage]
    assert room.ears() == ALONE


async def test_a_target_whom_the_worker_has_lost_is_missed_after_a_restart(room: Room) -> None:
    await room.transfers()
    target = await room.answers()
    await room.desk.stop()
    assert target.leg is not None
    room.desk.media._calls[room.call.id]._forget(target.leg, "lost", clean=False)
    room.desk.media._facts.clear()
    target.ended = "lost"
    await room.desk.start()
    await room.desk.settle()
    assert (await room.attempt()).outcome is TransferOutcome.FAILED
    assert room.ears() == ALONE


async def test_the_same_order_again_calls_nobody_twice(room: Room) -> None:
    await room.transfers(id_="order-0001")
    again = await room.transfers(id_="order-0001")
    assert len(room.carrier.placed) == 1
    assert again.session is not None
    assert len(again.session.transfers) == 1
    with pytest.raises(HandoffError) as refusal:
        await room.transfers(to="Boss", id_="order-0001")
    assert refusal.value.code == "idempotency_key_reused"


async def test_whoever_must_be_spoken_with_first_gets_no_cold_transfer(room: Room) -> None:
    with pytest.raises(HandoffError, match="wants to hear from you") as refusal:
        await room.transfers(COLD, "Boss")
    assert (refusal.value.code, room.carrier.placed) == ("speak_first", [])
    await room.transfers(WARM, "Boss")
    assert room.carrier.placed[0].to == "sip:boss@pbx.example.com"


@pytest.mark.parametrize("cap", ["most_a_day", "most_a_day_each"])
async def test_one_call_too_many_in_a_day_is_refused_with_its_rule(room: Room, cap: str) -> None:
    setattr(room.desk.broker.parts.guard, cap, 2)
    for _ in range(2):
        await room.transfers()
        await room.steers(BACK)
    with pytest.raises(HandoffError, match="24 hours") as refusal:
        await room.transfers()
    assert (refusal.value.code, refusal.value.details["rule"], len(room.carrier.placed)) == ("too_many_calls", cap, 2)
    assert room.ears() == ALONE, "a refused order leaves the caller where they are"


async def test_attempts_are_the_sessions_time_line(room: Room) -> None:
    await room.transfers(COLD)
    await room.reports(Dial.BUSY)
    await room.transfers(WARM, "Boss")
    await room.steers(BACK)
    await room.transfers(COLD)
    await room.answers()
    told = [(one.to, one.kind, one.outcome) for one in (await room.call.session()).transfers]
    assert told == [
        ("Billing", COLD, TransferOutcome.BUSY),
        ("Boss", WARM, TransferOutcome.CANCELLED),
        ("Billing", COLD, TransferOutcome.ANSWERED),
    ]
