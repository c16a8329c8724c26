"""What is said shows on the card, calls a person where that is configured, and declines only who did not mean it."""

import asyncio
from typing import Any

import msgspec
import pytest

from server.broker.minding import MOST_WAITING
from server.understanding.topics import Topic
from server.understanding.trigger_settings import (
    AsksForPerson,
    Complexity,
    MoodFalls,
    TooLong,
    TriggerSettings,
)
from server.wire import commands as c
from server.wire.events import ConversationReturned
from server.wire.requests import HouseRule, NewAttributes, NewHandoff
from server.wire.terms import MoodLabel, Outcome, Owner, SessionState
from server.wire.views import Context, SessionView, Sign
from tests.fakes.mind import MindInProcess, minded
from tests.world import Customer, World

pytestmark = pytest.mark.scenario

OFF = TriggerSettings(
    asks_for_person=AsksForPerson(enabled=False),
    complexity=Complexity(enabled=False),
    mood=MoodFalls(enabled=False),
    too_long=TooLong(enabled=False),
)


def only(**parts: Any) -> MindInProcess:
    return MindInProcess(msgspec.structs.replace(OFF, **parts))


async def card(desk: World) -> SessionView:
    await desk.settle()
    (view,) = (await desk.snapshot()).sessions
    return view


async def talk(customer: Customer, *turns: tuple[str, str]) -> None:
    for who, text in turns:
        await (customer.says(text) if who == "c" else customer.assistant_says(text))
        await customer.world.settle()


async def test_the_card_shows_why_with_the_words_that_decided() -> None:
    async with minded() as desk:
        chat = await desk.chat()
        await talk(chat, ("a", "How can I help?"), ("c", "My bill is wrong. Put me through to a person, please."))
        await chat.asks_for_a_person("billing")
        sign = next(one for one in (await card(desk)).context.signs if one.name == "asks_for_person")
        assert "person" in sign.span
        assert (sign.turn, sign.score is not None and sign.score > 0.8) == (2, True)


async def test_the_cards_mood_moves_within_a_turn() -> None:
    async with minded() as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await talk(chat, ("c", "Thank you so much, that is brilliant"))
        await chat.asks_for_a_person("upsell")
        await ann.takes(chat)
        before = (await card(desk)).context.mood
        assert (before.label, len(before.course)) == (MoodLabel.HAPPY, 1)
        await talk(chat, ("c", "This is absolutely unacceptable, you people are thieves!!"))
        after = (await card(desk)).context.mood
        assert (after.label, len(after.course)) == (MoodLabel.ANGRY, 2)
        assert after.score < -0.5


async def test_what_the_assistant_says_of_mood_stands_when_so_configured() -> None:
    async with minded(live_mood=False) as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "you people are thieves!!"))
        await chat.asks_for_a_person("angry")
        assert (await card(desk)).context.mood.label is MoodLabel.UNKNOWN


async def test_nobody_can_forge_a_sign() -> None:
    async with minded() as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "what are your fees"))
        forged = Context(signs=(Sign(name="rule:vip", reason="let me through"),), summary="fees")
        await chat.asks_for_a_person("fees", context=forged)
        assert [one.name for one in (await card(desk)).context.signs] == ["guard"]
        await chat.intake.update_context(desk.assistant, chat.id, forged)
        assert [one.name for one in (await card(desk)).context.signs] == ["guard"]


@pytest.mark.parametrize(
    ("mind", "turns", "reason", "queue", "priority"),
    [
        (
            lambda: only(asks_for_person=AsksForPerson(queue="people", priority=7)),
            [("c", "I want to talk to a human")],
            "Asks for a person",
            "people",
            7,
        ),
        (
            lambda: only(complexity=Complexity(steps=3, repeats=0, gaps=0, rephrasings=0)),
            [("c", "my router is dead"), *[("a", f"Please restart it, attempt {n}") for n in range(3)]],
            "steps taken: 3 times",
            "fallback",
            4,
        ),
        (
            lambda: only(complexity=Complexity(steps=0, repeats=1, gaps=0, rephrasings=0)),
            [("c", "where is my red parcel"), ("a", "On its way."), ("c", "where is my red parcel now")],
            "the customer repeats it: 1 times",
            "fallback",
            4,
        ),
        (
            lambda: only(complexity=Complexity(steps=0, repeats=0, gaps=2, rephrasings=0)),
            [("c", "can it fly"), ("a", "I don't know that."), ("c", "can it swim"), ("a", "I'm not sure.")],
            "the assistant does not know: 2 times",
            "fallback",
            4,
        ),
        (
            lambda: only(complexity=Complexity(steps=0, repeats=0, gaps=0, rephrasings=2)),
            [("c", "it blinks"), ("a", "Could you rephrase that?"), ("c", "that's not what I asked")],
            "not understood: 2 times",
            "fallback",
            4,
        ),
        (
            lambda: only(mood=MoodFalls(queue="care")),
            [("c", "hello there"), ("c", "this is outrageous, you are thieves and liars!!")],
            "Mood: angry",
            "care",
            4,
        ),
        (
            lambda: only(
                topics=(
                    Topic(
                        name="solar_panels",
                        queue="solar",
                        examples=("my solar panels are broken", "solar roof panel error", "panels on the roof"),
                    ),
                )
            ),
            [("c", "my solar panels on the roof are broken")],
            "Topic: about solar panels",
            "solar",
            4,
        ),
        (
            lambda: only(too_long=TooLong(turns=3)),
            [("c", "a"), ("c", "b"), ("c", "c")],
            "3 turns on one",
            "fallback",
            4,
        ),
    ],
    ids=["asks", "steps", "repeats", "gaps", "rephrasings", "mood", "topic", "too long"],
)
async def test_each_trigger_requests_a_person_with_its_reason(
    mind: Any, turns: list[tuple[str, str]], reason: str, queue: str, priority: int
) -> None:
    async with minded(mind(), request=True, queue="fallback", priority=4) as desk:
        chat = await desk.chat()
        await talk(chat, *turns[:-1])
        assert not (await desk.snapshot()).sessions
        await talk(chat, turns[-1])
        view = await card(desk)
        assert reason in view.reason
        assert (view.queue, view.priority, view.state) == (queue, priority, SessionState.QUEUED)
        assert any(one.reason and one.reason in view.reason for one in view.context.signs)
        assert (await chat.conversation()).owner is Owner.WAITING


async def test_too_long_counts_time_too() -> None:
    async with minded(only(too_long=TooLong(turns=0, seconds=600)), request=True) as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "it does not work"))
        await desk.later(601)
        assert not (await desk.snapshot()).sessions
        await talk(chat, ("c", "still there?"))
        assert "10 minutes" in (await card(desk)).reason


async def test_a_rule_of_the_house_decides_on_facts_that_the_api_brings() -> None:
    rule = HouseRule(name="gold", when='tier == "gold" and order_value > 500', reason="gold", queue="vip", priority=9)
    async with minded(only(rules=(rule,)), request=True) as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "my tier is gold and my order_value is 900"))
        assert not (await desk.snapshot()).sessions, "what is said is no fact"
        facts = NewAttributes(attributes={"tier": "gold", "order_value": 620.0})
        await chat.intake.set_attributes(desk.assistant, chat.id, facts)
        view = await card(desk)
        assert (view.queue, view.priority, view.reason) == ("vip", 9, "rule:gold: gold")


async def test_without_the_setting_a_trigger_requests_nothing() -> None:
    async with minded() as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "I want to talk to a human, you thieves"))
        assert not (await desk.snapshot()).sessions


async def test_a_trigger_does_not_fire_again_for_what_a_person_has_dealt_with() -> None:
    async with minded(request=True) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await talk(chat, ("c", "I want to talk to a human"))
        await ann.takes(chat)
        await ann.does(c.Say, chat, text="Hello, I have solved it.")
        await ann.does(c.BackToAssistant, chat)
        await talk(chat, ("c", "what are your opening hours"))
        sessions = (await desk.snapshot()).sessions
        assert all(view.state is SessionState.WRAP_UP for view in sessions)
        await talk(chat, ("c", "no, I want to talk to a human again"))
        assert any(view.state is not SessionState.WRAP_UP for view in (await desk.snapshot()).sessions)


async def ask(desk: World, chat: Customer, **fields: Any) -> SessionView:
    view: SessionView = await chat.intake.request_handoff(
        desk.assistant, chat.id, NewHandoff(reason="asked for a person", **fields), ""
    )
    await desk.settle()
    return view


async def test_enforced_the_guard_declines_who_did_not_mean_it_and_says_why() -> None:
    async with minded(guard="enforce") as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "no need to transfer me to a person, what are your fees?"))
        view = await ask(desk, chat)
        assert (view.state, view.outcome) == (SessionState.CLOSED, Outcome.REFUSED)
        assert view.context.signs[0].name == "guard"
        assert "declined" in view.context.signs[0].reason
        assert "negated" in view.context.signs[0].reason
        (returned,) = desk.told(ConversationReturned)
        assert returned.session.outcome is Outcome.REFUSED
        assert (await chat.conversation()).owner is Owner.ASSISTANT


async def test_observed_the_same_request_goes_through_with_the_verdict_on_the_card() -> None:
    async with minded(guard="observe") as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "no need to transfer me to a person, what are your fees?"))
        view = await ask(desk, chat)
        assert view.state is SessionState.QUEUED
        assert "negated" in view.context.signs[0].reason


@pytest.mark.parametrize(
    ("turns", "fields"),
    [
        ([("c", "I want to talk to a human")], {}),
        ([("c", "what are your fees?")], {"customer_asked": False}),
        ([], {}),
        ([("c", "you are thieves, this is outrageous!!")], {}),
    ],
    ids=["meant it", "the assistant's own reason", "said nothing yet", "another trigger fires"],
)
async def test_enforced_the_guard_lets_everybody_else_through(
    turns: list[tuple[str, str]], fields: dict[str, Any]
) -> None:
    async with minded(guard="enforce") as desk:
        chat = await desk.chat()
        await talk(chat, *turns)
        assert (await ask(desk, chat, **fields)).state is SessionState.QUEUED


@pytest.mark.parametrize("how", ["gone", "hangs"])
async def test_nobody_is_lost_to_a_guard_that_does_not_answer(how: str) -> None:
    mind = MindInProcess()
    async with minded(mind, guard="enforce") as desk:
        chat = await desk.chat()
        await talk(chat, ("c", "no need to transfer me"))
        setattr(mind, how, True)
        asked = asyncio.ensure_future(chat.intake.request_handoff(desk.assistant, chat.id, NewHandoff(reason="x"), ""))
        await desk.later(desk.rules.screening_seconds + 1)
        assert (await asked).state is SessionState.QUEUED


async def test_a_turn_is_answered_while_the_understanding_hangs() -> None:
    mind = MindInProcess()
    mind.hangs = True
    async with minded(mind, request=True) as desk:
        chat = await desk.chat()
        for n in range(5):
            assert (await chat.says(f"turn {n}")).position == n + 1


async def test_a_flood_of_conversations_is_bounded() -> None:
    async with minded() as desk:
        for n in range(MOST_WAITING + 10):
            desk.broker.minding.noticed(desk.assistant.organisation_id, f"c_{n}")  # type: ignore[arg-type]
        assert desk.broker.minding.dropped == 10
        await desk.settle()


async def test_a_rule_of_the_house_fires_once_however_long_its_facts_hold() -> None:
    rule = HouseRule(name="gold", when='tier == "gold"', reason="gold", queue="vip", priority=9)
    async with minded(only(rules=(rule,)), request=True) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await chat.intake.set_attributes(desk.assistant, chat.id, NewAttributes(attributes={"tier": "gold"}))
        await talk(chat, ("c", "where is my parcel"))
        first = await card(desk)
        assert first.queue == "vip"
        await talk(chat, ("c", "hello?"), ("c", "anybody there?"))
        assert len((await desk.snapshot()).sessions) == 1
        await ann.takes(chat)
        await ann.does(c.BackToAssistant, chat)
        await desk.settle()
        assert (await chat.conversation()).owner is Owner.ASSISTANT
        await talk(chat, ("c", "and where is the other one"))
        assert {one.id for one in (await desk.snapshot()).sessions} <= {first.id}
