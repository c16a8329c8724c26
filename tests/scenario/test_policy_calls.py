"""A step of the policy calls somebody outside: they hear what it is about, take the call with a key, or do not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server.broker.ports.carrier import Carriers
from server.broker.ports.dialling import Callee
from server.core.on_call import Level, Person, Rotation, Schedule
from server.core.policy import CallOut, Expire, Policy, PolicyStep, Tell
from server.media.announcement import announcement_frame
from server.media.loopback import RATE, LoopbackLeg
from server.wire.calling import Transfer
from server.wire.terms import Author, Dial, Outcome, Owner, SessionState, TransferOutcome, TransferStage
from tests.fakes.carrier import FakeCarrier
from tests.fakes.dial_guard import OpenGuard
from tests.media_clients import tone, tones
from tests.scenario.test_notices_answered import Room
from tests.world import RULES, Customer, World

pytestmark = pytest.mark.scenario

CALLER, ASSISTANT, TARGET = 700, 2_100, 2_800
OWNER = Callee(to="The owner", address="+4930123456")
STEP = CallOut("The owner", ring_seconds=20.0, confirm_seconds=10.0, destinations=("dispatch",))
AFTER = PolicyStep(40, Tell("Nobody was there; you are number {position}."))
TAKEN, SILENT = "1", "5"


class Evening:
    """A caller who waits on a desk where nobody is on duty, and a telephone that rings elsewhere."""

    def __init__(self, desk: World, carrier: FakeCarrier, rooms: dict[str, Room]) -> None:
        self.desk, self.carrier, self.rooms = desk, carrier, rooms
        self.target: LoopbackLeg | None = None
        self.call: Customer

    async def begins(self) -> None:
        self.call = await self.desk.caller()
        await self.call.asks_for_a_person()
        await self.desk.later(5)

    async def answers(self) -> LoopbackLeg:
        self.target = self.desk.media.connect(self.carrier.placed[-1].media_token, "twilio", "CA1")
        await self.desk.settle()
        return self.target

    async def presses(self, digit: str) -> None:
        assert self.target is not None
        self.desk.media.press(self.target, digit)
        await self.desk.settle()

    async def reports(self, dial: Dial) -> None:
        await self.desk.broker.desk.ring_backs.moved(self.carrier.placed[-1].conversation_id, dial)
        await self.desk.settle()

    async def attempt(self) -> Transfer:
        return (await self.call.session()).transfers[-1]

    async def lines(self) -> list[str]:
        return [one.text for one in await self.call.messages() if one.author is Author.SYSTEM]

    def ears(self) -> dict[int, set[int]]:
        """Let everybody talk at once; return which tones each of them heard, and whether it was the announcement."""
        legs = {CALLER: self.call.line, ASSISTANT: self.call.assistant_leg, TARGET: self.target}
        speakers = {hertz: leg for hertz, leg in legs.items() if leg is not None and not leg.ended}
        for number in range(30):
            if number == 6:
                for leg in speakers.values():
                    leg.heard.clear()
            for hertz, leg in speakers.items():
                self.desk.media.speak(leg, tone(hertz, RATE, number))
            self.desk.media.tick()
        return {hertz: self._heard(leg) for hertz, leg in speakers.items()}

    @staticmethod
    def _heard(leg: LoopbackLeg) -> set[int]:
        spoken = {announcement_frame(RATE, number) for number in range(60)}
        if leg.heard and set(leg.heard) <= spoken:
            return {-1}
        return tones(b"".join(leg.heard), RATE, CALLER, ASSISTANT, TARGET)


ANNOUNCEMENT = {-1}


@asynccontextmanager
async def evening(
    *steps: PolicyStep, url: str = "sqlite://", wait: float = 90.0, **parts: Any
) -> AsyncIterator[Evening]:
    carrier = FakeCarrier()
    policy = Policy(steps or (PolicyStep(5, STEP), AFTER))
    rules = replace(RULES, policy=policy, wait_expires_seconds=wait, outcome_to=("owner",))
    known: dict[str, Any] = {
        "carriers": Carriers({"twilio": carrier}),
        "guard": OpenGuard(OWNER),
        "destinations": {},
        "desk_url": "https://desk.example.com/",
    }
    async with World(url, rules=rules, **{**known, **parts}) as desk:
        rooms = {"dispatch": Room(desk), "owner": Room(desk)}
        desk.parts["destinations"].update(rooms)
        one = Evening(desk, carrier, rooms)
        await one.begins()
        yield one


async def test_the_target_alone_hears_what_it_is_about_and_the_caller_joins_when_they_press_1() -> None:
    async with evening() as one:
        assert await one.lines() == ["I am calling The owner for you."], "the customer is told to whom"
        assert [call.to for call in one.carrier.placed] == [OWNER.address]
        with_assistant = {CALLER: {ASSISTANT}, ASSISTANT: {CALLER}}
        assert one.ears() == with_assistant, "it rings, and nobody is dropped"
        await one.answers()
        assert one.ears() == {**with_assistant, TARGET: ANNOUNCEMENT}, "before the bridge the target alone hears it"
        await one.presses(SILENT)
        assert one.ears() == {**with_assistant, TARGET: ANNOUNCEMENT}, "another key takes nothing"
        await one.presses(TAKEN)
        assert one.ears() == {CALLER: {TARGET}, TARGET: {CALLER}, ASSISTANT: set()}
        session = await one.call.session()
        assert (session.state, session.outcome) == (SessionState.CLOSED, Outcome.TRANSFERRED)
        assert (await one.call.conversation()).owner is Owner.OPERATOR, "the assistant keeps silent"
        attempt = session.transfers[-1]
        assert (attempt.outcome, attempt.stage) == (TransferOutcome.ANSWERED, TransferStage.JOINED)
        told = [notice.session.outcome for _, notice in one.rooms["owner"].sent]
        assert told == [Outcome.TRANSFERRED], "exactly one outcome notice"
        assert one.target is not None
        one.desk.media.leave(one.target)
        await one.desk.settle()
        assert one.call.line is not None
        assert one.call.line.ended, "the call is over for both"


async def test_the_answer_to_its_notice_takes_the_call_as_the_key_does() -> None:
    async with evening() as one:
        dispatch = one.rooms["dispatch"]
        assert [notice.kind for _, notice in dispatch.sent] == ["handoff.waiting"]
        await one.answers()
        await one.desk.broker.acknowledging.take(dispatch.token, "Dana")
        await one.desk.settle()
        assert one.ears() == {CALLER: {TARGET}, TARGET: {CALLER}, ASSISTANT: set()}
        assert (await one.call.session()).acknowledged_by == "Dana"


async def test_whoever_answers_the_notice_first_gets_the_caller_as_soon_as_they_pick_up() -> None:
    async with evening() as one:
        dispatch = one.rooms["dispatch"]
        await one.desk.broker.acknowledging.take(dispatch.token, "Dana")
        await one.desk.settle()
        assert await one.call.state() is SessionState.QUEUED
        await one.answers()
        assert one.ears() == {CALLER: {TARGET}, TARGET: {CALLER}, ASSISTANT: set()}


@pytest.mark.parametrize(
    ("happens", "outcome"),
    [
        ("busy", TransferOutcome.BUSY),
        ("silent", TransferOutcome.NO_ANSWER),
        ("declines", TransferOutcome.DECLINED),
        ("hangs up", TransferOutcome.DECLINED),
        ("machine", TransferOutcome.UNCONFIRMED),
        ("refused", TransferOutcome.FAILED),
        ("unreachable", TransferOutcome.UNREACHABLE),
        ("breaks", TransferOutcome.FAILED),
    ],
)
async def test_whatever_goes_wrong_has_its_outcome_and_the_caller_waits_on_with_the_next_step(
    happens: str, outcome: TransferOutcome
) -> None:
    carrier = FakeCarrier()
    carrier.refuses = "The number is not in service." if happens == "refused" else ""
    async with evening(carriers=Carriers({"twilio": carrier})) as one:
        one.carrier = carrier
        if happens in {"busy", "unreachable"}:
            await one.reports(Dial.BUSY if happens == "busy" else Dial.FAILED)
        if happens in {"declines", "hangs up", "machine", "breaks"}:
            target = await one.answers()
            if happens == "declines":
                await one.presses("2")
            if happens in {"hangs up", "breaks"}:
                one.desk.media.leave(target, clean=happens == "hangs up")
        await one.desk.later(34)
        attempt = await one.attempt()
        assert (attempt.outcome, attempt.stage) == (outcome, TransferStage.OVER)
        session = await one.call.session()
        assert (session.state, session.epoch) == (SessionState.QUEUED, 1), "at its place, as if nothing had been"
        assert one.target is None or one.target.ended or happens in {"hangs up", "breaks"}, "the target is let go"
        one.target = None
        assert one.ears() == {CALLER: {ASSISTANT}, ASSISTANT: {CALLER}}
        await one.desk.later(2)
        assert (await one.lines())[-1] == "Nobody was there; you are number 1."


async def test_without_a_question_the_caller_joins_at_the_answer() -> None:
    async with evening(PolicyStep(5, replace(STEP, confirm_seconds=0.0))) as one:
        await one.answers()
        assert one.ears() == {CALLER: {TARGET}, TARGET: {CALLER}, ASSISTANT: set()}


async def test_an_operator_may_still_take_the_caller_and_the_target_is_let_go() -> None:
    async with evening() as one:
        target = await one.answers()
        ann = await one.desk.operator("ann")
        await ann.takes(one.call)
        assert await one.call.state() is SessionState.ACTIVE
        attempt = await one.attempt()
        assert (attempt.outcome, attempt.reason) == (TransferOutcome.CANCELLED, "an operator was there first")
        assert target.ended
        await one.presses(TAKEN)
        assert await one.call.state() is SessionState.ACTIVE, "too late"


async def test_a_caller_who_hangs_up_meanwhile_ends_the_ringing() -> None:
    async with evening() as one:
        await one.call.leaves()
        assert (await one.call.session()).outcome is Outcome.ABANDONED
        assert (await one.attempt()).outcome is TransferOutcome.CANCELLED
        assert len(one.carrier.ended) == 1


async def test_the_end_of_the_wait_does_not_cut_off_who_is_just_answering() -> None:
    late = replace(STEP, ring_seconds=20.0, confirm_seconds=10.0)
    async with evening(PolicyStep(5, late), wait=20.0) as one:
        await one.desk.later(14)
        await one.answers()
        await one.desk.later(4)
        assert await one.call.state() is SessionState.QUEUED, "the wait would have ended"
        await one.presses(TAKEN)
        assert (await one.call.session()).outcome is Outcome.TRANSFERRED


async def test_an_on_call_teammate_is_called_by_name_and_one_without_a_telephone_is_an_outcome_too() -> None:
    rotation = Rotation(("Ann", "Ben"), datetime(2020, 1, 6, 9), 7)  # noqa: DTZ001 - by the wall
    people = (Person("Ann", ("sms",), "+4930777"), Person("Ben", ("sms",), "+4930777"))
    first = Schedule(zone=UTC, people=people, levels=(Level(after_seconds=0, turns=rotation),))
    mute = replace(first, people=(Person("Ann", ("sms",)), Person("Ben", ("sms",))))
    steps = (PolicyStep(5, replace(STEP, to="on_call:mute")), PolicyStep(40, replace(STEP, to="on_call:night")))
    async with evening(*steps, on_call={"night": first, "mute": mute}) as one:
        attempt = await one.attempt()
        assert (attempt.outcome, attempt.address) == (TransferOutcome.UNREACHABLE, "")
        assert "nobody who is on call now has a telephone" in attempt.reason
        await one.desk.later(35)
        attempt = await one.attempt()
        assert (attempt.address, attempt.to) in {("+4930777", "Ann"), ("+4930777", "Ben")}
        assert (await one.lines())[-1] == f"I am calling {attempt.to} for you."


async def test_a_chat_is_passed_over() -> None:
    async with evening() as one:
        chat = await one.desk.chat()
        await chat.asks_for_a_person()
        await one.desk.later(8)
        assert (await chat.session()).transfers == ()
        assert len(one.carrier.placed) == 1


async def test_a_broker_that_is_restarted_while_it_rings_calls_nobody_twice(tmp_path: Path) -> None:
    async with evening(url=f"sqlite:///{tmp_path}/desk.db") as one:
        await one.answers()
        await one.desk.restart(after_seconds=1)
        assert len(one.carrier.placed) == 1
        await one.presses(TAKEN)
        assert (await one.call.session()).outcome is Outcome.TRANSFERRED
        assert one.ears() == {CALLER: {TARGET}, TARGET: {CALLER}, ASSISTANT: set()}


async def test_the_wait_ends_after_a_call_that_came_to_nothing() -> None:
    async with evening(PolicyStep(5, STEP), PolicyStep(36, Expire())) as one:
        await one.desk.later(32)
        session = await one.call.session()
        assert (session.outcome, (await one.attempt()).outcome) == (Outcome.EXPIRED, TransferOutcome.NO_ANSWER)
