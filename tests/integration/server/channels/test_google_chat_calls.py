"""What we say to Google Chat, against a Google on this machine whose token endpoint Google's own library has proved."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests import needs

pytest.importorskip("google.oauth2.service_account", reason=needs.PEERS.skip)

from aiohttp import web
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from server.broker.ports.channels import Acknowledges, Incoming, OutgoingFile, Part, Prepares, RemoteFile, SendError
from server.broker.ports.channels import SendProblem as Problem
from server.channel_settings.google_chat import GoogleChatSettings
from server.channels.google_chat import GoogleChat, make, message_id_of
from server.channels.setup import Setup
from server.clock import ManualClock
from server.config_rules import ConfigError
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText
from server.wire.version import VERSION
from tests.fakes.google_platform import NEXT_KEY, GooglePlatform, google_platform, proof, published, refused
from tests.fakes.google_words import PROJECT
from tests.openapi_contract import Contract, Recorder

pytestmark = pytest.mark.integration
THREAD = "spaces/AAA/threads/T1"


@pytest.fixture
async def platform() -> AsyncIterator[GooglePlatform]:
    async with google_platform() as running:
        yield running


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def made(platform: GooglePlatform, clock: ManualClock, key: str, transport: Recorder | None = None) -> GoogleChat:
    settings = GoogleChatSettings(
        api_base=platform.url, keys_base=platform.url, service_account_file="key", audience=PROJECT
    )
    address = "https://desk.example/v1/channels/google"
    setup = Setup(name="g", clock=clock, address=address, read_secret=lambda _: SecretText(key), transport=transport)
    return make(settings, setup)


@pytest.fixture
async def chat(platform: GooglePlatform, clock: ManualClock, recorder: Recorder) -> AsyncIterator[GoogleChat]:
    channel = made(platform, clock, platform.service_account(), recorder)
    yield channel
    await channel.close()


async def problem_of(sending: object) -> SendError:
    with pytest.raises(SendError) as failed:
        await sending  # type: ignore[misc]
    return failed.value


async def test_googles_own_library_gets_a_token_from_the_fake(platform: GooglePlatform) -> None:
    scopes = ["https://www.googleapis.com/auth/chat.bot"]
    for key, good in ((platform.service_account(), True), (platform.service_account(NEXT_KEY), False)):
        found = service_account.Credentials.from_service_account_info(json.loads(key), scopes=scopes)
        if good:
            await asyncio.to_thread(found.refresh, Request())
            assert found.token == platform.tokens[-1]
        else:
            with pytest.raises(RefreshError):
                await asyncio.to_thread(found.refresh, Request())


async def test_a_message_goes_into_its_thread_and_one_that_is_sent_twice_is_one(
    platform: GooglePlatform, chat: GoogleChat
) -> None:
    part = Part(chat=THREAD, key="01JABC:1", text="*hi* 😀 שלום")
    name = await chat.send(part)
    _, path, query, body = platform.calls[0]
    assert path == "spaces/AAA/messages"
    assert query["messageReplyOption"] == "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
    assert body == {"text": "*hi* 😀 שלום", "thread": {"name": THREAD}}
    assert name.startswith("spaces/AAA/messages/client-")
    assert await chat.send(part) == name
    platform.forget_requests()
    assert await chat.send(part) == name
    assert list(platform.messages) == [name]
    assert platform.callers == [f"operator-console/{VERSION}"] * 3
    await chat.send(Part(chat="spaces/DM1", key="2", text="x"))
    assert "messageReplyOption" not in platform.calls[-1][2]


def test_a_messages_own_id_is_one_that_google_takes() -> None:
    assert message_id_of("part-1") == "client-part-1"
    for key in ("K" * 20, "a" * 57, "ä", "", "a_b"):
        assert len(message_id_of(key)) <= 63
        assert message_id_of(key).removeprefix("client-").isalnum()


async def test_what_was_said_can_be_changed_and_taken_back(platform: GooglePlatform, chat: GoogleChat) -> None:
    name = await chat.send(Part(chat=THREAD, key="1", text="helo"))
    await chat.edit(THREAD, name, "hello")
    assert platform.messages[name]["text"] == "hello"
    await chat.edit(THREAD, name, "")
    assert not platform.messages
    assert (await problem_of(chat.edit(THREAD, name, "x"))).problem is Problem.GONE
    assert (await problem_of(chat.edit(THREAD, "spaces/../x", "x"))).problem is Problem.INVALID


async def test_a_file_is_refused_with_what_to_do(platform: GooglePlatform, chat: GoogleChat) -> None:
    file = OutgoingFile(name="a", media_type="", content=b"abc")
    assert not chat.limits.files
    assert "send a link" in (await problem_of(chat.send(Part(chat=THREAD, key="1", file=file)))).message
    assert not platform.calls


async def test_a_token_is_asked_for_once_and_anew_before_it_expires_or_when_it_is_refused(
    platform: GooglePlatform, chat: GoogleChat, clock: ManualClock
) -> None:
    await asyncio.gather(*[chat.send(Part(chat=THREAD, key=str(number), text="x")) for number in range(5)])
    assert len(platform.tokens) == 1
    await clock.advance(3500)
    await chat.send(Part(chat=THREAD, key="6", text="x"))
    assert len(platform.tokens) == 2
    platform.refused_tokens.add(platform.tokens[-1])
    await chat.send(Part(chat=THREAD, key="7", text="x"))
    assert len(platform.tokens) == 3
    assert len(platform.messages) == 7


async def test_a_key_that_google_does_not_know_is_an_account_to_mend(
    platform: GooglePlatform, clock: ManualClock
) -> None:
    chat = made(platform, clock, platform.service_account(NEXT_KEY))
    failed = await problem_of(chat.send(Part(chat=THREAD, key="1", text="x")))
    assert failed.problem is Problem.AUTH
    assert "service account" in await chat.health()
    await chat.close()


async def test_what_fails_before_the_message_went_out_may_be_tried_again(
    platform: GooglePlatform, chat: GoogleChat
) -> None:
    platform.faults["token"].append(web.Response(status=504))
    assert (await problem_of(chat.send(Part(chat=THREAD, key="1", text="x")))).problem is Problem.RETRY
    platform.faults["token"].append(web.Response(text="<html>", content_type="text/html"))
    assert (await problem_of(chat.send(Part(chat=THREAD, key="1", text="x")))).problem is Problem.AUTH


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (refused(400, "INVALID_ARGUMENT"), Problem.INVALID),
        (refused(403, "PERMISSION_DENIED"), Problem.BLOCKED),
        (refused(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), Problem.AUTH),
        (refused(404, "NOT_FOUND"), Problem.GONE),
        (refused(418, "NEW_NEXT_YEAR"), Problem.INVALID),
        (web.Response(text="<html>login</html>", content_type="text/html"), Problem.AUTH),
        (web.Response(status=302, headers={"Location": "https://sso.example"}), Problem.AUTH),
        (web.Response(body=b'{"name": "sp', content_type="application/json"), Problem.UNKNOWN_OUTCOME),
        (web.json_response({}), Problem.UNKNOWN_OUTCOME),
        (web.Response(status=503), Problem.RETRY),
    ],
)
async def test_what_google_says_no_with_decides_what_is_done_next(
    platform: GooglePlatform, chat: GoogleChat, answer: web.Response, problem: Problem
) -> None:
    platform.faults["POST"].append(answer)
    failed = await problem_of(chat.send(Part(chat=THREAD, key="1", text="x")))
    assert failed.problem is problem
    assert "ya29" not in failed.message
    assert len(platform.calls) == 1


async def test_files_are_read_from_google_and_what_lies_in_a_drive_is_not(
    platform: GooglePlatform, chat: GoogleChat
) -> None:
    platform.files["abc=="] = b"abc"

    async def content(handle: str) -> bytes:
        return b"".join([piece async for piece in chat.fetch(RemoteFile(handle=handle))])

    assert await content("abc==") == b"abc"
    assert (await problem_of(content("gone"))).problem is Problem.GONE
    for handle in ("drive:d1", "https://elsewhere.example/x", "../v1/spaces"):
        assert (await problem_of(content(handle))).problem is Problem.INVALID


async def test_a_request_is_proved_with_keys_fetched_before(
    platform: GooglePlatform, chat: GoogleChat, clock: ManualClock
) -> None:
    assert isinstance(chat, Prepares)
    assert isinstance(chat, Acknowledges)
    assert (chat.kept.body, chat.kept.media_type) == (b"{}", "application/json")
    genuine = Incoming(headers={"authorization": f"Bearer {proof(clock.now())}"})
    with pytest.raises(NotAuthenticatedError):
        chat.verify(genuine, clock.now())
    await chat.prepare(genuine)
    chat.verify(genuine, clock.now())
    await chat.prepare(genuine)
    assert platform.keys_asked == 1


async def test_health_fetches_keys_and_asks_google(platform: GooglePlatform, chat: GoogleChat) -> None:
    assert await chat.health() == ""
    assert platform.keys_asked == 1
    platform.faults["GET"].append(refused(403, "PERMISSION_DENIED", "SERVICE_DISABLED"))
    assert "not set up" in await chat.health()
    platform.faults["keys"].append(web.Response(status=500))
    assert "500" in await chat.health()
    platform.keys = published()


@pytest.mark.parametrize("key", ["{}", "not json", '{"client_email": "a@b", "private_key": "-----BEGIN"}'])
async def test_a_file_that_is_no_key_is_refused_at_the_start(
    platform: GooglePlatform, clock: ManualClock, key: str
) -> None:
    with pytest.raises(ConfigError, match="service_account_file holds no key"):
        made(platform, clock, key)


@needs.data
async def test_every_call_is_as_googles_discovery_document_has_it(
    platform: GooglePlatform, chat: GoogleChat, recorder: Recorder
) -> None:
    contract = Contract("google/chat_openapi_derived.json", platform.url)
    name = await chat.send(Part(chat=THREAD, key="1", text="x"))
    await chat.send(Part(chat="spaces/DM1", key="2", text="x"))
    await chat.edit(THREAD, name, "y")
    await chat.edit(THREAD, name, "")
    checked = [request for request in recorder.requests if request.url.path.startswith("/v1/spaces/")]
    assert [request.method for request in checked] == ["POST", "POST", "PATCH", "DELETE"]
    for request in checked:
        assert not contract.wrong(request)
    address = f"{platform.url}/v1/spaces/AAA/messages"
    for query, body in (({"messageReplyOption": "MAYBE"}, {"text": "x"}), ({}, {"txet": "x"})):
        assert contract.wrong(chat._http.client.build_request("POST", address, params=query, json=body))
