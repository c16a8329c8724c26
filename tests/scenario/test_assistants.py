"""The assistants that the broker asks itself: each turn answered once, never over a person, and nobody left silent."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from server.broker.assisting import ASSISTANT
from server.broker.ports.assistants import AssistantAnswer, AssistantPolicy, AssistantTurn, Occasion
from server.broker.ports.store import Unit
from server.broker.replying import FAILED_REASON
from server.broker.signs import MindPolicy
from server.wire import commands as c
from server.wire.requests import NewHandoff
from server.wire.terms import Author, Outcome, Owner, SessionKind, SessionState
from server.wire.views import MessageView
from tests.fakes.mind import MindInProcess
from tests.fakes.own_assistant import OwnAssistant, failing
from tests.world import ORGANISATION, World

pytestmark = pytest.mark.scenario

WISH = AssistantAnswer(text="One moment.", handoff=NewHandoff(reason="wants a refund"))


def world(assistant: OwnAssistant, url: str = "sqlite://") -> World:
    return World(url, assistants={"Robo": assistant})


def talk(messages: Sequence[MessageView]) -> list[str]:
    return [f"{one.author}: {one.text}" for one in messages]


async def test_a_turn_is_answered_once_under_its_key() -> None:
    async with world(OwnAssistant(AssistantAnswer(text="Hello Joe."))) as desk:
        chat = await desk.chat()
        turn = await chat.says("Hello")
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: Hello Joe."]
        known = await desk.database.read(lambda unit: unit.conversations.message_by_key(chat.id, f"reply-to:{turn.id}"))
        assert known is not None
        assert known.author_name == "Robo"
        assert await desk.jobs(ASSISTANT) == 0


async def test_what_the_assistant_says_itself_is_not_answered() -> None:
    robo = OwnAssistant()
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.assistant_says("Welcome!")
        assert robo.asked == []


async def test_it_gets_the_conversation_with_its_history_and_the_epoch() -> None:
    robo = OwnAssistant(AssistantAnswer(text="Yes."))
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        await chat.says("Are you there?")
        asked = robo.asked[-1]
        assert (asked.occasion, asked.conversation.owner, asked.conversation.owner_epoch) == (
            Occasion.TURN,
            Owner.ASSISTANT,
            0,
        )
        assert [one.text for one in asked.history] == ["Hello", "Yes.", "Are you there?"]
        assert asked.message == asked.history[-1]


async def test_a_burst_of_turns_is_answered_once_where_only_the_newest_counts() -> None:
    robo = OwnAssistant(AssistantAnswer(text="To all of it: yes."))
    async with world(robo) as desk:
        chat = await desk.chat()
        robo.open.clear()
        await chat.says("one")
        await chat.says("two")
        await chat.says("three")
        robo.open.set()
        await desk.settle()
        assert [turn.message.text for turn in robo.asked if turn.message] == ["one", "three"]


async def test_a_bot_of_ones_own_is_told_of_every_turn_in_order() -> None:
    robo = OwnAssistant(AssistantAnswer(), policy=AssistantPolicy(every_turn=True))
    async with world(robo) as desk:
        chat = await desk.chat()
        robo.open.clear()
        for text in ("one", "two", "three"):
            await chat.says(text)
        assert len(robo.asked) == 1
        robo.open.set()
        await desk.settle()
        assert [turn.message.text for turn in robo.asked if turn.message] == ["one", "two", "three"]


async def test_an_answer_that_a_person_overtook_is_never_said() -> None:
    robo = OwnAssistant(AssistantAnswer(text="As I was saying"))
    async with world(robo) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        robo.open.clear()
        await chat.says("Hello")
        await chat.asks_for_a_person()
        await ann.takes(chat)
        robo.open.set()
        await desk.settle()
        await chat.says("Are you a person?")
        assert [one for one in await chat.messages() if one.author is Author.ASSISTANT] == []
        assert len(robo.asked) == 1
        assert await desk.jobs(ASSISTANT) == 0


async def test_while_a_person_answers_in_the_platforms_own_app_it_is_silent() -> None:
    robo = OwnAssistant()
    async with world(robo) as desk:
        chat = await desk.chat()
        robo.open.clear()
        await chat.says("Hello")
        until = desk.clock.now() + timedelta(seconds=600)

        def elsewhere(unit: Unit) -> None:
            row = unit.conversations.load(ORGANISATION, chat.id)
            assert row is not None
            unit.conversations.save(msgspec.structs.replace(row, elsewhere_until=until))

        await desk.database.run(elsewhere)
        robo.open.set()
        await desk.settle()
        await chat.says("And this?")
        assert len(robo.asked) == 1
        assert [one for one in await chat.messages() if one.author is Author.ASSISTANT] == []
        await desk.later(700)
        await chat.says("Still there?")
        assert talk(await chat.messages())[-1] == "assistant: I see."


async def test_an_answer_for_an_earlier_stretch_is_asked_for_anew() -> None:
    robo = OwnAssistant(AssistantAnswer(text="written too early"), AssistantAnswer(text="written knowing it"))
    async with world(robo) as desk:
        chat = await desk.chat()
        robo.open.clear()
        await chat.says("Hello")
        await chat.asks_for_a_person()
        robo.open.set()
        await desk.settle()
        assert [turn.conversation.owner for turn in robo.asked] == [Owner.ASSISTANT, Owner.WAITING]
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: written knowing it"]


async def test_it_asks_for_a_person_and_is_silent_until_the_return() -> None:
    robo = OwnAssistant(WISH, AssistantAnswer(text="Welcome back."))
    async with world(robo) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await chat.says("I want a refund")
        session = await chat.session()
        assert (session.reason, session.state) == ("wants a refund", SessionState.OFFERED)
        assert talk(await chat.messages())[-1] == "assistant: One moment."
        await ann.takes(chat)
        await chat.says("Hello, person")
        assert len(robo.asked) == 1
        await ann.does(c.Say, chat, text="I refund it.")
        await ann.does(c.FollowUp, chat, text="send the receipt")
        await ann.does(c.BackToAssistant, chat, note="Refund of 20 is on its way.")
        assert len(robo.asked) == 1, "nothing is open that it had to answer"
        await chat.says("Thanks. When?")
        [stretch] = robo.asked[-1].stretches
        assert (stretch.operator, stretch.outcome) == ("Ann", Outcome.RETURNED)
        assert (stretch.agreed, stretch.pending) == ("Refund of 20 is on its way.", "send the receipt")
        assert stretch.began_at <= stretch.ended_at
        assert talk(await chat.messages())[-1] == "assistant: Welcome back."


async def test_a_request_that_the_guard_declines_is_answered_by_the_assistant_itself() -> None:
    robo = OwnAssistant(WISH, AssistantAnswer(text="It costs 5 a month."))
    mind = {"understanding": MindInProcess(), "mind": MindPolicy(guard="enforce")}
    async with World(assistants={"Robo": robo}, **mind) as desk:
        chat = await desk.chat()
        await chat.says("What does the small plan cost?")
        assert (await chat.session()).outcome is Outcome.REFUSED
        assert talk(await chat.messages())[1:] == ["assistant: It costs 5 a month."]
        assert [bool(turn.declined) for turn in robo.asked] == [False, True]


async def test_who_insists_on_a_declined_request_without_a_word_has_failed() -> None:
    robo = OwnAssistant(AssistantAnswer(handoff=WISH.handoff))
    mind = {"understanding": MindInProcess(), "mind": MindPolicy(guard="enforce")}
    async with World(assistants={"Robo": robo}, **mind) as desk:
        chat = await desk.chat()
        await chat.says("What does the small plan cost?")
        await desk.later(5)
        assert (await chat.session()).reason == FAILED_REASON
        assert talk(await chat.messages())[-1] == f"assistant: {robo.policy.failure_text}"


async def test_a_second_handoff_works_and_the_assistant_knows_of_both() -> None:
    robo = OwnAssistant(WISH, WISH, AssistantAnswer(text="Welcome back."))
    async with world(robo) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        for text, note in (("A person, please", "first"), ("Once more", "second")):
            await chat.says(text)
            await ann.takes(chat)
            await ann.does(c.BackToAssistant, chat, note=note)
            await ann.does(c.FinishWrapUp, chat)
        await chat.says("Hello")
        assert [one.agreed for one in robo.asked[-1].stretches] == ["first", "second"]


async def test_a_turn_that_nobody_answered_is_answered_after_the_return() -> None:
    robo = OwnAssistant(WISH, AssistantAnswer(text="I am here again."))
    async with world(robo) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await chat.says("A person, please")
        await ann.takes(chat)
        await chat.says("Are you still there?")
        await ann.does(c.BackToAssistant, chat)
        assert talk(await chat.messages())[-1] == "assistant: I am here again."
        assert robo.asked[-1].occasion is Occasion.RETURNED


async def test_a_bot_of_ones_own_is_told_of_the_return() -> None:
    robo = OwnAssistant(WISH, AssistantAnswer(text="Can I do anything else?"), policy=AssistantPolicy(every_turn=True))
    async with world(robo) as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await chat.says("A person, please")
        await ann.takes(chat)
        await ann.does(c.Say, chat, text="Done.")
        await ann.does(c.Resolve, chat, note="done")
        last = robo.asked[-1]
        assert (last.occasion, last.message, last.session and last.session.note) == (Occasion.RETURNED, None, "done")
        assert talk(await chat.messages())[-1] == "assistant: Can I do anything else?"


async def test_who_fails_once_is_asked_again_after_what_it_asked_for() -> None:
    robo = OwnAssistant(failing("model_rate_limited", retry_after_seconds=7.0), AssistantAnswer(text="Now."))
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        await desk.later(6)
        assert len(robo.asked) == 1
        await desk.later(3)
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: Now."]


async def test_who_fails_twice_has_the_customer_told_and_a_person_asked() -> None:
    robo = OwnAssistant(failing())
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        await desk.later(5)
        assert len(robo.asked) == 2
        assert talk(await chat.messages()) == ["customer: Hello", f"assistant: {robo.policy.failure_text}"]
        session = await chat.session()
        assert (session.reason, session.state) == (FAILED_REASON, SessionState.QUEUED)
        assert session.context.tried == ("The assistant could not answer: It failed.",)
        await desk.later(5)
        assert len(await chat.messages()) == 2


async def test_an_answer_that_asks_for_what_cannot_be_is_a_failure() -> None:
    wrong = NewHandoff(reason="Refund 5", kind=SessionKind.APPROVE, default_answer="perhaps")
    robo = OwnAssistant(AssistantAnswer(text="I ask.", handoff=wrong))
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        await desk.later(5)
        assert len(robo.asked) == 2
        assert talk(await chat.messages())[1:] == [f"assistant: {robo.policy.failure_text}"]
        assert (await chat.session()).reason == FAILED_REASON


async def test_what_cannot_get_better_is_not_tried_twice() -> None:
    robo = OwnAssistant(failing("model_key_refused", lasting=True))
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        assert len(robo.asked) == 1
        assert (await chat.session()).reason == FAILED_REASON


async def test_a_fault_of_ours_leaves_nobody_silent_either(caplog: pytest.LogCaptureFixture) -> None:
    robo = OwnAssistant(ZeroDivisionError("ours"))
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        await desk.later(60)
        assert (await chat.session()).reason == FAILED_REASON
        assert len(robo.asked) < 20


async def test_who_promised_to_answer_later_and_does_is_left_alone() -> None:
    robo = OwnAssistant(AssistantAnswer(later=True), policy=AssistantPolicy(every_turn=True, later_seconds=30))
    async with world(robo) as desk:
        chat = await desk.chat()
        turn = await chat.says("Hello")
        await desk.later(20)
        await chat.assistant_says("Hello Joe.", key=f"reply-to:{turn.id}", epoch=0)
        await desk.later(60)
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: Hello Joe."]
        assert await desk.jobs(ASSISTANT) == 0


async def test_who_promised_to_answer_later_and_does_not_has_failed() -> None:
    robo = OwnAssistant(AssistantAnswer(later=True), policy=AssistantPolicy(every_turn=True, later_seconds=30))
    async with world(robo) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        await desk.later(29)
        assert len(await chat.messages()) == 1
        await desk.later(3)
        assert (await chat.session()).reason == FAILED_REASON


async def test_who_has_said_enough_hands_over() -> None:
    robo = OwnAssistant(AssistantAnswer(text="Yes."), policy=AssistantPolicy(most_answers=2))
    async with world(robo) as desk:
        chat = await desk.chat()
        ann = await desk.operator("ann")
        for text in ("one", "two", "three"):
            await chat.says(text)
        assert len(robo.asked) == 2
        assert (await chat.session()).reason == FAILED_REASON
        await ann.takes(chat)
        await ann.does(c.Resolve, chat, note="done")
        await chat.says("four")
        assert len(robo.asked) == 3, "after a person it may answer again"


async def test_answers_of_another_day_are_not_counted(tmp_path: Path) -> None:
    robo = OwnAssistant(AssistantAnswer(text="Yes."), policy=AssistantPolicy(most_answers=2))
    async with world(robo, f"sqlite:///{tmp_path / 'desk.db'}") as desk:
        chat = await desk.chat()
        await chat.says("one")
        await chat.says("two")
        await desk.stop()
        await desk.clock.advance(86_401)
        await desk.start()
        await chat.says("three")
        assert len(robo.asked) == 3


async def test_facts_that_it_brings_are_kept() -> None:
    async with world(OwnAssistant(AssistantAnswer(text="Hi.", attributes={"tier": "gold"}))) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        row = await desk.database.read(lambda unit: unit.conversations.load(ORGANISATION, chat.id))
        assert row is not None
        assert row.attributes == {"tier": "gold"}


async def test_a_turn_outlives_the_broker_that_took_it(tmp_path: Path) -> None:
    robo = OwnAssistant(AssistantAnswer(text="Late, but here."))
    async with world(robo, f"sqlite:///{tmp_path / 'desk.db'}") as desk:
        chat = await desk.chat()
        robo.open.clear()
        await chat.says("Hello")
        await desk.stop()
        robo.open.set()
        await desk.start()
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: Late, but here."]
        assert len(robo.asked) == 2
        assert robo.asked[0].key == robo.asked[1].key


async def test_a_turn_that_came_while_no_assistant_was_there_is_answered_by_the_next_broker(tmp_path: Path) -> None:
    robo = OwnAssistant(AssistantAnswer(text="Late, but here."))
    async with world(robo, f"sqlite:///{tmp_path / 'desk.db'}") as desk:
        chat = await desk.chat()
        await desk.stop()
        desk.parts["assistants"] = {}
        await desk.start()
        await chat.says("Hello")
        await desk.stop()
        desk.parts["assistants"] = {"Robo": robo}
        await desk.start()
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: Late, but here."]


async def test_an_answer_that_was_stored_and_asked_for_again_is_one_answer(tmp_path: Path) -> None:
    def crash(turn: AssistantTurn) -> AssistantAnswer:
        return AssistantAnswer(text=f"answer {len(robo.asked)}")

    robo = OwnAssistant(crash)
    async with world(robo) as desk:
        chat = await desk.chat()
        turn = await chat.says("Hello")
        job = robo.asked[0]
        body = (
            f'{{"occasion":"turn.added","key_id":"k_assistant","conversation_id":"{chat.id}","message_id":"{turn.id}"}}'
        )
        now = desk.clock.now()
        await desk.database.run(lambda unit: unit.ledger.add_job(ORGANISATION, "again", ASSISTANT, body.encode(), now))
        await desk.settle()
        assert talk(await chat.messages()) == ["customer: Hello", "assistant: answer 1"]
        assert job.key == f"reply-to:{turn.id}"
        assert len(robo.asked) == 1


async def test_another_assistants_conversations_are_not_answered() -> None:
    robo = OwnAssistant()
    async with World(assistants={"Other": robo}) as desk:
        chat = await desk.chat()
        await chat.says("Hello")
        assert robo.asked == []


async def test_a_revoked_keys_conversations_are_not_answered() -> None:
    robo = OwnAssistant()
    async with world(robo) as desk:
        chat = await desk.chat()
        now = desk.clock.now()
        await desk.database.run(lambda unit: unit.roster.revoke_credential(ORGANISATION, "k_assistant", now))
        await chat.says("Hello")
        assert robo.asked == []
