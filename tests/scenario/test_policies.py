"""The fallback policy at work: what `explain` says is what a run does; notices stop at a claim, and tell the end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.broker.notifying import RETRY_SECONDS
from server.broker.parts import NOTICES
from server.broker.ports.notices import Destination, Notice
from server.core.effects import Notice as Told
from server.core.errors import ProviderError
from server.core.policy import (
    Action,
    Expire,
    Happening,
    Hours,
    Line,
    Notify,
    Opening,
    Overflow,
    Policy,
    PolicyError,
    PolicyStep,
    Tell,
    When,
    check,
    explain,
)
from server.core.session import Rules
from server.wire import commands as c
from server.wire.terms import Author, Outcome, Owner, SessionState
from tests.world import RULES, World

pytestmark = pytest.mark.scenario

QUEUES = ("default", "billing", "late")
NEVER = Hours(UTC, (Opening(frozenset(), time(0), time(0)),))


class Sent(NamedTuple):
    """One notice as it arrived."""

    destination: str
    kind: str
    at: datetime
    number: str


class Pigeon(Destination):
    """Keeps what it was given; refuses as often as told."""

    def __init__(self, world: World, name: str, refusals: Sequence[ProviderError] = ()) -> None:
        self.world, self.name, self.refusals = world, name, list(refusals)
        self.sent: list[Sent] = []
        self.ids: list[str] = []
        self.tries = 0

    async def send(self, notice: Notice) -> str:
        self.tries += 1
        self.ids.append(notice.id)
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append(Sent(self.name, notice.kind, self.world.clock.now(), notice.session.number))
        return ""


def rules_with(lines: dict[str, Line], **rest: object) -> Rules:
    queues = {
        name: replace(RULES, policy=line.policy, wait_expires_seconds=line.wait_expires_seconds, **rest)
        for name, line in lines.items()
    }
    return replace(RULES, queues=queues)


def steps() -> st.SearchStrategy[tuple[PolicyStep, ...]]:
    action: st.SearchStrategy[Action] = st.one_of(
        st.sampled_from(["one", "two", "you are {position}"]).map(Tell),
        st.just(Notify(("oncall",))),
        st.sampled_from(QUEUES).map(Overflow),
        st.just(Expire()),
    )
    step = st.builds(PolicyStep, st.integers(0, 80).map(float), action, st.sampled_from(When))
    return st.lists(step, min_size=1, max_size=4).map(
        lambda found: tuple(sorted(found, key=lambda one: one.after_seconds))
    )


def sound(lines: dict[str, Line]) -> bool:
    try:
        check(lines, frozenset({"oncall"}))
    except PolicyError:
        return False
    return True


LINES = st.fixed_dictionaries(
    {name: st.builds(Line, st.builds(Policy, steps()), st.sampled_from([45.0, 90.0])) for name in QUEUES}
).filter(sound)


def tagged(name: str, line: Line, hours: Hours | None) -> Line:
    """Return the line with its queue's name in what it tells, so that the queue of every line said is seen."""
    marked = tuple(
        replace(step, action=Tell(f"{name}: {step.action.text}")) if isinstance(step.action, Tell) else step
        for step in line.policy.steps
    )
    return replace(line, policy=Policy(marked, hours))


@given(lines=LINES, on_duty=st.booleans(), is_open=st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
async def test_what_is_explained_is_what_a_run_does(lines: dict[str, Line], on_duty: bool, is_open: bool) -> None:
    lines = {name: tagged(name, line, None if is_open else NEVER) for name, line in lines.items()}
    pigeons: dict[str, Destination] = {}
    async with World(rules=rules_with(lines), ring=False, destinations=pigeons) as desk:
        pigeon = Pigeon(desk, "oncall")
        pigeons["oncall"] = pigeon
        if on_duty:
            await desk.operator("ann")
        chat = await desk.chat()
        began = desk.clock.now()
        await chat.asks_for_a_person()
        await desk.later(91)
        assert (await chat.session()).outcome is Outcome.EXPIRED
        said = [(one.at, one.text) for one in await chat.messages() if one.author is Author.SYSTEM]
        seen = [(round((at - began).total_seconds()), what) for at, what in said]
        seen += [(round((one.at - began).total_seconds()), "notice") for one in pigeon.sent]
        expected = explain(lines, "default", on_duty=on_duty, is_open=is_open)
        assert sorted(seen) == sorted(_expected(expected))


def _expected(happenings: Sequence[Happening]) -> list[tuple[int, str]]:
    said: list[tuple[int, str]] = []
    for one in happenings:
        match one.action:
            case Tell(text=text):
                said.append((round(one.at_seconds), text.replace("{position}", "1")))
            case Notify():
                said.append((round(one.at_seconds), "notice"))
            case Expire():
                said.append((round(one.at_seconds), NOTICES[Told.NOBODY_CAME]))
            case Overflow():
                pass  # seen by what the next queue tells
    return said


def billing(*policy: PolicyStep, hours: Hours | None = None, **rest: object) -> Rules:
    return rules_with({"default": Line(Policy(policy, hours), 90.0)}, **rest)


@pytest.mark.parametrize(
    ("when", "on_duty", "is_open"), [(w, d, o) for w in When for d in (True, False) for o in (True, False)]
)
async def test_a_step_is_carried_out_in_its_circumstances_only(when: When, on_duty: bool, is_open: bool) -> None:
    rules = billing(PolicyStep(5, Tell("hello"), when), hours=None if is_open else NEVER)
    async with World(rules=rules, ring=False) as desk:
        if on_duty:
            await desk.operator("ann")
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        said = "hello" in [one.text for one in await chat.messages()]
        expected = {When.ALWAYS: True, When.NOBODY_ON_DUTY: not on_duty, When.CLOSED: not is_open, When.OPEN: is_open}
        assert said is expected[when]


async def test_a_notice_is_not_sent_once_somebody_has_taken_the_session() -> None:
    pigeons: dict[str, Destination] = {}
    async with World(rules=billing(PolicyStep(10, Notify(("oncall",)))), destinations=pigeons) as desk:
        pigeon = Pigeon(desk, "oncall", [ProviderError("webhook_refused", "The webhook answered 500.")])
        pigeons["oncall"] = pigeon
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(11)
        assert (pigeon.tries, pigeon.sent) == (1, [])
        ann = await desk.operator("ann")
        await ann.takes(chat)
        await desk.later(RETRY_SECONDS[0] + 1)
        assert (pigeon.tries, pigeon.sent) == (1, [])
        assert await desk.jobs("notice") == 0


async def test_a_notice_is_repeated_with_the_same_id_until_it_is_accepted_or_hopeless() -> None:
    pigeons: dict[str, Destination] = {}
    rules = billing(PolicyStep(1, Notify(("oncall", "mail"))))
    rules = replace(rules, queues={"default": replace(rules.of("default"), wait_expires_seconds=86_400.0)})
    async with World(rules=rules, destinations=pigeons) as desk:
        busy = ProviderError("webhook_refused", "The webhook answered 503.")
        gone = ProviderError("webhook_refused", "The webhook answered 410.", retryable=False)
        oncall, mail = Pigeon(desk, "oncall", [busy, busy]), Pigeon(desk, "mail", [gone])
        pigeons.update(oncall=oncall, mail=mail)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(2 + sum(RETRY_SECONDS[:2]))
        assert (oncall.tries, len(oncall.sent), len(set(oncall.ids))) == (3, 1, 1)
        assert (mail.tries, mail.sent) == (1, [])
        assert await desk.jobs("notice") == 0


@pytest.mark.parametrize("how", ["expires", "leaves", "is resolved"])
async def test_exactly_one_outcome_notice_tells_how_a_handoff_ended(how: str) -> None:
    pigeons: dict[str, Destination] = {}
    async with World(rules=billing(outcome_to=("owner",)), destinations=pigeons) as desk:
        owner = Pigeon(desk, "owner")
        pigeons["owner"] = owner
        chat = await desk.chat()
        await chat.asks_for_a_person()
        match how:
            case "leaves":
                await chat.leaves()
            case "is resolved":
                ann = await desk.operator("ann")
                await ann.takes(chat)
                await ann.does(c.Resolve, chat, note="paid")
                assert owner.sent == [], "the operator is still writing up"
            case _:
                pass
        await desk.later(200)
        assert [one.kind for one in owner.sent] == ["handoff.closed"]


async def test_overflow_keeps_the_place_and_a_ring_goes_on() -> None:
    lines = {
        "default": Line(Policy((PolicyStep(1, Tell("one moment")), PolicyStep(5, Overflow("billing")))), 90.0),
        "billing": Line(Policy((PolicyStep(3, Tell("{position} after {waited_minutes}")),)), 90.0),
    }
    async with World(rules=rules_with(lines)) as desk:
        await desk.operator("ann")
        first, second = await desk.chat("One"), await desk.chat("Two")
        asked = await first.asks_for_a_person()
        await second.asks_for_a_person()
        assert await first.state() is SessionState.OFFERED
        await desk.later(6)
        session = await first.session()
        assert (session.queue, session.state, session.queued_at) == ("billing", SessionState.OFFERED, asked.queued_at)
        await desk.later(3)
        assert [one.text for one in await second.messages() if one.author is Author.SYSTEM] == [
            "one moment",
            "2 after 0",
        ]


async def test_a_session_that_comes_back_begins_the_policy_again() -> None:
    async with World(rules=billing(PolicyStep(5, Tell("one moment")))) as desk:
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await ann.takes(chat)
        await desk.later(20)
        await ann.does(c.Requeue, chat)
        await desk.later(6)
        assert [one.text for one in await chat.messages()].count("one moment") == 1
        assert (await chat.conversation()).owner is Owner.WAITING


async def test_steps_that_fell_due_while_the_broker_was_down_are_made_up_for(tmp_path: object) -> None:
    rules = billing(PolicyStep(5, Tell("first")), PolicyStep(10, Tell("second")))
    async with World(f"sqlite:///{tmp_path}/desk.db", rules=rules, ring=False) as desk:
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.restart(after_seconds=30)
        await desk.later(1)
        assert [one.text for one in await chat.messages() if one.author is Author.SYSTEM] == ["first", "second"]


class Hanging(Pigeon):
    """Takes every notice and never says so."""

    async def send(self, notice: Notice) -> str:
        self.tries += 1
        await asyncio.get_running_loop().create_future()
        return ""


async def test_a_destination_that_hangs_holds_up_no_other_and_not_its_own_next_notice() -> None:
    pigeons: dict[str, Destination] = {}
    rules = billing(PolicyStep(1, Notify(("deaf", "fine"))), PolicyStep(3, Notify(("fine", "deaf"))))
    async with World(rules=rules, ring=False, destinations=pigeons) as desk:
        deaf, fine = Hanging(desk, "deaf"), Pigeon(desk, "fine")
        pigeons.update(deaf=deaf, fine=fine)
        for name in ("One", "Two"):
            await (await desk.chat(name)).asks_for_a_person()
        began = desk.clock.now()
        await desk.later(4)
        assert [round((one.at - began).total_seconds()) for one in fine.sent] == [1, 1, 3, 3]
        assert deaf.tries == 2, "the next to the same destination about the same session waits for the first"


async def test_two_providers_that_are_down_hand_the_notice_on_at_once() -> None:
    pigeons: dict[str, Destination] = {}
    rules = billing(PolicyStep(1, Notify(("first",))))
    fallbacks = {"first": "second", "second": "third"}
    async with World(rules=rules, ring=False, destinations=pigeons, fallbacks=fallbacks) as desk:
        down = [ProviderError("notice_failed", "It answered 503.")]
        first, second, third = Hanging(desk, "first"), Pigeon(desk, "second", down), Pigeon(desk, "third")
        pigeons.update(first=first, second=second, third=third)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        began = desk.clock.now()
        await desk.later(60)
        assert [round((one.at - began).total_seconds()) for one in third.sent] == [11]
        assert (first.tries, second.tries, second.sent) == (1, 1, [])


async def test_a_notice_of_an_earlier_wait_is_moot_when_the_session_waits_again() -> None:
    pigeons: dict[str, Destination] = {}
    async with World(rules=billing(PolicyStep(10, Notify(("oncall",)))), destinations=pigeons) as desk:
        pigeon = Pigeon(desk, "oncall", [ProviderError("webhook_refused", "500")])
        pigeons["oncall"] = pigeon
        ann, chat = await desk.operator("ann"), await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(11)
        await ann.takes(chat)
        await ann.does(c.Requeue, chat)
        await desk.later(8)
        assert pigeon.sent == [], "the retry was of the wait before"
        await desk.later(4)
        assert len(pigeon.sent) == 1
