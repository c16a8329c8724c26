"""Two-way translation: beside what was said, never in its place, and never in the way of a send."""

from pathlib import Path

import pytest

from server.broker.translated_text import LONGEST
from server.broker.translating import NO_LANGUAGE, TranslationDesk
from server.core.errors import CallerError, NotFoundError
from server.wire import commands as c
from server.wire.requests import MessageEdit, NewMessage
from server.wire.terms import Author, SessionId, Translating, TranslationState
from server.wire.translation import TranslationView
from tests.channel_world import ChannelWorld
from tests.fakes.own_translator import OwnTranslator
from tests.world import Customer, Person, World

pytestmark = pytest.mark.scenario

HELLO = "Guten Tag, mein Paket ist nicht angekommen."
SORRY = "I am sorry about that, I will look at it now."


async def handed_over(desk: World, *said: str) -> tuple[Person, Customer]:
    """Return an operator with a customer who has written these turns."""
    ann = await desk.operator("ann")
    chat = await desk.chat()
    for text in said:
        await chat.says(text)
    await chat.asks_for_a_person()
    await ann.accept(chat)
    return ann, chat


async def reply(desk: World, ann: Person, chat: Customer, text: str) -> TranslationView:
    translation: TranslationDesk = desk.broker.translation
    return await translation.reply(ann.principal, (await chat.session()).id, text)


async def shown(chat: Customer) -> list[tuple[str, str | None]]:
    """Return what each turn of customer and assistant says, and what stands beside it."""
    turns = [turn for turn in await chat.messages() if turn.author in {Author.CUSTOMER, Author.ASSISTANT}]
    return [(turn.text, turn.translation.text if turn.translation else None) for turn in turns]


async def test_a_turn_in_another_language_gets_its_translation_beside_it() -> None:
    async with World(translator=OwnTranslator()) as desk:
        _, chat = await handed_over(desk, HELLO)
        assert await shown(chat) == [(HELLO, f"en: {HELLO}")]
        await chat.says("Ich warte seit einer Woche auf das Paket.")
        last = (await chat.messages())[-1]
        assert last.translation == TranslationView(
            state=TranslationState.READY,
            text="en: Ich warte seit einer Woche auf das Paket.",
            language="en",
            source="de",
        )
        view = await chat.session()
        assert (view.language, view.translation) == ("de", Translating.ON)
        conversation = await chat.conversation()
        assert (conversation.language, conversation.translation) == ("de", Translating.ON)


async def test_what_a_customer_writes_on_a_channel_is_translated_too_and_the_reply_goes_out_there() -> None:
    answer = "Es tut mir leid."
    async with ChannelWorld(translator=OwnTranslator({SORRY: answer})) as desk:
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes(HELLO)
        chat = await ada.here()
        await chat.asks_for_a_person()
        await ann.accept(chat)
        await ada.writes("Ich warte seit einer Woche auf das Paket.")
        assert (await shown(chat))[-1][1] == "en: Ich warte seit einer Woche auf das Paket."
        translated = await reply(desk, ann, chat, SORRY)
        await ann.does(c.Say, chat, text=translated.text, written=SORRY)
        assert desk.platform.texts("ada")[-1] == answer


async def test_what_the_assistant_said_is_translated_and_what_the_desk_reads_is_not() -> None:
    async with World(translator=OwnTranslator()) as desk:
        _, chat = await handed_over(desk, "Hello, I need help with the order please.")
        assert await shown(chat) == [("Hello, I need help with the order please.", None)]
        assert (await chat.session()).translation is Translating.NONE
        other = await desk.chat("Jo Klein")
        await other.says(HELLO)
        await other.assistant_says("Das tut mir leid, ich kann das nicht für Sie lösen.")
        await other.asks_for_a_person()
        assert [beside is not None for _, beside in await shown(other)] == [True, True]


async def test_nothing_is_translated_before_people_have_it() -> None:
    translator = OwnTranslator()
    async with World(translator=translator) as desk:
        chat = await desk.chat()
        await chat.says(HELLO)
        assert (translator.asked, await shown(chat)) == ([], [(HELLO, None)])


async def test_a_turn_too_short_to_tell_is_taken_for_the_customers_language() -> None:
    async with World(translator=OwnTranslator()) as desk:
        _, chat = await handed_over(desk, HELLO)
        await chat.says("47110815")
        assert (await shown(chat))[-1] == ("47110815", "en: 47110815")


@pytest.mark.parametrize("way", ["failing", "hanging"])
async def test_a_turn_is_shown_at_once_and_says_later_that_no_translation_came(way: str) -> None:
    translator = OwnTranslator()
    setattr(translator, way, True)
    translator.timeout_seconds = 0.05
    async with World(translator=translator) as desk:
        ann, chat = await handed_over(desk, HELLO, "Können Sie mir bitte helfen, es ist dringend?")
        assert (await ann.does(c.Say, chat, text=SORRY)).ok
        await desk.broker.translation.run_due()
        turns = [turn for turn in await chat.messages() if turn.author is Author.CUSTOMER]
        assert turns[0].text == HELLO
        assert {turn.translation.state for turn in turns if turn.translation} == {TranslationState.FAILED}
        assert len(turns) == 2
        assert all(turn.translation and turn.translation.failure for turn in turns)
        assert len(translator.asked) == 1, "after a failure the other turns do not wait for it again"


async def test_switched_on_again_what_failed_is_tried_again() -> None:
    translator = OwnTranslator()
    translator.failing = True
    async with World(translator=translator) as desk:
        ann, chat = await handed_over(desk, HELLO)
        translator.failing = False
        await chat.says("Wo ist das Paket?")
        assert await shown(chat) == [(HELLO, ""), ("Wo ist das Paket?", "en: Wo ist das Paket?")]
        reply = await ann.does(c.Translate, chat, on=True)
        assert reply.session is not None
        await desk.broker.translation.run_due()
        assert (await shown(chat))[0] == (HELLO, f"en: {HELLO}")


async def test_switched_off_nothing_more_is_translated_nor_sent_to_the_translator() -> None:
    translator = OwnTranslator()
    async with World(translator=translator) as desk:
        ann, chat = await handed_over(desk, HELLO)
        told = await ann.does(c.Translate, chat, on=False)
        assert told.session is not None
        assert told.session.translation is Translating.OFF
        asked = len(translator.asked)
        await chat.says("Und wo ist das Paket jetzt?")
        assert (await shown(chat))[-1] == ("Und wo ist das Paket jetzt?", None)
        assert len(translator.asked) == asked


async def test_not_automatic_it_waits_for_an_operator() -> None:
    async with World(translator=OwnTranslator(automatic=False)) as desk:
        ann, chat = await handed_over(desk, HELLO)
        assert (await shown(chat), (await chat.session()).language) == ([(HELLO, None)], "de")
        await ann.does(c.Translate, chat, on=True)
        await desk.broker.translation.run_due()
        assert await shown(chat) == [(HELLO, f"en: {HELLO}")]


async def test_only_who_has_the_customer_switches_it() -> None:
    async with World(translator=OwnTranslator()) as desk:
        _, chat = await handed_over(desk, HELLO)
        ben = await desk.operator("ben")
        assert (await ben.refused(c.Translate, chat, on=False)).code == "not_yours"


async def test_an_edited_turn_is_translated_anew_and_one_taken_back_has_none() -> None:
    async with World(translator=OwnTranslator()) as desk:
        _, chat = await handed_over(desk, HELLO)
        first = (await chat.messages())[0]
        new = MessageEdit(text="Mein Paket ist doch angekommen.")
        await desk.broker.messages.edit(desk.assistant, chat.id, first.id, new)
        await desk.settle()
        assert (await shown(chat))[0] == (new.text, f"en: {new.text}")
        await desk.broker.messages.delete(desk.assistant, chat.id, first.id)
        await desk.settle()
        assert (await shown(chat))[0] == ("", None)


# Replies


async def test_the_operator_sees_what_the_customer_would_read_and_sends_it_with_the_original_beside_it() -> None:
    async with World(translator=OwnTranslator({SORRY: "Das tut mir leid, ich sehe es mir jetzt an."})) as desk:
        ann, chat = await handed_over(desk, HELLO)
        view = await reply(desk, ann, chat, SORRY)
        assert (view.state, view.language, view.source) == (TranslationState.READY, "de", "en")
        assert view.text == "Das tut mir leid, ich sehe es mir jetzt an."
        assert [turn for turn in await chat.messages() if turn.author is Author.OPERATOR] == [], "nothing is sent by it"
        sent = (await ann.does(c.Say, chat, text=view.text, written=SORRY)).message
        assert sent is not None
        assert (sent.text, sent.translation) == (
            view.text,
            TranslationView(state=TranslationState.WRITTEN, text=SORRY),
        )
        changed = (await ann.does(c.EditMessage, chat, message_id=sent.id, text="Einen Moment")).message
        assert changed is not None
        assert changed.translation is None, "what was written is not what the turn says now"


@pytest.mark.parametrize("way", ["failing", "hanging"])
async def test_a_reply_without_a_translation_goes_out_as_written_and_says_so(way: str) -> None:
    translator = OwnTranslator()
    async with World(translator=translator) as desk:
        ann, chat = await handed_over(desk, HELLO)
        setattr(translator, way, True)
        translator.timeout_seconds = 0.05
        view = await reply(desk, ann, chat, SORRY)
        assert (view.state, view.text) == (TranslationState.FAILED, "")
        assert view.failure
        sent = (await ann.does(c.Say, chat, text=SORRY, untranslated=True)).message
        assert sent is not None
        assert (sent.text, sent.translation) == (SORRY, TranslationView(state=TranslationState.FAILED))


async def test_a_send_never_waits_for_a_translator_that_hangs() -> None:
    translator = OwnTranslator()
    translator.hanging = True
    async with World(translator=translator) as desk:
        ann, chat = await handed_over(desk, HELLO)
        await chat.says("Hallo, sind Sie noch da?")
        assert (await ann.does(c.Say, chat, text=SORRY)).ok
        assert [turn.text for turn in await chat.messages()][-1] == SORRY


async def test_who_writes_the_customers_language_themselves_needs_no_translation() -> None:
    translator = OwnTranslator()
    async with World(translator=translator) as desk:
        ann, chat = await handed_over(desk, HELLO)
        asked = len(translator.asked)
        view = await reply(desk, ann, chat, "Das tut mir leid, ich kann es mir jetzt ansehen.")
        assert (view.state, len(translator.asked)) == (TranslationState.UNNEEDED, asked)
        other = await desk.chat("Jo Klein")
        await other.says("1234")
        await other.asks_for_a_person()
        assert (await reply(desk, ann, other, SORRY)).failure == NO_LANGUAGE


async def test_what_is_refused_says_why() -> None:
    async with World(translator=OwnTranslator()) as desk:
        ann, chat = await handed_over(desk, HELLO)
        with pytest.raises(CallerError, match="nothing to translate"):
            await reply(desk, ann, chat, "  ")
        with pytest.raises(NotFoundError):
            await desk.broker.translation.reply(ann.principal, SessionId("s_none"), SORRY)
    async with World() as desk:
        ann, chat = await handed_over(desk, HELLO)
        assert (await ann.refused(c.Translate, chat, on=True)).code == "no_translator"
        assert (await ann.does(c.Translate, chat, on=False)).ok
        with pytest.raises(CallerError) as refusal:
            await reply(desk, ann, chat, SORRY)
        assert refusal.value.code == "no_translator"


# What a translator says is text from outside


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("See https://evil.example/login now", "link"),
        ("Write to help@evil.example", "link"),
        ("", "empty"),
        ("\u200b \n", "empty"),
        ("x" * 5_000, "longer"),
    ],
    ids=["link", "mail", "nothing", "blank", "wall"],
)
async def test_an_answer_that_is_no_translation_is_not_shown(answer: str, why: str) -> None:
    async with World(translator=OwnTranslator({HELLO: answer})) as desk:
        _, chat = await handed_over(desk, HELLO)
        view = (await chat.messages())[0].translation
        assert view is not None
        assert (view.state, view.text) == (TranslationState.FAILED, "")
        assert why in view.failure


async def test_a_translation_is_cleaned_and_redacted_like_any_text() -> None:
    said = "Meine Karte ist die aus der Rechnung, siehe https://shop.example/r/1."
    answer = "\x1b[31mMy card is 4111 1111 1111 1111\u202e, see https://shop.example/r/1"
    async with World(translator=OwnTranslator({said: answer})) as desk:
        ann, chat = await handed_over(desk, said)
        text = (await shown(chat))[0][1]
        assert text is not None
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "4111" not in text
        assert "https://shop.example/r/1" in text
        await ann.does(c.Say, chat, text="Karte", written="card 4111 1111 1111 1111")
        sent = (await chat.messages())[-1]
        assert sent.translation is not None
        assert sent.translation.text == "card [card ending 1111]"
        assert "4111 1111" not in repr(desk.events)


async def test_a_very_long_turn_is_left_as_it_is() -> None:
    translator = OwnTranslator()
    async with World(translator=translator) as desk:
        _, chat = await handed_over(desk, HELLO)
        asked = len(translator.asked)
        await desk.broker.intake.append_message(
            desk.assistant, chat.id, NewMessage(author=Author.CUSTOMER, text="das ist nicht gut " * (LONGEST // 10))
        )
        await desk.settle()
        view = (await chat.messages())[-1].translation
        assert view is not None
        assert (view.state, len(translator.asked)) == (TranslationState.FAILED, asked)


async def test_what_a_former_broker_left_is_translated_by_the_next_one(tmp_path: Path) -> None:
    translator = OwnTranslator()
    translator.hanging = True
    async with World(f"sqlite:///{tmp_path / 'desk.db'}", translator=translator) as desk:
        _, chat = await handed_over(desk, HELLO)
        translator.hanging = False
        assert await shown(chat) == [(HELLO, None)]
        await desk.restart()
        assert await shown(chat) == [(HELLO, f"en: {HELLO}")]
        assert translator.closed
