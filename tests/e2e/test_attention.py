"""Both programs as processes and a terminal that keeps every byte: who is needed is called, and left alone in time."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from operator_console.tui.attention import GIVE_TITLE_BACK, KEEP_TITLE
from server.bench.process import Running, running_broker
from server.wire.commands import Accept
from server.wire.terms import SessionId
from tests import needs
from tests.live import chat, fresh, greeted, operator, rest
from tests.raw_terminal import RawTerminal, raw_terminal
from tests.terminal import Terminal, terminal

pytestmark = [pytest.mark.e2e]

REPEAT_SECONDS = 3
QUIET_SECONDS = 2.5 * REPEAT_SECONDS
"""Listened so long to prove silence: two repetitions would have come."""
PULL = '[desk]\nrouting = "pull"\npromise_seconds = 1\n'
CONFIG = f"""
[audio]
backend = "file"
[attention]
repeat_offer_seconds = {REPEAT_SECONDS}
repeat_waiting_seconds = {REPEAT_SECONDS}
"""
CONSOLE = [sys.executable, "-m", "operator_console"]


def environment(broker: Running, folder: Path) -> dict[str, str]:
    """Return what a console of the broker's operator is told."""
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return {
        "OPERATOR_SERVER": broker.url,
        "OPERATOR_TOKEN": broker.operator,
        "OPERATOR_CONSOLE_CONFIG": str(config),
        "XDG_STATE_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }


@asynccontextmanager
async def desk(settings: str, *options: str) -> AsyncGenerator[tuple[Running, RawTerminal], None]:
    """Run a broker and a console in a raw terminal, its operator on duty."""
    with tempfile.TemporaryDirectory(prefix="e2e") as name:
        async with running_broker(settings) as broker:
            kept = {"PATH": os.environ["PATH"], "HOME": name, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
            told = {**kept, **environment(broker, Path(name))}
            async with raw_terminal([*CONSOLE, *options], told) as screen:
                await screen.until(lambda it: it.commands("2") == ["Desk"], "the title")
                await duty(broker, "available")
                yield broker, screen


async def duty(broker: Running, presence: str) -> None:
    """Put the console's operator on or off duty."""
    async with rest(broker, broker.operator) as client:
        (await client.put("/v1/me/presence", json={"presence": presence})).raise_for_status()


async def accept(broker: Running, token: str, session: dict[str, object]) -> None:
    """Have somebody take the session at another console."""
    async with greeted(broker, token) as (console, snapshot):
        seen = next(view for view in snapshot.sessions if view.id == session["id"])
        reply = await console.order(Accept(id=fresh(), session_id=SessionId(seen.id), epoch=seen.epoch))
        assert reply.ok, reply


async def stays_silent(screen: RawTerminal) -> None:
    """Listen for longer than two repetitions take."""
    screen.mark()
    await asyncio.sleep(QUIET_SECONDS)
    assert (screen.bells, screen.commands("9"), screen.commands("777")) == (0, [], [])


async def test_who_waits_past_the_promise_is_called_louder_and_a_claim_elsewhere_ends_it() -> None:
    async with desk(PULL) as (broker, screen):
        mia = await operator(broker, "Mia")
        session = await chat(broker)
        await screen.until(lambda it: it.bells >= 1, "the bell of a new session")
        assert screen.commands("9") == []
        await screen.until(lambda it: it.commands("2")[-1] == "(1) waiting · Desk", "the title counts")
        await screen.until(lambda it: len(it.commands("9")) >= 2, "two notifications")
        assert screen.commands("9")[0].startswith("Desk: 1 waiting past the promise, the longest by ")
        assert screen.commands("777")[0].startswith("notify;Desk;1 waiting past the promise")
        await screen.until(lambda it: it.bells >= 4, "one new, one softly past the promise, two louder")
        await accept(broker, mia, session)
        await screen.until(lambda it: it.commands("2")[-1] == "Desk", "the claim was heard of")
        await stays_silent(screen)


async def test_an_offer_is_silent_while_the_window_is_looked_at_and_after_going_off_duty() -> None:
    async with desk("[desk]\noffer_seconds_chat = 300\n") as (broker, screen):
        await chat(broker)
        await screen.until(lambda it: len(it.commands("9")) >= 2, "two notifications of the offer")
        assert all("rings for you: chat" in said for said in screen.commands("9"))
        assert any("RINGS" in title for title in screen.commands("2"))
        screen.type("\x1b[I")
        await stays_silent(screen)
        screen.type("\x1b[O")
        await screen.until(lambda it: it.commands("9") != [], "it goes on when nobody looks")
        await duty(broker, "offline")
        await screen.until(lambda it: it.commands("2")[-1:] in (["(1) waiting · Desk"], ["Desk"]), "off duty")
        await stays_silent(screen)
        screen.type("\x11")
        await screen.until(lambda it: GIVE_TITLE_BACK in it.received, "the old title is given back")


async def test_a_console_that_only_looks_is_never_called_and_still_counts() -> None:
    async with desk(PULL, "--readonly") as (broker, screen):
        await chat(broker)
        await screen.until(lambda it: it.commands("2")[-1] == "(1) waiting · Desk", "the title counts")
        assert screen.received.count(KEEP_TITLE) == 1
        assert screen.bells == 0
        await stays_silent(screen)


@needs.mark(needs.TMUX)
async def test_inside_tmux_the_title_is_the_panes_and_notifications_reach_the_terminal_outside() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as name:
        async with running_broker(PULL) as broker:
            start = r"printf '\033]2;my shell\033\\'; exec " + " ".join(CONSOLE)
            with terminal(["sh", "-c", start], environment=environment(broker, Path(name))) as pane:
                told = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
                async with raw_terminal(pane.outside(), told) as outside:
                    await asyncio.to_thread(pane.wait, "OFF DUTY")
                    await chat(broker, "Ada")
                    await chat(broker, "Bo")
                    await titled(pane, "(2) waiting · Desk")
                    await duty(broker, "available")
                    await outside.until(lambda it: it.commands("9") != [], "a notification outside tmux")
                    assert outside.commands("9")[0].startswith("Desk: 2 waiting past the promise")
                    assert outside.bells >= 1
                    pane.keys("C-q")
                    await titled(pane, "my shell")


async def titled(pane: Terminal, title: str) -> None:
    """Wait for the pane's title."""
    await asyncio.to_thread(pane.wait, lambda _: pane.value("#{pane_title}") == title)
