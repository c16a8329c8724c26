"""Days on which something breaks: the console dies, clocks differ, the broker is another version, the token ends."""

import asyncio
import contextlib
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from server.wire.errors import ErrorBody
from server.wire.frames import Goodbye, Look
from server.wire.terms import SessionState
from server.wire.views import Customer, SessionView
from tests.console_places import CONSOLE, told
from tests.fakes.scripted_broker import ME, TOKEN, Line, ScriptedBroker, scripted_broker, session_view, snapshot
from tests.raw_terminal import RawTerminal, raw_terminal

pytestmark = pytest.mark.e2e

NEXT_CHAT = "\x0e"

WAITED = timedelta(seconds=400)
TALKED = timedelta(seconds=200)


def chat(number: int, name: str) -> SessionView:
    """Return a chat of mine."""
    return session_view(number, state=SessionState.ACTIVE, operator_id=ME, customer=Customer(name=name))


async def two_chats(line: Line) -> None:
    """Greet with two chats of mine, and agree to everything."""
    await line.say(snapshot(10, chat(1, "Ada"), chat(2, "Bo")))
    await agree(line)


async def agree(line: Line) -> None:
    """Say yes to whatever is asked, until the console is gone."""
    while True:
        command = await line.commands.get()
        if not isinstance(command, Look):
            await line.reply(command)


def knows_no_turns(broker: ScriptedBroker) -> None:
    """Let the broker answer that nothing was said yet."""
    for number in (1, 2):
        broker.rest[f"/v1/conversations/con-{number:04}/messages"] = (200, [])


async def kept(folder: Path, *texts: str) -> None:
    """Wait until these texts are on the disk."""
    drafts = folder / "operator-console" / "drafts.json"
    async with asyncio.timeout(20):
        while not drafts.exists() or not all(text in drafts.read_text() for text in texts):
            await asyncio.sleep(0.02)


def killed(screen: RawTerminal) -> None:
    """Pull the plug of the console: of the terminal's own process, and of what it started."""
    with contextlib.suppress(ProcessLookupError):
        for child in Path(f"/proc/{screen.process.pid}/task/{screen.process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        os.kill(screen.process.pid, signal.SIGKILL)


async def both_texts(screen: RawTerminal) -> None:
    """See the unsent text of each chat in its own box."""
    screen.type("i")
    first = await screen.shows("Refund")
    assert "Parcel" not in first
    screen.type(NEXT_CHAT)
    second = await screen.shows("Parcel")
    assert "Refund" not in second


async def test_unsent_texts_of_several_chats_survive_a_kill_and_a_token_that_ends(tmp_path: Path) -> None:
    let_go = asyncio.Event()

    async def revoked(line: Line) -> None:
        await line.say(snapshot(10, chat(1, "Ada"), chat(2, "Bo")))
        await let_go.wait()
        body = ErrorBody("token_revoked", "Your access was revoked.", "Ask an administrator.")
        await line.say(Goodbye(error=body, retry=False))

    async with scripted_broker(two_chats, revoked, two_chats) as broker:
        knows_no_turns(broker)
        there = told(tmp_path, broker.url, TOKEN)
        async with raw_terminal(CONSOLE, there) as screen:
            await screen.shows("Ada", "Bo", "2 chats")
            screen.type("i")
            screen.type("Refund is on its way")
            await screen.shows("Refund is on its way")
            screen.type(NEXT_CHAT)
            screen.type("Parcel leaves today")
            await screen.shows("Parcel leaves today")
            await kept(tmp_path, "Refund is on its way", "Parcel leaves today")
            killed(screen)
            await screen.process.wait()
        async with raw_terminal(CONSOLE, there) as screen:
            await screen.shows("Ada", "Bo", "2 chats")
            await both_texts(screen)
            screen.type(", at noon")
            await screen.shows("Parcel leaves today, at noon")
            let_go.set()
            await screen.shows("NOT CONNECTED", "stopped", "Your access was revoked. Ask an administrator.")
            screen.type("\r")
            screen.type("!")
            await screen.shows("Parcel leaves today, at noon!")
            await kept(tmp_path, "at noon!")
            screen.type("\x11")
            assert await asyncio.wait_for(screen.process.wait(), 20) == 0
        async with raw_terminal(CONSOLE, there) as screen:
            await screen.shows("Ada", "Bo", "2 chats")
            await both_texts(screen)
            await screen.shows("Parcel leaves today, at noon!")
            assert not [order for line in broker.lines for order in line.given if type(order).__name__ == "Say"]


async def test_waits_and_timers_are_true_whatever_the_brokers_clock_says(tmp_path: Path) -> None:
    async def two_hours_off(hours: int) -> None:
        async def elsewhere(line: Line) -> None:
            now = datetime.now(UTC) + timedelta(hours=hours)
            waiting = session_view(1, requested_at=now - WAITED, queued_at=now - WAITED)
            talking = session_view(
                2, state=SessionState.ACTIVE, operator_id=ME, requested_at=now - WAITED,
                active_at=now - TALKED, customer=Customer(name="Bo"),
            )  # fmt: skip
            await line.say(msgspec.structs.replace(snapshot(10, waiting, talking), now=now))
            await agree(line)

        async with scripted_broker(elsewhere) as broker:
            knows_no_turns(broker)
            async with raw_terminal(CONSOLE, told(tmp_path / str(hours), broker.url, TOKEN)) as screen:
                shown = await screen.shows("Anna Smith", "Bo", "H-0002")
                waits, talks = row(shown, "Anna Smith"), row(shown, "Bo ")
                assert 395 <= waits < 460
                assert 195 <= talks < 260
                await screen.until(lambda it: row(it.text, "Anna Smith") > waits, "the wait goes on")
                await screen.until(lambda it: row(it.text, "Bo ") > talks, "the talk goes on")

    await asyncio.gather(two_hours_off(-2), two_hours_off(2))


def row(shown: str, name: str) -> int:
    """Return the seconds that stand in somebody's row of the queue."""
    found = re.search(rf"(\d+):(\d\d)!? +{name}", shown)
    assert found is not None, shown
    return 60 * int(found.group(1)) + int(found.group(2))


OLD = ErrorBody(
    "protocol_unsupported",
    "This broker speaks protocol 2 to 3, the console 1.",
    "Install the console's newest version.",
)


async def test_a_broker_of_another_version_is_told_in_a_sentence(tmp_path: Path) -> None:
    async def newer(line: Line) -> None:
        await line.say(Goodbye(error=OLD, retry=False))

    async def unknown(line: Line) -> None:
        await line.say(snapshot(10, chat(1, "Ada")))
        await line.socket.send('{"type":"hologram","seq":11}')
        await agree(line)

    async def refused(broker: ScriptedBroker, folder: Path, *words: str) -> None:
        knows_no_turns(broker)
        async with raw_terminal(CONSOLE, told(folder, broker.url, TOKEN), size=(150, 30)) as screen:
            await screen.shows("NOT CONNECTED", *words)
            assert "Traceback" not in screen.received

    async with scripted_broker(newer) as first, scripted_broker(unknown) as second:
        await asyncio.gather(
            refused(
                first, tmp_path / "newer", "stopped", "speaks protocol 2 to 3", "Install the console's newest version"
            ),
            refused(second, tmp_path / "unknown", "trying again", "can't read", "Ada"),
        )
