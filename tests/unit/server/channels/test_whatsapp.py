"""How parts go out on WhatsApp, and how files come in."""

import hashlib
import json
from typing import Any

import httpx
import msgspec
import pytest

from server.broker.ports.channels import OutgoingFile, Part, RemoteFile, SendError, SendProblem, Window
from server.channels.whatsapp import make
from server.config_rules import ConfigError
from tests.contract.channel_kits import whatsapp
from tests.contract.channel_kits.kit import Bench, Wire, setup

pytestmark = pytest.mark.unit

PART = Part(chat=whatsapp.CUSTOMER, key="k-1", text="Good morning")
MESSAGES = f"/api/{whatsapp.NUMBER_ID}/messages"


@pytest.fixture
def bench() -> Bench:
    return Bench(whatsapp.KIT)


def sent(bench: Bench, at: int = -1) -> Any:
    return json.loads(bench.wire.requests[at].content)


async def refusal(bench: Bench, **changed: Any) -> SendProblem:
    with pytest.raises(SendError) as refused:
        await bench.channel.send(msgspec.structs.replace(PART, **changed))
    return refused.value.problem


async def test_a_text_goes_to_a_number(bench: Bench) -> None:
    assert await bench.channel.send(PART) == "wamid.sent"
    assert bench.wire.requests[0].url.path == MESSAGES
    assert sent(bench) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": whatsapp.CUSTOMER,
        "type": "text",
        "text": {"body": "Good morning", "preview_url": False},
        "biz_opaque_callback_data": "k-1",
    }


@pytest.mark.parametrize("chat", [whatsapp.USER_ID, "CO.ENT.11815799212886844830"])
async def test_a_customer_without_a_number_is_named_by_their_id(bench: Bench, chat: str) -> None:
    await bench.channel.send(msgspec.structs.replace(PART, chat=chat))
    assert sent(bench)["recipient"] == chat
    assert "to" not in sent(bench)


async def test_after_24_hours_the_text_goes_into_the_approved_template(bench: Bench) -> None:
    await bench.channel.send(msgspec.structs.replace(PART, text="Good\n\nmorning\t!", window=Window.CLOSED))
    assert (sent(bench)["type"], "text" in sent(bench)) == ("template", False)
    assert sent(bench)["template"] == {
        "name": "we_answer",
        "language": {"code": "en"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Good morning !"}]}],
    }


async def test_after_24_hours_nothing_else_goes_out(bench: Bench) -> None:
    picture = OutgoingFile(name="a.png", media_type="image/png", content=b"1")
    assert await refusal(bench, window=Window.CLOSED, text="", file=picture) is SendProblem.WINDOW
    assert await refusal(bench, window=Window.CLOSED, text="a" * 1025) is SendProblem.INVALID
    bench.channel = make(msgspec.structs.replace(whatsapp.SETTINGS, template=""), setup(bench.clock, bench.wire))
    assert await refusal(bench, window=Window.CLOSED, by_person=True) is SendProblem.WINDOW
    assert bench.wire.requests == []


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", {"type": "image", "image": {"id": "900", "caption": "Look"}}),
        ("video/mp4", {"type": "video", "video": {"id": "900", "caption": "Look"}}),
        ("audio/ogg", {"type": "audio", "audio": {"id": "900"}}),
        ("image/webp", {"type": "document", "document": {"id": "900", "caption": "Look", "filename": "a.bin"}}),
    ],
)
async def test_a_file_is_brought_first_and_shown_as_what_it_is(bench: Bench, media_type: str, content: Any) -> None:
    bench.wire.answers.append(httpx.Response(200, json={"id": "900"}))
    file = OutgoingFile(name="a.bin", media_type=media_type, content=b"\x00\x01")
    text = "" if media_type == "audio/ogg" else "Look"
    await bench.channel.send(msgspec.structs.replace(PART, text=text, file=file))
    upload = bench.wire.requests[0]
    assert upload.url.path == f"/api/{whatsapp.NUMBER_ID}/media"
    for piece in (b'name="messaging_product"', b"whatsapp", b'name="type"', media_type.encode(), b"\x00\x01"):
        assert piece in upload.content
    assert {name: sent(bench)[name] for name in content} == content


async def test_words_that_would_be_lost_with_a_file_are_refused(bench: Bench) -> None:
    sound = OutgoingFile(name="a.ogg", media_type="audio/ogg", content=b"1")
    assert await refusal(bench, file=sound) is SendProblem.INVALID
    picture = OutgoingFile(name="a.png", media_type="image/png", content=b"1")
    assert await refusal(bench, file=picture, text="a" * 1025) is SendProblem.INVALID
    assert bench.wire.requests == []


async def test_typing_needs_a_message_of_the_customer_and_marks_it_read(bench: Bench) -> None:
    await bench.channel.typing(whatsapp.CUSTOMER)  # type: ignore[attr-defined]
    assert bench.wire.requests == []
    for number in (1, 2):
        bench.channel.parse(bench.signed(whatsapp.message(whatsapp.CUSTOMER, number, "Hello")))
    await bench.channel.typing(whatsapp.CUSTOMER)  # type: ignore[attr-defined]
    assert sent(bench) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.2",
        "typing_indicator": {"type": "text"},
    }


async def read(bench: Bench) -> bytes:
    return b"".join([piece async for piece in bench.channel.fetch(RemoteFile(handle="900"))])  # type: ignore[attr-defined]


def lies_at(url: str, content: bytes = b"\xff\xd8") -> httpx.Response:
    return httpx.Response(200, json={"url": url, "sha256": hashlib.sha256(content).hexdigest(), "id": "900"})


async def test_a_file_s_address_is_asked_for_and_read_with_the_token(bench: Bench) -> None:
    where = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=9"
    bench.wire.answers.extend([lies_at(where), httpx.Response(200, content=b"\xff\xd8")])
    assert await read(bench) == b"\xff\xd8"
    asked, got = bench.wire.requests
    assert (asked.url.path, asked.url.params["phone_number_id"]) == ("/api/900", whatsapp.NUMBER_ID)
    assert str(got.url) == where
    assert got.headers["authorization"] == asked.headers["authorization"] == "Bearer system-token"


async def test_the_token_is_shown_to_nobody_else(bench: Bench) -> None:
    bench.wire.answers.append(lies_at("https://evil.example/a"))
    with pytest.raises(SendError) as refused:
        await read(bench)
    assert refused.value.problem is SendProblem.INVALID
    assert [one.url.host for one in bench.wire.requests] == ["platform.example"]


async def test_an_address_that_expired_and_a_file_that_changed_are_told(bench: Bench) -> None:
    where = "https://lookaside.fbsbx.com/a"
    for answer, problem in (
        (httpx.Response(404), SendProblem.GONE),
        (httpx.Response(200, content=b"?"), SendProblem.RETRY),
    ):
        bench.wire.answers.extend([lies_at(where), answer])
        with pytest.raises(SendError) as refused:
            await read(bench)
        assert refused.value.problem is problem


async def test_health_tells_a_token_of_another_number(bench: Bench) -> None:
    bench.wire.answers.append(httpx.Response(200, json={"id": whatsapp.NUMBER_ID}))
    assert await bench.channel.health() == ""
    bench.wire.answers.append(httpx.Response(200, json={"id": "1"}))
    assert await bench.channel.health() == "The token is not of this number."


@pytest.mark.parametrize("setting", ["phone_number_id", "token_file", "app_secret_file", "verify_token_file"])
def test_a_setting_that_is_missing_is_named(setting: str) -> None:
    settings = msgspec.structs.replace(whatsapp.SETTINGS, **{setting: ""})
    with pytest.raises(ConfigError, match=rf"\[channels.tried\] {setting}"):
        make(settings, setup(Bench(whatsapp.KIT).clock, Wire()))
