"""What we say to Discord, against a Discord on this machine that discord.py has proved."""

from collections.abc import AsyncIterator

import pytest

from tests import needs

pytest.importorskip("aiohttp", reason=needs.PEERS.skip)
from aiohttp import web

from server.broker.ports.channels import Incoming, OutgoingFile, Part, RemoteFile, SendError, SendProblem
from server.channels.discord import Discord, nonce_of
from server.clock import START_OF_MANUAL_TIME, ManualClock
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText
from server.wire.version import VERSION
from tests.fakes.discord_platform import DiscordPlatform, discord_platform, refused
from tests.fakes.discord_words import DIRECT, TOKEN
from tests.openapi_contract import Contract, Recorder

pytestmark = pytest.mark.integration
MESSAGES = f"/channels/{DIRECT}/messages"


@pytest.fixture
async def platform() -> AsyncIterator[DiscordPlatform]:
    async with discord_platform() as running:
        yield running


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def bot(platform: DiscordPlatform, recorder: Recorder) -> AsyncIterator[Discord]:
    made = Discord(token=SecretText(TOKEN), clock=ManualClock(), api_base=f"{platform.url}/api/v10", transport=recorder)
    yield made
    await made.close()


async def problem_of(sending: object) -> SendError:
    with pytest.raises(SendError) as failed:
        await sending  # type: ignore[misc]
    return failed.value


async def test_a_part_that_is_sent_twice_is_one_message(platform: DiscordPlatform, bot: Discord) -> None:
    first = await bot.send(Part(chat=DIRECT, key="part-1", text="@everyone 😀 שלום"))
    assert await bot.send(Part(chat=DIRECT, key="part-1", text="@everyone 😀 שלום")) == first
    assert await bot.send(Part(chat=DIRECT, key="part-2", text="x")) != first
    assert len(platform.messages) == 2
    body = platform.calls[0][2]
    assert (body["nonce"], body["enforce_nonce"]) == ("part-1", True)
    assert body["allowed_mentions"] == {"parse": []}
    assert all(caller.startswith("DiscordBot (") for caller in platform.callers)
    assert all(caller.endswith(f" operator-console/{VERSION}") for caller in platform.callers)


def test_a_nonce_is_never_too_long_and_never_another_parts() -> None:
    assert nonce_of("k" * 25) == "k" * 25
    assert len(nonce_of("k" * 26)) == 25
    assert nonce_of("k" * 26) == nonce_of("k" * 26) != nonce_of("k" * 27)


async def test_a_file_goes_out_with_its_caption(platform: DiscordPlatform, bot: Discord) -> None:
    file = OutgoingFile(name="grüße.txt", media_type="text/plain", content=b"abc")
    await bot.send(Part(chat=DIRECT, key="1", text="see", file=file))
    body = platform.calls[0][2]
    assert body["file"] == ("grüße.txt", b"abc")
    assert body["content"] == "see"


async def test_what_was_said_can_be_changed_and_taken_back(platform: DiscordPlatform, bot: Discord) -> None:
    message_id = await bot.send(Part(chat=DIRECT, key="1", text="helo"))
    await bot.edit(DIRECT, message_id, "hello")
    assert platform.messages[message_id]["content"] == "hello"
    await bot.edit(DIRECT, message_id, "")
    assert not platform.messages
    assert (await problem_of(bot.edit(DIRECT, message_id, "x"))).problem is SendProblem.GONE


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (refused(401, 0, "401: Unauthorized"), SendProblem.AUTH),
        (refused(403, 50007, "Cannot send messages to this user"), SendProblem.BLOCKED),
        (refused(403, 50013, "Missing Permissions"), SendProblem.BLOCKED),
        (refused(404, 10003, "Unknown Channel"), SendProblem.GONE),
        (refused(400, 50035, "Invalid Form Body"), SendProblem.INVALID),
        (refused(413, 40005, "Request entity too large"), SendProblem.INVALID),
        (refused(418, 999999, "an error of next year"), SendProblem.INVALID),
        (web.Response(text="<html>login</html>", content_type="text/html"), SendProblem.AUTH),
        (web.Response(status=302, headers={"Location": "https://sso.example"}), SendProblem.AUTH),
        (web.Response(body=b'{"id": "1', content_type="application/json"), SendProblem.UNKNOWN_OUTCOME),
        (web.Response(status=503), SendProblem.RETRY),
        (web.Response(status=502), SendProblem.UNKNOWN_OUTCOME),
    ],
)
async def test_what_discord_says_no_with_decides_what_is_done_next(
    platform: DiscordPlatform, bot: Discord, answer: web.Response, problem: SendProblem
) -> None:
    platform.faults[f"POST {MESSAGES}"].append(answer)
    failed = await problem_of(bot.send(Part(chat=DIRECT, key="1", text="x")))
    assert failed.problem is problem
    assert TOKEN not in failed.message
    assert len(platform.calls) == 1


async def test_we_go_slower_for_as_long_as_discord_says(platform: DiscordPlatform, bot: Discord) -> None:
    platform.faults[f"POST {MESSAGES}"].append(refused(429, 0, "You are being rate limited.", Retry_After="3"))
    failed = await problem_of(bot.send(Part(chat=DIRECT, key="1", text="x")))
    assert (failed.problem, failed.retry_after_seconds) == (SendProblem.RATE_LIMIT, 3)


async def test_health_tells_of_a_dead_token_and_typing_fails_silently(platform: DiscordPlatform, bot: Discord) -> None:
    assert await bot.health() == ""
    platform.faults["GET /users/@me"].append(refused(401, 0, "401: Unauthorized"))
    assert "token" in await bot.health()
    platform.faults[f"POST /channels/{DIRECT}/typing"].append(web.Response(status=429))
    await bot.typing(DIRECT)


async def content(bot: Discord, handle: str) -> bytes:
    return b"".join([chunk async for chunk in bot.fetch(RemoteFile(handle=handle))])


async def test_a_file_is_read_and_asked_for_again_when_its_address_expired(
    platform: DiscordPlatform, bot: Discord
) -> None:
    platform.files = {"/cdn/old": b"abc", "/cdn/new": b"abc"}
    said = platform.message("", attachments=[{"id": "7", "filename": "a", "url": f"{platform.url}/cdn/new"}])
    handle = f"{DIRECT}/{said['id']}/7 {platform.url}/cdn/old"
    assert await content(bot, handle) == b"abc"
    platform.expired.add("/cdn/old")
    assert await content(bot, handle) == b"abc"
    platform.expired.add("/cdn/new")
    assert (await problem_of(content(bot, handle))).problem is SendProblem.GONE
    del platform.messages[said["id"]]
    assert (await problem_of(content(bot, handle))).problem is SendProblem.GONE
    assert [seen for _, path, seen in platform.calls if path.startswith("/cdn")] == [None] * 6


async def test_nobody_may_post_to_a_channel_that_listens(bot: Discord) -> None:
    assert bot.challenge(Incoming(body=b'{"type": 1}')) is None
    with pytest.raises(NotAuthenticatedError):
        bot.verify(Incoming(), START_OF_MANUAL_TIME)


@needs.data
async def test_every_call_is_as_discords_openapi_has_it(
    platform: DiscordPlatform, bot: Discord, recorder: Recorder
) -> None:
    contract = Contract("discord/discord_trim.json", f"{platform.url}/api/v10")
    message_id = await bot.send(Part(chat=DIRECT, key="k" * 40, text="x"))
    await bot.edit(DIRECT, message_id, "y")
    await bot.typing(DIRECT)
    await bot.health()
    await problem_of(content(bot, f"{DIRECT}/{message_id}/7 {platform.url}/cdn/old"))
    await bot.edit(DIRECT, message_id, "")
    checked = [request for request in recorder.requests if "/cdn/" not in request.url.path]
    assert len(checked) == 6
    for request in checked:
        assert not contract.wrong(request)
    bad = bot._http.client.build_request(
        "POST", f"{platform.url}/api/v10{MESSAGES}", json={"content": "x", "nonce": "n" * 26}
    )
    assert contract.wrong(bad)
