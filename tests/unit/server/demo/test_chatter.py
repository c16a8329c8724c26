"""One chat, told as it goes: assistant, person, assistant."""

import pytest

from server.wire.events import SessionWrapUp
from server.wire.terms import Outcome, SessionState
from tests.unit.server.demo.plays import Performance, perform
from tests.unit.server.demo.test_case import session

pytestmark = pytest.mark.unit


async def until_waiting(monkeypatch: pytest.MonkeyPatch) -> Performance:
    chat = await perform("missing_refund", monkeypatch)
    await chat.wait(10)
    assert chat.paths[-2:] == ["handoffs", "messages"]
    assert [author for author, _ in chat.said[:6]] == ["assistant", "customer"] * 3
    return chat


async def test_a_chat_goes_to_a_person_and_back_with_what_was_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    chat.operator_joins()
    await chat.wait(10)
    assert chat.said[-1] == ("customer", "hi, thanks for jumping in! it's just the 38.20 for the router")
    chat.operator_writes("What are the last four digits of your card?")
    await chat.wait(10)
    assert chat.said[-1] == ("customer", "it ends in 4417")
    assert chat.paths[-3:] == ["typing", "typing", "messages"]
    chat.comes_back("38.20 goes out tonight")
    await chat.wait(10)
    await chat.task
    assert chat.said[-2] == (
        "assistant",
        "Hi Lena, the assistant again. For the record: 38.20 goes out tonight. Is there anything else?",
    )
    assert chat.said[-1] == ("customer", "nope, all good now. thanks, both of you!")
    assert chat.paths[-1] == "end"
    assert len(chat.stage.findings.returns) == 1


async def test_the_assistant_says_nothing_while_the_operator_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    before = sum(author == "assistant" for author, _ in chat.said)
    chat.operator_joins()
    await chat.wait(90)
    assert sum(author == "assistant" for author, _ in chat.said) == before
    chat.task.cancel()


async def test_a_customer_who_hears_nothing_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    chat.operator_joins()
    await chat.wait(200)
    assert [text for _, text in chat.said].count("are you still there?") == 1
    chat.task.cancel()


async def test_messages_that_came_while_the_customer_typed_get_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    chat.operator_joins()
    await chat.wait(10)
    before = len(chat.said)
    chat.operator_writes("I am sorry.")
    chat.operator_writes("Your card, please?")
    await chat.wait(10)
    assert len(chat.said) == before + 1
    chat.task.cancel()


async def test_a_customer_leaves_when_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    await chat.wait(310)
    await chat.task
    assert chat.paths[-1] == "end"
    assert chat.stage.findings.returns == []
    assert any("gave up waiting" in line for line in chat.told)


async def test_a_chat_that_the_operator_closed_gets_no_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    chat.operator_joins()
    await chat.wait(10)
    said = len(chat.said)
    chat.deal(SessionWrapUp, session=session(SessionState.WRAP_UP, outcome=Outcome.ENDED))
    await chat.wait(10)
    await chat.task
    assert len(chat.said) == said


async def test_a_chat_whose_wait_expired_is_told_that_nobody_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await until_waiting(monkeypatch)
    chat.comes_back("", Outcome.EXPIRED)
    await chat.wait(10)
    await chat.task
    assert "nobody is free" in chat.said[-2][1]
