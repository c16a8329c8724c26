"""Keys that arrive all at once, as over a slow line: words go into the box that was opened, never act as commands."""

import asyncio
import sys
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from tests import needs
from tests.live import chat, rest
from tests.terminal import Terminal, terminal

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sound"), needs.mark(needs.TMUX)]


def console(broker: Running, folder: Path) -> object:
    """Start a console in a terminal."""
    environment = {
        "OPERATOR_SERVER": broker.url,
        "OPERATOR_TOKEN": broker.operator,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    return terminal([sys.executable, "-m", "operator_console"], environment=environment)


async def messages(broker: Running, conversation: str) -> list[str]:
    """Return what the operator said."""
    async with rest(broker) as client:
        found = (await client.get(f"/v1/conversations/{conversation}/messages")).json()
    return [one["text"] for one in found if one["author"] == "operator"]


async def test_words_typed_ahead_are_words(tmp_path: Path) -> None:
    async with running_broker('[desk]\nrouting = "pull"\n') as broker:
        session = await chat(broker, "Ada Lovelace")
        with console(broker, tmp_path) as screen:
            assert isinstance(screen, Terminal)
            await asyncio.to_thread(screen.wait, "Ada Lovelace")
            screen.keys("a")
            await asyncio.to_thread(screen.wait, "1 chat")
            screen.type("ixy hello, mail me at amber.h@example.com\r")
            async with asyncio.timeout(60):
                while not (said := await messages(broker, session["conversation_id"])):
                    await asyncio.sleep(0.05)
            assert said == ["xy hello, mail me at amber.h@example.com"]
            async with rest(broker, broker.operator) as client:
                now = (await client.get(f"/v1/sessions/{session['id']}")).json()
            assert now["state"] == "active", "a letter typed ahead ended the chat"


async def test_a_note_typed_ahead_is_a_note(tmp_path: Path) -> None:
    async with running_broker('[desk]\nrouting = "pull"\n') as broker:
        session = await chat(broker, "Ada Lovelace")
        with console(broker, tmp_path) as screen:
            assert isinstance(screen, Terminal)
            await asyncio.to_thread(screen.wait, "Ada Lovelace")
            screen.keys("a")
            await asyncio.to_thread(screen.wait, "1 chat")
            screen.type("bxy refund agreed\r")
            async with asyncio.timeout(60):
                while True:
                    async with rest(broker, broker.operator) as client:
                        now = (await client.get(f"/v1/sessions/{session['id']}")).json()
                    if now["state"] != "active":
                        break
                    await asyncio.sleep(0.05)
            assert (now["outcome"], now["note"]) == ("returned", "xy refund agreed")
