"""Files in both directions: taken, carried by one message, fetched by those who may, and dropped in time."""

from collections.abc import AsyncIterator

import pytest

from server.broker.files import Download
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.wire import commands as c
from server.wire.requests import Link, NewMessage
from server.wire.terms import Author, FileId
from server.wire.views import FileView
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def a_chat(desk: World) -> tuple[Person, Customer]:
    ann = await desk.operator("ann")
    chat = await desk.chat("Joe Brook")
    await chat.asks_for_a_person("broken cup")
    await ann.takes(chat)
    return ann, chat


async def sends(desk: World, chat: Customer, whole: bytes = PNG, name: str = "cup.png") -> FileView:
    file = await desk.broker.files.upload(desk.assistant, chat.id, name, pieces(whole[:10], whole[10:]))
    await desk.settle()
    return file


async def whole(download: Download) -> bytes:
    return b"".join([piece async for piece in download.pieces])


async def test_a_customers_file_reaches_the_operator(desk: World) -> None:
    ann, chat = await a_chat(desk)
    file = await sends(desk, chat, name="../photos/cup.png")
    assert (file.name, file.media_type, file.size) == ("cup.png", "image/png", len(PNG))
    body = NewMessage(author=Author.CUSTOMER, files=(file.id,), links=(Link(url="https://example.com/a", name="x"),))
    said = await desk.broker.intake.append_message(desk.assistant, chat.id, body)
    assert said.text == ""
    assert [(one.name, one.url) for one in said.files] == [("cup.png", ""), ("x", "https://example.com/a")]
    assert (await chat.messages())[-1].files == said.files
    download = await desk.broker.files.download(ann.principal, file.id)
    assert (download.view, await whole(download)) == (file, PNG)


async def test_an_operators_file_reaches_the_customer(desk: World) -> None:
    ann, chat = await a_chat(desk)
    file = await desk.broker.files.upload(ann.principal, chat.id, "label.png", pieces(PNG))
    reply = await ann.does(c.Say, chat, text="", files=(file.id,))
    assert reply.message is not None
    assert reply.message.files == (file,)
    assert await whole(await desk.broker.files.download(desk.assistant, file.id)) == PNG
    with pytest.raises(CallerError, match="nothing to send"):
        await ann.does(c.Say, chat, text=" ")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"x" * 1_001, "file_too_large"), (b"", "file_empty"), (b"MZ\x90\x00", "file_type_refused")],
)
async def test_what_is_not_taken_leaves_nothing_behind(desk: World, content: bytes, code: str) -> None:
    _, chat = await a_chat(desk)
    with pytest.raises(CallerError) as refused:
        await sends(desk, chat, content)
    assert refused.value.code == code
    assert (desk.files.kept, desk.files.coming) == ({}, {})


async def test_only_those_of_the_conversation_send_and_fetch(desk: World) -> None:
    ann, chat = await a_chat(desk)
    ben = await desk.operator("ben")
    with pytest.raises(ConflictError, match="not in your hands"):
        await desk.broker.files.upload(ben.principal, chat.id, "x", pieces(PNG))
    file = await sends(desk, chat)
    other = await desk.chat("Somebody else")
    body = NewMessage(author=Author.CUSTOMER, files=(file.id,))
    with pytest.raises(NotFoundError, match="no such file"):
        await desk.broker.intake.append_message(desk.assistant, other.id, body)
    with pytest.raises(NotFoundError, match="no such file"):
        await desk.broker.files.download(ann.principal, FileId("f_none"))
    await desk.database.run(lambda unit: desk.add_key(unit, "k_other", "0" * 64))
    stranger = await desk.database.read(lambda unit: unit.roster.principal("0" * 64))
    assert stranger is not None
    with pytest.raises(NotFoundError, match="no such conversation"):
        await desk.broker.files.download(stranger, file.id)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://", "file:///etc/passwd", "https://a b", "http://\x1b"])
async def test_a_link_that_is_no_address_is_refused(desk: World, url: str) -> None:
    _, chat = await a_chat(desk)
    with pytest.raises(CallerError, match="whole address"):
        await desk.broker.intake.append_message(
            desk.assistant, chat.id, NewMessage(author=Author.CUSTOMER, links=(Link(url=url),))
        )


async def test_an_empty_turn_is_refused(desk: World) -> None:
    _, chat = await a_chat(desk)
    before = len(await chat.messages())
    with pytest.raises(CallerError, match="nothing"):
        await desk.broker.intake.append_message(desk.assistant, chat.id, NewMessage(author=Author.CUSTOMER))
    assert len(await chat.messages()) == before


async def test_files_are_dropped_in_time_and_shared_bytes_with_the_last_of_them(desk: World) -> None:
    ann, chat = await a_chat(desk)
    used, unused = await sends(desk, chat), await sends(desk, chat, name="never sent.png")
    await desk.broker.intake.append_message(
        desk.assistant, chat.id, NewMessage(author=Author.CUSTOMER, files=(used.id,))
    )
    assert len(desk.files.kept) == 1, "the same bytes are kept once"
    await desk.clock.leap(25 * 3600)
    await desk.broker.files.sweep()  # or housekeeping, which has woken too, was faster
    await desk.settle()
    with pytest.raises(NotFoundError):
        await desk.broker.files.download(ann.principal, unused.id)
    assert await whole(await desk.broker.files.download(ann.principal, used.id)) == PNG
    await desk.clock.leap(90 * 24 * 3600)
    await desk.broker.housekeeping.sweep()
    await desk.settle()
    assert desk.files.kept == {}
    with pytest.raises(NotFoundError):
        await desk.broker.files.download(ann.principal, used.id)
    assert (await chat.messages())[-1].files == (used,), "the message stays, and says what it carried"


async def test_bytes_that_are_gone_say_so(desk: World) -> None:
    ann, chat = await a_chat(desk)
    file = await sends(desk, chat)
    for organisation, digest in list(desk.files.kept):
        await desk.files.erase(organisation, digest)
        assert organisation == ORGANISATION
    with pytest.raises(NotFoundError, match="not kept any more") as gone:
        await desk.broker.files.download(ann.principal, file.id)
    assert gone.value.code == "file_gone"


async def test_the_file_of_a_message_that_was_taken_back_is_dropped(desk: World) -> None:
    _, chat = await a_chat(desk)
    file = await sends(desk, chat)
    said = await desk.broker.intake.append_message(
        desk.assistant, chat.id, NewMessage(author=Author.CUSTOMER, files=(file.id,))
    )
    gone = await desk.broker.messages.delete(desk.assistant, chat.id, said.id)
    assert gone.files == ()
    await desk.clock.leap(25 * 3600)
    await desk.broker.files.sweep()
    assert desk.files.kept == {}
