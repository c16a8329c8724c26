"""Secrets are gone before anything is written down, whichever way they come in."""

import pytest

from server.wire import commands as c
from server.wire.views import Context, Fact, NextAction
from tests.world import World

pytestmark = pytest.mark.scenario

CARD = "4111 1111 1111 1111"
KEPT = "[card ending 1111]"


async def test_a_card_in_a_chat_is_never_stored_nor_told(desk: World) -> None:
    chat = await desk.chat()
    said = await chat.says(f"charge {CARD} please")
    assert said.text == f"charge {KEPT} please"
    assert [message.text for message in await chat.messages()] == [f"charge {KEPT} please"]
    assert CARD not in repr(desk.events)


async def test_bare_digits_are_the_answer_to_what_the_assistant_asked(desk: World) -> None:
    chat = await desk.chat()
    await chat.assistant_says("What is the security code on the back?")
    assert (await chat.says("123")).text == "[security code]"
    await chat.assistant_says("And what is your order number?")
    assert (await chat.says("123")).text == "123"


async def test_the_context_package_and_the_reason_are_redacted(desk: World) -> None:
    chat = await desk.chat()
    context = Context(
        summary=f"Paid with {CARD}.",
        facts=(Fact(name="cvv", value="123"), Fact(name="order", value="10238843", turn=2)),
        tried=(f"charged {CARD}",),
        next_actions=(NextAction(label=f"charge {CARD}", say=f"I charged {CARD}."),),
    )
    await chat.asks_for_a_person(f"card {CARD} refused", context=context)
    session = await chat.session()
    shown = next(view for view in (await desk.snapshot()).sessions if view.id == session.id)
    assert shown.reason == f"card {KEPT} refused"
    assert [(fact.name, fact.value) for fact in shown.context.facts] == [
        ("cvv", "[security code]"),
        ("order", "10238843"),
    ]
    assert CARD not in repr(shown)
    await chat.intake.update_context(desk.assistant, chat.id, context)
    assert CARD not in repr(await desk.snapshot())


async def test_what_an_operator_writes_is_redacted_too(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    await ann.does(c.AddNote, chat, text=f"card {CARD}")
    await ann.does(c.Say, chat, text=f"is it {CARD}?")
    await ann.does(c.Resolve, chat, note=f"used {CARD}", disposition="paid")
    assert CARD not in repr(desk.events)
    assert CARD not in repr(await chat.session())
    assert f"is it {KEPT}?" in [message.text for message in await chat.messages()]
