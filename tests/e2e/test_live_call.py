"""Both programs as processes, a real terminal, real sound: a caller in Twilio's format is taken by one key.

The operator's headphone and microphone are PulseAudio sinks; what arrives is told apart by its frequency.
"""

import asyncio
import os
import signal
import sys
import tempfile
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from tests import needs, sound
from tests.live import rest
from tests.media_clients import TwilioCaller, share, until
from tests.mortal import mortal
from tests.terminal import Terminal, terminal

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("sound"),
    needs.mark(needs.TMUX, needs.PULSEAUDIO, needs.PORTAUDIO),
]

CALLER_HZ, OPERATOR_HZ = 1000.0, 880.0
PICTURES = os.environ.get("OPERATOR_PICTURES", "")
"""Environment: a folder that the screens of these tests are saved in, as SVG and PNG."""


class Stage:
    """One broker, one sound server, one caller."""

    def __init__(self, broker: Running, sounds: sound.SoundServer, folder: Path) -> None:
        self.broker = broker
        self.sounds = sounds
        self.folder = folder

    def console(self, columns: int = 120, rows: int = 40) -> AbstractContextManager[Terminal]:
        """Start a console in a terminal."""
        environment = {
            **self.sounds.environment,
            "OPERATOR_SERVER": self.broker.url,
            "OPERATOR_TOKEN": self.broker.operator,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        command = [sys.executable, "-m", "operator_console"]
        return terminal(command, columns=columns, rows=rows, environment=environment)

    @asynccontextmanager
    async def caller(self, name: str = "Joan Ferrer") -> AsyncIterator[tuple[TwilioCaller, dict[str, str]]]:
        """Bring a caller who hums 1 kHz and asks for a person."""
        async with rest(self.broker) as client, TwilioCaller() as caller:
            body = {"medium": "voice", "customer_name": name, "customer_handle": "+34 600 555 042"}
            conversation = (await client.post("/v1/conversations", json=body)).json()
            path = f"/v1/conversations/{conversation['id']}"
            grant = (await client.post(f"{path}/legs", json={"role": "caller", "transport": "twilio"})).json()
            await caller.open(grant["url"], grant["token"])
            caller.speak(CALLER_HZ)
            context = {"summary": "Charged twice for order 88120.", "mood": {"label": "angry", "score": -0.8}}
            handoff = {"reason": "asked for a person", "context": context}
            session = (await client.post(f"{path}/handoffs", json=handoff)).json()
            yield caller, session

    async def session(self, session: dict[str, str]) -> dict[str, str]:
        """Return a session as the broker has it now."""
        async with rest(self.broker, self.broker.operator) as client:
            return (await client.get(f"/v1/sessions/{session['id']}")).json()

    def operators_voice(self) -> Path:
        """Return a WAV of the operator humming 880 Hz for a minute."""
        path = self.folder / "operator.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sound.RATE)
            file.writeframes(sound.tone(OPERATOR_HZ, 60.0))
        return path


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Set up everything but the console."""
    with tempfile.TemporaryDirectory(prefix="e2e") as folder, sound.server() as sounds:
        async with running_broker() as broker:
            yield Stage(broker, sounds, Path(folder))


async def sees(screen: Terminal, what: str | Callable[[str], bool], seconds: float = 20.0) -> str:
    """Wait for the screen without holding up the caller's voice."""
    return await asyncio.to_thread(screen.wait, what, seconds)


async def on_duty(screen: Terminal) -> None:
    """Go on duty by keys alone."""
    await sees(screen, "OFF DUTY")
    screen.keys("d")
    await sees(screen, "On duty")
    screen.keys("d")
    await sees(screen, "ON DUTY")


async def picture(screen: Terminal, name: str) -> None:
    """Keep a picture of the screen, when asked to."""
    if PICTURES:
        await asyncio.to_thread(screen.picture, Path(PICTURES) / f"{name}-{screen.columns}x{screen.rows}")


async def headphone_hears(path: Path, hertz: float) -> None:
    """Wait until the last second in the headphone is this tone."""
    size = sound.RATE * 2
    await until(
        lambda: path.stat().st_size >= size and share(path.read_bytes()[-size:], hertz, sound.RATE) > 0.9,
        f"the headphone hears {hertz} Hz",
    )


async def test_a_call_is_taken_by_one_key_heard_answered_muted_and_given_back() -> None:
    async with stage() as here:
        with here.console() as screen, here.sounds.speaking(here.operators_voice()), here.sounds.hearing() as heard:
            await on_duty(screen)
            async with here.caller() as (caller, session):
                await sees(screen, "Joan Ferrer")
                await picture(screen, "queue")
                screen.keys("a")
                await sees(screen, "LIVE")
                await headphone_hears(heard, CALLER_HZ)
                await caller.hears(OPERATOR_HZ)
                await picture(screen, "live")

                screen.keys("m")
                await sees(screen, "MUTED")
                await until(lambda: loudest(caller.frames[-1]) == 0, "the caller hears silence")
                caller.forget()
                await until(lambda: len(caller.frames) >= 50, "a second of silence arrives")
                assert all(loudest(frame) == 0 for frame in caller.frames), "microphone bytes passed a mute"
                await picture(screen, "muted")

                screen.keys("m")
                await sees(screen, "LIVE")
                await caller.hears(OPERATOR_HZ)

                screen.keys("b")
                await sees(screen, "What was agreed")
                screen.type("Refund of 49.00 agreed")
                screen.keys("Enter")
                await until_state(here, session, "wrap_up", "closed")
                ended = await here.session(session)
                assert (ended["outcome"], ended["note"]) == ("returned", "Refund of 49.00 agreed")
                caller.forget()
                await asyncio.sleep(0.5)
                assert share(bytes(caller.heard), OPERATOR_HZ, 8000) < 0.1, "the operator is still heard"


async def test_a_killed_console_takes_its_call_up_again_as_it_was() -> None:
    async with stage() as here:
        with here.sounds.speaking(here.operators_voice()), here.sounds.hearing() as heard:
            async with here.caller() as (caller, session):
                with here.console(80, 24) as screen:
                    await on_duty(screen)
                    screen.keys("a")
                    await sees(screen, "LIVE")
                    await caller.hears(OPERATOR_HZ)
                    await picture(screen, "before-kill")
                    os.kill(screen.pid(), signal.SIGKILL)
                    await until(lambda: not Path(f"/proc/{screen.pid()}/exe").exists(), "the console is dead")
                with here.console(80, 24) as screen:
                    await sees(screen, "LIVE")
                    shown = await sees(screen, session["number"])
                    assert "Joan Ferrer" in shown
                    caller.forget()
                    await caller.hears(OPERATOR_HZ)
                    await headphone_hears(heard, CALLER_HZ)
                    await picture(screen, "after-kill")
                    now = await here.session(session)
                    assert (now["state"], now.get("outcome")) == ("active", None)
                    screen.keys("x")
                    await sees(screen, "The line drops")
                    screen.keys("y")
                    await asyncio.wait_for(caller.gone.wait(), 10)
                    await until_state(here, session, "wrap_up", "closed")
                    assert (await here.session(session))["outcome"] == "ended"


async def test_a_killed_broker_ends_no_call_and_the_desk_goes_on_where_it_was() -> None:
    with tempfile.TemporaryDirectory(prefix="e2e") as folder, sound.server() as sounds:
        async with mortal() as (broker, running):
            here = Stage(running, sounds, Path(folder))
            with here.console() as screen, sounds.speaking(here.operators_voice()), sounds.hearing() as heard:
                await on_duty(screen)
                async with here.caller() as (caller, session):
                    await sees(screen, "Joan Ferrer")
                    screen.keys("a")
                    await sees(screen, "LIVE")
                    await caller.hears(OPERATOR_HZ)
                    await broker.kill()
                    await sees(screen, lambda shown: "connected" not in shown.splitlines()[0])
                    await picture(screen, "broker-gone")
                    caller.forget()
                    await caller.hears(OPERATOR_HZ)
                    await headphone_hears(heard, CALLER_HZ)
                    await broker.start()
                    await sees(screen, lambda shown: "connected" in shown.splitlines()[0] and "LIVE" in shown)
                    caller.forget()
                    await caller.hears(OPERATOR_HZ)
                    assert (await here.session(session))["state"] == "active"
                    screen.keys("m")
                    await sees(screen, "MUTED")
                    await until(lambda: loudest(caller.frames[-1]) == 0, "the new broker's mute works")
                    screen.keys("x")
                    await sees(screen, "The line drops")
                    screen.keys("y")
                    await asyncio.wait_for(caller.gone.wait(), 10)


async def until_state(here: Stage, session: dict[str, str], *states: str) -> None:
    """Wait until the broker has the session in one of these states."""
    async with asyncio.timeout(60):
        while (await here.session(session))["state"] not in states:
            await asyncio.sleep(0.05)


def loudest(frame: bytes) -> int:
    """Return the loudest sample of a frame of PCM16."""
    return sound.loudest(frame)
