"""Telegram: our fake of its Bot API is proved with a client that others wrote, and our channel on the fake."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from server.broker.ports.channels import Channel, Incoming, OutgoingFile, Part, SendError, SendProblem
from server.channel_settings.telegram import TelegramSettings
from server.channels.setup import Setup
from server.channels.telegram import make
from server.clock import SystemClock
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText
from server.wire import commands as c
from server.wire.terms import Author, Delivery, FileState, Owner
from tests import needs
from tests.channel_world import ACCOUNT, ChannelWorld
from tests.fakes.bot_api import TOKEN, BotApi
from tests.world import ORGANISATION

pytestmark = pytest.mark.integration

SECRET = "shown-with-each-update"


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    """Telegram, on this machine."""
    async with BotApi() as running:
        yield running


def bot(api: BotApi, way_in: str = "poll", token: str = TOKEN, address: str = "https://desk.example/in") -> Channel:
    settings = TelegramSettings(api_base=api.url, token_file="t", way_in=way_in, secret_file="s")  # type: ignore[arg-type]
    secrets = {"t": token, "s": SECRET}
    setup = Setup(
        name=ACCOUNT, clock=SystemClock(), address=address, read_secret=lambda file: SecretText(secrets[file])
    )
    return make(settings, setup)


async def eventually(desk: ChannelWorld, true: Callable[[], Awaitable[bool]]) -> None:
    """Let sockets and the desk's own time go on until something is so."""
    for _ in range(600):
        if await true():
            return
        await asyncio.sleep(0.01)
        await desk.clock.advance(0.25)
        await desk.settle()
    raise AssertionError("it never came to be so")


async def test_the_fake_is_taken_for_telegram_by_a_client_that_others_wrote(
    api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = pytest.importorskip("telegram.ext", reason=needs.PEERS.skip)
    application = (
        telegram.ApplicationBuilder()
        .token(TOKEN)
        .base_url(f"{api.url}/bot")
        .base_file_url(f"{api.url}/file/bot")
        .build()
    )
    heard: list[str] = []

    async def answer(update: object, _context: object) -> None:
        message = update.message or update.edited_message  # type: ignore[attr-defined]
        heard.append(message.text)
        if update.message:  # type: ignore[attr-defined]
            said = await message.reply_text(f"You said {message.text}")
            await said.edit_text(f"You said: {message.text}")

    application.add_handler(telegram.MessageHandler(telegram.filters.ALL, answer))
    await application.initialize()
    try:
        assert (await application.bot.get_me()).username == "desk_bot"
        await application.start()
        await application.updater.start_polling(poll_interval=0.01, timeout=1, drop_pending_updates=False)
        number = api.writes(42, "Hello")
        api.edits(42, number, "Hello there")
        for _ in range(500):
            if len(heard) == 2:
                break
            await asyncio.sleep(0.01)
        await application.updater.stop()
        await application.stop()
        assert heard == ["Hello", "Hello there"]
        assert api.texts(42) == ["You said: Hello"]
        import telegram as errors  # noqa: PLC0415 - only where the client is there

        with pytest.raises(errors.error.BadRequest, match="too long"):
            await application.bot.send_message(42, "x" * 4097)
        api.faults.append((429, "Too Many Requests: retry after 3", {"retry_after": 3}))
        monkeypatch.setenv("PTB_TIMEDELTA", "1")
        with pytest.raises(errors.error.RetryAfter):
            await application.bot.send_message(42, "x")
        api.blocked.add("42")
        with pytest.raises(errors.error.Forbidden):
            await application.bot.send_message(42, "x")
    finally:
        await application.shutdown()


async def test_the_whole_way_there_and_back_by_asking(api: BotApi) -> None:
    async with ChannelWorld(channel=bot(api)) as desk:
        ann = await desk.operator("ann")
        ada = desk.customer("42")
        number = api.writes(42, "Where is my parcel? 📦")
        await eventually(desk, lambda: is_there(desk))
        chat = await ada.here()
        assert (await chat.conversation()).customer.name == "Ada Fields"
        await chat.assistant_says("Let me look.")
        await eventually(desk, lambda: says(api, "Let me look."))
        await chat.asks_for_a_person("parcel lost")
        await ann.accept(chat)
        await ann.does(c.Say, chat, text="Ann here. " + "👍" * 4200)
        await eventually(desk, lambda: says(api, "👍" * 4200, whole=True))
        assert all(len(text.encode("utf-16-le")) // 2 <= 4096 for text in api.texts(42))
        api.edits(42, number, "Where is my large parcel?")
        await eventually(desk, lambda: reads(ada.texts, "customer: Where is my large parcel?"))
        await ann.does(c.Resolve, chat, note="found", disposition="delivery")
        assert (await chat.conversation()).owner is Owner.ASSISTANT
        await chat.assistant_says("Anything else?")
        await eventually(desk, lambda: says(api, "Anything else?"))
        ours = [turn for turn in await ada.turns() if turn.author in {Author.OPERATOR, Author.ASSISTANT}]
        assert {turn.delivery for turn in ours} == {Delivery.SENT}


async def test_by_webhook_an_update_that_is_posted_twice_is_taken_once(api: BotApi) -> None:
    channel = bot(api, "webhook")
    async with ChannelWorld(channel=channel) as desk:
        assert "no address of ours" in await channel.health()
        await desk.broker.channels.overview.connect(ORGANISATION, ACCOUNT)
        assert api.webhook == ("https://desk.example/in", SECRET)
        assert await channel.health() == ""
        update = api.happens(number=7, message=BotApi._message(42, 1, 42) | {"text": "Hello"})
        request = Incoming(headers={"x-telegram-bot-api-secret-token": SECRET}, body=json.dumps(update).encode())
        for _ in range(3):
            await desk.posts(request)
        assert await desk.customer("42").texts() == ["customer: Hello"]
        forged = Incoming(headers={"x-telegram-bot-api-secret-token": "guess"}, body=request.body)
        with pytest.raises(NotAuthenticatedError):
            await desk.posts(forged)


async def test_files_both_ways(api: BotApi) -> None:
    channel = bot(api)
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    file = OutgoingFile(name="map.png", media_type="image/png", content=png)
    await channel.send(Part(chat="42", key="k", file=file))
    await channel.send(
        Part(chat="42", key="k", file=OutgoingFile(name="a.pdf", media_type="application/pdf", content=b"%PDF-"))
    )
    assert api.texts(42) == [f"<map.png {len(png)}>", "<a.pdf 5>"]
    async with ChannelWorld(channel=channel) as desk:
        api.files["f1"] = png
        api.writes(42, caption="Look", photo=[{"file_id": "f1", "file_unique_id": "u", "width": 1, "height": 1}])
        api.writes(42, document={"file_id": "gone", "file_name": "b.pdf", "file_size": 5})
        ada = desk.customer("42")
        await eventually(desk, lambda: is_there(desk))
        await eventually(desk, lambda: settled(ada.turns))
        first, second = await ada.turns()
        assert (first.text, first.files[0].state, first.files[0].media_type) == ("Look", FileState.HERE, "image/png")
        assert second.files[0].state is FileState.GONE


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ((429, "Too Many Requests: retry after 9", {"retry_after": 9}), SendProblem.RATE_LIMIT),
        ((401, "Unauthorized"), SendProblem.AUTH),
        ((403, "Forbidden: bot was blocked by the user"), SendProblem.BLOCKED),
        ((400, "Bad Request: chat not found"), SendProblem.GONE),
        ((500, "Internal Server Error"), SendProblem.RETRY),
        ("cut", SendProblem.UNKNOWN_OUTCOME),
    ],
)
async def test_each_refusal_means_what_it_says(api: BotApi, fault: object, problem: SendProblem) -> None:
    api.faults.append(fault)
    channel = bot(api)
    with pytest.raises(SendError) as refused:
        await channel.send(Part(chat="42", key="k", text="Hello"))
    await channel.close()
    assert refused.value.problem is problem
    assert TOKEN not in str(refused.value)
    if problem is SendProblem.RATE_LIMIT:
        assert refused.value.retry_after_seconds == 9


async def test_a_wrong_token_is_told_in_words(api: BotApi) -> None:
    channel = bot(api, token="999999:AAbbCCddEEffGGhhIIjj")
    assert "token" in await channel.health()
    await channel.close()


async def is_there(desk: ChannelWorld) -> bool:
    return await desk.conversation_of("42") is not None


async def says(api: BotApi, text: str, *, whole: bool = False) -> bool:
    return text in "".join(api.texts(42)) if whole else text in api.texts(42)


async def reads(texts: Callable[[], Awaitable[list[str]]], wanted: str) -> bool:
    return wanted in await texts()


async def settled(turns: Callable[[], Awaitable[list[object]]]) -> bool:
    found = await turns()
    return len(found) == 2 and all(file.state is not FileState.COMING for turn in found for file in turn.files)  # type: ignore[attr-defined]
