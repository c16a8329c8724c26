"""Measure chat on a channel: inbound acknowledged, shown on a console; and replies under faults and kills.

A real broker as a process of its own, with a channel of kind webhook to a platform in this process. In the fault run
the platform fails as `chat_platform` says and the broker is killed with SIGKILL again and again; afterwards every reply
is looked for at the platform and in the database.
"""

import asyncio
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import msgspec

from server.bench.chat_platform import Platform
from server.bench.figures import Figures, figures
from server.bench.process import Running, running_broker
from server.clock import SystemClock
from server.core.errors import ProviderError
from server.demo.console_link import ConsoleLink
from server.notices.signed_post import key_of, sign
from server.places import ADMIN_TOKEN
from server.secret_files import SecretText
from server.tasks import spawn

SEEN_SECONDS: Final = 10.0
DRAIN_SECONDS: Final = 3600.0
STEPS: Final = 16
DATABASE: Final = "operator.sqlite3"
CLOCK: Final = SystemClock()


class FaultReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of replies under faults.

    Attributes:
        replies: How many were said.
        posts: How many requests the platform got.
        kills: How often the broker was killed.
        lost: Neither with the platform nor shown as unknown or failed.
        out_of_order: Taken by the platform after a later one of the same chat.
        duplicates: Taken more than once, as the platform counts.
        unknown: Shown as unknown.
        unflagged: Not with the platform, and shown as sent.
    """

    keyed: bool
    replies: int
    posts: int
    kills: int
    lost: int
    out_of_order: int
    duplicates: int
    unknown: int
    failed: int
    unflagged: int


class ChatReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `bench chat` prints."""

    acknowledged: Figures
    on_console: Figures
    faults: tuple[FaultReport, ...] = ()


class Poster:
    """The platform's side of the way in: signed requests to one broker."""

    def __init__(self, url: str, secret: str) -> None:
        """Post to the channel `own` of the broker at `url`."""
        self._key: Final = key_of(SecretText(secret))
        self.http: Final = httpx.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def post(self, *events: dict[str, object]) -> None:
        """Send events in one request, and return once they are acknowledged."""
        content = json.dumps({"events": events}).encode()
        message_id, stamp = secrets.token_hex(8), str(int(CLOCK.now().timestamp()))
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(self._key, message_id, stamp, content),
        }
        (await self.http.post("/v1/channels/own", content=content, headers=headers)).raise_for_status()


def message(chat: str, number: int, text: str) -> dict[str, object]:
    """Return the event of one customer's message."""
    key = f"{chat}-{number}"
    return {"type": "message", "id": key, "chat": chat, "message_id": key, "sender": {"ids": [chat]}, "text": text}


async def bench_chat(trials: int, replies: int, kills: int, progress: Callable[[str], None]) -> ChatReport:
    """Return the figures of `trials` messages, and of `replies` under faults, to a platform with and without keys.

    Raises:
        ProviderError: the broker does not start.
        TimeoutError: a message was not shown within 10 s.
    """
    acknowledged, shown = await _latencies(trials)
    progress(f"{trials} messages shown")
    faults: list[FaultReport] = []
    for keyed in (True, False) if replies else ():
        faults.append(await fault_run(replies, kills, keyed=keyed))
        progress(f"{replies} replies to a platform {'with' if keyed else 'without'} keys")
    return ChatReport(acknowledged=figures(acknowledged), on_console=figures(shown), faults=tuple(faults))


async def _latencies(trials: int) -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory(prefix="operator-bench-") as folder:
        secret = _secret(Path(folder))
        async with running_broker(_channel(Path(folder), 9, keyed=True)) as broker:
            link = await ConsoleLink.open(broker.socket_url, broker.operator, CLOCK)
            receiving = spawn("bench_console", link.run())
            poster = Poster(broker.url, secret)
            acknowledged: list[float] = []
            shown: list[float] = []
            try:
                await _asked_for_a_person(poster, broker)
                for trial in range(trials):
                    began = CLOCK.monotonic()
                    await poster.post(message("chat-0", trial, f"message {trial}"))
                    acknowledged.append(CLOCK.monotonic() - began)
                    if not await link.until(partial(_is_there, link, trial), SEEN_SECONDS):
                        raise TimeoutError("A message was not shown in time.")
                    shown.append(CLOCK.monotonic() - began)
            finally:
                receiving.cancel()
                await link.close()
                await poster.http.aclose()
    return acknowledged, shown


async def _asked_for_a_person(poster: Poster, broker: Running) -> None:
    """Bring one chat before consoles: what is written in it is shown there."""
    await poster.post(message("chat-0", -1, "May I speak with somebody?"))
    path = broker.data_dir / DATABASE
    while not (found := rows(path, "SELECT id FROM conversations")):
        await CLOCK.sleep(0.05)
    headers = {"Authorization": f"Bearer {broker.key}"}
    address = f"/v1/conversations/{found[0][0]}/handoffs"
    (await poster.http.post(address, json={"reason": "bench"}, headers=headers)).raise_for_status()


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query on a broker's SQLite database."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return list(connection.execute(query))


def _is_there(link: ConsoleLink, trial: int) -> bool:
    return sum(len(turns) for turns in link.written.values()) > trial


def _secret(folder: Path) -> str:
    secret = "whsec_" + b64encode(os.urandom(32)).decode()
    path = folder / "own.secret"
    path.touch(mode=0o600)
    path.write_text(secret, encoding="ascii")
    return secret


def _channel(folder: Path, port: int, *, keyed: bool) -> str:
    return (
        '[desk]\nrouting = "pull"\n[understanding]\nenabled = false\n[channels.own]\nkind = "webhook"\n'
        f'api_base = "http://127.0.0.1:{port}/in"\nsecret_file = "{folder / "own.secret"}"\nallow_private = true\n'
        f"receiver_dedupes = {'true' if keyed else 'false'}\n"
    )


async def fault_run(replies: int, kills: int, *, keyed: bool, chats: int = 40, seed: int = 1) -> FaultReport:
    """Say `replies` in `chats` chats to a platform that fails, killing the broker on the way; count what came of it."""
    with tempfile.TemporaryDirectory(prefix="operator-bench-") as name:
        folder = Path(name)
        platform = Platform(random.Random(seed), keyed=keyed)  # noqa: S311 - repeatable, guards nothing
        broker = Mortal(folder, _secret(folder), _channel(folder, await platform.start(), keyed=keyed))
        try:
            await broker.start()
            names = [f"chat-{number}" for number in range(min(chats, replies))]
            await broker.poster.post(*(message(chat, 0, "Hello") for chat in names))
            found = await broker.conversations(len(names))
            killing = spawn("bench_kills", broker.die(kills, replies, lambda: platform.posts))
            shares = [replies // len(names) + (index < replies % len(names)) for index in range(len(names))]
            whole = list(zip(names, shares, strict=True))
            await asyncio.gather(*(broker.talk(whole[first::STEPS], found) for first in range(STEPS)))
            await killing
            await broker.drained()
        finally:
            await broker.stop()
            await platform.stop()
        return _counted(broker.said(), platform, kills, keyed=keyed)


def _counted(said: Sequence[tuple[str, str, str]], platform: Platform, kills: int, *, keyed: bool) -> FaultReport:
    """Return what became of every reply: rows of chat, text, delivery."""
    lost = unflagged = 0
    there = {chat: set(texts) for chat, texts in platform.taken.items()}
    for chat, text, delivery in said:
        if text in there.get(chat, set()):
            continue
        lost += delivery not in {"unknown_outcome", "failed"}
        unflagged += delivery in {"sent", "delivered", "read"}
    doubled = sum(len(texts) - len(set(texts)) for texts in platform.taken.values())
    disorder = 0
    for texts in platform.taken.values():
        numbers = [int(text.rsplit(" ", 1)[1]) for text in texts]
        disorder += sum(later < earlier for earlier, later in pairwise(numbers))
    deliveries = [delivery for _, _, delivery in said]
    return FaultReport(
        keyed=keyed,
        replies=len(said),
        posts=platform.posts,
        kills=kills,
        lost=lost,
        out_of_order=disorder,
        duplicates=doubled,
        unknown=deliveries.count("unknown_outcome"),
        failed=deliveries.count("failed"),
        unflagged=unflagged,
    )


class Mortal:
    """A broker that is killed and started again on the same port and database."""

    def __init__(self, folder: Path, secret: str, settings: str) -> None:
        """Keep everything in `folder`."""
        self._folder: Final = folder
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self._port = int(free.getsockname()[1])
        text = f'[server]\ndata_dir = "{folder / "var"}"\nport = {self._port}\n[media]\nport = 0\n{settings}'
        (folder / "config.toml").write_text(text, encoding="utf-8")
        self.poster: Final = Poster(f"http://127.0.0.1:{self._port}", secret)
        self._process: asyncio.subprocess.Process | None = None
        self._key = ""

    async def start(self) -> None:
        """Start it, and return when it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "run", "--end-calls", "--config", str(self._folder / "config.toml")),
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "OPERATOR_CONFIG": ""},
        )
        for _ in range(600):
            try:
                if (await self.poster.http.get("/readyz")).is_success:
                    break
            except httpx.HTTPError:
                pass
            if self._process.returncode is not None:
                raise ProviderError("broker_not_running", "The broker ended at its start.", "Run it by hand.")
            await CLOCK.sleep(0.1)
        if not self._key:
            token = (self._folder / "var" / ADMIN_TOKEN).read_text(encoding="ascii").strip()
            headers = {"Authorization": f"Bearer {token}"}
            made = (await self.poster.http.post("/v1/keys", json={"name": "bench"}, headers=headers)).raise_for_status()
            self._key = made.json()["token"]

    async def die(self, kills: int, replies: int, posts: Callable[[], int]) -> None:
        """Kill it in the midst of its work, evenly over the run, and start it again each time."""
        for number in range(1, kills + 1):
            while posts() < number * replies // (kills + 1):
                await CLOCK.sleep(0.005)
            assert self._process is not None  # noqa: S101 - started before
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            await self.start()

    async def stop(self) -> None:
        """Stop it for good."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()
        await self.poster.http.aclose()

    async def talk(self, chats: Sequence[tuple[str, int]], conversations: dict[str, str]) -> None:
        """Say so many replies in each of these chats, by turns; what met a dead broker is said again under its key."""
        for number in range(max((count for _, count in chats), default=0)):
            for chat, count in chats:
                body = {"author": "assistant", "text": f"reply {number}", "key": f"reply-{number}"}
                while number < count and not await self._said(conversations[chat], body):
                    await CLOCK.sleep(0.2)

    async def _said(self, conversation: str, body: dict[str, str]) -> bool:
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            answer = await self.poster.http.post(
                f"/v1/conversations/{conversation}/messages", json=body, headers=headers
            )
        except httpx.HTTPError:
            return False
        return answer.is_success

    async def conversations(self, wanted: int) -> dict[str, str]:
        """Return the conversation of each chat, once all are there."""
        while True:
            found = {str(chat): str(one) for chat, one in self._rows("SELECT external_id, id FROM conversations")}
            if len(found) >= wanted:
                return found
            await CLOCK.sleep(0.1)

    async def drained(self) -> None:
        """Return when nothing waits to be sent any more."""
        query = "SELECT count(*) FROM channel_parts WHERE state IN ('waiting', 'sending')"
        async with asyncio.timeout(DRAIN_SECONDS):
            while self._rows(query)[0][0]:
                await CLOCK.sleep(0.25)

    def said(self) -> list[tuple[str, str, str]]:
        """Return every reply: its chat, its text, and what is shown of its delivery."""
        query = (
            "SELECT c.external_id, m.text, m.delivery FROM messages m JOIN conversations c ON c.id = m.conversation_id "
            "WHERE m.author = 'assistant'"
        )
        return [(str(chat), str(text), str(delivery)) for chat, text, delivery in self._rows(query)]

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        return rows(self._folder / "var" / DATABASE, query)
