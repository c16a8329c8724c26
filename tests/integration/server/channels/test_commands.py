"""`operator-server channels` at a running broker, with a bot whose token is revoked, put back, and made anew."""

import asyncio
import json
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from server.bench.chat import rows
from server.broker.channels.holding import ASK_SECONDS
from server.cli.app import app
from server.cli.channels import PLATFORM_SECONDS
from server.cli.exits import Exit
from tests.fakes.bot_api import TOKEN, BotApi
from tests.live import bearer
from tests.mortal import Mortal

pytestmark = pytest.mark.integration

FRESH = "123456:BBbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
KEEP = """
    INSERT INTO channel_requests (organisation_id, account, at, method, url, query, headers, body, state, due_at,
    taker, taker_until, error) SELECT organisation_id, 'bot', at, method, url, query, headers, ?, 'failed', due_at,
    taker, taker_until, 'It could not be understood.' FROM channel_requests LIMIT 1
"""
"""A request that an earlier version stumbled over, kept with its error."""


class Desk(Mortal):
    """A broker with two bots, and the commands that an administrator gives it."""

    def __init__(self, folder: Path, asked: BotApi, called: BotApi) -> None:
        super().__init__(folder)
        self.token = folder / "bot.token"
        for name, text in (("bot.token", TOKEN), ("bot.secret", "shown-with-each-update")):
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        with self.config.open("a") as config:
            config.write(
                f'[channels.bot]\nkind = "telegram"\ntoken_file = "bot.token"\napi_base = "{asked.url}"\n'
                f'[channels.hook]\nkind = "telegram"\ntoken_file = "bot.token"\napi_base = "{called.url}"\n'
                'way_in = "webhook"\nsecret_file = "bot.secret"\n'
            )

    async def told(self, *words: str) -> Result:
        """Run `operator-server channels ...`."""
        command = ["channels", *words, "--config", str(self.config)]
        return await asyncio.to_thread(CliRunner().invoke, app, command)

    async def stands(self, name: str = "bot") -> dict[str, Any]:
        """Return how `channels list --json` shows an account."""
        shown = await self.told("list", "--json")
        assert shown.exit_code == 0, shown.stderr
        return {row["name"]: row for row in json.loads(shown.stdout)}[name]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return rows of the broker's database."""
        return rows(self.data_dir / "operator.sqlite3", query)

    async def key(self) -> str:
        """Add an assistant's key and return its token."""
        admin = (self.data_dir / "admin.token").read_text().strip()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=bearer(admin)) as client:
            return (await client.post("/v1/keys", json={"name": "Robo"})).raise_for_status().json()["token"]

    async def says(self, key: str, text: str) -> None:
        """Let the assistant say something to the first customer."""
        ((conversation,),) = self.rows("SELECT id FROM conversations WHERE external_id = '42'")
        path = f"/v1/conversations/{conversation}/messages"
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=bearer(key)) as client:
            (await client.post(path, json={"author": "assistant", "text": text})).raise_for_status()


async def until(true: Callable[[], object]) -> None:
    """Wait until something is so; what it needs may not be there yet."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.05)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[tuple[Desk, BotApi, BotApi]]:
    """A broker, the bot that it asks for messages, and the bot that calls it."""
    async with BotApi() as asked, BotApi() as called:
        desk = Desk(tmp_path, asked, called)
        await desk.start()
        try:
            yield desk, asked, called
        finally:
            await desk.end()


async def test_a_revoked_token_is_shown_and_what_waits_goes_out_once_it_is_good_again(
    desk: tuple[Desk, BotApi, BotApi],
) -> None:
    broker, api, _ = desk
    key = await broker.key()
    api.writes(42, "Where is my parcel?")
    await until(lambda: broker.rows("SELECT 1 FROM messages WHERE author = 'customer'"))
    well = await broker.told("check", "bot")
    assert well.exit_code == 0, well.stderr
    api.token = "revoked"
    await broker.says(key, "One")
    ill = await broker.told("check", "bot")
    assert ill.exit_code == 1
    assert "Telegram" in ill.stdout
    await until(lambda: broker.rows("SELECT 1 FROM channel_accounts WHERE name = 'bot' AND paused = 1"))
    shown = await broker.stands()
    assert (shown["paused"], shown["waiting"], shown["failed"], shown["unknown"]) == (True, 1, 0, 0)
    assert shown["problem"]
    assert shown["since"]
    table = await broker.told("list")
    assert re.search(r"^bot +telegram +\S", table.stdout, re.MULTILINE), table.stdout

    api.token = TOKEN  # the same token is good again: nobody has to do anything, and a check is sooner
    assert (await broker.told("check", "bot")).exit_code == 0
    await until(lambda: api.texts(42) == ["One"])

    api.token = FRESH  # @BotFather made a new one
    await broker.says(key, "Two")
    await until(lambda: broker.rows("SELECT 1 FROM channel_accounts WHERE name = 'bot' AND paused = 1"))
    await broker.kill()
    broker.token.write_text(FRESH)
    await broker.start()
    await until(lambda: api.texts(42) == ["One", "Two"])
    api.writes(42, "Thank you")
    await until(lambda: broker.rows("SELECT 1 FROM messages WHERE text = 'Thank you'"))
    await until(lambda: not broker.rows("SELECT 1 FROM channel_accounts WHERE name = 'bot' AND problem <> ''"))
    stands = await broker.stands()
    assert (stands["paused"], stands["waiting"], stands["failed"]) == (False, 0, 0)


async def test_what_could_not_be_taken_is_shown_and_taken_again_once_somebody_mended_it(
    desk: tuple[Desk, BotApi, BotApi],
) -> None:
    broker, api, _ = desk
    api.writes(42, "I wait for an assistant")
    await until(lambda: broker.rows("SELECT 1 FROM channel_requests WHERE attempts > 0"))
    message = api._message(77, 900, 77) | {"text": "Nobody understood me"}
    body = json.dumps({"ok": True, "result": [{"update_id": 7, "message": message}]}).encode()
    with closing(sqlite3.connect(broker.data_dir / "operator.sqlite3", timeout=30)) as line, line:
        line.execute(KEEP, (body,))
    found = await broker.told("check", "bot")
    assert "1 requests of the platform could not be taken:" in found.stderr
    assert "It could not be understood." in found.stdout
    assert json.loads((await broker.told("check", "bot", "--json")).stdout)["failed_requests"][0]["attempts"] == 0
    still = await broker.told("replay", "bot")
    assert still.exit_code == 1
    assert "1 requests still cannot be taken." in still.stderr
    assert "no_assistant" in still.stdout
    assert (await broker.stands())["not_taken"] == 1

    await broker.key()
    taken = await broker.told("replay", "bot")
    assert (taken.exit_code, "Everything is taken." in taken.stderr) == (0, True), taken.stdout
    assert broker.rows("SELECT text FROM messages WHERE text LIKE 'Nobody%'") == [("Nobody understood me",)]
    assert (await broker.stands())["not_taken"] == 0
    assert (await broker.told("replay", "bot", "--json")).stdout.strip() == "[]"
    await until(lambda: broker.rows("SELECT 1 FROM messages WHERE text = 'I wait for an assistant'"))


async def test_a_platform_is_told_our_address_and_refusals_say_what_to_do(desk: tuple[Desk, BotApi, BotApi]) -> None:
    broker, api, called = desk
    done = await broker.told("connect", "hook")
    assert (done.exit_code, "Telegram sends to" in done.stderr) == (0, True), done.stderr
    assert called.webhook[0].endswith("/v1/channels/hook")
    assert called.webhook[1] == "shown-with-each-update"
    assert "keeps messages until we ask" in (await broker.told("connect", "bot")).stderr
    assert ("deleteWebhook", {"drop_pending_updates": False}) in api.calls
    unknown = await broker.told("connect", "boot")
    assert (unknown.exit_code, "There is no such channel." in unknown.stderr) == (Exit.REFUSED, True), unknown.stderr
    called.token = "revoked"
    refused = await broker.told("connect", "hook")
    assert refused.exit_code != 0
    assert "channels check" in refused.stderr

    await broker.end()
    broker.token.unlink()
    command = [sys.executable, "-m", "server", "run", "--config", str(broker.config)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == Exit.CONFIGURATION
    assert b"[channels.bot] token_file" in said
    assert b"bot.token" in said


def test_a_command_waits_longer_for_the_broker_than_the_broker_for_the_platform() -> None:
    assert PLATFORM_SECONDS > ASK_SECONDS
