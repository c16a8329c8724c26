"""A new operator in a real terminal: the set-up asks, explains, resumes and writes; the tour leads through a desk."""

import os
import re
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from server.bench.process import running_broker
from tests import needs
from tests.terminal import ScreenError, Terminal, terminal

pytestmark = [pytest.mark.e2e, needs.tmux]

CONSOLE = [sys.executable, "-m", "operator_console"]
AUDIO = '[audio]\nbackend = "null"\n'
LONG = 120.0


def places(folder: str) -> dict[str, str]:
    """Return an environment of a person who has never been here, with a configuration for the sound alone."""
    own = Path(folder) / "config" / "operator-console"
    own.mkdir(parents=True, exist_ok=True)
    if not (own / "config.toml").exists():
        (own / "config.toml").write_text(AUDIO)
    return {
        "HOME": folder,
        "XDG_STATE_HOME": str(Path(folder) / "state"),
        "XDG_CONFIG_HOME": str(Path(folder) / "config"),
        "OPERATOR_TOKEN": "",
        "OPERATOR_SERVER": "",
    }


def answered(screen: Terminal, text: str) -> None:
    """Write an answer, look that it stands there (in dots, where it is secret), and give it."""
    for _ in range(30):
        screen.keys("C-u")
        screen.type(text)
        try:
            screen.wait(lambda shown: text in shown or "•" * len(text) in shown, 5.0)
        except ScreenError:
            continue
        break
    screen.keys("Enter")


async def test_the_set_up_explains_goes_on_where_it_was_left_and_opens_the_desk() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as folder:
        own = Path(folder) / "config" / "operator-console"
        async with running_broker() as broker:
            with terminal(CONSOLE, environment=places(folder)) as screen:
                screen.wait("Set-up 1 of 4", LONG)
                answered(screen, "http://127.0.0.1:9")
                screen.wait("Enter tries again", LONG)
                answered(screen, "http://desk.example.com")
                screen.wait("not encrypted", LONG)
                answered(screen, broker.url)
                screen.wait("Set-up 2 of 4", LONG)
                answered(screen, "op_wrong")
                screen.wait("Copy the token again", LONG)
                assert "op_wrong" not in screen.text()
                screen.keys("C-q")
                screen.wait(lambda shown: "Set-up" not in shown, LONG)
            assert broker.url in (own / "config.toml").read_text()
            assert not (own / "token").exists()
            with terminal(CONSOLE, environment=places(folder)) as screen:
                screen.wait("Set-up 2 of 4", LONG)
                answered(screen, broker.key)
                screen.wait("assistant's key", LONG)
                answered(screen, broker.operator)
                screen.wait("Set-up 3 of 4", LONG)
                screen.keys("s")
                screen.wait("Microphone", LONG)
                screen.keys("Escape")
                screen.wait("Set-up 3 of 4", LONG)
                screen.keys("Enter")
                screen.wait("Set-up 4 of 4", LONG)
                screen.keys("Enter")
                screen.wait("OFF DUTY", LONG)
            token = own / "token"
            assert token.read_text().strip() == broker.operator
            assert stat.S_IMODE(token.stat().st_mode) == 0o600
            with terminal(CONSOLE, environment=places(folder)) as screen:
                assert "Set-up" not in screen.wait("OFF DUTY", LONG)


def waiting(text: str) -> list[str]:
    """Return the rows of the queue, with or without a frame: a mark, how long, who."""
    return [line for line in text.splitlines() if re.match(r"[│ ]*[›●*]? *\d+:\d\d", line)]


def test_the_tour_leads_through_a_call_and_a_chat_and_is_left_on_a_key() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as folder:
        environment = places(folder) | {"TMPDIR": os.environ.get("TMPDIR", "/tmp")}
        with terminal([*CONSOLE, "tour"], environment=environment) as screen:
            screen.wait("Tour 1/10", LONG)
            screen.wait("2 waiting", LONG)
            screen.keys("j", "k")
            screen.wait("Tour 2/10", LONG)
            screen.wait(lambda text: "voice" in text, LONG)
            screen.keys("g")
            shown = screen.wait(lambda text: "›" in (waiting(text) or [""])[0], LONG)
            if " voice " not in waiting(shown)[0]:
                screen.keys("j")
            screen.wait(lambda text: any("›" in line and " voice " in line for line in waiting(text)), LONG)
            screen.keys("a")
            screen.wait("Tour 3/10", LONG)
            screen.wait("LIVE", LONG)
            screen.keys("m")
            screen.wait("Tour 4/10", LONG)
            screen.wait("● MUTED", LONG)
            screen.keys("m")
            screen.wait("Tour 5/10", LONG)
            screen.keys("b")
            screen.wait("gives it back", LONG)
            screen.type("refund agreed")
            screen.keys("Enter")
            screen.wait("Tour 6/10", LONG)
            screen.keys("C-t")
            screen.wait_gone("Tour 6/10", LONG)
            screen.keys("C-q")
            screen.wait("the demo has stopped", LONG)
