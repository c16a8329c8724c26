"""How parts go out on Messenger and Instagram, and how files come in."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from server.broker.ports.channels import OutgoingFile, Part, RemoteFile, SendError, SendProblem, Window
from server.channels.messenger import INSTAGRAM, MESSENGER, make
from server.config_rules import ConfigError
from tests.contract.channel_kits import instagram, messenger
from tests.contract.channel_kits.kit import Bench, Wire, setup

pytestmark = pytest.mark.unit

PART = Part(chat="42", key="k-1", text="Good morning")
PICTURE = OutgoingFile(name="a.png", media_type="image/png", content=b"\x89PNG")


@pytest.fixture
def bench() -> Bench:
    return Bench(messenger.KIT)


def sent(bench: Bench, at: int = -1) -> Any:
    return json.loads(bench.wire.requests[at].content)


async def refusal(bench: Bench, part: Part) -> SendProblem:
    with pytest.raises(SendError) as refused:
        await bench.channel.send(part)
    return refused.value.problem


async def test_within_24_hours_anybody_answers(bench: Bench) -> None:
    assert await bench.channel.send(PART) == "m_sent"
    assert bench.wire.requests[0].url.path == f"/api/{messenger.PAGE}/messages"
    assert sent(bench) == {
        "recipient": {"id": "42"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Good morning"},
    }


async def test_within_7_days_a_person_answers_under_the_tag_and_the_ai_does_not(bench: Bench) -> None:
    late = msgspec.structs.replace(PART, window=Window.PERSON_ONLY)
    assert await refusal(bench, late) is SendProblem.WINDOW
    assert bench.wire.requests == []
    await bench.channel.send(msgspec.structs.replace(late, by_person=True))
    assert (sent(bench)["messaging_type"], sent(bench)["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


async def test_after_7_days_nobody_answers(bench: Bench) -> None:
    closed = msgspec.structs.replace(PART, window=Window.CLOSED, by_person=True)
    assert await refusal(bench, closed) is SendProblem.WINDOW
    assert bench.wire.requests == []


def test_instagram_counts_bytes_and_both_have_the_same_windows() -> None:
    assert (MESSENGER.longest, MESSENGER.unit) == (2000, "characters")
    assert (INSTAGRAM.longest, INSTAGRAM.unit) == (1000, "bytes")
    for limits in (MESSENGER, INSTAGRAM):
        assert (limits.window_seconds, limits.person_window_seconds) == (86_400.0, 7 * 86_400.0)


@pytest.mark.parametrize(("kit", "platform"), [(messenger.KIT, None), (instagram.KIT, b"instagram")])
async def test_a_file_is_brought_first_and_then_named(kit: Any, platform: bytes | None) -> None:
    bench = Bench(kit)
    bench.wire.answers.append(httpx.Response(200, json={"attachment_id": "777"}))
    assert await bench.channel.send(msgspec.structs.replace(PART, text="", file=PICTURE)) == "m_sent"
    upload, message = bench.wire.requests
    assert upload.url.path == f"/api/{messenger.PAGE}/message_attachments"
    assert b'{"attachment": {"type": "image", "payload": {"is_reusable": true}}}' in upload.content
    assert b'name="filedata"; filename="a.png"' in upload.content
    assert b"\x89PNG" in upload.content
    assert (b"instagram" in upload.content) is (platform is not None)
    assert message.url.path == f"/api/{messenger.PAGE}/messages"
    assert sent(bench)["message"] == {"attachment": {"type": "image", "payload": {"attachment_id": "777"}}}


async def test_a_file_that_was_not_brought_sends_nothing(bench: Bench) -> None:
    bench.wire.answers.append(httpx.Response(200, json={}))
    assert await refusal(bench, msgspec.structs.replace(PART, text="", file=PICTURE)) is SendProblem.RETRY
    assert len(bench.wire.requests) == 1


async def test_words_with_a_file_are_refused_and_never_dropped(bench: Bench) -> None:
    assert await refusal(bench, msgspec.structs.replace(PART, file=PICTURE)) is SendProblem.INVALID
    assert bench.wire.requests == []


async def test_an_operator_takes_the_thread_back_from_another_app_and_the_ai_does_not(bench: Bench) -> None:
    elsewhere = messenger.refused(10, 2018300, 403)
    bench.wire.answers.append(elsewhere)
    assert await refusal(bench, PART) is SendProblem.INVALID
    assert [one.url.path.rsplit("/", 1)[1] for one in bench.wire.requests] == ["messages"]
    bench.wire.requests.clear()
    bench.wire.answers.extend([elsewhere, httpx.Response(200, json={"success": True})])
    assert await bench.channel.send(msgspec.structs.replace(PART, by_person=True)) == "m_sent"
    assert [one.url.path.rsplit("/", 1)[1] for one in bench.wire.requests] == [
        "messages",
        "take_thread_control",
        "messages",
    ]
    assert sent(bench, 1) == {"recipient": {"id": "42"}}


async def test_typing_is_shown_and_its_failure_is_nobody_s_business(bench: Bench) -> None:
    await bench.channel.typing("42")  # type: ignore[attr-defined]
    assert sent(bench) == {"recipient": {"id": "42"}, "sender_action": "typing_on"}
    bench.wire.answers.append(httpx.Response(500))
    await bench.channel.typing("42")  # type: ignore[attr-defined]


async def read(bench: Bench, address: str) -> bytes:
    return b"".join([piece async for piece in bench.channel.fetch(RemoteFile(handle=address))])  # type: ignore[attr-defined]


async def test_a_file_is_read_without_the_token(bench: Bench) -> None:
    bench.wire.otherwise = lambda _request: httpx.Response(
        200, content=b"\xff\xd8", headers={"content-type": "image/jpeg"}
    )
    assert await read(bench, "https://scontent.xx.fbcdn.net/a.jpg") == b"\xff\xd8"
    assert "authorization" not in bench.wire.requests[0].headers


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/a.jpg",
        "http://scontent.xx.fbcdn.net/a.jpg",
        "https://fbcdn.net.evil.example/a",
        "https://evilfbcdn.net/a",
        "https://scontent.fbcdn.net@evil.example/a",
        "https://scontent.fbcdn.net:8443/a",
        "file:///etc/passwd",
        "http://[::1",
        "",
    ],
)
async def test_an_address_that_is_not_meta_s_is_never_read(bench: Bench, address: str) -> None:
    with pytest.raises(SendError) as refused:
        await read(bench, address)
    assert refused.value.problem is SendProblem.INVALID
    assert bench.wire.requests == []


async def test_a_redirection_stays_with_meta(bench: Bench) -> None:
    away = httpx.Response(302, headers={"location": "https://evil.example/"})
    bench.wire.answers.append(away)
    with pytest.raises(SendError) as refused:
        await read(bench, "https://lookaside.fbsbx.com/a")
    assert refused.value.problem is SendProblem.INVALID
    bench.wire.answers.extend(
        [httpx.Response(302, headers={"location": "https://scontent.fbcdn.net/b"}), httpx.Response(200, content=b"b")]
    )
    assert await read(bench, "https://lookaside.fbsbx.com/a") == b"b"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(404), SendProblem.GONE),
        (httpx.Response(403), SendProblem.GONE),
        (httpx.Response(500), SendProblem.RETRY),
        (httpx.ConnectError("refused"), SendProblem.RETRY),
        (httpx.Response(200, html="<html>Log in</html>"), SendProblem.GONE),
    ],
)
async def test_what_is_no_file_is_not_taken_for_one(bench: Bench, answer: Any, problem: SendProblem) -> None:
    bench.wire.answers.append(answer)
    with pytest.raises(SendError) as refused:
        await read(bench, "https://lookaside.fbsbx.com/a")
    assert refused.value.problem is problem


async def test_health_tells_a_token_of_another_account(bench: Bench) -> None:
    bench.wire.answers.append(httpx.Response(200, json={"id": messenger.PAGE}))
    assert await bench.channel.health() == ""
    bench.wire.answers.append(httpx.Response(200, json={"id": "1"}))
    assert await bench.channel.health() == "The token is not of this account."
    bench.wire.answers.append(messenger.refused(190, 463, 401))
    assert "190/463" in await bench.channel.health()


@pytest.mark.parametrize("setting", ["page_id", "token_file", "app_secret_file", "verify_token_file", "api_base"])
def test_a_setting_that_is_missing_is_named(setting: str) -> None:
    value = "http://graph.example" if setting == "api_base" else ""
    settings = msgspec.structs.replace(messenger.SETTINGS, **{setting: value})
    with pytest.raises(ConfigError, match=rf"\[channels.tried\] {setting}"):
        make(settings, setup(Bench(messenger.KIT).clock, Wire()))
