"""Both programs as processes, a real terminal: a canned reply is chosen by three letters and reaches the assistant."""

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from server.bench.process import running_broker
from tests import needs
from tests.live import bearer, chat
from tests.terminal import terminal

pytestmark = [pytest.mark.e2e, needs.tmux]

REPLY = '[greeting]\ntext = "Hello {name}, this is {me}."\n'
CONFIG = '[audio]\nbackend = "null"\n'


async def test_a_reply_chosen_by_three_letters_tab_and_enter_reaches_the_assistant_filled() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as folder:
        own = Path(folder) / "config" / "operator-console"
        own.mkdir(parents=True)
        (own / "replies.toml").write_text(REPLY)
        (own / "config.toml").write_text(CONFIG)
        async with running_broker() as broker:
            places = {
                "OPERATOR_SERVER": broker.url,
                "OPERATOR_TOKEN": broker.operator,
                "XDG_STATE_HOME": str(Path(folder) / "state"),
                "XDG_CONFIG_HOME": str(Path(folder) / "config"),
            }
            url = f"{broker.socket_url}/v1/assistant/events"
            with terminal([sys.executable, "-m", "operator_console"], environment=places) as screen:
                async with connect(url, additional_headers=bearer(broker.key)) as events:
                    await asyncio.to_thread(screen.wait, "OFF DUTY")
                    await chat(broker, "Ines")
                    await asyncio.to_thread(screen.wait, "Ines")
                    screen.keys("a")
                    await asyncio.to_thread(screen.wait, "writes to Ines")
                    screen.keys("i")
                    screen.type("/gre")
                    await asyncio.to_thread(screen.wait, "/greeting")
                    screen.keys("Tab")
                    await asyncio.to_thread(screen.wait_gone, "/greeting")
                    screen.keys("Enter")
                    async with asyncio.timeout(60):
                        while "Hello Ines, this is" not in (heard := str(await events.recv())):
                            pass
                    assert "{" not in heard.split("Hello Ines")[1].split('"', maxsplit=1)[0]
