"""The real console at a real broker with a person's own configuration: remapped keys, a macro, the prompt, a clash."""

import asyncio
import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from tests import needs
from tests.live import chat, rest
from tests.terminal import Terminal, terminal

pytestmark = [pytest.mark.e2e, needs.mark(needs.TMUX)]

OWN = """
[audio]
backend = "null"
[keys]
duty.set = "f6"
call.accept = ["a", "f4"]
[macros]
bye = { key = "f7", do = ["chat.say Thank you, {name}.", "call.back refund agreed"] }
"""


def console(broker: Running, folder: Path, config: str) -> AbstractContextManager[Terminal]:
    """Start a console with this configuration in a terminal."""
    file = folder / "config.toml"
    file.write_text(config)
    environment = {
        "OPERATOR_SERVER": broker.url,
        "OPERATOR_TOKEN": broker.operator,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    command = shlex.join([sys.executable, "-m", "operator_console", "-c", str(file)])
    return terminal(["sh", "-c", f'{command}; echo "ended with $?"; exec sleep 60'], environment=environment)


async def sees(screen: Terminal, what: str | Callable[[str], bool]) -> str:
    return await asyncio.to_thread(screen.wait, what, 30.0)


async def test_own_keys_a_macro_and_the_prompt_work_a_chat_from_start_to_end(tmp_path: Path) -> None:
    async with running_broker() as broker:
        with console(broker, tmp_path, OWN) as screen:
            await sees(screen, "F6 changes that")
            screen.keys("d", "F6")
            await sees(screen, "On duty")
            screen.keys("d")
            await sees(screen, "ON DUTY")
            session = await chat(broker, "Ada")
            await sees(screen, "Ada")
            screen.keys("F4")
            await sees(screen, "i writes to Ada")
            screen.keys(":")
            await sees(screen, "after.back")
            screen.type("say Hello {name}")
            screen.keys("Enter")
            await sees(screen, "Hello Ada")
            screen.keys("F7")
            await sees(screen, lambda shown: "i writes to Ada" not in shown)
            async with rest(broker, broker.operator) as client:
                closed = (await client.get(f"/v1/sessions/{session['id']}")).json()
                said = (await client.get(f"/v1/conversations/{session['conversation_id']}/messages")).text
            assert closed["note"] == "refund agreed"
            assert "Hello Ada" in said
            assert "Thank you, Ada." in said
            screen.keys(":")
            screen.type("quit")
            screen.keys("Enter")
            await sees(screen, "ended with 0")


async def test_a_clash_ends_the_start_with_both_names_and_the_code_of_configuration(tmp_path: Path) -> None:
    async with running_broker() as broker:
        with console(broker, tmp_path, '[keys]\ncall.mute = "a"\n') as screen:
            shown = await sees(screen, "ended with 2")
            words = "".join(shown.split())  # the terminal breaks long lines anywhere
            assert "call.accept" in words
            assert "call.mute" in words
