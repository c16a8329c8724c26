"""Notices repeat and escalate until somebody answers; an answer or a claim stops and changes them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from server.broker.ports.notices import Destination, Notice
from server.core.errors import NotFoundError, ProviderError
from server.core.on_call import Level, Person, Rotation, Schedule
from server.core.policy import Notify, Policy, PolicyStep
from server.core.session import Rules
from server.wire import commands as c
from server.wire.terms import Outcome, SessionState
from tests.world import RULES, World

pytestmark = pytest.mark.scenario

LONG = 3600.0


class Room(Destination):
    """Keeps what it is told with the second, and what its messages were changed to; refuses as often as told."""

    def __init__(self, world: World, *, phone: str = "") -> None:
        self.world, self.phone = world, phone
        self.began = world.clock.now()
        self.sent: list[tuple[int, Notice]] = []
        self.changed: list[tuple[int, str, Notice]] = []
        self.refusals: list[ProviderError] = []

    def _second(self) -> int:
        return round((self.world.clock.now() - self.began).total_seconds())

    async def send(self, notice: Notice) -> str:
        self.sent.append((self._second(), notice))
        return f"message {len(self.sent)}"

    async def amend(self, reference: str, notice: Notice) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.changed.append((self._second(), reference, notice))

    def reaches(self, address: str) -> bool:
        return bool(self.phone) and address == self.phone

    @property
    def seconds(self) -> list[int]:
        return [second for second, _ in self.sent]

    @property
    def token(self) -> str:
        return self.sent[-1][1].accept_url.rpartition("/")[2]


def rules(*steps: PolicyStep) -> Rules:
    policy = Policy(steps)
    return replace(RULES, queues={"default": replace(RULES, policy=policy, wait_expires_seconds=LONG)})


def told(desk: World, **rooms: Room) -> None:
    assert isinstance(desk.parts["destinations"], dict)
    desk.parts["destinations"].update(rooms)


def world(*steps: PolicyStep, **parts: object) -> World:
    return World(rules=rules(*steps), ring=False, destinations={}, desk_url="https://desk.example.com/", **parts)


async def test_a_notice_repeats_until_somebody_takes_the_session_and_none_leaves_after() -> None:
    async with world(PolicyStep(5, Notify(("ops",), 60))) as desk:
        ops = Room(desk)
        told(desk, ops=ops)
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(130)
        assert ops.seconds == [5, 65, 125]
        await ann.takes(chat)
        assert {(reference, one.operator) for _, reference, one in ops.changed} == {
            ("message 1", "Ann"),
            ("message 2", "Ann"),
            ("message 3", "Ann"),
        }
        assert {second for second, _, _ in ops.changed} == {130}, "within the second of the claim"
        await desk.later(300)
        assert ops.seconds == [5, 65, 125]
        assert await desk.jobs("notice") == 0


async def test_whoever_answers_the_link_sees_to_it_and_nobody_else_is_told_any_more() -> None:
    async with world(PolicyStep(5, Notify(("ops",), 60)), PolicyStep(90, Notify(("boss",)))) as desk:
        ops, boss = Room(desk), Room(desk)
        told(desk, ops=ops, boss=boss)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        url = ops.sent[0][1].accept_url
        assert url.startswith("https://desk.example.com/v1/notices/")
        before = await desk.broker.acknowledging.look(ops.token)
        assert (before.open, before.by) == (True, ""), "looking takes nothing"
        assert (await chat.session()).acknowledged_by == ""
        taken = await desk.broker.acknowledging.take(ops.token, " Ben\n<b> ")
        assert (taken.open, taken.by) == (False, "Ben <b>")
        again = await desk.broker.acknowledging.take(ops.token, "Cat")
        assert again.by == "Ben <b>", "the first one has it"
        await desk.later(200)
        assert (ops.seconds, boss.seconds) == ([5], [])
        session = await chat.session()
        assert (session.acknowledged_by, session.state) == ("Ben <b>", SessionState.QUEUED)
        assert [(reference, one.session.acknowledged_by) for _, reference, one in ops.changed] == [
            ("message 1", "Ben <b>")
        ]


async def test_an_old_link_does_not_answer_for_a_later_wait_nor_after_its_time() -> None:
    async with world(PolicyStep(5, Notify(("ops",)))) as desk:
        ops = Room(desk)
        told(desk, ops=ops)
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        old = ops.token
        await ann.takes(chat)
        assert (await desk.broker.acknowledging.take(old, "Ben")).by == "Ann"
        await ann.does(c.Requeue, chat)
        await desk.later(6)
        assert not (await desk.broker.acknowledging.take(old, "Ben")).open
        assert (await chat.session()).acknowledged_by == ""
        assert (await desk.broker.acknowledging.take(ops.token, "Ben")).by == "Ben", "the newer one does"
        await desk.later(LONG + 10)
        for token in (old, ops.token, "nonsense", ""):
            with pytest.raises(NotFoundError) as refusal:
                await desk.broker.acknowledging.take(token, "Ben")
            assert refusal.value.code == "no_such_notice"


async def test_a_code_counts_from_the_number_that_it_was_sent_to_alone() -> None:
    async with world(PolicyStep(5, Notify(("ops",)))) as desk:
        ops = Room(desk, phone="+491701")
        told(desk, ops=ops)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        code = ops.sent[0][1].accept_code
        assert len(code) == 6
        assert code.isdigit()
        for address, said in (("+491702", code), ("+491701", "000000" if code != "000000" else "000001"), ("", code)):
            with pytest.raises(NotFoundError):
                await desk.broker.acknowledging.take_by_code(address, said)
        taken = await desk.broker.acknowledging.take_by_code("+491701", code)
        assert (taken.open, taken.by) == (False, "+491701")


async def test_a_claim_that_overtakes_a_notice_on_its_way_still_changes_it() -> None:
    async with world(PolicyStep(5, Notify(("ops",)))) as desk:
        ops = Room(desk)

        class Slow(Room):
            async def send(self, notice: Notice) -> str:
                await desk.clock.sleep(8)
                return await super().send(notice)

        slow = Slow(desk)
        told(desk, ops=slow)
        del ops
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        await ann.takes(chat)
        assert (slow.sent, slow.changed) == ([], [])
        await desk.later(8)
        assert [(reference, one.operator) for _, reference, one in slow.changed] == [("message 1", "Ann")]


async def test_a_change_that_is_refused_is_tried_again_and_says_the_outcome_in_the_end() -> None:
    async with world(PolicyStep(5, Notify(("ops",)))) as desk:
        ops = Room(desk)
        told(desk, ops=ops)
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        ops.refusals = [ProviderError("notice_slow_down", "Slower.", retry_after_seconds=9)]
        await ann.takes(chat)
        await desk.later(8)
        assert ops.changed == []
        await desk.later(3)
        assert [one.operator for _, _, one in ops.changed] == ["Ann"]
        await ann.does(c.Resolve, chat, note="paid")
        await desk.later(1)
        assert ops.changed[-1][2].session.outcome is Outcome.RESOLVED


ANN = Person("Ann", ("ann_sms", "ann_mail"))
BEN = Person("Ben", ("ben_sms",))
CAT = Person("Cat", ("cat_sms",))


def schedule(**first: float) -> Schedule:
    monday = datetime.fromisoformat("2026-01-05 09:00")
    return Schedule(
        zone=UTC,
        people=(ANN, BEN, CAT),
        levels=(
            Level(after_seconds=0, turns=Rotation(("Ann",), monday, 7), **first),
            Level(after_seconds=300, turns=Rotation(("Ben",), monday, 7)),
            Level(after_seconds=600, turns=Rotation(("Cat",), monday, 7)),
        ),
    )


async def test_people_on_call_are_told_level_by_level_until_one_says_i_take_it() -> None:
    async with world(PolicyStep(10, Notify(("on_call:support",))), on_call={"support": schedule()}) as desk:
        rooms = {name: Room(desk) for name in ("ann_sms", "ann_mail", "ben_sms", "cat_sms")}
        told(desk, **rooms)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(320)
        assert {name: room.seconds for name, room in rooms.items()} == {
            "ann_sms": [10],
            "ann_mail": [10],
            "ben_sms": [310],
            "cat_sms": [],
        }
        assert rooms["ben_sms"].sent[0][1].person == "Ben"
        taken = await desk.broker.acknowledging.take(rooms["ben_sms"].token, "somebody else")
        assert taken.by == "Ben", "a link of one person is theirs"
        await desk.later(600)
        assert rooms["cat_sms"].seconds == []


async def test_a_level_repeats_until_somebody_comes() -> None:
    plan = schedule(repeat_seconds=120.0)
    async with world(PolicyStep(10, Notify(("on_call:support",))), on_call={"support": plan}) as desk:
        rooms = {name: Room(desk) for name in ("ann_sms", "ann_mail", "ben_sms", "cat_sms")}
        told(desk, **rooms)
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(380)
        assert rooms["ann_sms"].seconds == [10, 130, 250, 370]
        assert rooms["ben_sms"].seconds == [310]
        await ann.takes(chat)
        await desk.later(1000)
        assert rooms["ann_sms"].seconds == [10, 130, 250, 370]
        assert rooms["cat_sms"].seconds == []
