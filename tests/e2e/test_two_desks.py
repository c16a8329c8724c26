"""Two people at two terminals: each sees where the other is, and a break is asked for and granted by keys alone."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from tests import needs
from tests.live import chat, operator
from tests.terminal import Terminal, terminal

pytestmark = [pytest.mark.e2e, needs.mark(needs.TMUX)]
PATIENCE = 60.0
CONFIG = """
[audio]
backend = "null"
[attention]
bell = false
notify = "off"
"""


def desk(broker: Running, token: str, folder: Path) -> AbstractContextManager[Terminal]:
    """Start one person's console in a terminal of 80 by 24."""
    folder.mkdir()
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    told = {
        "OPERATOR_SERVER": broker.url,
        "OPERATOR_TOKEN": token,
        "OPERATOR_CONSOLE_CONFIG": str(config),
        "XDG_STATE_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    return terminal([sys.executable, "-m", "operator_console"], columns=80, rows=24, environment=told)


async def sees(screen: Terminal, what: str | Callable[[str], bool]) -> str:
    """Wait until a screen shows something."""
    return await asyncio.to_thread(screen.wait, what, PATIENCE)


async def test_each_sees_where_the_other_is_and_a_break_goes_from_one_desk_to_the_other() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as name:
        async with running_broker('[desk]\nrouting = "pull"\naway_reasons = ["siesta"]\n') as broker:
            folder = Path(name)
            ann, mia = await operator(broker, "Ann"), await operator(broker, "Mia", "supervisor")
            await chat(broker, "Zoe Hill")
            with desk(broker, ann, folder / "ann") as hers, desk(broker, mia, folder / "mia") as boss:
                await sees(hers, "Zoe Hill")
                await sees(boss, "Ann looks")
                await sees(hers, "Mia looks")
                hers.keys("d")
                await sees(hers, "On duty")
                hers.keys("d")
                await sees(hers, lambda shown: "ON DUTY" in shown.splitlines()[0])
                hers.keys("B")
                await sees(hers, "A supervisor grants or denies it")
                hers.keys("s")
                await sees(boss, "asks for a break")
                boss.keys("T")
                await sees(boss, "ASKS siesta")
                boss.keys("g")
                await sees(hers, "granted by Mia")
                await sees(hers, lambda shown: "AWAY siesta" in shown.splitlines()[0])
                await sees(boss, "AWAY siesta")
                hers.keys("C-q")
                await sees(boss, "GONE")
