"""A whole shift by keys alone: sign on, microphone test, two calls, three chats, a break, wrap-ups, sign off."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.bench.process import running_broker
from tests import needs, sound
from tests.e2e.test_live_call import CALLER_HZ, OPERATOR_HZ, Stage, headphone_hears, picture, sees, until_state
from tests.live import chat, rest
from tests.terminal import Terminal

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("sound"),
    needs.mark(needs.TMUX, needs.PULSEAUDIO, needs.PORTAUDIO),
]

PATIENCE = 90.0
BROKER = """
[desk]
wrap_up_seconds = 900
away_reasons = ["lunch"]
[queues.default]
dispositions = ["refunded", "explained"]
disposition_required = true
[queues.billing]
"""
CONSOLE = """
[audio]
test_before_available = "required"
[attention]
bell = false
notify = "off"
"""


@asynccontextmanager
async def a_day() -> AsyncIterator[Stage]:
    """Set up a broker with a queue that asks for a disposition, and a console that asks for a microphone test."""
    with tempfile.TemporaryDirectory(prefix="e2e") as name, sound.server() as sounds:
        folder = Path(name)
        config = folder / "config" / "operator-console" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(CONSOLE, encoding="utf-8")
        async with running_broker(BROKER) as broker:
            yield Stage(broker, sounds, folder)


async def shows(screen: Terminal, *words: str) -> str:
    """Wait until the screen shows all of these."""
    return await sees(screen, lambda shown: all(word in shown for word in words), PATIENCE)


async def test_a_whole_shift_without_a_mouse() -> None:
    async with a_day() as here:
        with here.console() as screen, here.sounds.hearing() as heard:
            await shows(screen, "OFF DUTY")
            screen.keys("d")
            await shows(screen, "On duty")
            screen.keys("d")
            await shows(screen, "NOT GOOD", "tests again")
            await picture(screen, "shift-silent-microphone")
            with here.sounds.speaking(here.operators_voice()):
                screen.keys("t")
                await shows(screen, "ON DUTY")
                await a_call_resolved(here, screen, heard)
                await a_call_passed_on(here, screen)
                await three_chats(here, screen)
                await a_break_and_home(screen)


async def a_call_resolved(here: Stage, screen: Terminal, heard: Path) -> None:
    """Take a call, hear and be heard, resolve it with the disposition that its queue asks for, and write it up."""
    async with here.caller("Joan Ferrer") as (caller, session):
        await shows(screen, "Joan Ferrer")
        screen.keys("a")
        await shows(screen, "LIVE")
        await headphone_hears(heard, CALLER_HZ)
        await caller.hears(OPERATOR_HZ)
        screen.keys("r")
        await shows(screen, "1 refunded", "hang up")
        await picture(screen, "shift-resolve")
        screen.keys("1")
        screen.keys("h")
        await asyncio.wait_for(caller.gone.wait(), PATIENCE)
    await until_state(here, session, "wrap_up")
    await shows(screen, "WRAP-UP")
    await picture(screen, "shift-wrap-up")
    screen.keys("r")
    await shows(screen, "y finish the wrap-up")
    screen.keys("y")
    await until_state(here, session, "closed")
    ended = await here.session(session)
    assert (ended["outcome"], ended["disposition"]) == ("resolved", "refunded")


async def a_call_passed_on(here: Stage, screen: Terminal) -> None:
    """Take a call and pass it on to another queue with a note; the caller stays on the line."""
    async with here.caller("Bo Lindqvist") as (caller, session):
        await shows(screen, "Bo Lindqvist")
        screen.keys("a")
        await shows(screen, "LIVE")
        await caller.hears(OPERATOR_HZ)
        screen.keys("t")
        await shows(screen, "Bring", "a queue, a colleague")
        screen.type("bill")
        await shows(screen, "1 of 1")
        screen.keys("Enter")
        await shows(screen, "into billing", "Note for whoever takes it")
        screen.type("wants a receipt")
        screen.keys("Enter")
        await until_state(here, session, "queued")
        assert not caller.gone.is_set(), "the caller was dropped"
        passed_on = await here.session(session)
        assert (passed_on["queue"], passed_on["note"]) == ("billing", "wants a receipt")
        await shows(screen, "NO CALL")


async def three_chats(here: Stage, screen: Terminal) -> None:
    """Have three chats at once, go from one to the next, answer each, and give all of them back."""
    sessions = []
    for name in ("Zoe Hill", "Yan Wu", "Xena Roth"):
        sessions.append(await chat(here.broker, name))
        await shows(screen, name, "RINGS")
        screen.keys("n")
        screen.keys("a")
        await until_state(here, sessions[-1], "active")
    await shows(screen, "3 chats")
    await picture(screen, "shift-three-chats")
    screen.keys("i")
    for _ in sessions:
        screen.type("One moment, please")
        screen.keys("Enter")
        screen.keys("C-n")
    for session in sessions:
        async with asyncio.timeout(PATIENCE):
            while "One moment, please" not in await turns(here, session):
                await asyncio.sleep(0.05)
    screen.keys("Escape")
    for _ in sessions:
        await shows(screen, "r Resolve")
        screen.keys("r")
        await shows(screen, "1 refunded", "2 explained")
        screen.keys("2")
        screen.keys("y")
        await shows(screen, "WRAP-UP")
        screen.keys("r")
        await shows(screen, "y finish the wrap-up")
        screen.keys("y")
        await sees(screen, lambda shown: "WRAP-UP" not in shown and "finish the wrap-up" not in shown, PATIENCE)
    for session in sessions:
        ended = await here.session(session)
        assert (ended["state"], ended["outcome"], ended["disposition"]) == ("closed", "resolved", "explained")


async def a_break_and_home(screen: Terminal) -> None:
    """Take the break, come back, and go home."""
    screen.keys("d")
    await shows(screen, "Away: lunch")
    screen.keys("l")
    await shows(screen, "AWAY lunch")
    screen.keys("d")
    await shows(screen, "On duty")
    screen.keys("d")
    await shows(screen, "ON DUTY")
    screen.keys("d")
    await shows(screen, "Off duty")
    screen.keys("d")
    await shows(screen, "OFF DUTY")
    screen.keys("C-q")


async def turns(here: Stage, session: dict[str, object]) -> list[str]:
    """Return what was said in a chat."""
    async with rest(here.broker, here.broker.operator) as client:
        said = (await client.get(f"/v1/conversations/{session['conversation_id']}/messages")).json()
        return [turn["text"] for turn in said]
