"""A contact exported and erased at a desk at work, and conversations that are erased when their time is over."""

import pytest

from server.broker.ports.records import Principal
from server.core.errors import ConflictError, NotFoundError
from server.wire import commands as c
from server.wire.audit import AuditView
from server.wire.requests import NewMessage
from server.wire.terms import AuditAction, Author, ContactId, SessionState
from tests.scenario.test_files import sends
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

DAY = 86_400.0
ADMIN = Principal(kind="admin", id="admin", organisation_id=ORGANISATION, name="administrator")


async def a_closed_chat(desk: World, ann: Person) -> tuple[Customer, ContactId]:
    """Return a chat in which everything was said, and its contact."""
    chat = await desk.chat("Ada Quincewort", customer_handle="+15550142")
    await chat.says("my order quincewort is late")
    file = await sends(desk, chat, name="quincewort.png")
    body = NewMessage(author=Author.CUSTOMER, text="look", files=(file.id,))
    await desk.broker.intake.append_message(desk.assistant, chat.id, body)
    await chat.asks_for_a_person("quincewort wants a refund")
    await ann.takes(chat)
    await ann.does(c.Say, chat, text="I refund the quincewort")
    await ann.does(c.EditMessage, chat, message_id=(await chat.messages())[-1].id, text="I refund it")
    await ann.does(c.AddNote, chat, text="quincewort again")
    await ann.does(c.Resolve, chat, note="refunded quincewort")
    await ann.does(c.FinishWrapUp, chat)
    assert await chat.state() is SessionState.CLOSED
    contact_id = (await chat.conversation()).contact_id
    assert contact_id is not None
    return chat, contact_id


async def audit(desk: World) -> list[AuditView]:
    return list((await desk.database.read(lambda unit: unit.audit.page(ORGANISATION, "", 50))).records)


async def test_an_export_holds_every_word_and_the_audit_says_who_took_it(desk: World) -> None:
    ann = await desk.operator("ann")
    chat, contact_id = await a_closed_chat(desk, ann)
    whole = await desk.broker.privacy.export(ADMIN, contact_id, "asked by letter")
    (one,) = whole.conversations
    assert (whole.contact.name, one.conversation.id) == ("Ada Quincewort", chat.id)
    assert [turn.text for turn in one.messages if turn.author is not Author.SYSTEM] == [
        "my order quincewort is late",
        "look",
        "I refund it",
        "quincewort again",
    ]
    assert [former.text for former in one.former] == ["I refund the quincewort"]
    assert [(session.reason, session.note) for session in one.sessions] == [
        ("quincewort wants a refund", "refunded quincewort")
    ]
    assert [file.name for file in one.files] == ["quincewort.png"]
    (step,) = [one for one in await audit(desk) if one.action is AuditAction.EXPORT_CONTACT]
    assert (step.about, step.number, step.reason) == (contact_id, "", "asked by letter")


async def test_a_contact_who_is_talked_with_is_not_erased_and_one_who_is_not_is_gone(desk: World) -> None:
    ann = await desk.operator("ann")
    chat, contact_id = await a_closed_chat(desk, ann)
    again = await desk.chat("Ada Quincewort", customer_handle="+15550142")
    await again.asks_for_a_person("quincewort, once more")
    with pytest.raises(ConflictError, match="H-0002 of this contact is open"):
        await desk.broker.privacy.erase(ADMIN, contact_id, "")
    assert (await chat.messages())[0].text == "my order quincewort is late"
    await again.leaves()
    await desk.settle()
    assert len(desk.files.kept) == 1
    proof = await desk.broker.privacy.erase(ADMIN, contact_id, "asked by letter")
    assert (proof.erased.conversations, proof.erased.sessions, proof.erased.files) == (2, 2, 1)
    assert proof.left == ()
    assert proof.looked_for == 1
    assert "messages" in proof.looked_in
    assert desk.files.kept == {}
    assert {turn.text for turn in await chat.messages()} == {""}
    assert await desk.database.read(lambda unit: list(unit.personal.traces(["quincewort", "Quincewort"]))) == []
    assert (await audit(desk))[0].action is AuditAction.ERASE_CONTACT
    with pytest.raises(NotFoundError):
        await desk.broker.privacy.erase(ADMIN, contact_id, "")
    with pytest.raises(NotFoundError):
        await desk.broker.privacy.export(ADMIN, contact_id, "")


async def test_a_caller_on_the_line_with_the_assistant_is_not_erased(desk: World) -> None:
    call = await desk.caller("Ada", customer_handle="+15550142")
    contact_id = (await call.conversation()).contact_id
    assert contact_id is not None
    with pytest.raises(ConflictError, match="on the line"):
        await desk.broker.privacy.erase(ADMIN, contact_id, "")
    await call.leaves()
    assert (await desk.broker.privacy.erase(ADMIN, contact_id, "")).erased.conversations == 1


async def test_the_same_person_who_comes_back_is_somebody_new(desk: World) -> None:
    ann = await desk.operator("ann")
    _, contact_id = await a_closed_chat(desk, ann)
    await desk.broker.privacy.erase(ADMIN, contact_id, "")
    back = await desk.chat("Ada Quincewort", customer_handle="+15550142")
    assert (await back.conversation()).contact_id not in {None, contact_id}


async def test_conversations_are_erased_when_their_time_is_over_and_not_before() -> None:
    async with World(keep_days=30) as desk:
        ann = await desk.operator("ann")
        chat, contact_id = await a_closed_chat(desk, ann)
        await desk.clock.leap(29 * DAY)
        other = await desk.chat("Bo Rest")
        await other.says("hello")
        assert await desk.broker.privacy.sweep() == 0
        await desk.clock.leap(2 * DAY)
        assert await desk.broker.privacy.sweep() == 1
        assert {turn.text for turn in await chat.messages()} == {""}
        assert desk.files.kept == {}
        assert [turn.text for turn in await other.messages()] == ["hello"]
        page = await desk.database.read(lambda unit: unit.contacts.page(ORGANISATION, contact_id))
        assert page is not None
        assert page.conversations == ()
        assert await desk.broker.privacy.sweep() == 0
        await desk.clock.leap(60 * DAY)
        await desk.broker.housekeeping.sweep()
        assert {turn.text for turn in await other.messages()} == {""}, "housekeeping sweeps by itself"


async def test_without_a_time_nothing_is_erased(desk: World) -> None:
    ann = await desk.operator("ann")
    chat, _ = await a_closed_chat(desk, ann)
    await desk.clock.leap(4_000 * DAY)
    assert await desk.broker.privacy.sweep() == 0
    assert (await chat.messages())[0].text == "my order quincewort is late"
